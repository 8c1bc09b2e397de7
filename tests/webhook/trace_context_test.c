#include "webhook/trace_context.h"

#include "tests/support/expect.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static const struct {
    const char *name, *header;
    bool good;
} cases[] = {
    {"as the recommendation has it", "00-" TRACE "-" PARENT "-01", true},
    {"not sampled", "00-" TRACE "-" PARENT "-00", true},
    {"unknown flags", "00-" TRACE "-" PARENT "-ff", true},
    {"a later version", "cc-" TRACE "-" PARENT "-01", true},
    {"a later version that says more", "cc-" TRACE "-" PARENT "-01-what-the-future-brings", true},
    {"none", NULL, false},
    {"empty", "", false},
    {"version ff", "ff-" TRACE "-" PARENT "-01", false},
    {"version 00 that says more", "00-" TRACE "-" PARENT "-01-x", false},
    {"version 00 with a last dash", "00-" TRACE "-" PARENT "-01-", false},
    {"a later version without a dash", "cc-" TRACE "-" PARENT "-01.x", false},
    {"upper case", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false},
    {"upper case in the parent", "00-" TRACE "-00F067AA0BA902B7-01", false},
    {"upper case in the version", "CC-" TRACE "-" PARENT "-01", false},
    {"no trace", "00-00000000000000000000000000000000-" PARENT "-01", false},
    {"no parent", "00-" TRACE "-0000000000000000-01", false},
    {"a short trace", "00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-01", false},
    {"a long trace", "00-" TRACE "0-" PARENT "-01", false},
    {"short flags", "00-" TRACE "-" PARENT "-1", false},
    {"no flags", "00-" TRACE "-" PARENT, false},
    {"a space in front", " 00-" TRACE "-" PARENT "-01", false},
    {"a space behind", "00-" TRACE "-" PARENT "-01 ", false},
    {"no hexadecimal digit", "00-4bf92f3577b34da6a3ce929d0e0e473g-" PARENT "-01", false},
    {"underscores", "00_" TRACE "_" PARENT "_01", false},
};

static void test_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trace_context trace;
        bool good = trace_context_read(cases[i].header, &trace);
        expect_true(cases[i].name, good == cases[i].good, cases[i].good ? "a trace" : "no trace");
        expect_text(cases[i].name, trace.trace_id, good ? TRACE : "");
        expect_text(cases[i].name, trace.parent_id, good ? PARENT : "");
    }
}

// Two answers to one trace are two spans of it.
static void test_write(void **state) {
    (void)state;
    struct trace_context traces[2];
    char texts[2][TRACE_PARENT_BYTES];
    for (size_t i = 0; i < 2; i++) {
        assert_true(trace_context_read("00-" TRACE "-" PARENT "-01", &traces[i]));
        trace_context_write(&traces[i], texts[i]);
        assert_memory_equal(texts[i], "00-" TRACE "-", 36);
        assert_memory_equal(texts[i] + 36, traces[i].span_id, 16);
        expect_text("flags", texts[i] + 52, "-01");
        expect_true("span", strcmp(traces[i].span_id, PARENT) != 0, "a span of its own");
    }
    expect_true("spans", strcmp(texts[0], texts[1]) != 0, "two spans");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_write)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
