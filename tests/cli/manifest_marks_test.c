#include "cli/manifest_marks.h"
#include "tests/support/expect.h"

#include <stdio.h>

static const struct {
    const char *name, *text, *expected;
} cases[] = {
    {"nothing to do", "a: 1\n\n# words\nb: 2", "a: 1\n\n# words\nb: 2\n"},
    {"value", "  replicas: 3 # @replicas\n", "  replicas: 7\n"},
    {"value in a list", "- image: a:b # @replicas\n", "- image: 7\n"},
    {"value that is not given", "x: old # @absent\n", "x: old\n"},
    {"value without a name", "x: old # @nobody\n", "x: old\n"},
    {"block", "d:\n  k: | # @block\n    old\n\n      older\n  n: 1\n", "d:\n  k: |2\n    new\n  n: 1\n"},
    {"block that stays", "  k: | # @absent\n    old\n", "  k: |\n    old\n"},
    {"line with a feature that is on", "- a # @when on\n- b\n", "- a\n- b\n"},
    {"line with a feature that is off", "- a: # @when off\n    deep: 1\n- b\n", "- b\n"},
    {"feature is a whole word", "- a # @when o\n- b\n", "- b\n"},
    {"comment becomes a line", "  # @when on: - x: y\n  # @when on:   z: 1\n", "  - x: y\n    z: 1\n"},
    {"comment falls away", "  # @when off: - x: y\n  w: 1\n", "  w: 1\n"},
    {"value in a comment", "  # @when on: n: 1 # @replicas\n", "  n: 7\n"},
    {"namespace", "n: fleetgate-system # fleetgate-system\n", "n: gates # gates\n"},
    {"namespace in what was put in", "n: x # @words\n", "n: fleetgate-system\n"},
    {"other comments stay", "x: 1 # @ home\ny: 2 #@on\n", "x: 1\ny: 2 #@on\n"},
};

static void test_marks(void **state) {
    (void)state;
    const struct manifest_value values[] = {{"replicas", "7"},
                                            {"absent", NULL},
                                            {"block", "|2\n    new"},
                                            {"words", "fleetgate-system"},
                                            {NULL, NULL}};
    const char *const features[] = {"on", NULL};
    const struct manifest_marks marks = {.values = values, .features = features, .namespace = "gates"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 4096);
        manifest_marks_apply(cases[i].text, &marks, &out);
        expect_text(cases[i].name, buffer_text(&out), cases[i].expected);
    }
}

static void test_block(void **state) {
    (void)state;
    static const struct {
        const char *name, *text, *expected;
    } blocks[] = {
        {"empty", "", "\"\""},
        {"a line", "x\n", "|2\n    x"},
        {"without an end", "x", "|2-\n    x"},
        {"with many", "x\n\n", "|2+\n    x\n"},
        {"indented, with an empty line", "  x\n\ny\n", "|2\n      x\n\n    y"},
        {"an empty line first", "\nx\n", "|2\n\n    x"},
    };
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 4096);
        manifest_block_append(&out, blocks[i].text, 2);
        expect_text(blocks[i].name, buffer_text(&out), blocks[i].expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_marks), cmocka_unit_test(test_block)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
