// The embedded cloud, as those see it who ask it for clusters.
#include "tests/reconciler/sim_asks.h"

#include <stdio.h>
#include <unistd.h>

static void test_life(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    struct provider_target target = A;
    cloud_open(&cloud, &(struct sim_options){.seed = 1});
    cloud_observe(&cloud, &target, &heard);
    expect_integer("before", heard.error.kind, ERROR_NOT_FOUND);

    struct provider_request request = create(0, "1.30.1");
    cloud_start(&cloud, &request, &heard);
    expect_print("creating", &cloud, "eu a owner o creating 1.30.1>1.30.1 cp 0/0 -:0 \n");
    cloud_do(&cloud, "create", &request);
    expect_print("created", &cloud, "eu a owner o active 1.30.1>1.30.1 cp 0/0 a.eu.sim.invalid:443 \n");

    request = pool(ACTION_CREATE_POOL, "t1", "1.30.1", 3);
    cloud_do(&cloud, "pool", &request);
    request = pool(ACTION_SCALE_POOL, "t2", NULL, 5);
    cloud_do(&cloud, "scale", &request);
    request = upgrade("t3", "1.31.0");
    cloud_do(&cloud, "upgrade", &request);
    expect_print("upgraded", &cloud,
                 "eu a owner o active 1.31.0>1.31.0 cp 0/0 a.eu.sim.invalid:443 \n"
                 "  p active 1.30.1>1.30.1 5 of 5 nodes 5 ready 5 updated\n");
    request = pool(ACTION_UPGRADE_POOL, "t4", "1.31.0", 0);
    cloud_do(&cloud, "upgrade pool", &request);
    request = pool(ACTION_SCALE_POOL, "t5", NULL, 2);
    cloud_do(&cloud, "scale down", &request);
    expect_print("all", &cloud,
                 "eu a owner o active 1.31.0>1.31.0 cp 0/0 a.eu.sim.invalid:443 \n"
                 "  p active 1.31.0>1.31.0 2 of 2 nodes 2 ready 2 updated\n");

    request = plain(ACTION_DELETE_CLUSTER, "t6");
    expect_refused("has pools", &cloud, &request, ERROR_CONFLICT, "it has pools");
    request = pool(ACTION_DELETE_POOL, "t7", NULL, 0);
    cloud_do(&cloud, "delete pool", &request);
    request = plain(ACTION_DELETE_CLUSTER, "t8");
    cloud_do(&cloud, "delete", &request);
    expect_print("gone", &cloud, "");
    cloud_observe(&cloud, &target, &heard);
    expect_integer("after", heard.error.kind, ERROR_NOT_FOUND);
    cloud_close(&cloud);
}

// Machines of a control plane come one after the other, and roll one at a time, the new one first.
static void test_own_control_plane(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    struct provider_target target = A;
    cloud_open(&cloud, &(struct sim_options){.seed = 3});
    struct provider_request request = create(3, "1.30.1");
    cloud_start(&cloud, &request, &heard);
    int64_t before = 0;
    do {
        cloud_pass(&cloud, 5000);
        cloud_observe(&cloud, &target, &heard);
        expect_true("one after the other", heard.cluster.control_plane_ready <= before + 1, "ready");
        expect_true("endpoint",
                    (heard.cluster.endpoint_host != NULL) == (heard.cluster.state == CLOUD_ACTIVE),
                    "there once the control plane is up");
        before = heard.cluster.control_plane_ready;
    } while (heard.cluster.state == CLOUD_CREATING);
    expect_print("created", &cloud, "eu a owner o active 1.30.1>1.30.1 cp 3/3 a.eu.sim.invalid:6443 \n");

    request = upgrade("up", "1.31.0");
    cloud_start(&cloud, &request, &heard);
    do {
        cloud_pass(&cloud, 5000);
        cloud_observe(&cloud, &target, &heard);
        expect_true("rolls", heard.cluster.control_plane_ready >= 3, "never below three");
        if (heard.cluster.state == CLOUD_UPDATING) {
            expect_text("target", heard.cluster.target, "1.31.0");
            expect_text("oldest", heard.cluster.version, "1.30.1");
        }
    } while (heard.cluster.state == CLOUD_UPDATING);
    expect_text("upgraded", heard.cluster.version, "1.31.0");

    request = plain(ACTION_SCALE_CONTROL_PLANE, "five");
    request.replicas = 5;
    cloud_do(&cloud, "scale", &request);
    expect_print("five", &cloud, "eu a owner o active 1.31.0>1.31.0 cp 5/5 a.eu.sim.invalid:6443 \n");
    request = plain(ACTION_DELETE_CLUSTER, "end");
    cloud_do(&cloud, "delete", &request);
    expect_print("gone", &cloud, "");
    cloud_close(&cloud);
}

