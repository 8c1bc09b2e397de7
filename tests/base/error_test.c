#include "base/utf8.h"
#include "tests/support/expect.h"

#include <stdio.h>

static void test_set(void **state) {
    (void)state;
    struct error error = {0};
    assert_false(error_set(&error, ERROR_LIMIT, "%d of %s", 3, "four"));
    expect_error("set", &error, ERROR_LIMIT, "3 of four");
    assert_false(error_set(NULL, ERROR_LIMIT, "nobody listens"));
    assert_false(error_wrap(NULL, "nobody listens"));
}

static void test_wrap(void **state) {
    (void)state;
    struct error error = {0};
    error_set(&error, ERROR_NOT_FOUND, "no such file");
    assert_false(error_wrap(&error, "policy %s", "region-limits"));
    assert_false(error_wrap(&error, "load"));
    expect_error("wrapped twice", &error, ERROR_NOT_FOUND, "load: policy region-limits: no such file");
}

static void test_set_from_itself(void **state) {
    (void)state;
    struct error error = {0};
    error_set(&error, ERROR_IO, "timeout");
    error_set(&error, ERROR_IO, "again: %s", error.message);
    expect_error("from itself", &error, ERROR_IO, "again: timeout");
}

static void test_long_messages_are_cut(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *unit;
        size_t prefix; // so that the cut falls on each byte of a unit
    } cases[] = {
        {"letters", "x", 0},
        {"two bytes", "\xC3\xA9", 0},
        {"two bytes, shifted", "\xC3\xA9", 1},
        {"three bytes", "\xE2\x82\xAC", 0},
        {"three bytes, shifted", "\xE2\x82\xAC", 1},
        {"three bytes, shifted twice", "\xE2\x82\xAC", 2},
        {"four bytes", "\xF0\x9F\x98\x80", 0},
        {"four bytes, shifted", "\xF0\x9F\x98\x80", 1},
        {"four bytes, shifted twice", "\xF0\x9F\x98\x80", 2},
        {"four bytes, shifted thrice", "\xF0\x9F\x98\x80", 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1000] = "aaa";
        size_t length = cases[i].prefix;
        for (size_t unit = strlen(cases[i].unit); length + unit < sizeof(text); length += unit) {
            memcpy(text + length, cases[i].unit, unit + 1);
        }
        struct error error = {0};
        error_set(&error, ERROR_INVALID, "%s", text);
        size_t cut = strlen(error.message);
        expect_true(cases[i].name, cut >= sizeof(error.message) - 4, "nearly all of the room is used");
        expect_text(cases[i].name, error.message + cut - 3, "...");
        expect_true(cases[i].name, utf8_is_valid(error.message, cut), "the message is UTF-8");
        expect_true(cases[i].name, memcmp(error.message, text, cut - 3) == 0, "the message begins the text");
    }
}

static void test_message_is_always_utf8(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const char *text;
        const char *message;
    } cases[] = {
        {"plain", "caf\xC3\xA9", "caf\xC3\xA9"},
        {"a lone byte", "a\xFFz", "a?z"},
        {"a sequence cut by a precision", "caf\xC3", "caf?"},
        {"overlong", "\xC0\xAF", "??"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {0};
        error_set(&error, ERROR_INVALID, "%s", cases[i].text);
        expect_text(cases[i].name, error.message, cases[i].message);
    }
}

static void test_wrapping_for_ever_stays_in_bounds(void **state) {
    (void)state;
    struct error error = {0};
    error_set(&error, ERROR_DENIED, "the cause");
    for (int i = 0; i < 200; i++) {
        error_wrap(&error, "level %d", i);
        assert_true(strlen(error.message) < sizeof(error.message));
    }
    expect_text("outermost first", (char[]){error.message[0], error.message[6], '\0'}, "l1");
    expect_text("kind stays", error_kind_name(error.kind), "denied");
}

static void test_kind_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum error_kind kind;
    } cases[] = {
        {"none", ERROR_NONE},
        {"invalid", ERROR_INVALID},
        {"not_found", ERROR_NOT_FOUND},
        {"conflict", ERROR_CONFLICT},
        {"denied", ERROR_DENIED},
        {"limit", ERROR_LIMIT},
        {"io", ERROR_IO},
        {"unknown", ERROR_IO + 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_text(cases[i].name, error_kind_name(cases[i].kind), cases[i].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_set_from_itself),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_message_is_always_utf8),
        cmocka_unit_test(test_wrapping_for_ever_stays_in_bounds),
        cmocka_unit_test(test_kind_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
