#include "base/buffer.h"
#include "base/json_reader.h"
#include "tests/support/documents.h"

#include <stdio.h>

// Every construct, long texts around the word size of the scanner, escapes, and characters of 1 to 4 bytes.
static const char sample[] =
    "{ \"kind\":\"AdmissionReview\",\n "
    "\"e\\u0061\\n\":[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\",\"\", \"1234567\","
    "\"12345678\",\"123456789\",\"1234567\xC3\xA9\",\"12345678\\n90\"],\n\t\"n\":[0,-0,1,-12,"
    "9223372036854775807,"
    "-9223372036854775808,0.5,-1.25e-3,1E+2],\"t\":[true,false,null,{},[],[[{}]],{\"a\":{\"b\":[]}}],\r\n"
    "\"\xE2\x82\xAC\":\"\xF0\x9F\x98\x80\",\"\":\"\"}";

static bool reads(const char *text, size_t length, const struct document_limits *limits,
                  struct error *error) {
    char *exact = memory_alloc(length);
    memcpy(exact, text, length);
    struct document *document = NULL;
    bool read = json_read_copy(exact, length, limits, &document, error);
    free(exact);
    document_free(document);
    return read;
}

static void test_errors_say_where(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *message;
    } cases[] = {
        {"a third line", "[1,\n 2,\n x]", "line 3 column 2: expected a value"},
        {"end of the text", "[1,\n", "line 2 column 1: expected a value"},
        {"behind characters of two bytes", "[\"\xC3\xA4\xC3\xB6\", x]", "line 1 column 8: expected a value"},
        {"behind an escape", "[\"a\\nb\", x]", "line 1 column 10: expected a value"},
        {"behind an escape by number", "[\"\\u00e9\", x]", "line 1 column 12: expected a value"},
        {"behind a pair of surrogates", "[\"\\ud83d\\ude00\", x]", "line 1 column 18: expected a value"},
        {"behind escapes in a key", "{\"\\n\\n\": x}", "line 1 column 10: expected a value"},
        {"behind escapes, next line", "[\"\\n\\n\",\n  x]", "line 2 column 3: expected a value"},
        {"an escape behind an escape", "[\"\\n\\q\"]", "line 1 column 5: an unknown escape in a text"},
        {"a word that is none", "[tru]", "line 1 column 2: expected a value"},
        {"no comma", "[1 2]", "line 1 column 4: expected ',' or ']'"},
        {"no comma in a map", "{\"a\":1 \"b\":2}", "line 1 column 8: expected ',' or '}'"},
        {"no key", "{\"a\":1,}", "line 1 column 8: expected a key in double quotes"},
        {"no colon", "{\"a\" 1}", "line 1 column 6: expected ':' after a key"},
        {"more text", "{} {}", "line 1 column 4: unexpected text after the value"},
        {"text not closed", "[\"abc", "line 1 column 6: a text is not closed"},
        {"text not closed behind a backslash", "[\"abc\\", "line 1 column 7: a text is not closed"},
        {"newline in a text", "[\"a\nb\"]",
         "line 1 column 4: a control character in a text; write it as \\u00XX"},
        {"bad UTF-8", "[\"\xC3\xA9\xFF\"]", "line 1 column 4: bytes that are not UTF-8"},
        {"bad UTF-8 behind a word of letters", "[\"abcdefghijk\xFF\"]",
         "line 1 column 14: bytes that are not UTF-8"},
        {"lone low surrogate", "[\"ab\\udc00\"]", "line 1 column 5: a lone low surrogate"},
        {"lone high surrogate", "[\"ab\\ud800\"]", "line 1 column 5: a lone high surrogate"},
        {"high surrogate with a wrong one", "[\"\\ud800\\u0041\"]",
         "line 1 column 3: a high surrogate without its low one"},
        {"escape cut short", "[\"\\u00", "line 1 column 5: a \\u escape is cut short"},
        {"escape with a wrong digit", "[\"\\u00g0\"]",
         "line 1 column 7: a \\u escape takes four hexadecimal digits"},
        {"NUL in a key", "{\"a\":0,\"b\\u0000\":1}", "line 1 column 8: a key with a NUL character"},
        {"leading zero", "[01]", "line 1 column 2: a number can't begin with 0"},
        {"minus", "[-]", "line 1 column 3: expected a digit"},
        {"no fraction", "[1.]", "line 1 column 4: expected a digit after the decimal point"},
        {"no exponent", "[1e+]", "line 1 column 5: expected a digit in the exponent"},
        {"large integer", "[0, 9223372036854775808]",
         "line 1 column 5: an integer that does not fit in 64 bits"},
        {"large number", "[0,\n 1e400]", "line 2 column 2: a number that does not fit in a double"},
        {"duplicate key", "{\"a\":1,\n \"b\":2,\n \"a\":3}", "line 3 column 2: duplicate key \"a\""},
        {"duplicate key in a child", "{\"x\":{\"a\":1,\"\\u0061\":2},\"a\":3}",
         "line 1 column 13: duplicate key \"a\""},
        {"duplicate key over a subtree", "{\"a\":{\"b\":[1,2,{}]},\"a\":3}",
         "line 1 column 21: duplicate key \"a\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        expect_true(cases[i].name,
                    !reads(cases[i].text, strlen(cases[i].text), &document_default_limits, &error),
                    "refused");
        expect_error(cases[i].name, &error, ERROR_INVALID, cases[i].message);
    }
}

