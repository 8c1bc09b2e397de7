// Every file of ../shared/corpus (real fleets' manifests, not part of this repository): nothing crashes, what
// can be read is read, and what can't is said to be a template.
#include "manifest/change_plan.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <unistd.h>

static const char corpus[] = "../shared/corpus";

struct counts {
    int states[4];
    int files;
    int unknown_values;
    int clusters;
};

static void count_unknown(const struct node *node, int *count) {
    *count += node->unknown;
    NODE_EACH(child, node) {
        count_unknown(child, count);
    }
}

static void expect_positions(const struct manifest *manifest, const struct node *node,
                             const struct node *parent) {
    const struct node_position *at = document_position(manifest->document, node);
    expect_true(manifest->file, at->line > 0 && at->column > 0, "a position");
    expect_true(manifest->file, at->end_line > at->line || at->end_column >= at->column, "the end is behind");
    expect_true(manifest->file, (node->key != NULL) == (at->key_line > 0 && parent),
                "the key has a position");
    NODE_EACH(child, node) {
        expect_positions(manifest, child, node);
    }
}

static void count(const struct manifest_set *set, const struct manifest *manifest, struct counts *counts) {
    counts->states[manifest->state]++;
    if (manifest->object && manifest->state == MANIFEST_OBJECT) {
        const char *kind = node_string(node_get(manifest->object, "kind"));
        counts->clusters += strcmp(kind, "Cluster") == 0;
        count_unknown(manifest->object, &counts->unknown_values);
        expect_positions(manifest, manifest->object, NULL);
    } else if (manifest->problem) {
        printf("%s:%u:%u: %s\n", manifest->file, manifest->line, manifest->column,
               manifest->problem->message);
    }
    const char *start = NULL;
    size_t length = 0;
    expect_true(manifest->file, manifest_source_line(set, manifest->file, manifest->line, &start, &length),
                "the line is there");
}

static void test_corpus(void **state) {
    (void)state;
    if (access(corpus, R_OK) != 0) {
        printf("%s is not here; nothing was checked\n", corpus);
        skip();
    }
    CLEANUP(manifest_set_free) struct manifest_set *set = manifest_set_new(NULL, NULL);
    struct error error = {0};
    if (!manifest_set_add_path(set, corpus, &error)) {
        fail_msg("%s", error.message);
    }
    struct counts counts = {0};
    for (size_t i = 0; i < manifest_set_count(set); i++) {
        const struct manifest *manifest = manifest_set_get(set, i);
        counts.files += i == 0 || manifest_set_get(set, i - 1)->file != manifest->file;
        count(set, manifest, &counts);
    }
    printf("%d files: %d objects (%d Clusters, %d unknown values), %d unknown, %d others, %d broken\n",
           counts.files, counts.states[MANIFEST_OBJECT], counts.clusters, counts.unknown_values,
           counts.states[MANIFEST_UNKNOWN], counts.states[MANIFEST_NOT_KUBERNETES],
           counts.states[MANIFEST_BROKEN]);
    assert_int_equal(counts.states[MANIFEST_BROKEN], 0);
    if (counts.files == 69) { // as fetched in November 2026; a larger corpus has other numbers
        assert_int_equal(counts.states[MANIFEST_OBJECT], 306);
        assert_int_equal(counts.clusters, 34);
        assert_int_equal(counts.states[MANIFEST_UNKNOWN], 4);
        assert_int_equal(counts.states[MANIFEST_NOT_KUBERNETES], 3);
        assert_int_equal(counts.unknown_values, 720);
    }
    CLEANUP(change_plan_free) struct change_plan *nothing = change_plan_new(set, set);
    assert_int_equal(nothing->change_count, 0);
    CLEANUP(change_plan_free) struct change_plan *all = change_plan_new(NULL, set);
    assert_int_equal(all->change_count, counts.states[MANIFEST_OBJECT]);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_corpus)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
