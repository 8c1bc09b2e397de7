// Specs of real manifests (shared/corpus beside the repository; skipped where it is not there).
#include "manifest/manifest.h"
#include "reconciler/cluster_spec.h"
#include "reconciler/planner.h"
#include "tests/fleet/fleet_fixture.h"

#include <stdlib.h>
#include <unistd.h>

static const char corpus[] = "../shared/corpus";

// As clusterctl fills in its templates.
static const char *value_of(void *cookie, const char *name) {
    (void)cookie;
    size_t length = strlen(name);
    bool is_count = length > 6 && strcmp(name + length - 6, "_COUNT") == 0;
    return strcmp(name, "KUBERNETES_VERSION") == 0 ? "v1.31.2" : is_count ? "3" : "some-text";
}

struct tally {
    size_t read, not_seen, invalid;
};

// Whatever is read can be planned, and says the same again.
static void expect_plan(struct arena *arena, const struct cluster_spec *spec) {
    const struct plan_question question = {.spec = spec, .owner = "uid"};
    struct plan plan;
    plan_make(arena, &question, &plan);
    expect_true(spec->name, spec->paused || plan.count > 0, "there is something to do");
    struct cluster_spec *copy = cluster_spec_copy(spec);
    expect_true(spec->name, cluster_spec_equal(copy, spec), "the copy is equal");
    free(copy);
}

static void try_cluster(const struct fragment_set *set, const struct node *object, struct tally *tally) {
    struct object_key key;
    if (!fragment_object_key(object, &key) || strcmp(key.kind, "Cluster") != 0 ||
        strcmp(key.group, "cluster.x-k8s.io") != 0) {
        return;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct cluster_view *view = cluster_view_of(arena, fragment_set_source(set), &key);
    if (!view) {
        return;
    }
    const struct cluster_spec_options options = {.drain_s = 300};
    struct cluster_spec spec;
    struct error error = {0};
    if (cluster_spec_read(arena, view, &options, &spec, &error)) {
        tally->read++;
        expect_plan(arena, &spec);
        return;
    }
    expect_true(key.name, error.kind == ERROR_NOT_FOUND || error.kind == ERROR_INVALID, "the kind decides");
    expect_true(key.name, error.message[0] != '\0', "it says why");
    if (getenv("CORPUS_SHOW")) {
        print_message("%s: %s: %s\n", key.name, error_kind_name(error.kind), error.message);
    }
    tally->not_seen += error.kind == ERROR_NOT_FOUND;
    tally->invalid += error.kind == ERROR_INVALID;
}

static void every_cluster_has_a_spec_or_a_reason(void **state) {
    (void)state;
    if (access(corpus, R_OK) != 0) {
        skip();
    }
    static const struct substitution filled = {value_of, NULL};
    CLEANUP(manifest_set_free) struct manifest_set *manifests = manifest_set_new(NULL, &filled);
    struct error error = {0};
    expect_true(error.message, manifest_set_add_path(manifests, corpus, &error), "the corpus is read");
    struct tally tally = {0};
    for (size_t first = 0, end = 0; first < manifest_set_count(manifests); first = end) {
        CLEANUP(fragment_set_free) struct fragment_set *set = fragment_set_new();
        fragment_set_complete(set, true);
        const char *file = manifest_set_get(manifests, first)->file;
        for (end = first;
             end < manifest_set_count(manifests) && manifest_set_get(manifests, end)->file == file; end++) {
            const struct manifest *manifest = manifest_set_get(manifests, end);
            if (manifest->state == MANIFEST_OBJECT) {
                fragment_set_add(set, manifest->object);
            }
        }
        for (size_t i = first; i < end; i++) {
            const struct manifest *manifest = manifest_set_get(manifests, i);
            if (manifest->state == MANIFEST_OBJECT) {
                try_cluster(set, manifest->object, &tally);
            }
        }
    }
    print_message("%zu read, %zu not seen, %zu invalid\n", tally.read, tally.not_seen, tally.invalid);
    expect_true("the corpus", tally.read > 20, "has clusters that can be carried out");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cluster_has_a_spec_or_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
