#include "reconciler/members.h"

#include "base/memory.h"
#include "fleet/fragment_set.h"
#include "tests/support/documents.h"

#include <stdio.h>

enum { CLUSTERS = 3 * MEMBERS_MOST };

static struct document *documents[CLUSTERS + 2];

static void add(struct fragment_set *set, size_t index, const char *text) {
    documents[index] = document_of(text);
    assert_true(fragment_set_add(set, document_root(documents[index])));
}

static const char class_text[] =
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'ClusterClass','metadata':{'name':'standard',"
    "'namespace':'prod'},'spec':{'infrastructure':{'ref':{'apiVersion':"
    "'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSClusterTemplate','name':'c'}}}}";
static const char template_text[] =
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSClusterTemplate','metadata':{'name':"
    "'c','namespace':'prod'},'spec':{'template':{'spec':{'region':'eu-west-1'}}}}";

// However many clusters a class has, and whatever the class names: all of them hear of it.
static void test_many_of_one_class(void **state) {
    (void)state;
    CLEANUP(fragment_set_free) struct fragment_set *set = fragment_set_new();
    for (size_t i = 0; i < CLUSTERS; i++) {
        char text[300];
        snprintf(text, sizeof(text),
                 "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'eu-%zu',"
                 "'namespace':'prod'},'spec':{'topology':{'class':'standard','version':'v1.30.4'}}}",
                 i);
        add(set, i, text);
    }
    add(set, CLUSTERS, class_text);
    add(set, CLUSTERS + 1, template_text);
    fragment_set_complete(set, true);
    static const struct {
        const char *name;
        struct object_key key;
        size_t clusters;
    } cases[] = {
        {"class", {"cluster.x-k8s.io", "ClusterClass", "prod", "standard"}, CLUSTERS},
        {"template", {"infrastructure.cluster.x-k8s.io", "AWSClusterTemplate", "prod", "c"}, CLUSTERS},
        {"one Cluster", {"cluster.x-k8s.io", "Cluster", "prod", "eu-7"}, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        const struct view_source *source = fragment_set_source(set);
        const struct fragment *fragment = source->methods->find(source->cookie, arena, &cases[i].key);
        struct member_list clusters;
        members_clusters(arena, source, fragment, &clusters);
        expect_integer(cases[i].name, (int64_t)clusters.count, (int64_t)cases[i].clusters);
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct object_key key = {"cluster.x-k8s.io", "Cluster", "prod", "eu-7"};
    struct member_list members;
    expect_true("one Cluster", members_collect(arena, fragment_set_source(set), &key, &members),
                "it is no giant");
    expect_integer("Cluster, template and class", (int64_t)members.count, 3);
    expect_text("first", members.keys[0]->name, "eu-7");
    for (size_t i = 0; i < CLUSTERS + 2; i++) {
        document_free(documents[i]);
    }
}

// More than can be judged in one go is said, not cut.
static void test_giant(void **state) {
    (void)state;
    CLEANUP(fragment_set_free) struct fragment_set *set = fragment_set_new();
    enum { POOLS = MEMBERS_MOST };
    add(set, 0,
        "{'apiVersion':'cluster.x-k8s.io/"
        "v1beta1','kind':'Cluster','metadata':{'name':'eu-1','namespace':'prod'},"
        "'spec':{}}");
    for (size_t i = 0; i < POOLS; i++) {
        char text[300];
        snprintf(text, sizeof(text),
                 "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachinePool','metadata':{'name':'p-%zu',"
                 "'namespace':'prod'},'spec':{'clusterName':'eu-1'}}",
                 i);
        add(set, i + 1, text);
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct object_key key = {"cluster.x-k8s.io", "Cluster", "prod", "eu-1"};
    struct member_list members;
    expect_true("members", !members_collect(arena, fragment_set_source(set), &key, &members),
                "they are too many");
    for (size_t i = 0; i < POOLS + 1; i++) {
        document_free(documents[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_of_one_class),
        cmocka_unit_test(test_giant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
