// Whatever is asked of the embedded cloud in whatever order, with faults and restarts: one token is one
// operation, there are never more machines than were wanted, and a restart changes nothing. FLEETGATE_SEED
// repeats a run.
#include "tests/reconciler/cloud_fixture.h"

#include "base/buffer.h"
#include "base/random.h"
#include "reconciler/providers/sim_random.h"

#include <stdio.h>
#include <unistd.h>

enum { SEEDS = 25, STEPS = 60, CLUSTERS = 2, POOLS = 2, RECENT = 12 };

static const char *const ids[CLUSTERS] = {"a", "b"};
static const char *const pools[POOLS] = {"p", "q"};
static const char *const versions[] = {"1.30.1", "1.30.4", "1.31.0", "1.32.2"};

struct asked_token {
    char token[32];
    char operation[64];
    size_t step;
    struct provider_request request;
};

struct run {
    struct cloud cloud;
    uint64_t random;
    struct asked_token tokens[STEPS];
    size_t token_count, step;
    char name[48];
};

static size_t roll(struct run *run, size_t sides) {
    return (size_t)(random_next(&run->random) % sides);
}

static double chance(struct run *run, double most) {
    return roll(run, 2) ? most * sim_random_unit(random_next(&run->random)) : 0;
}

static struct provider_request choose(struct run *run) {
    return (struct provider_request){
        .action = (enum provider_action)(ACTION_CREATE_CLUSTER + roll(run, ACTION_COUNT - 1)),
        .target = {"eu", ids[roll(run, CLUSTERS)], "o"},
        .version = versions[roll(run, sizeof(versions) / sizeof(*versions))],
        .replicas = (int64_t)roll(run, 6),
        .pool = pools[roll(run, POOLS)],
        .surge = 1 + (int64_t)roll(run, 2),
        .drain_s = (int64_t)roll(run, 300)};
}

// A new request, or one of the last 48 minutes again: tokens of a cluster that is gone are kept for an hour.
static void ask(struct run *run) {
    CLEANUP(heard_clear) struct heard heard = {0};
    size_t index = roll(run, 4) == 0 ? roll(run, run->token_count + 1) : run->token_count;
    bool is_new = index == run->token_count || run->tokens[index].step + RECENT < run->step;
    index = is_new ? run->token_count : index;
    struct asked_token *asked = &run->tokens[index];
    if (is_new) {
        run->token_count++;
        *asked = (struct asked_token){.request = choose(run), .step = run->step};
        snprintf(asked->token, sizeof(asked->token), "t%zu", run->token_count);
    }
    asked->request.token = asked->token;
    cloud_start(&run->cloud, &asked->request, &heard);
    if (heard.operation[0] && asked->operation[0]) {
        expect_text(run->name, heard.operation, asked->operation);
    }
    if (heard.operation[0]) {
        for (size_t i = 0; i < run->token_count; i++) {
            expect_true(run->name,
                        &run->tokens[i] == asked || strcmp(run->tokens[i].operation, heard.operation) != 0,
                        "no two tokens share an operation");
        }
        memcpy(asked->operation, heard.operation, sizeof(asked->operation));
    }
}

static void check_cluster(void *cookie, const char *region, const char *id,
                          const struct cloud_cluster *cluster) {
    const char *name = ((struct run *)cookie)->name;
    struct kubernetes_version control_plane;
    expect_text(name, region, "eu");
    expect_true(name, strcmp(id, "a") == 0 || strcmp(id, "b") == 0, "a cluster that was asked for");
    assert_int_equal(kubernetes_version_parse(cluster->version, &control_plane), VERSION_OK);
    for (size_t i = 0; i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        struct kubernetes_version version;
        assert_int_equal(kubernetes_version_parse(pool->version, &version), VERSION_OK);
        expect_true(name, i == 0 || strcmp(cluster->pools[i - 1].name, pool->name) < 0, "pools are sorted");
        expect_true(name, pool->ready <= pool->nodes && pool->updated <= pool->nodes, "counts fit");
        expect_true(name, pool->state != CLOUD_ACTIVE || pool->nodes == pool->replicas, "as many as wanted");
        expect_true(name, pool->state != CLOUD_ACTIVE || pool->ready == pool->replicas, "all are ready");
        // A pool that is scaled down has more for a while: at most what it had.
        expect_true(name, pool->nodes <= (pool->state == CLOUD_UPDATING ? 5 : pool->replicas) + 2,
                    "wanted and surge at most");
        expect_true(name, strcmp(pool->version, pool->target) == 0 || pool->ready >= pool->replicas,
                    "a pool that rolls keeps what is wanted");
        expect_true(name, version.minor <= control_plane.minor, "no pool is ahead of its control plane");
    }
}

