// How many clusters change at one time, and which come first.
#include "tests/reconciler/sample_cluster.h"

#include "tests/support/expect.h"

#include <stdio.h>

enum { LONG_ENOUGH_S = 1800, MOST_NAME = 40 };

// Without the policy about deletions.
static const char no_policy[] =
    "return policy {\n"
    "  name = 'nothing', title = 'Nothing', severity = 'low', category = 'safety',\n"
    "  match = { clusters = true },\n"
    "  validate = function(change, params, report) end,\n"
    "}\n";
static const char *const no_policies[] = {no_policy, NULL};

// ---- what is seen in the cloud ----

struct sight {
    size_t upgrading, deleting, at_new_version, clusters;
};

static void look(void *cookie, const char *region, const char *id, const struct cloud_cluster *cluster) {
    (void)region, (void)id;
    struct sight *sight = cookie;
    bool upgrades = cluster->version && cluster->target && strcmp(cluster->version, cluster->target) != 0;
    bool deletes = cluster->state == CLOUD_DELETING;
    bool is_new = cluster->version && strcmp(cluster->version, "1.30.1") == 0;
    for (size_t i = 0; i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        upgrades |= strcmp(pool->version, pool->target) != 0;
        deletes |= pool->state == CLOUD_DELETING;
        is_new &= strcmp(pool->version, "1.30.1") == 0;
    }
    sight->upgrading += upgrades;
    sight->deleting += deletes;
    sight->at_new_version += is_new;
    sight->clusters++;
}

static struct sight see(struct fleet_fixture *fixture) {
    struct sight sight = {0};
    sim_each(fixture->sim, look, &sight);
    return sight;
}

static struct { size_t upgrading, deleting; } most;

static void note_most(struct fleet_fixture *fixture) {
    struct sight sight = see(fixture);
    most.upgrading = sight.upgrading > most.upgrading ? sight.upgrading : most.upgrading;
    most.deleting = sight.deleting > most.deleting ? sight.deleting : most.deleting;
}

static void name_of(unsigned index, char name[MOST_NAME]) {
    snprintf(name, MOST_NAME, "eu-%u", index);
}

static void begin(struct fleet_fixture *fixture, unsigned clusters) {
    fleet_fixture_begin(fixture, no_policies);
    for (unsigned i = 0; i < clusters; i++) {
        char name[MOST_NAME];
        name_of(i, name);
        struct sample_cluster sample = sample_default;
        sample.name = name;
        sample_cluster_apply(fixture, &sample);
    }
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
    most.upgrading = most.deleting = 0;
    fixture->each_turn = note_most;
}

static void upgrade_all(struct fleet_fixture *fixture, unsigned clusters) {
    for (unsigned i = 0; i < clusters; i++) {
        char name[MOST_NAME];
        name_of(i, name);
        sample_cluster_upgrade(fixture, name, "v1.30.1");
    }
}

// There is one place, and this one holds it.
static void upgrade_half_way(struct fleet_fixture *fixture, const char *name) {
    fixture->settings.upgrades_at_once = 1;
    sample_cluster_upgrade(fixture, name, "v1.30.1");
    while (see(fixture).upgrading == 0) {
        fleet_fixture_run(fixture, 1);
    }
}

// It keeps it, until it is paused no more.
static void pause_half_way(struct fleet_fixture *fixture, const char *name) {
    upgrade_half_way(fixture, name);
    fleet_fixture_patch(fixture, "Cluster", name, "{'spec':{'paused':true}}");
}

static void delete_all(struct fleet_fixture *fixture, unsigned clusters) {
    for (unsigned i = 0; i < clusters; i++) {
        char name[MOST_NAME];
        name_of(i, name);
        fleet_fixture_delete(fixture, "Cluster", name);
    }
}

static void run_with_restarts(struct fleet_fixture *fixture, int64_t seconds) {
    for (int64_t passed = 0; passed < seconds; passed += 97) {
        fleet_fixture_run(fixture, 97);
        fleet_fixture_restart(fixture);
    }
}

