// What must not be touched is not touched: paused clusters, other people's, those nobody can see.
#include "tests/reconciler/sample_cluster.h"

#include "tests/support/expect.h"

#include <stdio.h>

enum { LONG_ENOUGH_S = 1800 };

static const char as_built[] = "1.29.4 active eu-1-a=1.29.4:3/3";
static const char scaled[] = "1.29.4 active eu-1-a=1.29.4:5/5";
static const char id[] = "prod-eu-1";

static void begin(struct fleet_fixture *fixture) {
    fleet_fixture_begin(fixture, sample_policies);
    sample_cluster_apply(fixture, &sample_default);
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
    expect_text("built", fleet_fixture_cloud(fixture, id), as_built);
    fleet_fixture_forget_events(fixture);
}

static void scale(struct fleet_fixture *fixture, int replicas) {
    char patch[60];
    snprintf(patch, sizeof(patch), "{'spec':{'replicas':%d}}", replicas);
    fleet_fixture_patch(fixture, "MachinePool", "eu-1-a", patch);
}

static void expect_says(const char *name, struct fleet_fixture *fixture, const char *type, const char *status,
                        const char *words) {
    const char *message = NULL;
    expect_text(name, fleet_fixture_condition(fixture, "Cluster", "eu-1", type, &message), status);
    expect_contains(name, message ? message : "", words);
}

// ---- paused ----

static void test_pause(void **state) {
    (void)state;
    static const struct {
        const char *name, *pause, *resume;
    } cases[] = {{"spec.paused", "{'spec':{'paused':true}}", "{'spec':{'paused':false}}"},
                 {"the annotation", "{'metadata':{'annotations':{'cluster.x-k8s.io/paused':''}}}",
                  "{'metadata':{'annotations':{'cluster.x-k8s.io/paused':null}}}"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fleet_fixture fixture;
        begin(&fixture);
        fleet_fixture_patch(&fixture, "Cluster", "eu-1", cases[i].pause);
        scale(&fixture, 5);
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, id), as_built);
        expect_says(cases[i].name, &fixture, "Paused", "True", "");
        fleet_fixture_restart(&fixture);
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, id), as_built);
        fleet_fixture_patch(&fixture, "Cluster", "eu-1", cases[i].resume);
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, id), scaled);
        fleet_fixture_end(&fixture);
    }
}

// ---- whose is it? ----

static void test_label_taken_away(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    fixture.default_provider = NULL;
    fleet_fixture_restart(&fixture);
    struct sample_cluster sample = sample_default;
    sample_cluster_apply(&fixture, &sample);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("without the label", fleet_fixture_cloud(&fixture, id), "");
    fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                        "{'metadata':{'labels':{'fleetgate.dev/provider':'sim'}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("with the label", fleet_fixture_cloud(&fixture, id), as_built);
    fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                        "{'metadata':{'labels':{'fleetgate.dev/provider':null}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    scale(&fixture, 5);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("the cloud stays", fleet_fixture_cloud(&fixture, id), as_built);
    expect_text("Cluster", fleet_fixture_read(&fixture, "Cluster", "eu-1", "metadata.finalizers[0]"), "");
    expect_text("pool", fleet_fixture_read(&fixture, "MachinePool", "eu-1-a", "metadata.finalizers[0]"), "");
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "nobody holds it up");
    expect_text("the cloud stays", fleet_fixture_cloud(&fixture, id), as_built);
    fleet_fixture_end(&fixture);
}

static unsigned turns_left;

static void write_status(struct fleet_fixture *fixture) {
    if (turns_left > 0 && --turns_left == 0) {
        fleet_fixture_report(fixture, "AWSManagedControlPlane", "eu-1", "{'status':null}");
    }
}