static void begin(struct run *run, uint64_t seed, const char *path) {
    memset(run, 0, sizeof(*run));
    snprintf(run->name, sizeof(run->name), "FLEETGATE_SEED=%llu", (unsigned long long)seed);
    run->random = seed;
    unlink(path);
}

// The same requests at the same times, looked at seldom or often, restarted or not. What there was after each
// step; caller owns.
static char *play(uint64_t seed, bool restarts, const char *path) {
    static struct run run;
    begin(&run, seed, path);
    // Calls of 1 ms have no jitter, so all happens at the same times.
    struct sim_options options = {.seed = seed, .path = restarts ? path : NULL, .latency_ms = 1};
    struct buffer story;
    buffer_init(&story, 1 << 24);
    options.faults = (struct sim_faults){
        .partial = chance(&run, 0.5), .fails = chance(&run, 0.3), .crash = chance(&run, 0.5)};
    cloud_open(&run.cloud, &options);
    for (size_t i = 0; i < STEPS; i++) {
        run.step = i;
        ask(&run);
        int64_t until_ms = CLOUD_START_MS + (int64_t)(i + 1) * 4 * MINUTE_MS;
        if (restarts && i % 5 == 0) {
            cloud_restart(&run.cloud);
        }
        for (int64_t part = restarts ? 4 : 1; part > 0; part--) {
            cloud_pass(&run.cloud, (until_ms - event_loop_wall_ms(run.cloud.loop)) / part);
            sim_each(run.cloud.sim, check_cluster, &run);
        }
        CLEANUP(free) char *now = cloud_print(&run.cloud);
        buffer_printf(&story, "step %zu\n%s", i, now);
    }
    cloud_pass(&run.cloud, 90 * MINUTE_MS);
    sim_each(run.cloud.sim, check_cluster, &run);
    CLEANUP(free) char *end = cloud_print(&run.cloud);
    buffer_append_text(&story, end);
    cloud_close(&run.cloud);
    return buffer_take(&story);
}

static void test_restarts(void **state) {
    (void)state;
    const char *given = getenv("FLEETGATE_SEED");
    char path[64];
    snprintf(path, sizeof(path), "/tmp/fleetgate-sim-random-%d.db", (int)getpid());
    for (uint64_t seed = 1; seed <= (given ? 1 : SEEDS); seed++) {
        uint64_t chosen = given ? strtoull(given, NULL, 10) : seed;
        char name[48];
        snprintf(name, sizeof(name), "FLEETGATE_SEED=%llu", (unsigned long long)chosen);
        CLEANUP(free) char *once = play(chosen, false, path);
        CLEANUP(free) char *again = play(chosen, false, path);
        CLEANUP(free) char *restarted = play(chosen, true, path);
        expect_text(name, again, once);
        expect_text(name, restarted, once);
    }
    unlink(path);
}

// With lost calls: who asks with the same token until there is an answer gets one cluster, one pool.
static void test_lost_calls(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        char name[48];
        snprintf(name, sizeof(name), "seed %llu", (unsigned long long)seed);
        struct cloud cloud;
        CLEANUP(heard_clear) struct heard heard = {0};
        const struct sim_options options = {
            .seed = seed, .faults = {.throttle = 0.2, .lost_request = 0.3, .lost_answer = 0.3}};
        cloud_open(&cloud, &options);
        struct provider_request requests[] = {
            {.action = ACTION_CREATE_CLUSTER, .target = cloud_target(), .token = "c", .version = "1.30.1"},
            {.action = ACTION_CREATE_POOL,
             .target = cloud_target(),
             .token = "p",
             .version = "1.30.1",
             .pool = "p",
             .replicas = 3},
        };
        for (size_t i = 0; i < 2; i++) {
            for (int tries = 0; !heard.operation[0]; tries++) {
                cloud_start(&cloud, &requests[i], &heard);
                expect_true(name, heard.operation[0] || heard.error.kind != ERROR_NONE, "an answer or none");
                expect_true(name, tries < 200, "it comes through");
            }
            heard.operation[0] = '\0';
            cloud_pass(&cloud, 20 * MINUTE_MS);
        }
        CLEANUP(free) char *text = cloud_print(&cloud);
        expect_text(name, text,
                    "eu a owner o active 1.30.1>1.30.1 cp 0/0 a.eu.sim.invalid:443 \n"
                    "  p active 1.30.1>1.30.1 3 of 3 nodes 3 ready 3 updated\n");
        cloud_close(&cloud);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_lost_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