static void test_pool_rolls(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    struct provider_target target = A;
    open_with_pool(&cloud);
    struct provider_request request = upgrade("up", "1.31.0");
    cloud_do(&cloud, "upgrade", &request);
    request = pool(ACTION_UPGRADE_POOL, "roll", "1.31.0", 0);
    request.surge = 2;
    cloud_start(&cloud, &request, &heard);
    int64_t most = 0;
    do {
        cloud_pass(&cloud, 2000);
        cloud_observe(&cloud, &target, &heard);
        const struct cloud_pool *seen = &heard.cluster.pools[0];
        expect_true("rolls", seen->ready >= 3, "never fewer ready than wanted");
        most = seen->nodes > most ? seen->nodes : most;
        if (seen->state == CLOUD_UPDATING) {
            expect_text("target", seen->target, "1.31.0");
        }
    } while (heard.cluster.pools[0].state == CLOUD_UPDATING);
    expect_integer("surge", most, 5);
    expect_text("version", heard.cluster.pools[0].version, "1.31.0");
    expect_integer("updated", heard.cluster.pools[0].updated, 3);
    cloud_close(&cloud);
}

static void test_refusals(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct provider_request request;
        enum error_kind kind;
        const char *message;
    } cases[] = {
        {"skip",
         {.action = ACTION_UPGRADE_CONTROL_PLANE, .version = "1.32.0"},
         ERROR_INVALID,
         "a control plane of 1.30.1 can't become 1.32.0"},
        {"down", {.action = ACTION_UPGRADE_CONTROL_PLANE, .version = "1.29.9"}, ERROR_INVALID, "never down"},
        {"no version", {.action = ACTION_UPGRADE_CONTROL_PLANE}, ERROR_INVALID, "version (none)"},
        {"alias",
         {.action = ACTION_UPGRADE_CONTROL_PLANE, .version = "latest"},
         ERROR_INVALID,
         "not offered"},
        {"old", {.action = ACTION_UPGRADE_CONTROL_PLANE, .version = "1.19.3"}, ERROR_INVALID, "1.20 to 1.40"},
        {"the cloud's",
         {.action = ACTION_SCALE_CONTROL_PLANE, .replicas = 3},
         ERROR_INVALID,
         "the cloud runs"},
        {"pool ahead",
         {.action = ACTION_UPGRADE_POOL, .pool = "p", .version = "1.31.0"},
         ERROR_INVALID,
         "the control plane has 1.30.1"},
        {"patch ahead",
         {.action = ACTION_UPGRADE_POOL, .pool = "p", .version = "1.30.2"},
         ERROR_INVALID,
         "the control plane has 1.30.1"},
        {"pool there",
         {.action = ACTION_CREATE_POOL, .pool = "p", .version = "1.30.1"},
         ERROR_CONFLICT,
         "there is a pool p already"},
        {"no pool", {.action = ACTION_SCALE_POOL, .pool = "q", .replicas = 1}, ERROR_NOT_FOUND, "no pool q"},
        {"too many", {.action = ACTION_SCALE_POOL, .pool = "p", .replicas = 1001}, ERROR_INVALID, "to 1000"},
        {"negative", {.action = ACTION_SCALE_POOL, .pool = "p", .replicas = -1}, ERROR_INVALID, "from 0"},
        {"no name", {.action = ACTION_SCALE_POOL, .replicas = 1}, ERROR_INVALID, "name of a pool"},
        {"taken",
         {.action = ACTION_CREATE_CLUSTER, .version = "1.30.1"},
         ERROR_CONFLICT,
         "the name is taken"},
        {"other token",
         {.action = ACTION_SCALE_POOL, .pool = "p", .token = "create"},
         ERROR_INVALID,
         "belongs to another action"},
        {"nothing", {.action = ACTION_NONE}, ERROR_INVALID, "not an action"},
        {"tag",
         {.action = ACTION_SCALE_POOL, .pool = "p", .target.owner = "x"},
         ERROR_DENIED,
         "the tag of another owner"},
        {"tag of a new one",
         {.action = ACTION_CREATE_CLUSTER, .version = "1.30.1", .target.owner = "x"},
         ERROR_DENIED,
         "the tag of another owner"},
        {"not there",
         {.action = ACTION_SCALE_POOL, .pool = "p", .target.id = "b"},
         ERROR_NOT_FOUND,
         "there is no cluster b in region \"eu\""},
        {"quote",
         {.action = ACTION_CREATE_CLUSTER, .version = "1.30.1", .target.id = "a\"b"},
         ERROR_INVALID,
         "the name of a cluster"},
    };
    struct cloud cloud;
    open_with_pool(&cloud);
    CLEANUP(free) char *before = cloud_print(&cloud);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct provider_request request = cases[i].request;
        struct provider_target target = A;
        request.target.region = target.region;
        request.target.id = request.target.id ? request.target.id : target.id;
        request.target.owner = request.target.owner ? request.target.owner : target.owner;
        request.token = request.token ? request.token : "t";
        expect_refused(cases[i].name, &cloud, &request, cases[i].kind, cases[i].message);
        expect_print(cases[i].name, &cloud, before);
    }
    cloud_close(&cloud);
}

