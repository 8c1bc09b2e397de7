// The ledger with the real inventory: objects as the watch tells them, in the order that Flux makes them.
#include "manager/ledger.h"
#include "tests/support/documents.h"

static const struct object_key cluster_a = {"cluster.x-k8s.io", "Cluster", "prod", "a"};
static const struct object_key cluster_b = {"cluster.x-k8s.io", "Cluster", "prod", "b"};
static const struct object_key aws_a = {"infrastructure.cluster.x-k8s.io", "AWSCluster", "prod", "a"};
static const struct object_key pool_a = {"cluster.x-k8s.io", "MachineDeployment", "prod", "a-md-0"};

#define CLUSTER(version)                                                                                     \
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'a','namespace':'prod',"   \
    "'uid':'uid-a','generation':1,'resourceVersion':'" version "'},'spec':{'infrastructureRef':{"            \
    "'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','name':'a',"                 \
    "'namespace':'prod'}}}"
#define AWS                                                                                                  \
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','metadata':{'name':'a',"    \
    "'namespace':'prod','uid':'uid-aws','generation':1,'resourceVersion':'11'},'spec':{'region':"            \
    "'eu-west-1'}}"
#define POOL(replicas, generation, version)                                                                  \
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineDeployment','metadata':{'name':'a-md-0',"       \
    "'namespace':'prod','uid':'uid-md','generation':" generation ",'resourceVersion':'" version              \
    "','labels':"                                                                                            \
    "{'cluster.x-k8s.io/cluster-name':'a'}},'spec':{'clusterName':'a','replicas':" replicas ",'strategy':{"  \
    "'type':'RollingUpdate','rollingUpdate':{'maxSurge':0}}}}"

static void hear(struct inventory *inventory, const struct object_key *key, const char *json) {
    CLEANUP(document_free) struct document *document = document_of(json);
    inventory_put(inventory, key, document_root(document));
}

struct question {
    const struct object_key *object, *account, *part;
    const char *uid, *of, *per, *group;
    int64_t generation, before, after, maximum;
    bool stored;
};

static bool fits(struct ledger *ledger, const struct question *question) {
    struct budget_demand demand = {.kind = BUDGET_AMOUNT,
                                   .name = question->of,
                                   .per = question->per,
                                   .group = question->group,
                                   .before = question->before,
                                   .after = question->after,
                                   .maximum = question->maximum};
    struct budget_request request = {.account = *question->account,
                                     .object = *question->object,
                                     .parts = question->part,
                                     .part_count = question->part ? 1 : 0,
                                     .uid = question->uid,
                                     .generation = question->generation,
                                     .replicas = -1,
                                     .promise = !question->stored,
                                     .stored = question->stored,
                                     .demands = &demand,
                                     .demand_count = 1};
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct budget_answer answer;
    struct error error = {0};
    const struct budget_keeper *keeper = ledger_keeper(ledger);
    if (!keeper->methods->ask(keeper->cookie, &request, arena, &answer, &error)) {
        fail_msg("%s", error.message);
    }
    return answer.fits;
}

static struct ledger *start(struct inventory *inventory) {
    struct ledger_options options = {.inventory = inventory, .replica = "fleetgate-0"};
    struct ledger *ledger = NULL;
    struct error error = {0};
    assert_true(ledger_new(&options, &ledger, &error));
    return ledger;
}

// One place in the fleet: the infrastructure comes first, then the Cluster that claims it.
static void test_one_place(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = inventory_new();
    CLEANUP(ledger_free) struct ledger *ledger = start(inventory);
    inventory_complete(inventory, true);
    struct question infra = {&aws_a, &aws_a, NULL, "uid-aws", "clusters", "fleet", "", 1, 0, 1, 1, false};
    struct question own = {&cluster_a, &cluster_a, &aws_a, "uid-a", "clusters", "fleet",
                           "",         1,          0,      1,       1,          false};
    struct question other = {&cluster_b, &cluster_b, NULL, "uid-b", "clusters", "fleet",
                             "",         1,          0,    1,       1,          false};
    assert_true(fits(ledger, &infra));
    assert_false(fits(ledger, &other));
    hear(inventory, &aws_a, AWS);
    assert_int_equal(ledger_stats(ledger).unshown, 0);
    assert_false(fits(ledger, &other));
    assert_true(fits(ledger, &own));
    assert_false(fits(ledger, &other));
    hear(inventory, &cluster_a, CLUSTER("12"));
    assert_false(fits(ledger, &other));
    assert_int_equal(ledger_stats(ledger).unshown, 0);
    assert_int_equal(inventory_sum(inventory, AMOUNT_CLUSTERS, "fleet", ""), 1);
    inventory_remove(inventory, &cluster_a, "uid-a");
    inventory_remove(inventory, &aws_a, "uid-aws");
    assert_true(fits(ledger, &other));
}

static void test_pool(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = inventory_new();
    CLEANUP(ledger_free) struct ledger *ledger = start(inventory);
    inventory_complete(inventory, true);
    hear(inventory, &aws_a, AWS);
    hear(inventory, &cluster_a, CLUSTER("12"));
    hear(inventory, &pool_a, POOL("3", "1", "13"));
    assert_int_equal(inventory_sum(inventory, AMOUNT_WORKER_NODES, "region", "eu-west-1"), 3);
    struct question grow = {&pool_a, &cluster_a, &pool_a, "uid-md", "worker_nodes", "region", "eu-west-1",
                            2,       3,          8,       10,       false};
    assert_true(fits(ledger, &grow));
    struct question more = {&(struct object_key){"cluster.x-k8s.io", "MachineDeployment", "prod", "a-md-1"},
                            &cluster_a,
                            NULL,
                            "uid-md-1",
                            "worker_nodes",
                            "region",
                            "eu-west-1",
                            1,
                            3,
                            6,
                            10,
                            false};
    assert_false(fits(ledger, &more));
    more.after = 5;
    assert_true(fits(ledger, &more));
    hear(inventory, &pool_a, POOL("8", "2", "14"));
    assert_int_equal(ledger_stats(ledger).unshown, 1);
    assert_int_equal(inventory_sum(inventory, AMOUNT_WORKER_NODES, "region", "eu-west-1"), 8);
    more.object = &cluster_b;
    more.account = &cluster_b;
    more.before = 0;
    more.after = 1;
    assert_false(fits(ledger, &more));
}

// An audit asks of what is there already: it is counted once, and too much is told though nothing grows.
static void test_stored(void **state) {
    (void)state;
    CLEANUP(inventory_free) struct inventory *inventory = inventory_new();
    CLEANUP(ledger_free) struct ledger *ledger = start(inventory);
    inventory_complete(inventory, true);
    hear(inventory, &aws_a, AWS);
    hear(inventory, &cluster_a, CLUSTER("12"));
    hear(inventory, &pool_a, POOL("3", "1", "13"));
    struct question pool = {&pool_a, &cluster_a, &pool_a, "uid-md", "worker_nodes", "region", "eu-west-1", 0,
                            0,       3,          3,       true};
    assert_true(fits(ledger, &pool));
    pool.maximum = 2;
    assert_false(fits(ledger, &pool));
    struct question cluster = {&cluster_a,  &cluster_a, &aws_a, "uid-a", "clusters", "region",
                               "eu-west-1", 0,          0,      1,       1,          true};
    assert_true(fits(ledger, &cluster));
    cluster.maximum = 0;
    assert_false(fits(ledger, &cluster));
    assert_int_equal(ledger_stats(ledger).promises, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_place), cmocka_unit_test(test_pool),
                                       cmocka_unit_test(test_stored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
