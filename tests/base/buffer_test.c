#include "base/buffer.h"
#include "base/memory.h"
#include "tests/support/expect.h"

static void test_caps(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t maximum;
        const char *first, *second;
        const char *text;
        bool cut;
    } cases[] = {
        {"nothing", 10, "", "", "", false},
        {"fits", 10, "abc", "def", "abcdef", false},
        {"fits exactly", 6, "abc", "def", "abcdef", false},
        {"one too many", 5, "abc", "def", "abcde", true},
        {"first too long", 2, "abc", "def", "ab", true},
        {"nothing after a cut", 4, "abcdef", "g", "abcd", true},
        {"no room at all", 0, "a", "b", "", true},
        {"nothing into no room", 0, "", "", "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer buffer;
        buffer_init(&buffer, cases[i].maximum);
        buffer_append_text(&buffer, cases[i].first);
        buffer_append_text(&buffer, cases[i].second);
        expect_text(cases[i].name, buffer_text(&buffer), cases[i].text);
        expect_integer(cases[i].name, (int64_t)buffer.length, (int64_t)strlen(cases[i].text));
        expect_true(cases[i].name, buffer.cut == cases[i].cut, "cut as expected");
    }
}

static void test_no_maximum(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer;
    buffer_init(&buffer, SIZE_MAX);
    for (int i = 0; i < 1000; i++) {
        buffer_append_text(&buffer, "0123456789");
    }
    assert_int_equal(buffer.length, 10000);
    assert_string_equal(buffer_text(&buffer) + 9990, "0123456789");
}

static void test_grows_to_the_maximum_only(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer;
    buffer_init(&buffer, 1000);
    for (int i = 0; i < 2000; i++) {
        buffer_append_char(&buffer, 'x');
    }
    assert_int_equal(buffer.length, 1000);
    assert_int_equal(strlen(buffer.data), 1000);
    assert_true(buffer.capacity <= 1001);
    assert_true(buffer.cut);
}

static void test_printf(void **state) {
    (void)state;
    char wide[600];
    memset(wide, 'w', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    const struct {
        const char *name;
        size_t maximum;
        const char *value;
        size_t length;
    } cases[] = {
        {"small", 1000, "abc", 5},
        {"255 bytes", 1000, wide + 599 - 253, 255},
        {"256 bytes", 1000, wide + 599 - 254, 256},
        {"large", 1000, wide, 601},
        {"large and cut", 300, wide, 300},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer buffer;
        buffer_init(&buffer, cases[i].maximum);
        buffer_printf(&buffer, "<%s>", cases[i].value);
        expect_integer(cases[i].name, (int64_t)buffer.length, (int64_t)cases[i].length);
        expect_integer(cases[i].name, (int64_t)strlen(buffer.data), (int64_t)cases[i].length);
        expect_true(cases[i].name, buffer.cut == (cases[i].length == cases[i].maximum), "cut as expected");
    }
}

static void test_truncate_allows_appending_again(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer;
    buffer_init(&buffer, 4);
    buffer_append_text(&buffer, "abcdef");
    assert_true(buffer.cut);
    buffer_truncate(&buffer, 2);
    buffer_append_text(&buffer, "z");
    assert_string_equal(buffer_text(&buffer), "abz");
    assert_false(buffer.cut);
}

static void test_bytes_with_nul(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append(&buffer, "a\0b", 3);
    assert_int_equal(buffer.length, 3);
    assert_memory_equal(buffer.data, "a\0b", 4);
}

static void test_clear_and_take(void **state) {
    (void)state;
    struct buffer buffer;
    buffer_init(&buffer, 10);
    CLEANUP(free) char *empty = buffer_take(&buffer);
    assert_string_equal(empty, "");
    buffer_append_text(&buffer, "abcdefghijkl");
    CLEANUP(free) char *taken = buffer_take(&buffer);
    assert_string_equal(taken, "abcdefghij");
    assert_false(buffer.cut);
    buffer_append_text(&buffer, "again");
    assert_string_equal(buffer_text(&buffer), "again");
    buffer_clear(&buffer);
    assert_string_equal(buffer_text(&buffer), "");
    assert_int_equal(buffer.maximum, 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_no_maximum),
        cmocka_unit_test(test_grows_to_the_maximum_only),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_truncate_allows_appending_again),
        cmocka_unit_test(test_bytes_with_nul),
        cmocka_unit_test(test_clear_and_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
