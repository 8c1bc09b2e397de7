#include "engine/glob.h"
#include "tests/support/expect.h"

#include <stdlib.h>

static void test_matching(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        const char *pattern;
        const char *text;
        bool matches;
    } cases[] = {
        {"both empty", "", "", true},
        {"empty pattern", "", "a", false},
        {"empty text", "a", "", false},
        {"a star takes nothing", "*", "", true},
        {"many stars take nothing", "***", "", true},
        {"a question mark wants something", "?", "", false},
        {"equal", "eu-west-1", "eu-west-1", true},
        {"letter case counts", "EU-west-1", "eu-west-1", false},
        {"pattern longer", "eu-west-10", "eu-west-1", false},
        {"text longer", "eu-west-1", "eu-west-10", false},
        {"star at the end", "eu-*", "eu-west-1", true},
        {"star at the end takes nothing", "eu-west-1*", "eu-west-1", true},
        {"star at the start", "*-1", "eu-west-1", true},
        {"star in the middle", "eu-*-1", "eu-west-1", true},
        {"star in the middle must end right", "eu-*-1", "eu-west-2", false},
        {"backtracking to the last star", "*ab", "aaab", true},
        {"a false start", "*aab", "aaaab", true},
        {"two stars", "a*b*c", "axxbyyc", true},
        {"two stars, wrong order", "a*b*c", "axxcyyb", false},
        {"question mark", "eu-west-?", "eu-west-1", true},
        {"question mark takes one", "eu-west-?", "eu-west-12", false},
        {"question mark takes a two-byte character", "?", "\xC3\xA9", true},
        {"question mark takes a four-byte character", "a?b",
         "a\xF0\x9F\x98\x80"
         "b",
         true},
        {"two question marks want two characters", "??", "\xC3\xA9", false},
        {"a star does not split a character", "*??", "\xE2\x82\xAC", false},
        {"star, then question mark", "*?", "\xE2\x82\xAC", true},
        {"a bad byte is one character", "a?b",
         "a\xFF"
         "b",
         true},
        {"brackets are plain", "[abc]", "a", false},
        {"brackets match themselves", "[abc]", "[abc]", true},
        {"backslash is plain", "\\*", "*", false},
        {"backslash matches itself", "\\*", "\\x", true},
        {"slashes are plain", "a*c", "a/b/c", true},
        {"a star in the text is plain", "a", "*", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_true(cases[i].name, glob_match(cases[i].pattern, cases[i].text) == cases[i].matches,
                    cases[i].matches ? "matches" : "does not match");
    }
}

static void test_nul_bytes(void **unused) {
    (void)unused;
    uint64_t steps = 100;
    expect_true("what is after the NUL counts", glob_match_sized("a", 1, "a\0b", 3, &steps) == GLOB_DIFFERS,
                "differs");
    expect_true("a star takes NUL", glob_match_sized("a*b", 3, "a\0b", 3, &steps) == GLOB_MATCHES, "matches");
    expect_true("NUL in the pattern", glob_match_sized("a\0b", 3, "a\0b", 3, &steps) == GLOB_MATCHES,
                "matches");
}

// Steps, not time: a machine that is busy fails no test.
static void test_bounded_work(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        const char *unit; // repeated to make the pattern
        size_t repeats;
        const char *end;
    } cases[] = {
        {"a star before each letter", "*a", 50, "b"},   {"stars only, then a letter", "*", 100, "b"},
        {"one long piece after a star", "a", 100, "b"}, {"stars and question marks", "*?", 50, "b"},
        {"pieces that nearly match", "*aaaa", 20, "b"},
    };
    enum { TEXT = 10000 };
    static char text[TEXT + 1];
    memset(text, 'a', TEXT);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char pattern[512] = "*";
        for (size_t repeat = 0; repeat < cases[i].repeats; repeat++) {
            strcat(pattern, cases[i].unit);
        }
        strcat(pattern, cases[i].end);
        size_t length = strlen(pattern);
        uint64_t steps = UINT64_MAX;
        expect_true(cases[i].name, glob_match_sized(pattern, length, text, TEXT, &steps) == GLOB_DIFFERS,
                    "differs");
        expect_true(cases[i].name, UINT64_MAX - steps <= (uint64_t)(length + 2) * (TEXT + 1),
                    "pattern times text");
        steps = 1000;
        expect_true(cases[i].name, glob_match_sized(pattern, length, text, TEXT, &steps) == GLOB_TOO_LONG,
                    "stops");
        expect_integer(cases[i].name, (int64_t)steps, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matching),
        cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_bounded_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
