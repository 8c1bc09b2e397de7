#include "base/base64.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <string.h>

static void test_known(void **state) {
    (void)state;
    // RFC 4648, 10.
    static const struct {
        const char *name, *plain, *text;
    } cases[] = {{"nothing", "", ""},           {"one", "f", "Zg=="},
                 {"two", "fo", "Zm8="},         {"three", "foo", "Zm9v"},
                 {"four", "foob", "Zm9vYg=="},  {"five", "fooba", "Zm9vYmE="},
                 {"six", "foobar", "Zm9vYmFy"}, {"high bytes", "\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer text;
        CLEANUP(buffer_clear) struct buffer plain;
        buffer_init(&text, 100);
        buffer_init(&plain, 100);
        base64_append(&text, cases[i].plain, strlen(cases[i].plain));
        expect_text(cases[i].name, buffer_text(&text), cases[i].text);
        expect_true(cases[i].name, base64_decode(cases[i].text, &plain), "is read");
        expect_text(cases[i].name, buffer_text(&plain), cases[i].plain);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const char *const cases[] = {
        "Z", "Zg=", "Zg", "Zg==Zg==", "Z===", "====", "Zm9 ", "Zm9\n", "Zm9-", "=m9v"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer plain;
        buffer_init(&plain, 100);
        expect_true(cases[i], !base64_decode(cases[i], &plain), "is refused");
    }
    CLEANUP(buffer_clear) struct buffer small;
    buffer_init(&small, 3);
    expect_true("more than there is room for", !base64_decode("Zm9vYg==", &small), "is refused");
}

static void test_long(void **state) {
    (void)state;
    unsigned char bytes[3000];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(i * 7 + i / 256);
    }
    // Around the lengths at which a piece is full.
    for (size_t length = 760; length <= sizeof(bytes); length += length < 780 ? 1 : 317) {
        CLEANUP(buffer_clear) struct buffer text;
        CLEANUP(buffer_clear) struct buffer plain;
        buffer_init(&text, 5000);
        buffer_init(&plain, 5000);
        base64_append(&text, bytes, length);
        assert_int_equal(text.length, (length + 2) / 3 * 4);
        assert_true(base64_decode(buffer_text(&text), &plain));
        assert_int_equal(plain.length, length);
        assert_memory_equal(plain.data, bytes, length);
    }
}

static void test_texts(void **state) {
    (void)state;
    static const struct {
        const char *name, *base64, *text; // NULL: it is no text
    } cases[] = {{"nothing", "", ""},
                 {"a text", "Zm9v", "foo"},
                 {"NUL bytes", "AAAA", NULL},
                 {"a NUL at the end", "Zm9vAA==", NULL},
                 {"no Base64", "Zm9", NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(free) char *text = NULL;
        bool is_text = base64_decode_text(cases[i].base64, &text);
        expect_true(cases[i].name, is_text == (cases[i].text != NULL) && is_text == (text != NULL),
                    "read or not");
        expect_text(cases[i].name, text ? text : "", cases[i].text ? cases[i].text : "");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_long), cmocka_unit_test(test_texts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
