#include "base/json_canonical.h"

#include "tests/support/documents.h"
#include "tests/support/expect.h"

// RFC 8785, appendix B.
static const struct {
    uint64_t bits;
    const char *text;
} numbers[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
    {0x3d30000000000000, "5.684341886080802e-14"}, // 2^-44: the nearest 16 digits are another number's
};

static void test_numbers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        double number;
        memcpy(&number, &numbers[i].bits, sizeof(number));
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 100);
        json_number_append(&text, number);
        expect_text(numbers[i].text, buffer_text(&text), numbers[i].text);
    }
}

static const struct {
    const char *name, *json, *canonical;
} cases[] = {
    {"RFC 8785 3.2.2",
     "{'numbers': [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],"
     "'string': '\\u20ac$\\u000F\\u000aA\\u0027\\u0042\\u0022\\u005c\\\\\\u0022\\/',"
     "'literals': [null, true, false]}",
     "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
     "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
    {"RFC 8785 3.2.3",
     "{'\\u20ac': 'Euro Sign', '\\r': 'Carriage Return', '\\ufb33': 'Hebrew Letter Dalet With Dagesh',"
     "'1': 'One', '\\ud83d\\ude00': 'Emoji: Grinning Face', '\\u0080': 'Control',"
     "'\\u00f6': 'Latin Small Letter O With Diaeresis'}",
     "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
     "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\",\"\xe2\x82\xac\":\"Euro Sign\","
     "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
     "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}"},
    {"escapes", "'\\b\\t\\f\\u0000\\u001f\\u007f'", "\"\\b\\t\\f\\u0000\\u001f\x7f\""},
    {"empty ones", "[{}, [], '', -0.0, 1.0]", "[{},[],\"\",0,1]"},
    {"an integer and the same as a number", "[56, 56.0, 5.6e1]", "[56,56,56]"},
    {"prefixes", "{'ab': 1, 'a': 2, '': 3}", "{\"\":3,\"a\":2,\"ab\":1}"},
    {"nested maps", "{'b': {'d': 1, 'c': 2}, 'a': [{'z': 1, 'y': 2}]}",
     "{\"a\":[{\"y\":2,\"z\":1}],\"b\":{\"c\":2,\"d\":1}}"},
    {"integers that no double tells apart", "[9007199254740992, 9007199254740993, -9223372036854775808]",
     "[9007199254740992,9007199254740993,-9223372036854775808]"},
};

static void test_documents(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].json);
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 10000);
        json_canonical_append(&text, document_root(document));
        expect_text(cases[i].name, buffer_text(&text), cases[i].canonical);
    }
}

static void test_bad_bytes(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 100);
    json_string_append(&text, "a\xff\xc3", 3);
    expect_text("bytes that are not UTF-8", buffer_text(&text), "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_bad_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
