// What go-yaml v2 (sigs.k8s.io/yaml, goyaml.v2/resolve.go and decode_test.go) makes of a scalar.
#include "manifest/yaml_scalar.h"
#include "tests/manifest/yaml_texts.h"

static const struct yaml_case by_look[] = {
    {"null", "[null, Null, NULL, ~, '', ]", "[null,null,null,null,\"\"]"},
    {"nothing", "a:", "{\"a\":null}"},
    {"not null", "[nUll, nil, none]", "[\"nUll\",\"nil\",\"none\"]"},
    {"true", "[true, True, TRUE, yes, Yes, YES, on, On, ON, y, Y]",
     "[true,true,true,true,true,true,true,true,true,true,true]"},
    {"false", "[false, False, FALSE, no, No, NO, off, Off, OFF, n, N]",
     "[false,false,false,false,false,false,false,false,false,false,false]"},
    {"nearly booleans", "[tRue, yEs, oN, 'yes', \"no\", yess, t]",
     "[\"tRue\",\"yEs\",\"oN\",\"yes\",\"no\",\"yess\",\"t\"]"},
    {"integers", "[0, 10, -10, +10, 685230, 1_000, -0, 00]", "[0,10,-10,10,685230,1000,0,0]"},
    {"octal", "[010, 0o17, 0O17, 02472256, -010, 0_7]", "[8,15,15,685230,-8,7]"},
    {"not octal", "[08, 0o8, 09.5]", "[8f,\"0o8\",9.5f]"},
    {"hexadecimal", "[0x10, 0XfF, -0x1, 0x_0A_74_AE]", "[16,255,-1,685230]"},
    {"binary", "[0b1010_0111_0100_1010_1110, 0B11, -0b101010]", "[685230,3,-42]"},
    {"not integers", "[0x, 0b2, 0b, '+', '-', _1, 1-2, 0x1G, 1 2]",
     "[\"0x\",\"0b2\",\"0b\",\"+\",\"-\",\"_1\",\"1-2\",\"0x1G\",\"1 2\"]"},
    {"largest", "[9223372036854775807, -9223372036854775808]", "[9223372036854775807,-9223372036854775808]"},
    {"past int64", "[9223372036854775808, -9223372036854775809, 18446744073709551616]",
     "[9.2233720368547758e+18f,-9.2233720368547758e+18f,1.8446744073709552e+19f]"},
    {"past int64 in hexadecimal", "[0xFFFFFFFFFFFFFFFF]", "[1.8446744073709552e+19f]"},
    {"floats", "[3.14, -.5, +.5, .5, 1., 1e3, 1E-3, 6.8523015e+5, 685_230.15, 1.5e+1]",
     "[3.1400000000000001f,-0.5f,0.5f,0.5f,1f,1000f,0.001f,685230.15000000002f,685230.15000000002f,15f]"},
    {"not floats", "[1e, 1e+, ., .e1, 1.2.3, 1e400, ._5, 1.5x, 190:20:30.15]",
     "[\"1e\",\"1e+\",\".\",\".e1\",\"1.2.3\",\"1e400\",\"._5\",\"1.5x\",\"190:20:30.15\"]"},
    {"versions and addresses", "[v1.25.4, 1.25.4, 10.0.0.0/16, 1.25, 3d, 1m]",
     "[\"v1.25.4\",\"1.25.4\",\"10.0.0.0/16\",1.25f,\"3d\",\"1m\"]"},
    {"timestamps stay strings", "[2001-01-01, 2001-12-14t21:59:43.10-05:00, 2001-1-1]",
     "[\"2001-01-01\",\"2001-12-14t21:59:43.10-05:00\",\"2001-1-1\"]"},
    {"quoted", "['1', \"1\", 'true', \"~\"]", "[\"1\",\"1\",\"true\",\"~\"]"},
    {"block", "a: |\n  12\nb: >-\n  yes\n", "{\"a\":\"12\\x0a\",\"b\":\"yes\"}"},
    {"merge sign as a value", "a: <<", "{\"a\":\"<<\"}"},
    {"infinity", "a: .inf",
     "broken 1:4 .inf: infinity and not-a-number can't be sent to Kubernetes; put the text in quotes"},
    {"minus infinity", "a: -.Inf",
     "broken 1:4 -.Inf: infinity and not-a-number can't be sent to Kubernetes; put the text in quotes"},
    {"not a number", "a: .NaN",
     "broken 1:4 .NaN: infinity and not-a-number can't be sent to Kubernetes; put the text in quotes"},
    {"quoted infinity", "a: '.inf'", "{\"a\":\".inf\"}"},
};