// ---- places ----

static void test_upgrades_at_once(void **state) {
    (void)state;
    enum { CLUSTERS = 6 };
    static const struct {
        const char *name;
        unsigned at_once;
        bool restarts;
    } cases[] = {{"one", 1, false}, {"two, with restarts", 2, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fleet_fixture fixture;
        begin(&fixture, CLUSTERS);
        fixture.settings.upgrades_at_once = cases[i].at_once;
        upgrade_all(&fixture, CLUSTERS);
        if (cases[i].restarts) {
            run_with_restarts(&fixture, LONG_ENOUGH_S);
        }
        fleet_fixture_run(&fixture, 6L * LONG_ENOUGH_S);
        expect_integer(cases[i].name, (int64_t)see(&fixture).at_new_version, CLUSTERS);
        expect_integer(cases[i].name, (int64_t)most.upgrading, cases[i].at_once);
        fleet_fixture_end(&fixture);
    }
}

static void test_deletes_at_once(void **state) {
    (void)state;
    enum { CLUSTERS = 6 };
    static const struct {
        const char *name;
        unsigned at_once;
        bool restarts;
    } cases[] = {{"one", 1, false}, {"two, with restarts", 2, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fleet_fixture fixture;
        begin(&fixture, CLUSTERS);
        fixture.settings.deletes_at_once = cases[i].at_once;
        delete_all(&fixture, CLUSTERS);
        if (cases[i].restarts) {
            run_with_restarts(&fixture, LONG_ENOUGH_S);
        }
        fleet_fixture_run(&fixture, 6L * LONG_ENOUGH_S);
        expect_integer(cases[i].name, (int64_t)see(&fixture).clusters, 0);
        expect_integer(cases[i].name, (int64_t)most.deleting, cases[i].at_once);
        expect_true(cases[i].name, !fleet_fixture_exists(&fixture, "Cluster", "eu-0"), "the object is gone");
        expect_integer(cases[i].name, (int64_t)reconciler_stats(fixture.reconciler).clusters, 0);
        fleet_fixture_end(&fixture);
    }
}

// Who waits is left in peace: a pass for each would be made again and again otherwise.
static void test_waiting_costs_little(void **state) {
    (void)state;
    enum { CLUSTERS = 6, MINUTES = 20 };
    struct fleet_fixture fixture;
    begin(&fixture, CLUSTERS);
    pause_half_way(&fixture, "eu-0");
    upgrade_all(&fixture, CLUSTERS);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    struct reconciler_stats before = reconciler_stats(fixture.reconciler);
    expect_integer("in line", (int64_t)before.waiting, CLUSTERS - 1);
    fleet_fixture_run(&fixture, MINUTES * 60);
    uint64_t passes = reconciler_stats(fixture.reconciler).passes - before.passes;
    expect_true("passes", passes < (uint64_t)CLUSTERS * MINUTES * 5 / 4, "one a minute and cluster");
    const char *message = NULL;
    (void)fleet_fixture_condition(&fixture, "Cluster", "eu-1", "Reconciled", &message);
    expect_contains("why", message ? message : "",
                    "waits for a place: 1 cluster is being upgraded, 1 may be; prod/eu-0 is paused");
    fleet_fixture_patch(&fixture, "Cluster", "eu-0", "{'spec':{'paused':false}}");
    fleet_fixture_run(&fixture, 6L * LONG_ENOUGH_S);
    expect_integer("in the end", (int64_t)see(&fixture).at_new_version, CLUSTERS);
    expect_integer("at one time", (int64_t)most.upgrading, 1);
    fleet_fixture_end(&fixture);
}

// A place is taken up the moment it is given back, not a minute later.
static void test_places_are_handed_on(void **state) {
    (void)state;
    enum { CLUSTERS = 4 };
    struct fleet_fixture fixture;
    begin(&fixture, CLUSTERS);
    int64_t start_ms = event_loop_now_ms(fixture.loop);
    sample_cluster_upgrade(&fixture, "eu-0", "v1.30.1");
    while (see(&fixture).at_new_version < 1) {
        fleet_fixture_run(&fixture, 1);
    }
    int64_t one_ms = event_loop_now_ms(fixture.loop) - start_ms;
    fixture.settings.upgrades_at_once = 1;
    start_ms = event_loop_now_ms(fixture.loop);
    upgrade_all(&fixture, CLUSTERS);
    while (see(&fixture).at_new_version < CLUSTERS) {
        fleet_fixture_run(&fixture, 1);
    }
    int64_t others_ms = event_loop_now_ms(fixture.loop) - start_ms;
    expect_true("time", others_ms < (CLUSTERS - 1) * (one_ms + 25000),
                "each begins when the last one is done");
    fleet_fixture_end(&fixture);
}

// After a start it is not known who holds a place while a record can't be read for all the requests there
// are.
static void test_throttled_after_a_start(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, 2);
    upgrade_half_way(&fixture, "eu-0");
    sample_cluster_upgrade(&fixture, "eu-1", "v1.30.1");
    fixture.throttled = "eu-0-fleetgate";
    fleet_fixture_restart(&fixture);
    fleet_fixture_run(&fixture, 60);
    fixture.throttled = NULL;
    fleet_fixture_run(&fixture, 2L * LONG_ENOUGH_S);
    expect_integer("in the end", (int64_t)see(&fixture).at_new_version, 2);
    expect_integer("at one time", (int64_t)most.upgrading, 1);
    fleet_fixture_end(&fixture);
}

// Who waits for a place is scaled down meanwhile, and a pool goes.
static void test_scaled_while_it_waits(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, 3);
    pause_half_way(&fixture, "eu-0");
    sample_cluster_upgrade(&fixture, "eu-1", "v1.30.1");
    sample_cluster_upgrade(&fixture, "eu-2", "v1.30.1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", "{'spec':{'replicas':1}}");
    fleet_fixture_delete(&fixture, "MachinePool", "eu-2-a");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("scaled", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:1/1");
    expect_text("deleted", fleet_fixture_cloud(&fixture, "prod-eu-2"), "1.29.4 active");
    fleet_fixture_end(&fixture);
}

// Of what is half way and can't be read any more nothing is under way: others get the place.
static void test_unreadable_gives_place_away(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, 2);
    upgrade_half_way(&fixture, "eu-0");
    fleet_fixture_delete(&fixture, "AWSManagedControlPlane", "eu-0");
    fleet_fixture_run(&fixture, 10);
    fleet_fixture_restart(&fixture);
    sample_cluster_upgrade(&fixture, "eu-1", "v1.30.1");
    fleet_fixture_run(&fixture, 2L * LONG_ENOUGH_S);
    expect_text("half way", fleet_fixture_cloud(&fixture, "prod-eu-0"), "1.30.1 active eu-0-a=1.29.4:3/3");
    expect_text("the other", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.30.1 active eu-1-a=1.30.1:3/3");
    expect_integer("at one time", (int64_t)most.upgrading, 1);
    fleet_fixture_end(&fixture);
}

// ---- waves ----

static const struct {
    const char *name, *environment;
} waved[] = {{"eu-4", NULL},      {"eu-3", "production"}, {"eu-5", "somewhere"},
             {"eu-2", "staging"}, {"eu-1", "dev"},        {"eu-0", "dev"}};
enum { WAVED = sizeof(waved) / sizeof(waved[0]) };

static void set_waves(struct fleet_fixture *fixture) {
    fixture->settings.wave_label = "environment";
    fixture->settings.wave_order[0] = "dev";
    fixture->settings.wave_order[1] = "staging";
    fixture->settings.wave_order[2] = "production";
    fixture->settings.wave_count = 3;
}

static void begin_waves(struct fleet_fixture *fixture) {
    fleet_fixture_begin(fixture, no_policies);
    set_waves(fixture);
    for (size_t i = 0; i < WAVED; i++) {
        struct sample_cluster sample = sample_default;
        sample.name = waved[i].name;
        sample.environment = waved[i].environment;
        sample_cluster_apply(fixture, &sample);
    }
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
}

static bool is_untouched(struct fleet_fixture *fixture, const char *name) {
    char id[60], expected[100];
    snprintf(id, sizeof(id), "prod-%s", name);
    snprintf(expected, sizeof(expected), "1.29.4 active %s-a=1.29.4:3/3", name);
    return strcmp(fleet_fixture_cloud(fixture, id), expected) == 0;
}

static bool is_done(struct fleet_fixture *fixture, const char *name) {
    char id[60], expected[100];
    snprintf(id, sizeof(id), "prod-%s", name);
    snprintf(expected, sizeof(expected), "1.30.1 active %s-a=1.30.1:3/3", name);
    return strcmp(fleet_fixture_cloud(fixture, id), expected) == 0;
}

// Nothing of a later wave is touched before all of the earlier ones are done.
static void check_order(struct fleet_fixture *fixture) {
    static const char *const waves[][3] = {{"eu-0", "eu-1"}, {"eu-2"}, {"eu-3"}, {"eu-4", "eu-5"}};
    bool all_done = true;
    for (size_t wave = 0; wave < 4; wave++) {
        bool before = all_done;
        for (size_t i = 0; waves[wave][i]; i++) {
            expect_true(waves[wave][i], before || is_untouched(fixture, waves[wave][i]), "it comes later");
            all_done &= is_done(fixture, waves[wave][i]);
        }
    }
}

static void test_waves(void **state) {
    (void)state;
    for (unsigned restarts = 0; restarts < 2; restarts++) {
        struct fleet_fixture fixture;
        begin_waves(&fixture);
        fixture.each_turn = check_order;
        for (size_t i = 0; i < WAVED; i++) { // the last come first
            sample_cluster_upgrade(&fixture, waved[i].name, "v1.30.1");
        }
        if (restarts) {
            run_with_restarts(&fixture, LONG_ENOUGH_S);
        }
        fleet_fixture_run(&fixture, 4L * LONG_ENOUGH_S);
        for (size_t i = 0; i < WAVED; i++) {
            expect_true(waved[i].name, is_done(&fixture, waved[i].name), "it is done");
        }
        fleet_fixture_end(&fixture);
    }
}

static void expect_waits_for(struct fleet_fixture *fixture, const char *name, const char *words) {
    const char *message = NULL;
    (void)fleet_fixture_condition(fixture, "Cluster", name, "Reconciled", &message);
    expect_contains(name, message ? message : "", words);
    expect_true(name, is_untouched(fixture, name), "it is not touched");
}

static void test_canary_fails(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_waves(&fixture);
    sim_set_faults(fixture.sim, &(struct sim_faults){.fails = 1});
    sample_cluster_upgrade(&fixture, "eu-0", "v1.30.1");
    sample_cluster_upgrade(&fixture, "eu-3", "v1.30.1");
    fleet_fixture_run(&fixture, 3L * LONG_ENOUGH_S);
    expect_waits_for(&fixture, "eu-3", "waits for prod/eu-0 (environment: dev), which comes first");
    sim_set_faults(fixture.sim, &(struct sim_faults){0});
    fleet_fixture_run(&fixture, 2L * LONG_ENOUGH_S);
    expect_true("eu-0", is_done(&fixture, "eu-0"), "it is done");
    expect_true("eu-3", is_done(&fixture, "eu-3"), "it is done");
    fleet_fixture_end(&fixture);
}

// What a canary has reached on its way to a later version is reached.
static void test_canary_goes_further(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_waves(&fixture);
    sample_cluster_upgrade(&fixture, "eu-0", "v1.31.2");
    fleet_fixture_patch(&fixture, "MachinePool", "eu-0-a",
                        "{'spec':{'template':{'spec':{'version':'v1.30.0'}}}}");
    sample_cluster_upgrade(&fixture, "eu-4", "v1.30.1");
    while (strncmp(fleet_fixture_cloud(&fixture, "prod-eu-0"), "1.31.2", 6) != 0) {
        expect_true("eu-4",
                    is_untouched(&fixture, "eu-4") ||
                        strncmp(fleet_fixture_cloud(&fixture, "prod-eu-0"), "1.29", 4) != 0,
                    "it waits for 1.30");
        fleet_fixture_run(&fixture, 1);
    }
    expect_true("eu-4", !is_untouched(&fixture, "eu-4"), "it does not wait for 1.31");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_true("eu-4", is_done(&fixture, "eu-4"), "it is done");
    fleet_fixture_end(&fixture);
}

// Half way, another one comes to be first: who waits for it must not keep the place that it needs.
static void test_canary_comes_later(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_waves(&fixture);
    upgrade_half_way(&fixture, "eu-4");
    sample_cluster_upgrade(&fixture, "eu-0", "v1.30.1");
    fleet_fixture_run(&fixture, 4L * LONG_ENOUGH_S);
    expect_true("eu-0", is_done(&fixture, "eu-0"), "it is done");
    expect_true("eu-4", is_done(&fixture, "eu-4"), "it is done");
    fleet_fixture_end(&fixture);
}

// It is paused in the middle, or nothing is known of it.
static void test_canary_hangs(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_waves(&fixture);
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'spec':{'paused':true}}");
    sample_cluster_upgrade(&fixture, "eu-1", "v1.30.1");
    sample_cluster_upgrade(&fixture, "eu-3", "v1.30.1");
    for (unsigned i = 0; i < 2; i++) {
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_waits_for(&fixture, "eu-3", "waits for prod/eu-1 (environment: dev), which comes first");
        fleet_fixture_restart(&fixture);
    }
    fleet_fixture_delete(&fixture, "Cluster", "eu-1"); // and does not any more when it goes
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_true("eu-3", is_done(&fixture, "eu-3"), "it is done");
    fleet_fixture_end(&fixture);
}

