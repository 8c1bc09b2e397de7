#include "base/text_pack.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <stdio.h>

static const char words[] =
    "\"lastTransitionTime\":\"2026-09-21T14:13:29Z\",\"status\":\"True\",\"type\":\"Ready\"";

static void expect_same(const char *name, const char *with, const char *text, size_t length, size_t most) {
    CLEANUP(buffer_clear) struct buffer packed;
    buffer_init(&packed, 2 * length + 100);
    text_pack(with, text, length, &packed);
    expect_true(name, !packed.cut && packed.length <= most, "it is as small as that");
    char *back = memory_alloc(length + 1);
    expect_true(name, text_unpack(with, packed.data, packed.length, back, length), "it can be read");
    expect_true(name, memcmp(back, text, length) == 0 && back[length] == '\0', "it is the same");
    free(back);
}

static void test_cases(void **state) {
    (void)state;
    static const struct {
        const char *name, *words, *text;
        size_t most;
    } cases[] = {
        {"nothing", "", "", 1},
        {"nothing, with words", words, "", 1},
        {"one byte", "", "a", 2},
        {"three bytes", words, "abc", 4},
        {"14 bytes", "", "abcdefghijklmn", 15},
        {"15 bytes", "", "abcdefghijklmno", 17},
        {"one byte, again and again", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 10},
        {"a word", words, "\"status\":\"True\",\"type\":\"Ready\"", 6},
        {"over the end of the words", words, "\"type\":\"Ready\"\"type\":\"Ready\"\"type\":\"Ready\"", 8},
        {"words and others", words, "{\"lastTransitionTime\":\"2027-01-01T00:00:00Z\",\"reason\":\"x\"}", 50},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_same(cases[i].name, cases[i].words, cases[i].text, strlen(cases[i].text), cases[i].most);
    }
}

static uint64_t next(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    return *random ^= *random << 17;
}

// Texts with repetitions near and far, of all lengths up to 150 kB.
static void test_random_texts(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15);
        size_t length = (size_t)(next(&random) % (seed % 10 == 0 ? 150000 : 3000));
        unsigned letters = 1 + (unsigned)(next(&random) % 60);
        char *text = memory_alloc(length + 1);
        for (size_t i = 0; i < length;) {
            size_t run = 1 + (size_t)(next(&random) % 40), from = i ? (size_t)(next(&random) % i) : 0;
            bool repeats = i > 0 && next(&random) % 2 == 0;
            for (size_t n = 0; n < run && i < length; n++, i++) {
                text[i] = (char)(repeats ? text[from + n] : (int)(' ' + next(&random) % letters));
            }
        }
        char name[40];
        snprintf(name, sizeof(name), "seed %llu", (unsigned long long)seed);
        expect_same(name, seed % 2 ? words : "", text, length, length + length / 200 + 20);
        free(text);
    }
}

static void test_same_bytes(void **state) {
    (void)state;
    struct buffer packed[2];
    for (size_t i = 0; i < 2; i++) {
        buffer_init(&packed[i], 1000);
        text_pack(words, words, sizeof(words) - 1, &packed[i]);
    }
    expect_integer("length", (int64_t)packed[0].length, (int64_t)packed[1].length);
    assert_memory_equal(packed[0].data, packed[1].data, packed[0].length);
    buffer_clear(&packed[0]);
    buffer_clear(&packed[1]);
}

// Whatever the bytes are, nothing else is read or written (the sanitizers look on).
static void test_broken(void **state) {
    (void)state;
    static const char text[] =
        "{\"lastTransitionTime\":\"2027-01-01T00:00:00Z\",\"type\":\"Ready\",\"type\":\"Ready\"}";
    enum { LENGTH = sizeof(text) - 1 };
    CLEANUP(buffer_clear) struct buffer packed;
    buffer_init(&packed, 1000);
    text_pack(words, text, LENGTH, &packed);
    char *back = memory_alloc(LENGTH + 1);
    for (size_t length = 0; length < packed.length; length++) {
        expect_true("cut", !text_unpack(words, packed.data, length, back, LENGTH), "it is refused");
    }
    expect_true("longer", !text_unpack(words, packed.data, packed.length, back, LENGTH - 1), "it is refused");
    uint64_t random = 7;
    for (unsigned i = 0; i < 20000; i++) {
        char bytes[40];
        size_t length = (size_t)(next(&random) % sizeof(bytes));
        for (size_t n = 0; n < length; n++) {
            bytes[n] = (char)next(&random);
        }
        (void)!text_unpack(words, bytes, length, back, LENGTH);
    }
    free(back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
