// Random lives of clusters: whatever happens in whatever order, what objects say keeps its promises.
#include "tests/reconciler/status_fixture.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_SEEDS = 8, STEPS = 40, POOLS = 2 };

static uint32_t random_below(uint64_t *state, uint32_t bound) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33) % bound;
}

static const struct {
    const char *text;
    const char *latches[3]; // never go back from true
} objects[] = {
    {"{'apiVersion':'cluster.x-k8s.io/"
     "v1beta1','kind':'Cluster','metadata':{'name':'eu-1','generation':1},'status':"
     "{'conditions':[{'type':'Mine','status':'True','lastTransitionTime':'2020-01-01T00:00:00Z'}]}}",
     {"infrastructureReady", "controlPlaneReady"}},
    {"{'apiVersion':'cluster.x-k8s.io/"
     "v1beta2','kind':'Cluster','metadata':{'name':'eu-1','generation':1},'spec':{"
     "'topology':{}},'status':{'conditions':[{'type':'Mine','status':'True','lastTransitionTime':"
     "'2020-01-01T00:00:00Z','reason':'X','message':''}]}}",
     {"initialization.infrastructureProvisioned", "initialization.controlPlaneInitialized"}},
    {"{'apiVersion':'controlplane.cluster.x-k8s.io/"
     "v1beta1','kind':'KubeadmControlPlane','metadata':{'name':'eu-1',"
     "'generation':1},'status':{'conditions':[{'type':'Mine','status':'True','lastTransitionTime':"
     "'2020-01-01T00:00:00Z'}]}}",
     {"initialized"}},
    {"{'apiVersion':'cluster.x-k8s.io/"
     "v1beta2','kind':'MachinePool','metadata':{'name':'a','generation':1},'status':"
     "{'conditions':[{'type':'Mine','status':'True','lastTransitionTime':'2020-01-01T00:00:00Z','reason':'X',"
     "'message':''}]}}",
     {"initialization.infrastructureProvisioned"}},
    {"{'apiVersion':'infrastructure.cluster.x-k8s.io/"
     "v1beta2','kind':'AWSManagedMachinePool','metadata':{'name':'a',"
     "'generation':1},'status':{'conditions':[{'type':'Mine','status':'True','lastTransitionTime':"
     "'2020-01-01T00:00:00Z'}]}}",
     {"ready"}},
};

static void random_cloud(uint64_t *random, struct cloud_pool pools[POOLS], struct cloud_cluster *cloud) {
    static const char *const versions[] = {"1.30.4", "1.31.2"};
    for (size_t i = 0; i < POOLS; i++) {
        int64_t nodes = random_below(random, 6);
        pools[i] = (struct cloud_pool){.name = i ? "b" : "a",
                                       .version = versions[random_below(random, 2)],
                                       .target = versions[random_below(random, 2)],
                                       .state = (enum cloud_state)random_below(random, 5),
                                       .replicas = random_below(random, 6),
                                       .nodes = nodes,
                                       .ready = random_below(random, (uint32_t)nodes + 1),
                                       .updated = random_below(random, (uint32_t)nodes + 1)};
    }
    *cloud = (struct cloud_cluster){.version = versions[random_below(random, 2)],
                                    .target = versions[random_below(random, 2)],
                                    .state = (enum cloud_state)random_below(random, 5),
                                    .control_plane_replicas = random_below(random, 4),
                                    .control_plane_ready = random_below(random, 4),
                                    .endpoint_host = random_below(random, 3) ? "eu-1.example" : NULL,
                                    .endpoint_port = 6443,
                                    .pools = pools,
                                    .pool_count = random_below(random, POOLS + 1)};
}