static const struct yaml_case tagged[] = {
    {"str", "[!!str 12, !!str yes, !!str ]", "[\"12\",\"yes\",\"\"]"},
    {"int", "[!!int 12, !!int '12', !!int 0x10]", "[12,12,16]"},
    {"int that is none", "a: !!int x", "broken 1:4 x: the value does not fit its tag"},
    {"int that is a float", "a: !!int 1.5", "broken 1:4 1.5: the value does not fit its tag"},
    {"float", "[!!float 1.5, !!float 3, !!float '2']", "[1.5f,3f,2f]"},
    {"bool", "[!!bool yes, !!bool 'no']", "[true,false]"},
    {"bool that is none", "a: !!bool 1", "broken 1:4 1: the value does not fit its tag"},
    {"null", "[!!null ~, !!null '']", "[null,null]"},
    {"null that is none", "a: !!null x", "broken 1:4 x: the value does not fit its tag"},
    {"timestamp", "a: !!timestamp 2001-01-01", "{\"a\":\"2001-01-01\"}"},
    {"binary", "[!!binary gIGC, ]", "broken 1:2 a !!binary that is not base64 of UTF-8 text"},
    {"binary text", "[!!binary aGVsbG8=, !!binary aGk=, !!binary YQ==, !!binary '', !!binary aGVs]",
     "[\"hello\",\"hi\",\"a\",\"\",\"hel\"]"},
    {"binary over lines", "a: !!binary |\n  aGVs\n  bG8=\n", "{\"a\":\"hello\"}"},
    {"binary that is none", "a: !!binary a", "broken 1:4 a !!binary that is not base64 of UTF-8 text"},
    {"binary with signs", "a: !!binary a#==", "broken 1:4 a !!binary that is not base64 of UTF-8 text"},
    {"the tag that is none", "[! 12, ! '12']", "[\"12\",\"12\"]"},
    {"one's own tag", "[!foo 12, !foo yes]", "[\"12\",\"yes\"]"},
    {"one's own tag on a map", "a: !foo {b: 1}", "{\"a\":{\"b\":1}}"},
    {"set", "!!set {a, b}", "{\"a\":null,\"b\":null}"},
    {"an unknown handle", "a: !x!y 1", "broken 1:4 a tag (!x!y) whose handle no %TAG line defines"},
};

static const struct yaml_case keys[] = {
    {"numbers", "1: a\n010: b\n0x10: c\n-3: d", "{\"1\":\"a\",\"8\":\"b\",\"16\":\"c\",\"-3\":\"d\"}"},
    {"booleans", "yes: a\noff: b", "{\"true\":\"a\",\"false\":\"b\"}"},
    {"y and n", "y: 1\nn: 2", "{\"true\":1,\"false\":2}"},
    {"floats", "1.5: a\n1e3: b\n123456.5: c\n1000000.0: d\n0.00001: e\n100000.0: f",
     "{\"1.5\":\"a\",\"1000\":\"b\",\"123456.5\":\"c\",\"1e+06\":\"d\",\"1e-05\":\"e\",\"100000\":\"f\"}"},
    {"quoted", "'1': a\n\"yes\": b", "{\"1\":\"a\",\"yes\":\"b\"}"},
    {"dates", "2001-01-01: a", "{\"2001-01-01\":\"a\"}"},
    {"null", "~: a", "broken 1:1 null can't be a key; put it in quotes"},
    {"nothing", "? \n: a", "broken 1:2 null can't be a key; put it in quotes"},
    {"a list", "? [a]\n: b", "broken 1:3 a list or map can't be a key"},
    {"a map", "{a: 1}: b", "broken 1:1 a list or map can't be a key"},
    {"the same number twice", "1: a\n0x1: b",
     "broken 2:1 the key \"1\" is here a second time; the first is on line 1"},
    {"an alias", "a: &k name\n*k : 1", "{\"a\":\"name\",\"name\":1}"},
    {"NUL", "\"a\\0b\": 1", "broken 1:1 a key with a NUL character"},
};

static void test_by_look(void **state) {
    (void)state;
    EXPECT_STREAMS(by_look, &yaml_default_options);
}

static void test_tagged(void **state) {
    (void)state;
    EXPECT_STREAMS(tagged, &yaml_default_options);
}

static void test_keys(void **state) {
    (void)state;
    EXPECT_STREAMS(keys, &yaml_default_options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_look),
        cmocka_unit_test(test_tagged),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