static void test_limits_say_where(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct document_limits limits;
        const char *text;
        const char *message; // NULL: read
    } cases[] = {
        {"depth as allowed", {.depth = 2, .nodes = 9}, "[[]]", NULL},
        {"too deep",
         {.depth = 2, .nodes = 9},
         "[[\n []]]",
         "line 2 column 2: lists and maps nested deeper than 2"},
        {"count as allowed", {.depth = 2, .nodes = 3}, "[1,2]", NULL},
        {"a value too many",
         {.depth = 2, .nodes = 3},
         "[1,2,3]",
         "line 1 column 6: more than 3 values in one document"},
        {"a text too many",
         {.depth = 2, .nodes = 1},
         "[\"a\"]",
         "line 1 column 2: more than 1 values in one document"},
        {"a list too many",
         {.depth = 2, .nodes = 1},
         "[[]]",
         "line 1 column 2: more than 1 values in one document"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        bool read = reads(cases[i].text, strlen(cases[i].text), &cases[i].limits, &error);
        expect_true(cases[i].name, read == (cases[i].message == NULL), "read or not");
        if (!read) {
            expect_error(cases[i].name, &error, ERROR_LIMIT, cases[i].message);
        }
    }
}

static void test_length_limit(void **state) {
    (void)state;
    struct error error = {0};
    struct document *document = NULL;
    assert_false(json_read_copy("[]", UINT32_MAX, &document_default_limits, &document, &error));
    expect_error("4 GiB", &error, ERROR_LIMIT,
                 "line 1 column 1: a document of 4294967295 bytes is too large");
}

// The deepest that a builder takes: every level's kind is remembered.
static void test_deepest_limit(void **state) {
    (void)state;
    enum { DEPTH = 1024 };
    const struct document_limits limits = {.depth = DEPTH, .nodes = 10000};
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 100000);
    for (int i = 0; i < DEPTH; i++) {
        buffer_append_text(&text, i % 2 ? "{\"a\":" : "[");
    }
    buffer_append_text(&text, "1");
    for (int i = DEPTH - 1; i >= 0; i--) {
        buffer_append_text(&text, i % 2 ? "}" : "]");
    }
    struct error error = {0};
    if (!reads(text.data, text.length, &limits, &error)) {
        fail_msg("%s", error.message);
    }
}

static void test_decoding(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *bytes;
        uint32_t length;
    } cases[] = {
        {"quote", "\"\\\"\"", "\"", 1},
        {"backslash", "\"\\\\\"", "\\", 1},
        {"slash", "\"\\/\"", "/", 1},
        {"backspace", "\"\\b\"", "\b", 1},
        {"form feed", "\"\\f\"", "\f", 1},
        {"newline", "\"\\n\"", "\n", 1},
        {"carriage return", "\"\\r\"", "\r", 1},
        {"tab", "\"\\t\"", "\t", 1},
        {"NUL", "\"a\\u0000b\"", "a\0b", 3},
        {"one byte by number", "\"\\u007f\"", "\x7F", 1},
        {"two bytes by number", "\"\\u0080\\u07FF\"", "\xC2\x80\xDF\xBF", 4},
        {"three bytes by number", "\"\\u0800\\uffff\"", "\xE0\xA0\x80\xEF\xBF\xBF", 6},
        {"around the surrogates", "\"\\ud7ff\\ue000\"", "\xED\x9F\xBF\xEE\x80\x80", 6},
        {"first pair", "\"\\ud800\\udc00\"", "\xF0\x90\x80\x80", 4},
        {"last pair", "\"\\uDBFF\\uDFFF\"", "\xF4\x8F\xBF\xBF", 4},
        {"escape first", "\"\\nabc\"", "\nabc", 4},
        {"escape last", "\"abc\\n\"", "abc\n", 4},
        {"escapes only", "\"\\n\\n\\n\\n\"", "\n\n\n\n", 4},
        {"escape behind eight letters", "\"abcdefgh\\tijklmnopq\"", "abcdefgh\tijklmnopq", 18},
        {"letters of other alphabets", "\"abcdef\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80ghijklmnop\"",
         "abcdef\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80ghijklmnop", 25},
        {"empty", "\"\"", "", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].text);
        const struct node *root = document_root(document);
        expect_text(cases[i].name, node_type_name(root), "string");
        expect_integer(cases[i].name, root->length, cases[i].length);
        expect_true(cases[i].name, memcmp(root->value.string, cases[i].bytes, cases[i].length + 1) == 0,
                    "these bytes and a NUL");
    }
}