// What somebody else writes into a status is put right, whatever is being done at that moment.
static void test_status_of_a_stranger(void **state) {
    (void)state;
    for (unsigned turn = 1; turn < 40; turn++) {
        struct fleet_fixture fixture;
        begin(&fixture);
        fixture.each_turn = write_status;
        turns_left = turn;
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_integer("written", turns_left, 0);
        expect_text(
            "put right",
            fleet_fixture_condition(&fixture, "AWSManagedControlPlane", "eu-1", "PolicyApproved", NULL),
            "True");
        fleet_fixture_end(&fixture);
    }
}

// As the garbage collector does, where they were owned already.
static void delete_parts(struct fleet_fixture *fixture) {
    static const char *const parts[] = {"AWSManagedControlPlane", "AWSManagedCluster"};
    for (size_t i = 0; i < 2; i++) {
        if (fleet_fixture_exists(fixture, parts[i], "eu-1")) {
            fleet_fixture_delete(fixture, parts[i], "eu-1");
        }
    }
}

static void test_successor(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    // Somebody takes the finalizer away and deletes the object; the cloud cluster stands.
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'finalizers':null}}");
    fleet_fixture_run(&fixture, 60);
    expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is gone");
    expect_text("the cloud stays", fleet_fixture_cloud(&fixture, id), as_built);
    struct sample_cluster sample = sample_default;
    sample.replicas = 0;
    delete_parts(&fixture);
    sample_cluster_apply(&fixture, &sample);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("another's", fleet_fixture_cloud(&fixture, id), as_built);
    expect_says("it says so", &fixture, "Reconciled", "False",
                "the name is taken by a cluster of another owner");
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'annotations':{'allow-delete':'yes'}}}");
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("not deleted either", fleet_fixture_cloud(&fixture, id), as_built);
    expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "goes all the same");
    fleet_fixture_end(&fixture);
}

// The successor comes in the midst of a pass of the one that was there.
static void test_successor_at_any_time(void **state) {
    (void)state;
    for (unsigned turns = 0; turns < 60; turns++) {
        struct fleet_fixture fixture;
        fleet_fixture_begin(&fixture, sample_policies);
        struct sample_cluster sample = sample_default;
        sample.replicas = 0;
        sample_cluster_apply(&fixture, &sample);
        for (unsigned i = 0; i < turns; i++) {
            event_loop_turn(fixture.loop, -1);
        }
        fleet_fixture_delete(&fixture, "Cluster", "eu-1");
        if (fleet_fixture_exists(&fixture, "Cluster", "eu-1")) {
            fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'finalizers':null}}");
        }
        delete_parts(&fixture);
        sample.version = "v1.28.3";
        sample_cluster_apply(&fixture, &sample);
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        const char *cloud = fleet_fixture_cloud(&fixture, id);
        char name[40];
        snprintf(name, sizeof(name), "after %u turns", turns);
        bool is_own = strcmp(cloud, "1.28.3 active") == 0, is_others = strcmp(cloud, "1.29.4 active") == 0;
        expect_true(name, is_own || is_others, "one of the two");
        if (is_others) {
            expect_says(name, &fixture, "Reconciled", "False",
                        "the name is taken by a cluster of another owner");
        }
        fleet_fixture_end(&fixture);
    }
}

// ---- who can't be asked ----

static void test_no_such_provider(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    struct sample_cluster sample = sample_default;
    sample.provider = "nowhere";
    sample_cluster_apply(&fixture, &sample);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, id), "");
    expect_says("it says so", &fixture, "Reconciled", "False", "there is no provider nowhere here");
    expect_true("Event", fleet_fixture_told(&fixture, "!ReconcileProblem Cluster eu-1: there is no provider"),
                "it is told");
    fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                        "{'metadata':{'labels':{'fleetgate.dev/provider':'sim'}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("then", fleet_fixture_cloud(&fixture, id), as_built);
    // What runs at one provider is not begun at another, whatever the label says.
    fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                        "{'metadata':{'labels':{'fleetgate.dev/provider':'nowhere'}}}");
    scale(&fixture, 5);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("it stays where it is", fleet_fixture_cloud(&fixture, id), scaled);
    fleet_fixture_end(&fixture);
}

