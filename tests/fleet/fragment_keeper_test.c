// Limits counted over files: whose turn it is, who is left out, and who holds a value.
#include "fleet/fragment_keeper.h"

#include "base/buffer.h"
#include "tests/support/documents.h"

#include <stdio.h>
#include <stdlib.h>

// One side of a fleet: "a:eu:3" is Cluster prod/a in region eu with a pool of three nodes,
// "a:eu:3:10.0.0.0/8" has that range for its pods; "+a:eu" is an AWSCluster that no Cluster names.
struct side {
    struct document *document;
    struct fragment_set *set;
};

static void append_cluster(struct buffer *json, const char *text) {
    bool is_alone = *text == '+';
    char name[32] = "";
    char region[32] = "eu";
    char nodes[32] = "0";
    char pods[64] = "";
    sscanf(text + is_alone, "%31[^:]:%31[^:]:%31[^:]:%63s", name, region, nodes, pods);
    buffer_printf(json,
                  "%s{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','metadata':{"
                  "'name':'%s','namespace':'prod'},'spec':{'region':'%s'}}",
                  json->length > 1 ? "," : "", name, region);
    if (is_alone) {
        return;
    }
    buffer_printf(json,
                  ",{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'%s',"
                  "'namespace':'prod','labels':{'team':'%.1s'}},'spec':{'clusterNetwork':{'pods':{'"
                  "cidrBlocks':[%s%s%s]}},"
                  "'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/"
                  "v1beta2','kind':'AWSCluster','name':'%s'}}}",
                  name, name, *pods ? "'" : "", pods, *pods ? "'" : "", name);
    buffer_printf(
        json,
        ",{'apiVersion':'cluster.x-k8s.io/"
        "v1beta1','kind':'MachineDeployment','metadata':{'name':'%s','namespace':"
        "'prod'},'spec':{'clusterName':'%s','replicas':%s,'strategy':{'type':'OnDelete'},'template':{'spec':{"
        "'clusterName':'%s'}}}}",
        name, name, nodes, name);
}

static void side_open(struct side *side, const char *clusters) {
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, 1024 * 1024);
    char *words = memory_strdup(clusters);
    char *rest = words;
    buffer_append_text(&json, "[");
    for (char *word; (word = strsep(&rest, " "));) {
        if (*word) {
            append_cluster(&json, word);
        }
    }
    buffer_append_text(&json, "]");
    free(words);
    side->document = document_of(buffer_text(&json));
    side->set = fragment_set_new();
    fragment_set_complete(side->set, true);
    NODE_EACH(object, document_root(side->document)) {
        fragment_set_add(side->set, object);
    }
}

static void side_close(struct side *side) {
    fragment_set_free(side->set);
    document_free(side->document);
}

#define AMOUNT(of, p, g, b, a, m)                                                                            \
    { .kind = BUDGET_AMOUNT, .name = of, .per = p, .group = g, .before = b, .after = a, .maximum = m }
#define PODS(range)                                                                                          \
    { .kind = BUDGET_UNIQUE, .name = "pod_cidrs", .per = "fleet", .group = "", .value = range, .after = 1 }
#define DELETES(share)                                                                                       \
    {                                                                                                        \
        .kind = BUDGET_DELETES, .name = "deletes", .per = "identity", .group = "", .after = 1, .maximum = 2, \
        .percent = share                                                                                     \
    }

