// The embedded cloud when it fails, and when others change what is in it.
#include "tests/reconciler/sim_asks.h"

#include <stdio.h>
#include <unistd.h>

static void test_lost_calls(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct sim_faults faults;
        enum error_kind kind;
        const char *pool;
    } cases[] = {
        {"lost request", {.lost_request = 1}, ERROR_IO, "3 of 3"},
        {"lost answer", {.lost_answer = 1}, ERROR_IO, "4 of 4"},
        {"throttled", {.throttle = 1}, ERROR_LIMIT, "3 of 3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct cloud cloud;
        CLEANUP(heard_clear) struct heard heard = {0};
        struct provider_target target = A;
        open_with_pool(&cloud);
        sim_set_faults(cloud.sim, &cases[i].faults);
        struct provider_request request = pool(ACTION_SCALE_POOL, "s", NULL, 4);
        cloud_start(&cloud, &request, &heard);
        expect_integer(cases[i].name, heard.error.kind, cases[i].kind);
        expect_text(cases[i].name, heard.operation, "");
        expect_true(cases[i].name, (heard.retry_after_ms > 0) == (cases[i].kind == ERROR_LIMIT),
                    "a time to wait when throttled");
        cloud_observe(&cloud, &target, &heard);
        expect_integer(cases[i].name, heard.error.kind, cases[i].kind);
        cloud_pass(&cloud, 10 * MINUTE_MS);
        CLEANUP(free) char *text = cloud_print(&cloud);
        expect_contains(cases[i].name, text, cases[i].pool);

        sim_set_faults(cloud.sim, &(struct sim_faults){0});
        cloud_do(&cloud, cases[i].name, &request);
        CLEANUP(free) char *after = cloud_print(&cloud);
        expect_contains(cases[i].name, after, "4 of 4 nodes");
        cloud_close(&cloud);
    }
}

// How a failed operation leaves the cloud, and that one more does what was asked.
static void test_failed_operations(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct sim_faults faults;
        enum provider_action action;
        int64_t replicas;
        const char *after, *retried;
        enum provider_action retry;
    } cases[] = {
        {"create fails",
         {.fails = 1},
         ACTION_CREATE_POOL,
         4,
         "  p active 1.30.1>1.30.1 3 of 3",
         "4 of 4 nodes 4 ready",
         ACTION_CREATE_POOL},
        {"create in part",
         {.partial = 1},
         ACTION_CREATE_POOL,
         4,
         "  q active",
         "4 of 4 nodes 4 ready",
         ACTION_SCALE_POOL},
        {"scale fails", {.fails = 1}, ACTION_SCALE_POOL, 9, "3 of 3 nodes 3", "9 of 9", ACTION_SCALE_POOL},
        {"scale in part",
         {.partial = 1},
         ACTION_SCALE_POOL,
         9,
         "",
         "9 of 9 nodes 9 ready",
         ACTION_SCALE_POOL},
        {"upgrade fails",
         {.fails = 1},
         ACTION_UPGRADE_POOL,
         0,
         "1.30.1>1.30.1 3 of 3 nodes 3 ready 3",
         "1.31.0>1.31.0 3 of 3 nodes 3 ready 3 updated",
         ACTION_UPGRADE_POOL},
        {"upgrade in part",
         {.partial = 1},
         ACTION_UPGRADE_POOL,
         0,
         "1.30.1>1.31.0 3 of 3 nodes 3 ready",
         "1.31.0>1.31.0 3 of 3 nodes 3 ready 3 updated",
         ACTION_UPGRADE_POOL},
        {"delete fails",
         {.fails = 1},
         ACTION_DELETE_POOL,
         0,
         "3 of 3",
         "eu a owner o active",
         ACTION_DELETE_POOL},
        {"delete in part",
         {.partial = 1},
         ACTION_DELETE_POOL,
         0,
         "  p active",
         "eu a owner o active",
         ACTION_DELETE_POOL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct cloud cloud;
        CLEANUP(heard_clear) struct heard heard = {0};
        bool is_new = cases[i].action == ACTION_CREATE_POOL;
        open_with_pool(&cloud);
        struct provider_request request = upgrade("up", "1.31.0");
        cloud_do(&cloud, cases[i].name, &request);
        sim_set_faults(cloud.sim, &cases[i].faults);
        request = pool(cases[i].action, "first", "1.31.0", cases[i].replicas);
        request.pool = is_new ? "q" : "p";
        cloud_start(&cloud, &request, &heard);
        char operation[64];
        memcpy(operation, heard.operation, sizeof(operation));
        cloud_pass(&cloud, 50 * MINUTE_MS);
        cloud_poll(&cloud, &request.target, operation, &heard);
        expect_integer(cases[i].name, heard.state, OPERATION_FAILED);
        expect_contains(cases[i].name, heard.failure, "the cloud had an internal error");
        CLEANUP(free) char *after = cloud_print(&cloud);
        expect_contains(cases[i].name, after, cases[i].after);
        expect_true(cases[i].name, strstr(after, "9 of 9") == NULL && strstr(after, "4 of 4") == NULL,
                    "not what was asked for yet");
        bool is_there = strstr(after, "  q ") != NULL;
        expect_true(cases[i].name, is_there == (is_new && cases[i].faults.partial > 0),
                    "a pool that failed at once is not there");

        sim_set_faults(cloud.sim, &(struct sim_faults){0});
        cloud_start(&cloud, &request, &heard);
        expect_text("the same operation", heard.operation, operation);
        request.token = "second";
        request.action = cases[i].retry;
        cloud_do(&cloud, cases[i].name, &request);
        CLEANUP(free) char *retried = cloud_print(&cloud);
        expect_contains(cases[i].name, retried, cases[i].retried);
        bool is_gone = strstr(retried, "  p ") == NULL;
        expect_true(cases[i].name, is_gone == (cases[i].action == ACTION_DELETE_POOL), "the pool is gone");
        cloud_close(&cloud);
    }
}

