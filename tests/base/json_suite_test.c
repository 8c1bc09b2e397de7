// What is JSON and what is not: the cases of the public JSON parsing test suite (nst/JSONTestSuite) written
// anew, with our verdict where RFC 8259 leaves it to the reader.
#include "base/json_reader.h"
#include "base/memory.h"
#include "tests/support/expect.h"

struct text {
    const char *name;
    const char *text;
    size_t length; // 0: up to the NUL
};

static const struct text accepted[] = {
    {"list in a list, spaces", "[[]   ]", 0},
    {"empty list", "[]", 0},
    {"empty text in a list", "[\"\"]", 0},
    {"newline at the end", "[\"a\"]\n", 0},
    {"false in a list", "[false]", 0},
    {"items of many types", "[null, 1, \"1\", {}]", 0},
    {"null in a list", "[null]", 0},
    {"newline in a list", "[1\n]", 0},
    {"space in front", " [1]", 0},
    {"several nulls", "[1,null,null,null,2]", 0},
    {"space at the end", "[2] ", 0},
    {"every kind of white space", " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n", 0},
    {"white space around a colon", "{ \"a\" \t:\r\n 1 }", 0},
    {"zero with a positive exponent", "[0e+1]", 0},
    {"zero with an exponent", "[0e1]", 0},
    {"number behind a space", "[ 4]", 0},
    {"close to zero", "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]\n",
     0},
    {"integer with an exponent", "[20e1]", 0},
    {"large exponent", "[123e65]", 0},
    {"minus zero", "[-0]", 0},
    {"negative integer", "[-123]", 0},
    {"minus one", "[-1]", 0},
    {"capital E", "[1E22]", 0},
    {"capital E, negative", "[1E-2]", 0},
    {"capital E, positive", "[1E+2]", 0},
    {"exponent", "[123e45]", 0},
    {"fraction and exponent", "[123.456e78]", 0},
    {"negative exponent", "[1e-2]", 0},
    {"positive exponent", "[1e+2]", 0},
    {"integer", "[123]", 0},
    {"fraction", "[123.456789]", 0},
    {"map", "{\"asd\":\"sdf\"}", 0},
    {"two members", "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}", 0},
    {"empty map", "{}", 0},
    {"empty key", "{\"\":0}", 0},
    {"extreme numbers", "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }", 0},
    {"long texts",
     "{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], \"id\": "
     "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}",
     0},
    {"list in a map", "{\"a\":[]}", 0},
    {"escaped letters",
     "{\"title\":\"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430 \\u0417\\u0435\\u043c\\u043b\" }", 0},
    {"newlines in a map", "{\n\"a\": \"b\"\n}", 0},
    {"escapes of one, two and three bytes", "[\"\\u0060\\u012a\\u12AB\"]", 0},
    {"surrogate pair", "[\"\\uD801\\udc37\"]", 0},
    {"surrogate pairs", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]", 0},
    {"all short escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", 0},
    {"escaped backslash before u0000", "[\"\\\\u0000\"]", 0},
    {"escaped quote", "[\"\\\"\"]", 0},
    {"comment signs in a text", "[\"a/*b*/c/*d//e\"]", 0},
    {"escaped backslash before a", "[\"\\\\a\"]", 0},
    {"escaped backslash before n", "[\"\\\\n\"]", 0},
    {"escaped control character", "[\"\\u0012\"]", 0},
    {"escaped U+FFFF", "[\"\\uFFFF\"]", 0},
    {"text", "[\"asd\"]", 0},
    {"text behind a space", "[ \"asd\"]", 0},
    {"last pair of surrogates", "[\"\\uDBFF\\uDFFF\"]", 0},
    {"escaped no-break space", "[\"new\\u00A0line\"]", 0},
    {"U+10FFFF", "[\"\xF4\x8F\xBF\xBF\"]", 0},
    {"U+FFFF", "[\"\xEF\xBF\xBF\"]", 0},
    {"escaped NUL in a value", "[\"\\u0000\"]", 0},
    {"escaped comma", "[\"\\u002c\"]", 0},
    {"pi", "[\"\xCF\x80\"]", 0},
    {"U+1BFFF", "[\"\xF0\x9B\xBF\xBF\"]", 0},
    {"trailing space in a text", "[\"asd \"]", 0},
    {"a space as text alone", "\" \"", 0},
    {"clef as surrogates", "[\"\\uD834\\uDd1e\"]", 0},
    {"escape of three bytes", "[\"\\u0821\"]", 0},
    {"escape of two bytes", "[\"\\u0123\"]", 0},
    {"line separator", "[\"\xE2\x80\xA8\"]", 0},
    {"paragraph separator", "[\"\xE2\x80\xA9\"]", 0},
    {"escaped newline by number", "[\"new\\u000Aline\"]", 0},
    {"hexadecimal digits of both cases", "[\"\\u0061\\u30af\\u30EA\\u30b9\"]", 0},
    {"delete character", "[\"\x7F\"]", 0},
    {"delete between letters",
     "[\"a\x7F"
     "a\"]",
     0},
    {"ideographs", "[\"\xE2\x8D\x82\xE3\x88\xB4\xE2\x8D\x82\"]", 0},
    {"escaped backslash by number", "[\"\\u005C\"]", 0},
    {"escaped quote by number", "[\"\\u0022\"]", 0},
    {"escaped U+A66D", "[\"\\uA66D\"]", 0},
    {"escaped U+10FFFE", "[\"\\uDBFF\\uDFFE\"]", 0},
    {"escaped U+1FFFE", "[\"\\uD83F\\uDFFE\"]", 0},
    {"escaped zero width space", "[\"\\u200B\"]", 0},
    {"escaped invisible plus", "[\"\\u2064\"]", 0},
    {"escaped U+FDD0", "[\"\\uFDD0\"]", 0},
    {"escaped U+FFFE", "[\"\\uFFFE\"]", 0},
    {"euro and clef", "[\"\xE2\x82\xAC\xF0\x9D\x84\x9E\"]", 0},
    {"false alone", "false", 0},
    {"integer alone", "42", 0},
    {"number alone", "-0.1", 0},
    {"null alone", "null", 0},
    {"text alone", "\"asd\"", 0},
    {"true alone", "true", 0},
    {"empty text alone", "\"\"", 0},
    {"true in a list", "[true]", 0},
    {"spaces around a list", " [] ", 0},
    // Left to the reader by the RFC: we take what loses nothing but the last digits.
    {"too small for a double", "[123.456e-789]", 0},
    {"far too small for a double", "[123e-10000000]", 0},
    {"largest integer", "[9223372036854775807]", 0},
    {"smallest integer", "[-9223372036854775808]", 0},
    {"largest double", "[1.7976931348623157e308]", 0},
    {"more digits than a double has",
     "[3.141592653589793238462643383279502884197169399375105820974944592307816]", 0},
};