// A quote, a backslash, a control character and a byte of UTF-8 at every place of a text of up to 40 letters:
// whatever is scanned at once, each is seen.
static void test_scanner_sees_every_byte(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *insert;
        const char *message; // NULL: read
    } cases[] = {
        {"escape", "\\\"", NULL},
        {"character of two bytes", "\xC3\xA9", NULL},
        {"delete", "\x7F", NULL},
        {"quote", "\"", "expected ',' or ']'"},
        {"last control character", "\x1F", "a control character in a text"},
        {"first control character", "\x01", "a control character in a text"},
        {"bad UTF-8", "\x80", "bytes that are not UTF-8"},
        {"unknown escape", "\\x", "an unknown escape"},
    };
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int length = 1; length <= 40; length++) {
            for (int at = 0; at < length; at++) {
                char text[64];
                snprintf(text, sizeof(text), "[\"%.*s%s%.*s\"]", at, letters, cases[i].insert, length - at,
                         letters + at);
                struct error error = {0};
                bool read = reads(text, strlen(text), &document_default_limits, &error);
                expect_true(cases[i].name, read == (cases[i].message == NULL), text);
                if (!read) {
                    expect_contains(cases[i].name, error.message, cases[i].message);
                }
            }
        }
    }
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        const char *name; // also the JSON
        double value;
    } cases[] = {
        {"0.1", 0.1},
        {"-0.0", -0.0},
        {"0e0", 0},
        {"1e2", 100},
        {"1E+2", 100},
        {"125e-2", 1.25},
        {"123456789.125", 123456789.125},
        {"2.2250738585072014e-308", 0x1p-1022},
        {"4.9e-324", 0x1p-1074},
        {"1e-400", 0},
        {"1.7976931348623157e308", 0x1.fffffffffffffp1023},
        {"9007199254740993.0", 9007199254740992.0},
        {"0.500000000000000166533453693773481063544750213623046875", 0x1.0000000000002p-1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(cases[i].name);
        const struct node *root = document_root(document);
        expect_text(cases[i].name, node_type_name(root), "number");
        expect_true(cases[i].name, memcmp(&root->value.number, &cases[i].value, sizeof(double)) == 0,
                    "exactly this double");
    }
}

// A number may be the last thing in a text that ends without a NUL.
static void test_long_number_at_the_end(void **state) {
    (void)state;
    char text[3000] = "0.";
    memset(text + 2, '3', sizeof(text) - 2);
    struct error error = {0};
    assert_true(reads(text, sizeof(text), &document_default_limits, &error));
}

static void test_sample(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *document = document_of(sample);
    const struct node *root = document_root(document);
    assert_string_equal(node_string(node_get(root, "kind")), "AdmissionReview");
    const struct node *texts = node_get(root, "ea\n");
    assert_string_equal(node_string(node_item(texts, 0)), "\"\\/\b\f\n\r\t\xC3\xA9\xF0\x9F\x98\x80");
    assert_string_equal(node_string(node_item(texts, 6)), "12345678\n90");
    assert_string_equal(node_string(node_get(root, "\xE2\x82\xAC")), "\xF0\x9F\x98\x80");
    assert_int_equal(node_get(root, "n")->length, 9);
    assert_int_equal(document_node_count(document), 34);
    assert_int_equal(root->span, 34);
}

static void test_cut_anywhere(void **state) {
    (void)state;
    for (size_t length = 0; length < sizeof(sample) - 1; length++) {
        struct error error = {0};
        if (reads(sample, length, &document_default_limits, &error)) {
            fail_msg("accepted after %zu bytes", length);
        }
        assert_int_equal(error.kind, ERROR_INVALID);
    }
}

static void test_any_byte_anywhere(void **state) {
    (void)state;
    char text[sizeof(sample)];
    for (size_t at = 0; at < sizeof(sample) - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(text, sample, sizeof(sample));
            text[at] = (char)byte;
            struct error error = {0};
            if (!reads(text, sizeof(sample) - 1, &document_default_limits, &error)) {
                assert_true(error.kind == ERROR_INVALID && strncmp(error.message, "line ", 5) == 0);
            }
        }
    }
}

static void test_output_is_untouched_on_failure(void **state) {
    (void)state;
    CLEANUP(document_free) struct document *document = document_of("1");
    struct document *before = document;
    struct error error = {0};
    assert_false(json_read_copy("[", 1, &document_default_limits, &document, &error));
    assert_false(json_read(memory_strdup("{"), 1, &document_default_limits, &document, &error));
    assert_ptr_equal(document, before);
    assert_false(json_read_copy("[", 1, &document_default_limits, &document, NULL));
}

static void test_the_text_stays_the_callers(void **state) {
    (void)state;
    const char text[] = "{\"a\\n\":\"b\\t\",\"c\":1.5}";
    struct document *document = NULL;
    assert_true(json_read_copy(text, strlen(text), &document_default_limits, &document, NULL));
    assert_string_equal(text, "{\"a\\n\":\"b\\t\",\"c\":1.5}");
    document_free(document);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors_say_where),
        cmocka_unit_test(test_limits_say_where),
        cmocka_unit_test(test_length_limit),
        cmocka_unit_test(test_deepest_limit),
        cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_scanner_sees_every_byte),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_long_number_at_the_end),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_any_byte_anywhere),
        cmocka_unit_test(test_output_is_untouched_on_failure),
        cmocka_unit_test(test_the_text_stays_the_callers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