static void test_canary_is_out_of_reach(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_waves(&fixture);
    struct sample_cluster sample = sample_default;
    sample.name = "far-1";
    sample.environment = "dev";
    sample.provider = "far";
    sample_cluster_apply(&fixture, &sample);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    sim_set_faults(fixture.far, &(struct sim_faults){.lost_request = 1});
    sample_cluster_upgrade(&fixture, "far-1", "v1.30.1");
    sample_cluster_upgrade(&fixture, "eu-3", "v1.30.1");
    for (unsigned i = 0; i < 2; i++) {
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_waits_for(&fixture, "eu-3", "waits for prod/far-1 (environment: dev), which comes first");
        fleet_fixture_restart(&fixture);
    }
    sim_set_faults(fixture.far, &(struct sim_faults){0});
    fleet_fixture_run(&fixture, 3L * LONG_ENOUGH_S);
    expect_true("eu-3", is_done(&fixture, "eu-3"), "it is done");
    fleet_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upgrades_at_once),
        cmocka_unit_test(test_deletes_at_once),
        cmocka_unit_test(test_waiting_costs_little),
        cmocka_unit_test(test_places_are_handed_on),
        cmocka_unit_test(test_waves),
        cmocka_unit_test(test_canary_fails),
        cmocka_unit_test(test_throttled_after_a_start),
        cmocka_unit_test(test_scaled_while_it_waits),
        cmocka_unit_test(test_unreadable_gives_place_away),
        cmocka_unit_test(test_canary_goes_further),
        cmocka_unit_test(test_canary_comes_later),
        cmocka_unit_test(test_canary_hangs),
        cmocka_unit_test(test_canary_is_out_of_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
