#include "cli/timestamp.h"
#include "tests/support/expect.h"

static const struct {
    const char *text;
    int64_t seconds; // -1: refused
} cases[] = {
    {"1970-01-02", 86400},
    {"2026-01-31T12:00:00Z", 1769860800},
    {"2026-01-31T14:00:00+02:00", 1769860800},
    {"2026-01-31T06:30:00-05:30", 1769860800},
    {"@1769860800", 1769860800},
    {"2024-02-29", 1709164800},
    {"2026-02-30", -1},
    {"2026-13-01", -1},
    {"2026-01-31T12:00:00", -1},
    {"2026-01-31T12:00:00+2:00x", -1},
    {"2026-01-31 12:00", -1},
    {"tomorrow", -1},
    {"@", -1},
    {"@12x", -1},
    {"", -1},
};

static void test_parse(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t seconds = -1;
        struct error error = {0};
        bool good = timestamp_parse(cases[i].text, &seconds, &error);
        expect_true(cases[i].text, good == (cases[i].seconds >= 0), "accepted or refused");
        expect_integer(cases[i].text, seconds, cases[i].seconds);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
