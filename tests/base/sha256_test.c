#include "base/sha256.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <stdlib.h>

// The examples of NIST for SHA-256, and lengths around a block's end.
static const struct {
    const char *name, *text;
    const char *hex;
} cases[] = {
    {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"896 bits",
     "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrs"
     "mnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void test_vectors(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char hex[SHA256_HEX_BYTES];
        sha256_hex(cases[i].text, strlen(cases[i].text), hex);
        expect_text(cases[i].name, hex, cases[i].hex);
    }
}

static void test_million(void **state) {
    (void)state;
    enum { LENGTH = 1000000 };
    char *text = memory_alloc(LENGTH);
    memset(text, 'a', LENGTH);
    char hex[SHA256_HEX_BYTES];
    sha256_hex(text, LENGTH, hex);
    free(text);
    expect_text("a million a", hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Whatever the pieces: as in one.
static void test_pieces(void **state) {
    (void)state;
    char text[200];
    memset(text, 'x', sizeof(text));
    for (size_t length = 0; length <= sizeof(text); length++) {
        char whole[SHA256_HEX_BYTES];
        sha256_hex(text, length, whole);
        struct sha256 hash;
        unsigned char digest[SHA256_BYTES];
        sha256_begin(&hash);
        sha256_add(&hash, text, length / 3);
        sha256_add(&hash, text, length - length / 3);
        sha256_end(&hash, digest);
        char first[3];
        snprintf(first, sizeof(first), "%02x", digest[0]);
        assert_memory_equal(first, whole, 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_million),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