static const struct text refused[] = {
    {"no comma before true", "[1 true]", 0},
    {"letter and a lone byte", "[a\xE5]", 0},
    {"colon for a comma", "[\"\": 1]", 0},
    {"comma behind the list", "[\"\"],", 0},
    {"comma first", "[,1]", 0},
    {"two commas", "[1,,2]", 0},
    {"two commas at the end", "[\"x\",,]", 0},
    {"closed twice", "[\"x\"]]", 0},
    {"comma at the end", "[\"\",]", 0},
    {"open list and a letter", "[x", 0},
    {"open list and a text", "[\"x\"", 0},
    {"no comma before a list", "[3[4]]", 0},
    {"lone byte in a list", "[\xFF]", 0},
    {"colon between items", "[1:2]", 0},
    {"only a comma", "[,]", 0},
    {"only a minus", "[-]", 0},
    {"no first item", "[   , \"\"]", 0},
    {"open list over lines", "[\"a\",\n4\n,1,", 0},
    {"number and a comma", "[1,]", 0},
    {"number and commas", "[1,,]", 0},
    {"vertical tab in a text, form feed in the list",
     "[\"\x0B"
     "a\"\\f]",
     0},
    {"star in a list", "[*]", 0},
    {"open list and an empty text", "[\"\"", 0},
    {"open list and a comma", "[1,", 0},
    {"open list, lines of numbers", "[1,\n1\n,1", 0},
    {"open list and a map", "[{}", 0},
    {"fals", "[fals]", 0},
    {"nul", "[nul]", 0},
    {"tru", "[tru]", 0},
    {"number and NUL", "123\0", 4},
    {"two points", "[0.1.2]", 0},
    {"minus and a leading zero", "[-01]", 0},
    {"exponent without digits", "[0.3e]", 0},
    {"exponent with a sign only", "[0.3e+]", 0},
    {"zero and E", "[0E]", 0},
    {"zero and E+", "[0E+]", 0},
    {"no digit behind the point, exponent", "[0.e1]", 0},
    {"zero and e", "[0e]", 0},
    {"zero and e+", "[0e+]", 0},
    {"space in a number", "[1 000.0]", 0},
    {"fraction, exponent with a minus only", "[1.0e-]", 0},
    {"fraction, exponent without digits", "[1.0e]", 0},
    {"fraction, exponent with a plus only", "[1.0e+]", 0},
    {"point at the end", "[-1.0.]", 0},
    {"e and E", "[1eE2]", 0},
    {"point before the minus", "[.-1]", 0},
    {"plus", "[+1]", 0},
    {"no digit before the point, exponent", "[.2e-3]", 0},
    {"no fraction, negative exponent", "[2.e-3]", 0},
    {"no fraction, positive exponent", "[2.e+3]", 0},
    {"no fraction, exponent", "[2.e3]", 0},
    {"minus, no fraction", "[-2.]", 0},
    {"no fraction, no exponent", "[9.e+]", 0},
    {"sum", "[1+2]", 0},
    {"hexadecimal digit", "[0x1]", 0},
    {"hexadecimal digits", "[0x42]", 0},
    {"Infinity", "[Infinity]", 0},
    {"+Inf", "[+Inf]", 0},
    {"Inf", "[Inf]", 0},
    {"plus and minus in the exponent", "[0e+-1]", 0},
    {"letters behind a number", "[-123.123foo]", 0},
    {"lone byte behind an integer", "[123\xE5]", 0},
    {"lone byte behind an exponent", "[1e1\xE5]", 0},
    {"lone byte behind zero", "[0\xE5]\n", 0},
    {"two plus signs", "[++1234]", 0},
    {"-Infinity", "[-Infinity]", 0},
    {"minus and letters", "[-foo]", 0},
    {"minus and a space", "[- 1]", 0},
    {"-NaN", "[-NaN]", 0},
    {"NaN", "[NaN]", 0},
    {"minus zero twelve", "[-012]", 0},
    {"minus and a point", "[-.123]", 0},
    {"minus one x", "[-1x]", 0},
    {"letter in the exponent", "[1ea]", 0},
    {"lone byte in the exponent", "[1e\xE5]", 0},
    {"no fraction", "[1.]", 0},
    {"point first", "[.123]", 0},
    {"fullwidth digit", "[\xEF\xBC\x91]", 0},
    {"H for e", "[1.8011670033376514H-308]", 0},
    {"letter in a fraction", "[1.2a-3]", 0},
    {"leading zero", "[012]", 0},
    {"truth", "[\"x\", truth]", 0},
    {"bracket for a key", "{[: \"x\"}\n", 0},
    {"comma for a colon", "{\"x\", null}", 0},
    {"two colons", "{\"x\"::\"b\"}", 0},
    {"flag for a key", "{\xF0\x9F\x87\xA8\xF0\x9F\x87\xAD}", 0},
    {"number behind a member", "{\"a\":\"a\" 123}", 0},
    {"no quotes and single quotes", "{key: 'value'}", 0},
    {"lone byte in a key", "{\"\xB9\":\"0\",}", 0},
    {"no colon, a letter", "{\"a\" b}", 0},
    {"no key", "{:\"b\"}", 0},
    {"no colon, a text", "{\"a\" \"b\"}", 0},
    {"no value", "{\"a\":", 0},
    {"key only", "{\"a\"", 0},
    {"huge number for a key", "{9999E9999:1}", 0},
    {"number for a key", "{1:1}", 0},
    {"null for keys", "{null:null,null:null}", 0},
    {"several commas at the end", "{\"id\":0,,,,,}", 0},
    {"single quotes", "{'a':0}", 0},
    {"comma at the end of a map", "{\"id\":0,}", 0},
    {"comment at the end", "{\"a\":\"b\"}/**/", 0},
    {"broken comment at the end", "{\"a\":\"b\"}/**//", 0},
    {"line comment at the end", "{\"a\":\"b\"}//", 0},
    {"slash at the end", "{\"a\":\"b\"}/", 0},
    {"two commas in a map", "{\"a\":\"b\",,\"c\":\"d\"}", 0},
    {"no quotes around a key", "{a: \"b\"}", 0},
    {"open text in an open map", "{\"a\":\"a", 0},
    {"text for a member", "{ \"foo\" : \"bar\", \"a\" }", 0},
    {"number sign behind a map", "{\"a\":\"b\"}#", 0},
    {"nothing but a space", " ", 0},
    {"surrogate, then an escaped quote", "[\"\\uD800\\\"]", 0},
    {"surrogate, then u1", "[\"\\uD800\\u1\"]", 0},
    {"surrogate, then u1x", "[\"\\uD800\\u1x\"]", 0},
    {"surrogate, then u", "[\"\\uD800\\u\"]", 0},
    {"letter without quotes", "[\xC3\xA9]", 0},
    {"backslash and NUL", "[\"\\\0\"]", 6},
    {"escaped closing quote", "[\"\\\\\\\"]", 0},
    {"backslash and a tab", "[\"\\\t\"]", 0},
    {"backslash and a character of four bytes", "[\"\\\xF0\x9F\x8C\x80\"]", 0},
    {"hexadecimal escape", "[\"\\x00\"]", 0},
    {"escape of three digits", "[\"\\u00A\"]", 0},
    {"backslash at the end", "[\"\\\"]", 0},
    {"surrogates, then x", "[\"\\uD800\\uD800\\x\"]", 0},
    {"second surrogate of three digits", "[\"\\uD834\\uDd\"]", 0},
    {"unknown escape", "[\"\\a\"]", 0},
    {"escape without digits", "[\"\\uqqqq\"]", 0},
    {"backslash and a lone byte", "[\"\\\xE5\"]", 0},
    {"lone byte in an escape", "[\"\\u\xE5\"]", 0},
    {"escape outside of a text", "[\\u0020\"asd\"]", 0},
    {"escape without quotes", "[\\n]", 0},
    {"only a quote", "\"", 0},
    {"text in single quotes", "['single quote']", 0},
    {"letters only", "abc", 0},
    {"open text with a backslash", "[\"\\", 0},
    {"NUL in a text", "[\"a\0a\"]", 7},
    {"newline in a text", "[\"new\nline\"]", 0},
    {"tab in a text", "[\"\t\"]", 0},
    {"unit separator in a text", "[\"\x1F\"]", 0},
    {"capital U", "\"\\UA66D\"", 0},
    {"letter behind a text", "\"\"x", 0},
    {"angle brackets", "<.>", 0},
    {"null in angle brackets", "[<null>]", 0},
    {"letter behind a list", "[1]x", 0},
    {"list closed twice", "[1]]", 0},
    {"open text in a list", "[\"asd]", 0},
    {"letters of two bytes alone", "a\xC3\xA5", 0},
    {"capital True", "[True]", 0},
    {"closed, never opened", "1]", 0},
    {"map with a comma for the end", "{\"x\": true,", 0},
    {"two lists", "[][]", 0},
    {"end of a list", "]", 0},
    {"part of a byte order mark", "\xEF\xBB{}", 0},
    {"lone byte alone", "\xE5", 0},
    {"open list", "[", 0},
    {"NUL in a list", "[\0]", 3},
    {"at sign behind a number", "2@", 0},
    {"map closed twice", "{}}", 0},
    {"empty key without a value", "{\"\":", 0},
    {"comment in a map", "{\"a\":/*comment*/\"b\"}", 0},
    {"text behind a map", "{\"a\": true} \"x\"", 0},
    {"open list, apostrophe", "['", 0},
    {"open list, comma", "[,", 0},
    {"open list, open map", "[{", 0},
    {"open list, open text", "[\"a", 0},
    {"open list, text", "[\"a\"", 0},
    {"open map", "{", 0},
    {"map closed as a list", "{]", 0},
    {"list closed as a map", "[}", 0},
    {"open map, comma", "{,", 0},
    {"open map, open list", "{[", 0},
    {"open map, open text", "{\"a", 0},
    {"open map, apostrophes", "{'a'", 0},
    {"open everything", "[\"\\{[\"\\{[\"\\{[\"\\{", 0},
    {"letter of two bytes alone", "\xC3\xA9", 0},
    {"star alone", "*", 0},
    {"number sign and a map", "{\"a\":\"b\"}#{}", 0},
    {"word joiner in a list", "[\xE2\x81\xA0]", 0},
    {"escaped newline in a list", "[\\u000A\"\"]", 0},
    {"open list, number", "[1", 0},
    {"open list, nul", "[ false, nul", 0},
    {"open list, fals", "[ true, fals", 0},
    {"open list, tru", "[ false, tru", 0},
    {"open map, member", "{\"asd\":\"asd\"", 0},
    {"byte order mark only", "\xEF\xBB\xBF", 0},
    {"form feed in a list", "[\x0C]", 0},
    {"no-break space in a list", "[\xC2\xA0]", 0},
    // Left to the reader by the RFC, or even good by it: we refuse what two readers could understand
    // differently.
    {"same key and value twice", "{\"a\":\"b\",\"a\":\"b\"}", 0},
    {"same key twice", "{\"a\":\"b\",\"a\":\"c\"}", 0},
    {"same key twice, once escaped", "{\"a\":\"b\",\"\\u0061\":\"c\"}", 0},
    {"escaped NUL in a key", "{\"foo\\u0000bar\": 42}", 0},
    {"byte order mark and a map", "\xEF\xBB\xBF{}", 0},
    {"huge exponent",
     "[0.4e00669999999999999999999999999999999999999999999999999999999999999999999999999999969999999006]", 0},
    {"negative integer with a huge exponent", "[-1e+9999]", 0},
    {"fraction with a huge exponent", "[1.5e+9999]", 0},
    {"too negative for a double", "[-123123e100000]", 0},
    {"too large for a double", "[123123e100000]", 0},
    {"just too large for a double", "[1e400]", 0},
    {"too negative for an integer", "[-123123123123123123123123123123]", 0},
    {"too large for an integer", "[100000000000000000000]", 0},
    {"one too large for an integer", "[9223372036854775808]", 0},
    {"one too negative for an integer", "[-9223372036854775809]", 0},
    {"unsigned 64 bits", "[18446744073709551615]", 0},
    {"one past unsigned 64 bits", "[18446744073709551616]", 0},
    {"far too negative for an integer", "[-237462374673276894279832749832423479823246327846]", 0},
    {"lone low surrogate in a key", "{\"\\uDFAA\":0}", 0},
    {"high surrogate at the end", "[\"\\uDADA\"]", 0},
    {"high surrogate, then another escape", "[\"\\uD888\\u1234\"]", 0},
    {"high surrogate, then a newline", "[\"\\uD800\\n\"]", 0},
    {"low surrogate and a letter", "[\"\\uDd1ea\"]", 0},
    {"two high surrogates", "[\"\\uD800\\uD800\\n\"]", 0},
    {"lone high surrogate", "[\"\\ud800\"]", 0},
    {"high surrogate and letters", "[\"\\ud800abc\"]", 0},
    {"FF in a text", "[\"\xFF\"]", 0},
    {"surrogates the wrong way round", "[\"\\uDd1e\\uD834\"]", 0},
    {"Latin-1", "[\"\xE9\"]", 0},
    {"lone low surrogate", "[\"\\uDFAA\"]", 0},
    {"lone continuation byte", "[\"\x81\"]", 0},
    {"past the last character", "[\"\xF4\xBF\xBF\xBF\"]", 0},
    {"overlong, two bytes", "[\"\xC0\xAF\"]", 0},
    {"overlong, six bytes", "[\"\xFC\x83\xBF\xBF\xBF\xBF\"]", 0},
    {"overlong NUL", "[\"\xFC\x80\x80\x80\x80\x80\"]", 0},
    {"cut UTF-8", "[\"\xE0\xFF\"]", 0},
    {"sequence of bad bytes", "[\"\xE6\x97\xA5\xD1\x88\xFA\"]", 0},
    {"surrogate in UTF-8", "[\"\xED\xA0\x80\"]", 0},
    {"UTF-16, big end first", "\0[\0\"\0\xE9\0\"\0]", 10},
    {"UTF-16, little end first", "[\0\"\0\xE9\0\"\0]\0", 10},
    {"UTF-16 with its mark", "\xFF\xFE[\0\"\0\xE9\0\"\0]\0", 12},
};