static const struct {
    const char *name, *before, *after, *account, *part;
    struct budget_demand demand;
    bool fits;
    int64_t used, maximum;
    const char *holder;
} cases[] = {
    {"the last place", "a b", "a b c", "c", NULL, AMOUNT("clusters", "fleet", "", 0, 1, 3), true, 2, 3, NULL},
    {"no place", "a b", "a b c", "c", NULL, AMOUNT("clusters", "fleet", "", 0, 1, 2), false, 2, 2, NULL},
    {"only the new one is refused, not those after it", "b c", "a b c", "a", NULL,
     AMOUNT("clusters", "fleet", "", 0, 1, 2), false, 2, 2, NULL},
    {"of two that are new the first fits", "a", "a b c", "b", NULL, AMOUNT("clusters", "fleet", "", 0, 1, 2),
     true, 1, 2, NULL},
    {"and the second does not", "a", "a b c", "c", NULL, AMOUNT("clusters", "fleet", "", 0, 1, 2), false, 2,
     2, NULL},
    {"all are new: the first", "", "a b c", "a", NULL, AMOUNT("clusters", "fleet", "", 0, 1, 2), true, 0, 2,
     NULL},
    {"all are new: the last", "", "a b c", "c", NULL, AMOUNT("clusters", "fleet", "", 0, 1, 2), false, 2, 2,
     NULL},
    {"one that goes gives its place", "a b", "a c", "c", NULL, AMOUNT("clusters", "fleet", "", 0, 1, 2), true,
     1, 2, NULL},
    {"a region", "a:eu b:us", "a:eu b:us c:eu", "c", NULL, AMOUNT("clusters", "region", "eu", 0, 1, 1), false,
     1, 1, NULL},
    {"a region that nobody is in", "a:eu", "a:eu c:us", "c", NULL,
     AMOUNT("clusters", "region", "us", 0, 1, 1), true, 0, 1, NULL},
    {"a label", "a ab b", "a ab b", "ac", NULL, AMOUNT("clusters", "label:team", "a", 0, 1, 9), true, 2, 9,
     NULL},
    {"nodes", "a:eu:3 b:eu:2", "a:eu:3 b:eu:6", "b", NULL, AMOUNT("nodes", "fleet", "", 2, 6, 8), false, 3, 8,
     NULL},
    {"nodes that another takes before", "a:eu:3 b:eu:2", "a:eu:5 b:eu:4", "b", NULL,
     AMOUNT("nodes", "fleet", "", 2, 4, 9), true, 5, 9, NULL},
    {"nodes that another takes afterwards", "a:eu:3 b:eu:2", "a:eu:5 b:eu:4", "a", NULL,
     AMOUNT("nodes", "fleet", "", 3, 5, 9), true, 2, 9, NULL},
    {"nodes that another gives", "a:eu:3 b:eu:5", "a:eu:5 b:eu:2", "a", NULL,
     AMOUNT("nodes", "fleet", "", 3, 5, 7), true, 2, 7, NULL},
    {"it is not refused where it does not grow", "a b", "a b", "a", NULL,
     AMOUNT("clusters", "fleet", "", 1, 1, 1), true, 1, 1, NULL},
    {"what no Cluster names takes a place", "+a b", "+a b", "c", NULL,
     AMOUNT("clusters", "region", "eu", 0, 1, 2), false, 2, 2, NULL},
    {"its Cluster takes it over", "+a b", "+a b", "a", "a", AMOUNT("clusters", "region", "eu", 0, 1, 2), true,
     1, 2, NULL},
    {"a range that overlaps", "a:eu:0:10.0.0.0/8", "a:eu:0:10.0.0.0/8 b", "b", NULL, PODS("10.1.0.0/16"),
     false, 1, 0, "Cluster prod/a"},
    {"a range that is free", "a:eu:0:10.0.0.0/8", "a:eu:0:10.0.0.0/8 b", "b", NULL, PODS("11.1.0.0/16"), true,
     0, 0, NULL},
    {"its own range", "b:eu:0:10.0.0.0/8", "b:eu:0:10.0.0.0/8", "b", NULL, PODS("10.0.0.0/8"), true, 0, 0,
     NULL},
    {"of two that are new the first may have it", "", "a:eu:0:10.0.0.0/8 b:eu:0:10.0.0.0/8", "a", NULL,
     PODS("10.0.0.0/8"), true, 0, 0, NULL},
    {"and the second may not", "", "a:eu:0:10.0.0.0/8 b:eu:0:10.0.0.0/8", "b", NULL, PODS("10.0.0.0/8"),
     false, 1, 0, "Cluster prod/a"},
    {"a range that is given up", "a:eu:0:10.0.0.0/8", "a:eu:0:11.0.0.0/8 b", "b", NULL, PODS("10.0.0.0/8"),
     true, 0, 0, NULL},
    {"two deletes", "a b c d", "c d", "b", NULL, DELETES(0), true, 1, 2, "prod/a"},
    {"three deletes", "a b c d", "d", "c", NULL, DELETES(0), false, 2, 2, "prod/a, prod/b"},
    {"a share of the fleet", "a b c d", "c d", "b", NULL, DELETES(25), false, 1, 1, "prod/a"},
    {"a share is at least one", "a b", "b", "a", NULL, DELETES(1), true, 0, 1, NULL},
};