static void test_unreachable(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    sim_set_faults(fixture.sim, &(struct sim_faults){.lost_request = 1});
    scale(&fixture, 5);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, id), as_built);
    expect_says("probe", &fixture, "RemoteConnectionProbe", "False", "");
    expect_text("phase", fleet_fixture_read(&fixture, "Cluster", "eu-1", "status.phase"), "Provisioned");
    uint64_t passes = reconciler_stats(fixture.reconciler).passes;
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    passes = reconciler_stats(fixture.reconciler).passes - passes;
    expect_true("passes", passes <= LONG_ENOUGH_S / 300 + 3, "fewer and fewer");
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'annotations':{'allow-delete':'yes'}}}");
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_true("Cluster", fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "unreachable is not absent");
    sim_set_faults(fixture.sim, &(struct sim_faults){0});
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("reached", fleet_fixture_cloud(&fixture, id), "");
    expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is gone");
    fleet_fixture_end(&fixture);
}

// ---- two at one time ----

static size_t count_calls(struct fleet_fixture *fixture, const char *words) {
    size_t count = 0;
    for (const char *at = buffer_text(&fixture->event_log); (at = strstr(at, words)); at++) {
        count++;
    }
    return count;
}

// Neither knows of the other (a leader that hung, and goes on): what one began, the other takes up.
static void test_two_reconcilers(void **state) {
    (void)state;
    for (unsigned late_s = 0; late_s < 8; late_s++) {
        struct fleet_fixture fixture;
        fleet_fixture_begin(&fixture, sample_policies);
        sample_cluster_apply(&fixture, &sample_default);
        fleet_fixture_run(&fixture, late_s * 3);
        fleet_fixture_begin_twin(&fixture);
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text("built", fleet_fixture_cloud(&fixture, id), as_built);
        sample_cluster_upgrade(&fixture, "eu-1", "v1.30.1");
        fleet_fixture_run(&fixture, 2 * LONG_ENOUGH_S);
        expect_text("upgraded", fleet_fixture_cloud(&fixture, id), "1.30.1 active eu-1-a=1.30.1:3/3");
        fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                            "{'metadata':{'annotations':{'allow-delete':'yes'}}}");
        fleet_fixture_delete(&fixture, "Cluster", "eu-1");
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text("deleted", fleet_fixture_cloud(&fixture, id), "");
        expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is gone");
        expect_true("creations", count_calls(&fixture, "StepDone Cluster eu-1: create cluster") <= 2,
                    "at most told by both");
        fleet_fixture_end_twin(&fixture);
        fleet_fixture_end(&fixture);
    }
}

// ---- what comes back ----

static void test_kubeconfig_comes_back(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    fleet_fixture_delete(&fixture, "Secret", "eu-1-kubeconfig");
    fleet_fixture_run(&fixture, 2 * LONG_ENOUGH_S);
    expect_true("kubeconfig", fleet_fixture_exists(&fixture, "Secret", "eu-1-kubeconfig"), "is there again");
    fleet_fixture_end(&fixture);
}

static void test_never_approved_goes(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    struct sample_cluster sample = sample_default;
    sample.region = "eu-north-1";
    sample_cluster_apply(&fixture, &sample);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    // The Cluster itself says nothing of regions and may be approved; what it needs was not.
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'annotations':{'allow-delete':'yes'}}}");
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is gone");
    expect_true("record", !fleet_fixture_exists(&fixture, "Secret", "eu-1-fleetgate"), "is gone");
    expect_text("cloud", fleet_fixture_cloud(&fixture, id), "");
    expect_integer("clusters", (int64_t)reconciler_stats(fixture.reconciler).clusters, 0);
    fleet_fixture_end(&fixture);
}

