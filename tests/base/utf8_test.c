#include "base/utf8.h"
#include "tests/support/expect.h"

static void test_decode(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *bytes;
        size_t length, size; // size 0: refused
        uint32_t code;
    } cases[] = {
        {"NUL", "\0", 1, 1, 0},
        {"last of one byte", "\x7F", 1, 1, 0x7F},
        {"first of two bytes", "\xC2\x80", 2, 2, 0x80},
        {"last of two bytes", "\xDF\xBF", 2, 2, 0x7FF},
        {"first of three bytes", "\xE0\xA0\x80", 3, 3, 0x800},
        {"before the surrogates", "\xED\x9F\xBF", 3, 3, 0xD7FF},
        {"after the surrogates", "\xEE\x80\x80", 3, 3, 0xE000},
        {"last of three bytes", "\xEF\xBF\xBF", 3, 3, 0xFFFF},
        {"first of four bytes", "\xF0\x90\x80\x80", 4, 4, 0x10000},
        {"last of all", "\xF4\x8F\xBF\xBF", 4, 4, 0x10FFFF},
        {"reads one sequence only", "\xC2\x80z", 3, 2, 0x80},
        {"a continuation byte first", "\x80", 1, 0, 0},
        {"the last continuation byte first", "\xBF", 1, 0, 0},
        {"overlong in two bytes", "\xC0\x80", 2, 0, 0},
        {"overlong in two bytes, highest", "\xC1\xBF", 2, 0, 0},
        {"overlong in three bytes", "\xE0\x9F\xBF", 3, 0, 0},
        {"overlong in four bytes", "\xF0\x8F\xBF\xBF", 4, 0, 0},
        {"first surrogate", "\xED\xA0\x80", 3, 0, 0},
        {"last surrogate", "\xED\xBF\xBF", 3, 0, 0},
        {"past the last", "\xF4\x90\x80\x80", 4, 0, 0},
        {"five bytes", "\xF8\x88\x80\x80\x80", 5, 0, 0},
        {"FE", "\xFE", 1, 0, 0},
        {"FF", "\xFF", 1, 0, 0},
        {"cut after one of two", "\xC2", 1, 0, 0},
        {"cut after two of three", "\xE2\x82", 2, 0, 0},
        {"cut after three of four", "\xF0\x9F\x98", 3, 0, 0},
        {"second byte is no continuation", "\xE2z\x80", 3, 0, 0},
        {"third byte is no continuation", "\xE2\x82z", 3, 0, 0},
        {"fourth byte is no continuation", "\xF0\x9F\x98\xC0", 4, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t code = 0;
        size_t size = utf8_decode(cases[i].bytes, cases[i].length, &code);
        expect_integer(cases[i].name, (int64_t)size, (int64_t)cases[i].size);
        expect_integer(cases[i].name, code, cases[i].code);
        bool whole = cases[i].size > 0;
        expect_true(cases[i].name, utf8_is_valid(cases[i].bytes, cases[i].length) == whole,
                    "valid as a text");
    }
}

static void test_every_code_survives(void **state) {
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF) {
            continue;
        }
        char bytes[4];
        size_t size = utf8_encode(code, bytes);
        uint32_t again = UINT32_MAX;
        if (utf8_decode(bytes, size, &again) != size || again != code) {
            fail_msg("U+%04X came back as U+%04X", code, again);
        }
    }
}

static void test_cut(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        size_t most, length;
    } cases[] = {
        {"short enough", "abc", 3, 3},
        {"longer than the text", "abc", 9, 3},
        {"between letters", "abc", 2, 2},
        {"nothing", "abc", 0, 0},
        {"inside two bytes", "a\xC3\xA9", 2, 1},
        {"after two bytes", "a\xC3\xA9z", 3, 3},
        {"inside three bytes", "\xE2\x82\xAC\xE2\x82\xAC", 5, 3},
        {"inside four bytes", "z\xF0\x9F\x98\x80", 4, 1},
        {"few bytes that are no text", "\x80\x80\x80", 2, 2},
        {"bytes that are no text are cut where asked", "\x80\x80\x80\x80\x80\x80", 5, 5},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t length = utf8_cut(cases[i].text, strlen(cases[i].text), cases[i].most);
        expect_integer(cases[i].name, (int64_t)length, (int64_t)cases[i].length);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_every_code_survives),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