static void test_one_operation_at_a_time(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    open_with_pool(&cloud);
    struct provider_request scale = pool(ACTION_SCALE_POOL, "s", NULL, 4);
    cloud_start(&cloud, &scale, &heard);
    struct provider_request other = pool(ACTION_DELETE_POOL, "d", NULL, 0);
    expect_refused("same pool", &cloud, &other, ERROR_CONFLICT, "another operation runs");
    other = upgrade("u", "1.31.0");
    expect_refused("control plane", &cloud, &other, ERROR_CONFLICT, "another operation runs");
    other = pool(ACTION_CREATE_POOL, "q", "1.30.1", 1);
    other.pool = "q";
    cloud_do(&cloud, "another pool", &other);
    cloud_do(&cloud, "scale", &scale);

    other = upgrade("u", "1.31.0");
    cloud_start(&cloud, &other, &heard);
    scale = pool(ACTION_SCALE_POOL, "s2", NULL, 5);
    expect_refused("while upgraded", &cloud, &scale, ERROR_CONFLICT, "another operation runs");
    cloud_close(&cloud);
}

// A control plane must not leave its pools too far behind.
static void test_pool_lag(void **state) {
    (void)state;
    struct cloud cloud;
    open_with_pool(&cloud);
    static const char *const versions[] = {"1.31.0", "1.32.0", "1.33.0"};
    for (size_t i = 0; i < 3; i++) {
        struct provider_request request = upgrade(versions[i], versions[i]);
        cloud_do(&cloud, versions[i], &request);
    }
    struct provider_request request = upgrade("far", "1.34.0");
    expect_refused("far", &cloud, &request, ERROR_INVALID, "pool p of 1.30.1 would be more than 3");
    cloud_close(&cloud);
}

static void test_tokens(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard first = {0};
    CLEANUP(heard_clear) struct heard again = {0};
    CLEANUP(heard_clear) struct heard poll = {0};
    struct provider_target target = A;
    open_with_pool(&cloud);
    struct provider_request request = pool(ACTION_SCALE_POOL, "s", NULL, 4);
    cloud_start(&cloud, &request, &first);
    cloud_start(&cloud, &request, &again);
    expect_text("while it runs", again.operation, first.operation);
    cloud_do(&cloud, "scale", &request);
    struct provider_request back = pool(ACTION_SCALE_POOL, "back", NULL, 3);
    cloud_do(&cloud, "back", &back);
    cloud_start(&cloud, &request, &again);
    expect_text("when it is over", again.operation, first.operation);

    cloud_pass(&cloud, 61 * MINUTE_MS);
    cloud_poll(&cloud, &target, first.operation, &poll);
    expect_integer("forgotten", poll.error.kind, ERROR_NOT_FOUND);
    cloud_start(&cloud, &request, &again);
    expect_text("long after", again.operation, first.operation);
    cloud_poll(&cloud, &target, first.operation, &poll);
    expect_integer("asked for again", poll.error.kind, ERROR_NONE);
    expect_integer("asked for again", poll.state, OPERATION_SUCCEEDED);
    expect_print("three", &cloud,
                 "eu a owner o active 1.30.1>1.30.1 cp 0/0 a.eu.sim.invalid:443 \n"
                 "  p active 1.30.1>1.30.1 3 of 3 nodes 3 ready 3 updated\n");

    struct provider_target other = {"eu", "a", "x"};
    cloud_poll(&cloud, &other, first.operation, &poll);
    expect_integer("another's", poll.error.kind, ERROR_DENIED);

    request = pool(ACTION_SCALE_POOL, "same", NULL, 3);
    cloud_start(&cloud, &request, &again);
    expect_integer("done already", again.error.kind, ERROR_NONE);
    expect_text("done already", again.operation, "");
    cloud_close(&cloud);
}