static void files_are_counted(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct side before;
        struct side after;
        side_open(&before, cases[i].before);
        side_open(&after, cases[i].after);
        CLEANUP(arena_free) struct arena *arena = arena_new();
        CLEANUP(fragment_keeper_free)
        struct fragment_keeper *keeper = fragment_keeper_new(before.set, after.set);
        const struct object_key account = {"cluster.x-k8s.io", "Cluster", "prod", cases[i].account};
        const struct object_key part = {"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod",
                                        cases[i].part ? cases[i].part : ""};
        const struct budget_request request = {.account = account,
                                               .object = account,
                                               .parts = &part,
                                               .part_count = cases[i].part ? 1 : 0,
                                               .uid = "",
                                               .replicas = -1,
                                               .demands = &cases[i].demand,
                                               .demand_count = 1};
        struct budget_answer answer;
        struct error error = {0};
        const struct budget_keeper *asked = fragment_keeper_get(keeper);
        expect_true(cases[i].name, asked->methods->ask(asked->cookie, &request, arena, &answer, &error),
                    error.message);
        expect_integer(cases[i].name, answer.used, cases[i].used);
        expect_integer(cases[i].name, answer.maximum, cases[i].maximum);
        expect_true(cases[i].name, answer.fits == cases[i].fits, "fits or not");
        expect_text(cases[i].name, answer.holder ? answer.holder : "",
                    cases[i].holder ? cases[i].holder : "");
        side_close(&before);
        side_close(&after);
    }
}

// A field is summed over the objects of its kind, in the groups of their clusters.
static void fields_are_summed(void **state) {
    (void)state;
    static const struct {
        const char *name, *object, *per, *group;
        int64_t used;
    } sums[] = {
        {"the fleet", "d", "fleet", "", 14},
        {"a region", "d", "region", "eu", 10},
        {"not its own", "c", "region", "eu", 3},
        {"those before it as they will be, those after it as they are", "b", "fleet", "", 8},
        {"the first sees nothing new", "a", "fleet", "", 9},
    };
    struct side before;
    struct side after;
    side_open(&before, "a:eu:2 b:us:4 c:eu:5");
    side_open(&after, "a:eu:3 b:us:4 c:eu:7");
    for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        CLEANUP(fragment_keeper_free)
        struct fragment_keeper *keeper = fragment_keeper_new(before.set, after.set);
        const struct budget_demand demand = {.kind = BUDGET_FIELD,
                                             .name = "spec.replicas",
                                             .per = sums[i].per,
                                             .group = sums[i].group,
                                             .after = 1,
                                             .maximum = 100};
        const struct budget_request request = {
            .account = {"cluster.x-k8s.io", "Cluster", "prod", sums[i].object},
            .object = {"cluster.x-k8s.io", "MachineDeployment", "prod", sums[i].object},
            .uid = "",
            .demands = &demand,
            .demand_count = 1};
        struct budget_answer answer;
        struct error error = {0};
        const struct budget_keeper *asked = fragment_keeper_get(keeper);
        expect_true(sums[i].name, asked->methods->ask(asked->cookie, &request, arena, &answer, &error),
                    error.message);
        expect_integer(sums[i].name, answer.used, sums[i].used);
    }
    side_close(&before);
    side_close(&after);
}

static void what_cannot_be_grouped_is_an_error(void **state) {
    (void)state;
    struct side side;
    side_open(&side, "a");
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(fragment_keeper_free) struct fragment_keeper *keeper = fragment_keeper_new(side.set, side.set);
    const struct budget_demand demand = AMOUNT("clusters", "zone", "x", 0, 1, 1);
    const struct object_key account = {"cluster.x-k8s.io", "Cluster", "prod", "b"};
    const struct budget_request request = {
        .account = account, .object = account, .uid = "", .demands = &demand, .demand_count = 1};
    struct budget_answer answer;
    struct error error = {0};
    const struct budget_keeper *asked = fragment_keeper_get(keeper);
    expect_true("zone", !asked->methods->ask(asked->cookie, &request, arena, &answer, &error), "fails");
    expect_error("zone", &error, ERROR_INVALID, "clusters per zone can't be counted");
    side_close(&side);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_counted),
        cmocka_unit_test(fields_are_summed),
        cmocka_unit_test(what_cannot_be_grouped_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