static void test_failed_clusters(void **state) {
    (void)state;
    static const struct {
        const char *name;
        struct sim_faults faults;
        int64_t replicas;
        const char *after;   // "": nothing is left
        const char *deleted; // in part, or not at all
    } cases[] = {
        {"fails", {.fails = 1}, 3, "", "active"},
        {"fails, managed", {.fails = 1}, 0, "", "active"},
        {"in part", {.partial = 1}, 3, "eu a owner o active 1.30.1>1.30.1 cp ", "failed"},
        {"in part, managed", {.partial = 1}, 0, "", "failed"},
        {"in part of one", {.partial = 1}, 1, "", "failed"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct cloud cloud;
        CLEANUP(heard_clear) struct heard heard = {0};
        cloud_open(&cloud, &(struct sim_options){.seed = i, .faults = cases[i].faults});
        struct provider_request request = create(cases[i].replicas, "1.30.1");
        cloud_start(&cloud, &request, &heard);
        char operation[64];
        memcpy(operation, heard.operation, sizeof(operation));
        cloud_pass(&cloud, 50 * MINUTE_MS);
        cloud_poll(&cloud, &request.target, operation, &heard);
        expect_integer(cases[i].name, heard.state, OPERATION_FAILED);
        CLEANUP(free) char *after = cloud_print(&cloud);
        expect_contains(cases[i].name, after, cases[i].after);
        expect_true(cases[i].name, cases[i].after[0] || !after[0], "nothing is left");
        expect_true(cases[i].name, !strstr(after, "3/3"), "not all that was asked for");

        sim_set_faults(cloud.sim, &(struct sim_faults){0});
        request.token = "again";
        request.action = cases[i].after[0] ? ACTION_SCALE_CONTROL_PLANE : ACTION_CREATE_CLUSTER;
        cloud_do(&cloud, cases[i].name, &request);
        cloud_observe(&cloud, &request.target, &heard);
        expect_integer(cases[i].name, heard.cluster.state, CLOUD_ACTIVE);
        expect_integer(cases[i].name, heard.cluster.control_plane_ready, cases[i].replicas);

        sim_set_faults(cloud.sim, &cases[i].faults);
        request = plain(ACTION_DELETE_CLUSTER, "d");
        cloud_start(&cloud, &request, &heard);
        cloud_pass(&cloud, 50 * MINUTE_MS);
        CLEANUP(free) char *left = cloud_print(&cloud);
        expect_contains(cases[i].name, left, cases[i].deleted);
        sim_set_faults(cloud.sim, &(struct sim_faults){0});
        struct provider_request late = pool(ACTION_CREATE_POOL, "late", "1.30.1", 1);
        if (strcmp(cases[i].deleted, "failed") == 0) {
            expect_refused(cases[i].name, &cloud, &late, ERROR_CONFLICT, "it can only be deleted");
        }
        request.token = "d2";
        cloud_do(&cloud, cases[i].name, &request);
        expect_print(cases[i].name, &cloud, "");
        cloud_close(&cloud);
    }
}

// A node that dies is made anew; it only takes longer.
static void test_crash(void **state) {
    (void)state;
    int64_t took_ms[2];
    for (size_t i = 0; i < 2; i++) {
        struct cloud cloud;
        open_with_cluster(&cloud, 0);
        sim_set_faults(cloud.sim, &(struct sim_faults){.crash = i == 1 ? 1 : 0});
        int64_t before_ms = event_loop_now_ms(cloud.loop);
        struct provider_request request = pool(ACTION_CREATE_POOL, "p", "1.30.1", 3);
        cloud_do(&cloud, "pool", &request);
        took_ms[i] = event_loop_now_ms(cloud.loop) - before_ms;
        cloud_close(&cloud);
    }
    expect_true("crash", took_ms[1] > took_ms[0], "it takes longer");
}

static void test_pace(void **state) {
    (void)state;
    struct cloud cloud;
    cloud_open(&cloud, &(struct sim_options){.seed = 7, .pace = 60});
    struct provider_request request = create(0, "1.30.1");
    CLEANUP(heard_clear) struct heard heard = {0};
    cloud_start(&cloud, &request, &heard);
    cloud_pass(&cloud, 7000);
    CLEANUP(free) char *early = cloud_print(&cloud);
    expect_contains("early", early, "creating");
    cloud_pass(&cloud, 5000);
    CLEANUP(free) char *late = cloud_print(&cloud);
    expect_contains("ten minutes in ten seconds", late, "active");
    cloud_close(&cloud);
}

static void test_meddle(void **state) {
    (void)state;
    struct cloud cloud;
    open_with_pool(&cloud);
    assert_false(sim_meddle(cloud.sim, "eu", "b", NULL, -1, "1.29.0"));
    assert_false(sim_meddle(cloud.sim, "eu", "a", "q", 1, NULL));
    assert_true(sim_meddle(cloud.sim, "eu", "a", "p", 5, "1.29.0"));
    assert_true(sim_meddle(cloud.sim, "eu", "a", NULL, -1, "1.29.3"));
    expect_print("changed", &cloud,
                 "eu a owner o active 1.29.3>1.29.3 cp 0/0 a.eu.sim.invalid:443 \n"
                 "  p active 1.29.0>1.29.0 5 of 5 nodes 5 ready 5 updated\n");
    cloud_close(&cloud);
}

// An operation goes on with what somebody else left it.
static void test_meddle_while_it_runs(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    open_with_pool(&cloud);
    struct provider_request request = pool(ACTION_SCALE_POOL, "s", NULL, 9);
    cloud_start(&cloud, &request, &heard);
    assert_true(sim_meddle(cloud.sim, "eu", "a", "p", 2, NULL));
    cloud_do(&cloud, "scale", &request);
    expect_print("two", &cloud,
                 "eu a owner o active 1.30.1>1.30.1 cp 0/0 a.eu.sim.invalid:443 \n"
                 "  p active 1.30.1>1.30.1 2 of 2 nodes 2 ready 2 updated\n");
    cloud_close(&cloud);
}

static void must_not_come(void *cookie, const struct provider_answer *answer) {
    (void)cookie;
    (void)answer;
    fail_msg("an answer came after forget");
}

static void test_forget(void **state) {
    (void)state;
    struct cloud cloud;
    CLEANUP(heard_clear) struct heard heard = {0};
    open_with_pool(&cloud);
    struct provider_target target = A;
    struct provider_request request = pool(ACTION_SCALE_POOL, "s", NULL, 4);
    int who;
    const struct provider_methods *methods = cloud.provider.methods;
    methods->start(cloud.provider.cookie, &request, must_not_come, &who);
    methods->observe(cloud.provider.cookie, &target, must_not_come, &who);
    methods->forget(cloud.provider.cookie, &who);
    cloud_pass(&cloud, 10 * MINUTE_MS);
    cloud_observe(&cloud, &target, &heard);
    expect_integer("carried out all the same", heard.cluster.pools[0].nodes, 4);
    methods->observe(cloud.provider.cookie, &target, must_not_come, &who);
    cloud_close(&cloud); // with a call under way
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lost_calls),
        cmocka_unit_test(test_failed_operations),
        cmocka_unit_test(test_failed_clusters),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_meddle),
        cmocka_unit_test(test_meddle_while_it_runs),
        cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