static void test_tokens_of_deleted(void **state) {
    (void)state;
    struct cloud cloud;
    open_with_cluster(&cloud, 0);
    struct provider_request request = plain(ACTION_DELETE_CLUSTER, "d");
    cloud_do(&cloud, "delete", &request);
    cloud_pass(&cloud, 50 * MINUTE_MS);
    cloud_do(&cloud, "the same delete", &request);
    struct provider_request first = create(0, "1.30.1");
    cloud_do(&cloud, "the same create", &first);
    expect_print("stays gone", &cloud, "");
    request.token = "d2";
    expect_refused("another delete", &cloud, &request, ERROR_NOT_FOUND, "there is no cluster a");
    first.token = "c2";
    cloud_do(&cloud, "a new one", &first);
    expect_print("a new one", &cloud, "eu a owner o active 1.30.1>1.30.1 cp 0/0 a.eu.sim.invalid:443 \n");

    request.token = "d3";
    cloud_do(&cloud, "delete", &request);
    cloud_pass(&cloud, 62 * MINUTE_MS);
    expect_refused("forgotten", &cloud, &request, ERROR_NOT_FOUND, "there is no cluster a");
    cloud_close(&cloud);
}

static void test_regions(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    const struct sim_region regions[] = {{"eu", 2, 6}, {"us", 0, 0}};
    cloud_open(&cloud, &(struct sim_options){.regions = regions, .region_count = 2});
    struct provider_request request = create(0, "1.30.1");
    request.target.region = "mars";
    expect_refused("region", &cloud, &request, ERROR_INVALID, "there is no region \"mars\"");
    request = create(3, "1.30.1");
    cloud_do(&cloud, "first", &request);
    request.target.id = "b";
    request.replicas = 5;
    expect_refused("nodes", &cloud, &request, ERROR_LIMIT, "3 of 6 nodes; 5 more do not fit");
    request.replicas = 0;
    cloud_do(&cloud, "second", &request);
    request.target.id = "c";
    cloud_start(&cloud, &request, &heard);
    expect_integer("clusters", heard.error.kind, ERROR_LIMIT);
    expect_contains("clusters", heard.error.message, "region eu has its 2 clusters");
    expect_true("clusters", heard.retry_after_ms > 1000, "a time to wait");
    request.target.region = "us";
    cloud_do(&cloud, "elsewhere", &request);

    request = pool(ACTION_CREATE_POOL, "p", "1.30.1", 4);
    expect_refused("pool", &cloud, &request, ERROR_LIMIT, "4 more do not fit");
    request.replicas = 3;
    cloud_do(&cloud, "pool", &request);
    request = pool(ACTION_SCALE_POOL, "s", NULL, 4);
    expect_refused("scale", &cloud, &request, ERROR_LIMIT, "6 of 6 nodes");
    request.replicas = 1;
    cloud_do(&cloud, "scale down", &request);
    cloud_close(&cloud);
}

static void test_kubeconfig(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    struct provider_target target = A;
    cloud_open(&cloud, &(struct sim_options){.seed = 7});
    struct provider_request request = create(0, "1.30.1");
    cloud_start(&cloud, &request, &heard);
    cloud_kubeconfig(&cloud, &target, &heard);
    expect_integer("early", heard.error.kind, ERROR_CONFLICT);
    cloud_do(&cloud, "create", &request);
    cloud_kubeconfig(&cloud, &target, &heard);
    expect_contains("server", heard.kubeconfig, "server: \"https://a.eu.sim.invalid:443\"\n");
    expect_contains("context", heard.kubeconfig, "current-context: \"a-admin@a\"\n");
    expect_contains("comment", heard.kubeconfig, "no API server answers here");
    target.owner = "x";
    cloud_kubeconfig(&cloud, &target, &heard);
    expect_integer("another's", heard.error.kind, ERROR_DENIED);
    expect_text("another's", heard.kubeconfig, "");
    cloud_observe(&cloud, &target, &heard);
    expect_integer("observe shows the tag", heard.error.kind, ERROR_NONE);
    expect_text("observe shows the tag", heard.cluster.owner, "o");
    cloud_close(&cloud);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),
        cmocka_unit_test(test_own_control_plane),
        cmocka_unit_test(test_pool_rolls),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_one_operation_at_a_time),
        cmocka_unit_test(test_pool_lag),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_tokens_of_deleted),
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_kubeconfig),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