// "kubectl delete secrets --all": what runs in the cloud is known all the same, and goes with its Cluster.
static void test_record_outlives_its_deletion(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    fleet_fixture_delete(&fixture, "Secret", "eu-1-fleetgate");
    expect_text("kept by", fleet_fixture_read(&fixture, "Secret", "eu-1-fleetgate", "metadata.finalizers[0]"),
                RECONCILER_FINALIZER);
    scale(&fixture, 5);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("carried out", fleet_fixture_cloud(&fixture, id), scaled);
    fleet_fixture_restart(&fixture);
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'annotations':{'allow-delete':'yes'}}}");
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, id), "");
    expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is gone");
    expect_true("record", !fleet_fixture_exists(&fixture, "Secret", "eu-1-fleetgate"), "is gone");
    fleet_fixture_end(&fixture);
}

// A watch that lags behind what another process has approved: not heard of is not gone.
static void test_not_heard_of_is_not_gone(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    reconciler_removed(fixture.reconciler,
                       &(struct object_key){"cluster.x-k8s.io", "MachinePool", "prod", "eu-1-a"});
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'annotations':{'allow-delete':'yes'}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("the pool stays", fleet_fixture_cloud(&fixture, id), as_built);
    expect_says("it says so", &fixture, "Reconciled", "False",
                "MachinePool prod/eu-1-a was approved and has not been heard of yet");
    scale(&fixture, 5); // heard of
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("scaled", fleet_fixture_cloud(&fixture, id), scaled);
    fleet_fixture_end(&fixture);
}

// Somebody in a hurry takes the finalizers from the Cluster; its pools are not held for ever.
static void test_pool_without_cluster_goes(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    fleet_fixture_delete(&fixture, "Cluster", "eu-1"); // not approved, so it stays
    fleet_fixture_run(&fixture, 60);
    fleet_fixture_patch(&fixture, "Cluster", "eu-1", "{'metadata':{'finalizers':null}}");
    expect_text("pool", fleet_fixture_read(&fixture, "MachinePool", "eu-1-a", "metadata.finalizers[0]"),
                RECONCILER_FINALIZER);
    fleet_fixture_run(&fixture, 120);
    expect_true("Cluster", !fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is gone");
    expect_true("pool", !fleet_fixture_exists(&fixture, "MachinePool", "eu-1-a"), "is gone");
    expect_true("people", fleet_fixture_told(&fixture, "ReleasedWithoutCluster"), "are told");
    expect_text("the cloud stays", fleet_fixture_cloud(&fixture, id), as_built);
    fleet_fixture_end(&fixture);
}

// Its own words about a failure, different each time, don't make it try again at once.
static void test_own_words_wake_nobody(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    sim_set_faults(fixture.sim, &(struct sim_faults){.throttle = 1});
    uint64_t passes = reconciler_stats(fixture.reconciler).passes;
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    for (unsigned i = 0; i < 100; i++) {
        char patch[80];
        snprintf(patch, sizeof(patch), "{'status':{'failureMessage':'request %u'}}", i);
        fleet_fixture_report(&fixture, "Cluster", "eu-1", patch);
        fleet_fixture_run(&fixture, 1);
    }
    passes = reconciler_stats(fixture.reconciler).passes - passes;
    expect_true("passes", passes < 40, "few");
    fleet_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_label_taken_away),
        cmocka_unit_test(test_status_of_a_stranger),
        cmocka_unit_test(test_successor),
        cmocka_unit_test(test_successor_at_any_time),
        cmocka_unit_test(test_no_such_provider),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_two_reconcilers),
        cmocka_unit_test(test_kubeconfig_comes_back),
        cmocka_unit_test(test_never_approved_goes),
        cmocka_unit_test(test_record_outlives_its_deletion),
        cmocka_unit_test(test_not_heard_of_is_not_gone),
        cmocka_unit_test(test_pool_without_cluster_goes),
        cmocka_unit_test(test_own_words_wake_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