// A copy without a byte to spare, so that AddressSanitizer sees whoever reads past the end.
static bool reads(const struct text *text, struct error *error) {
    size_t length = text->length ? text->length : strlen(text->text);
    char *exact = memory_alloc(length);
    memcpy(exact, text->text, length);
    struct document *document = NULL;
    bool read = json_read_copy(exact, length, &document_default_limits, &document, error);
    free(exact);
    document_free(document);
    return read;
}

static void test_accepted(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        struct error error = {0};
        if (!reads(&accepted[i], &error)) {
            fail_msg("%s: %s", accepted[i].name, error.message);
        }
    }
}

static void test_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct error error = {0};
        expect_true(refused[i].name, !reads(&refused[i], &error), "refused");
        expect_text(refused[i].name, error_kind_name(error.kind), "invalid");
        expect_true(refused[i].name, strncmp(error.message, "line ", 5) == 0, "says where");
    }
}

static void test_no_text(void **state) {
    (void)state;
    struct error error = {0};
    struct document *document = NULL;
    assert_false(json_read_copy("", 0, &document_default_limits, &document, &error));
    expect_error("empty", &error, ERROR_INVALID, "line 1 column 1: expected a value");
    assert_false(json_read_copy(NULL, 0, &document_default_limits, &document, &error));
}

static void test_depth(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *unit;
        size_t depth;
        bool closed, read;
    } cases[] = {
        {"128 lists", "[", 128, true, true},
        {"129 lists", "[", 129, true, false},
        {"500 lists", "[", 500, true, false},
        {"100,000 open lists", "[", 100000, false, false},
        {"50,000 open lists and maps", "[{\"\":", 50000, false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t unit = strlen(cases[i].unit);
        size_t length = cases[i].depth * (unit + 1);
        char *text = memory_alloc(length);
        memset(text, ']', length);
        for (size_t at = 0; at < cases[i].depth; at++) {
            memcpy(text + at * unit, cases[i].unit, unit);
        }
        struct error error = {0};
        struct document *document = NULL;
        length = cases[i].closed ? length : cases[i].depth * unit;
        bool read = json_read(text, length, &document_default_limits, &document, &error);
        document_free(document);
        expect_true(cases[i].name, read == cases[i].read, "read or not");
        expect_text(cases[i].name, error_kind_name(error.kind), read ? "none" : "limit");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_text),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