static void random_question(uint64_t *random, const struct cloud_cluster *cloud,
                            struct status_question *question) {
    static const char *const texts[] = {NULL, NULL, NULL, "something"};
    *question = (struct status_question){
        .approval = (enum approval_state)random_below(random, 4),
        .approval_text = texts[random_below(random, 4)],
        .spec = random_below(random, 5) ? &status_spec : NULL,
        .cloud = random_below(random, 4) ? cloud : NULL,
        .is_known = random_below(random, 3) != 0,
        .unreachable = random_below(random, 4) == 0,
        .pool = "a",
        .step = texts[random_below(random, 4)],
        .waits = texts[random_below(random, 4)],
        .problem = texts[random_below(random, 4)],
        .drift = texts[random_below(random, 4)],
        .deleting = random_below(random, 8) == 0,
    };
}

static const struct node *below(const struct node *node, const char *path) {
    char keys[128];
    (void)snprintf(keys, sizeof(keys), "%s", path);
    char *rest = keys;
    for (char *key; node && (key = strsep(&rest, "."));) {
        node = node_get(node, key);
    }
    return node;
}

static bool is_true(const struct node *status, const char *path) {
    bool value = false;
    return node_boolean(below(status, path), &value) && value;
}

static const struct node *same_type(const struct node *list, const struct node *wanted) {
    NODE_EACH(item, list) {
        if (node_equal(node_get(item, "type"), node_get(wanted, "type"))) {
            return item;
        }
    }
    return NULL;
}

static void check_times(const char *name, const struct node *before, const struct node *after,
                        const char *path) {
    const struct node *list = below(after, path);
    NODE_EACH(item, list) {
        const struct node *had = same_type(below(before, path), item);
        bool same_status = had && node_equal(node_get(had, "status"), node_get(item, "status"));
        bool same_time =
            had && node_equal(node_get(had, "lastTransitionTime"), node_get(item, "lastTransitionTime"));
        expect_true(name, same_status == same_time, "the time changes with the status, and only then");
        if (strcmp(node_string(node_get(item, "type")), "Mine") == 0) {
            expect_true(name, node_equal(had, item), "a condition of others stays");
        }
    }
    NODE_EACH(item, below(before, path)) {
        expect_true(name, same_type(list, item) != NULL, "no condition goes");
    }
}

static void live(uint64_t seed, size_t kind) {
    static const char *const lists[] = {"conditions", "v1beta2.conditions", "deprecated.v1beta1.conditions"};
    uint64_t random = seed * 31 + kind;
    struct document *object = document_of(objects[kind].text);
    CLEANUP(document_free)
    struct document *cluster =
        document_of("{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-1'}}");
    for (unsigned step = 0; step < STEPS; step++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "seed %llu, kind %zu, step %u", (unsigned long long)seed, kind,
                       step);
        struct cloud_pool pools[POOLS];
        struct cloud_cluster cloud;
        struct status_question question;
        random_cloud(&random, pools, &cloud);
        random_question(&random, &cloud, &question);
        question.object = document_root(object);
        bool is_cluster = strcmp(node_string(node_get(question.object, "kind")), "Cluster") == 0;
        question.cluster = is_cluster ? question.object : document_root(cluster);
        question.now_s = STATUS_NOW_S + 10 * (int64_t)step;
        struct document *next = status_after(name, &question);
        const struct node *before = node_get(question.object, "status");
        const struct node *after = node_get(document_root(next), "status");
        for (size_t i = 0; i < 3 && objects[kind].latches[i]; i++) {
            expect_true(
                name, !is_true(before, objects[kind].latches[i]) || is_true(after, objects[kind].latches[i]),
                objects[kind].latches[i]);
        }
        for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
            check_times(name, before, after, lists[i]);
        }
        document_free(object);
        object = next;
    }
    document_free(object);
}

static void promises_are_kept(void **state) {
    (void)state;
    const char *wanted = getenv("STATUS_SEEDS");
    unsigned long seeds = wanted ? strtoul(wanted, NULL, 10) : DEFAULT_SEEDS;
    for (unsigned long seed = 1; seed <= seeds; seed++) {
        for (size_t kind = 0; kind < sizeof(objects) / sizeof(*objects); kind++) {
            live(seed, kind);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
