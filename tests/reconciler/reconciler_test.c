#include "tests/reconciler/fleet_fixture.h"

#include "tests/reconciler/sample_cluster.h"
#include "tests/support/expect.h"

enum { LONG_ENOUGH_S = 3600 };

static void apply_all(struct fleet_fixture *fixture) {
    sample_cluster_apply(fixture, &sample_default);
}

static void test_comes_up(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    apply_all(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:3/3");
    expect_text("phase", fleet_fixture_read(&fixture, "Cluster", "eu-1", "status.phase"), "Provisioned");
    expect_text("available", fleet_fixture_condition(&fixture, "Cluster", "eu-1", "Available", NULL), "True");
    expect_text("approved", fleet_fixture_condition(&fixture, "Cluster", "eu-1", "PolicyApproved", NULL),
                "True");
    expect_true("kubeconfig", fleet_fixture_exists(&fixture, "Secret", "eu-1-kubeconfig"), "is there");
    expect_true("record", fleet_fixture_exists(&fixture, "Secret", "eu-1-fleetgate"), "is there");
    expect_text("finalizer", fleet_fixture_read(&fixture, "Cluster", "eu-1", "metadata.finalizers[0]"),
                RECONCILER_FINALIZER);
    expect_text("ready", fleet_fixture_read(&fixture, "MachinePool", "eu-1-a", "status.readyReplicas"), "3");
    struct reconciler_stats stats = reconciler_stats(fixture.reconciler);
    expect_integer("converged", (int64_t)stats.converged, 1);
    fleet_fixture_end(&fixture);
}

static void test_upgrade_in_steps(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    apply_all(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_patch(&fixture, "AWSManagedControlPlane", "eu-1", "{\"spec\":{\"version\":\"v1.31.2\"}}");
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a",
                        "{\"spec\":{\"template\":{\"spec\":{\"version\":\"v1.31.2\"}}}}");
    fleet_fixture_run(&fixture, 2 * LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.31.2 active eu-1-a=1.31.2:3/3");
    struct reconciler_stats stats = reconciler_stats(fixture.reconciler);
    expect_integer("steps: create cluster and pool, twice control plane and pool", (int64_t)stats.steps_done,
                   6);
    fleet_fixture_end(&fixture);
}

static void test_denied_changes_nothing(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    apply_all(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", "{\"spec\":{\"replicas\":50}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:3/3");
    const char *message;
    expect_text("approved",
                fleet_fixture_condition(&fixture, "MachinePool", "eu-1-a", "PolicyApproved", &message),
                "False");
    expect_contains("which policy, which field", message, "[sizes] MachinePool prod/eu-1-a spec.replicas");
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", "{\"spec\":{\"replicas\":5}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:5/5");
    expect_text("approved",
                fleet_fixture_condition(&fixture, "MachinePool", "eu-1-a", "PolicyApproved", NULL), "True");
    fleet_fixture_end(&fixture);
}

static void test_never_approved(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    struct sample_cluster sample = sample_default;
    sample.region = "eu-north-1";
    sample_cluster_apply(&fixture, &sample);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "");
    expect_text("approved",
                fleet_fixture_condition(&fixture, "AWSManagedControlPlane", "eu-1", "PolicyApproved", NULL),
                "False");
    fleet_fixture_end(&fixture);
}

static void test_delete(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    apply_all(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("refused", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:3/3");
    expect_true("Cluster", fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is there");
    fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                        "{\"metadata\":{\"annotations\":{\"allow-delete\":\"yes\"}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("gone", fleet_fixture_cloud(&fixture, "prod-eu-1"), "");
    static const char *const names[][2] = {{"Cluster", "eu-1"},
                                           {"MachinePool", "eu-1-a"},
                                           {"AWSManagedControlPlane", "eu-1"},
                                           {"Secret", "eu-1-kubeconfig"},
                                           {"Secret", "eu-1-fleetgate"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        expect_true(names[i][0], !fleet_fixture_exists(&fixture, names[i][0], names[i][1]), "is gone");
    }
    // Not by the garbage collector alone. The store tells of the Cluster's end before it answers.
    expect_contains("record", buffer_text(&fixture.removals), "Secret eu-1-fleetgate\n");
    fleet_fixture_end(&fixture);
}

static void test_pool_removed(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    apply_all(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_delete(&fixture, "MachinePool", "eu-1-a");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active");
    expect_true("MachinePool", !fleet_fixture_exists(&fixture, "MachinePool", "eu-1-a"), "is gone");
    fleet_fixture_end(&fixture);
}

static void test_drift(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    apply_all(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    assert_true(sim_meddle(fixture.sim, "eu-west-1", "prod-eu-1", "eu-1-a", 7, NULL));
    fixture.settings.drift = DRIFT_REPORT;
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("reported", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:7/7");
    fixture.settings.drift = DRIFT_REPAIR;
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("put right", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:3/3");
    expect_integer("repairs", (int64_t)reconciler_stats(fixture.reconciler).repairs, 1);
    fleet_fixture_end(&fixture);
}

static void test_restarts(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    apply_all(&fixture);
    for (unsigned i = 0; i < 600; i++) {
        fleet_fixture_run(&fixture, 3);
        fleet_fixture_restart(&fixture);
    }
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.29.4 active eu-1-a=1.29.4:3/3");
    expect_text("phase", fleet_fixture_read(&fixture, "Cluster", "eu-1", "status.phase"), "Provisioned");
    fleet_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_up),
        cmocka_unit_test(test_upgrade_in_steps),
        cmocka_unit_test(test_denied_changes_nothing),
        cmocka_unit_test(test_never_approved),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_pool_removed),
        cmocka_unit_test(test_drift),
        cmocka_unit_test(test_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
