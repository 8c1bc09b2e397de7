// What admission has attested, and what it has not, at the reconciler's door.
#include "tests/reconciler/sample_cluster.h"

#include "attest/attestation.h"
#include "base/memory.h"
#include "tests/support/documents.h"

#include <stdio.h>

enum { LONG_ENOUGH_S = 3600 };

static const char annotation_path[] = "metadata.annotations[\"fleetgate.dev/attestation\"]";
static const char cloud_id[] = "prod-eu-1";

static void begin(struct fleet_fixture *fixture, const char *const *policies, bool admitted) {
    fleet_fixture_begin(fixture, policies);
    fixture->attests = true;
    fleet_fixture_restart(fixture);
    struct sample_cluster sample = sample_default;
    sample.admitted = admitted;
    sample_cluster_apply(fixture, &sample);
}

// A control plane at v1.30.1 with the pool behind: as far as only the pool is missing.
static void begin_upgrade(struct fleet_fixture *fixture) {
    begin(fixture, sample_policies, true);
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
    fleet_fixture_admit_patch(fixture, "AWSManagedControlPlane", "eu-1", "{'spec':{'version':'v1.30.1'}}");
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
    expect_text("begun", fleet_fixture_cloud(fixture, cloud_id), "1.30.1 active eu-1-a=1.29.4:3/3");
}

static void expect_refused(const char *name, struct fleet_fixture *fixture, const char *kind,
                           const char *object, const char *words) {
    const char *message = NULL;
    expect_text(name, fleet_fixture_condition(fixture, kind, object, "PolicyApproved", &message), "False");
    expect_contains(name, message ? message : "", words);
}

static void expect_approved(const char *name, struct fleet_fixture *fixture, const char *kind,
                            const char *object) {
    expect_text(name, fleet_fixture_condition(fixture, kind, object, "PolicyApproved", NULL), "True");
}

static void test_attested_comes_up(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, sample_policies, true);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, cloud_id), "1.29.4 active eu-1-a=1.29.4:3/3");
    expect_approved("Cluster", &fixture, "Cluster", "eu-1");
    expect_integer("holds", (int64_t)reconciler_stats(fixture.reconciler).holds, 0);
    fleet_fixture_end(&fixture);
}

static void admit_again(struct fleet_fixture *fixture) {
    static const char *const objects[][2] = {{"Cluster", "eu-1"},
                                             {"AWSManagedCluster", "eu-1"},
                                             {"AWSManagedControlPlane", "eu-1"},
                                             {"MachinePool", "eu-1-a"},
                                             {"AWSManagedMachinePool", "eu-1-a"}};
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        fleet_fixture_admit_patch(fixture, objects[i][0], objects[i][1], "{}");
    }
}

// It got in while the gate was down.
static void test_missing_is_held(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, sample_policies, false);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, cloud_id), "");
    expect_refused("held", &fixture, "Cluster", "eu-1",
                   "[attestation] Cluster prod/eu-1 metadata.annotations[\"fleetgate.dev/attestation\"]: the "
                   "attestation is missing");
    expect_true("Event", fleet_fixture_told(&fixture, "!ApprovalHeld Cluster eu-1: [attestation]"),
                "it is told");
    expect_true("finalizer", !*fleet_fixture_read(&fixture, "Cluster", "eu-1", "metadata.finalizers[0]"),
                "nothing is written that the deletion would wait for");
    admit_again(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("applied again", fleet_fixture_cloud(&fixture, cloud_id), "1.29.4 active eu-1-a=1.29.4:3/3");
    expect_approved("applied again", &fixture, "Cluster", "eu-1");
    fleet_fixture_end(&fixture);
}

static void test_go_on(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, sample_policies, false);
    fixture.settings.attestation = UNATTESTED_GO_ON;
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, cloud_id), "1.29.4 active eu-1-a=1.29.4:3/3");
    fleet_fixture_end(&fixture);
}

// ---- annotations that prove nothing ----

static void patch_pool(struct fleet_fixture *fixture, const char *annotation) {
    char patch[500];
    snprintf(patch, sizeof(patch),
             "{'metadata':{'annotations':{'%s':%s%s%s}},'spec':{'template':{'spec':{'version':'v1.30.1'}}}}",
             ATTESTATION_ANNOTATION, annotation ? "'" : "", annotation ? annotation : "null",
             annotation ? "'" : "");
    fleet_fixture_patch(fixture, "MachinePool", "eu-1-a", patch);
}

static void strip(struct fleet_fixture *fixture) {
    patch_pool(fixture, NULL);
}

static void leave(struct fleet_fixture *fixture) {
    fleet_fixture_patch(fixture, "MachinePool", "eu-1-a",
                        "{'spec':{'template':{'spec':{'version':'v1.30.1'}}}}");
}

static void garble(struct fleet_fixture *fixture) {
    patch_pool(fixture, "v1.k1.5");
}

static struct key_ring *new_ring(const char *id) {
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, 200);
    struct error error;
    struct key_ring *ring = NULL;
    assert_true(key_ring_new_line(id, &line, &error));
    assert_true(key_ring_parse(line.data, line.length, "keys", &ring, &error));
    return ring;
}

// As /mutate would, if it had this key.
static void attest_with(struct fleet_fixture *fixture, const char *id) {
    struct key_ring *own = fixture->keys;
    fixture->keys = new_ring(id);
    fleet_fixture_admit_patch(fixture, "MachinePool", "eu-1-a",
                              "{'spec':{'template':{'spec':{'version':'v1.30.1'}}}}");
    key_ring_unref(fixture->keys);
    fixture->keys = own;
}

static void forge(struct fleet_fixture *fixture) {
    attest_with(fixture, "k1");
}

static void use_unknown_key(struct fleet_fixture *fixture) {
    attest_with(fixture, "k9");
}

// The annotation of another pool to which the same was done.
static void copy(struct fleet_fixture *fixture) {
    struct sample_cluster sample = sample_default;
    sample.name = "eu-2";
    sample.admitted = true;
    sample_cluster_apply(fixture, &sample);
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
    fleet_fixture_admit_patch(fixture, "MachinePool", "eu-2-a",
                              "{'spec':{'template':{'spec':{'version':'v1.30.1'}}}}");
    char *text = memory_strdup(fleet_fixture_read(fixture, "MachinePool", "eu-2-a", annotation_path));
    expect_true("the other's", *text, "is attested");
    patch_pool(fixture, text);
    free(text);
}

static void test_proves_nothing(void **state) {
    (void)state;
    static const char other[] = "was made for another object, another spec or another generation";
    static const struct {
        const char *name;
        void (*change)(struct fleet_fixture *fixture);
        const char *message;
    } cases[] = {{"stripped", strip, "the attestation is missing"},
                 {"left from before", leave, other},
                 {"garbled", garble, "the attestation is no attestation"},
                 {"forged", forge, other},
                 {"by an unknown key", use_unknown_key, "was made with a key that is not in force"},
                 {"copied", copy, other}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fleet_fixture fixture;
        begin_upgrade(&fixture);
        cases[i].change(&fixture);
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, cloud_id),
                    "1.30.1 active eu-1-a=1.29.4:3/3");
        expect_refused(cases[i].name, &fixture, "MachinePool", "eu-1-a", cases[i].message);
        fleet_fixture_restart(&fixture);
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, cloud_id),
                    "1.30.1 active eu-1-a=1.29.4:3/3");
        fleet_fixture_admit_patch(&fixture, "MachinePool", "eu-1-a", "{}");
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, cloud_id),
                    "1.30.1 active eu-1-a=1.30.1:3/3");
        expect_approved(cases[i].name, &fixture, "MachinePool", "eu-1-a");
        fleet_fixture_end(&fixture);
    }
}

// The old spec with its own, genuine annotation, after a newer one was approved.
static void test_replayed(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_upgrade(&fixture);
    char *old = memory_strdup(fleet_fixture_read(&fixture, "MachinePool", "eu-1-a", annotation_path));
    fleet_fixture_admit_patch(&fixture, "MachinePool", "eu-1-a",
                              "{'spec':{'template':{'spec':{'version':'v1.30.1'}}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_approved("newer", &fixture, "MachinePool", "eu-1-a");
    char patch[500];
    snprintf(patch, sizeof(patch),
             "{'metadata':{'annotations':{'%s':'%s'}},'spec':{'template':{'spec':{'version':'v1.29.4'}}}}",
             ATTESTATION_ANNOTATION, old);
    free(old);
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", patch);
    for (unsigned i = 0; i < 2; i++) {
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_refused("put back", &fixture, "MachinePool", "eu-1-a", "is older than what was approved");
        fleet_fixture_restart(&fixture); // what was attested last outlives the process
    }
    fleet_fixture_end(&fixture);
}

// ---- what needs none ----

// Deleted and made again before anybody looked: its generations begin anew.
static void test_made_again(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_upgrade(&fixture);
    fleet_fixture_delete(&fixture, "AWSManagedControlPlane", "eu-1");
    fleet_fixture_admit(
        &fixture, "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta2','kind':'AWSManagedControlPlane',"
                  "'metadata':{'name':'eu-1','namespace':'prod'},"
                  "'spec':{'region':'eu-west-1','version':'v1.31.2','eksClusterName':'eu-1'}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_approved("again", &fixture, "AWSManagedControlPlane", "eu-1");
    expect_text("carried out", fleet_fixture_cloud(&fixture, cloud_id), "1.31.2 active eu-1-a=1.29.4:3/3");
    fleet_fixture_end(&fixture);
}

static void test_scaled(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, sample_policies, true);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", "{'spec':{'replicas':5}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("carried out", fleet_fixture_cloud(&fixture, cloud_id), "1.29.4 active eu-1-a=1.29.4:5/5");
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", "{'spec':{'replicas':50}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("judged", fleet_fixture_cloud(&fixture, cloud_id), "1.29.4 active eu-1-a=1.29.4:5/5");
    expect_refused("judged", &fixture, "MachinePool", "eu-1-a", "[sizes]");
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", "{'spec':{'replicas':4}}");
    fleet_fixture_admit_patch(&fixture, "AWSManagedControlPlane", "eu-1", "{'spec':{'version':'v1.30.1'}}");
    fleet_fixture_admit_patch(&fixture, "MachinePool", "eu-1-a",
                              "{'spec':{'template':{'spec':{'version':'v1.30.1'}}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("and then changed", fleet_fixture_cloud(&fixture, cloud_id),
                "1.30.1 active eu-1-a=1.30.1:4/4");
    fleet_fixture_end(&fixture);
}

static void test_metadata_only(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, sample_policies, true);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    uint64_t approvals = reconciler_stats(fixture.reconciler).approvals;
    fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                        "{'metadata':{'labels':{'team':'a'},'annotations':{'note':'1'}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_approved("Cluster", &fixture, "Cluster", "eu-1");
    struct reconciler_stats stats = reconciler_stats(fixture.reconciler);
    expect_integer("holds", (int64_t)stats.holds, 0);
    expect_integer("converged", (int64_t)stats.converged, 1);
    expect_integer("nothing new to say", (int64_t)(stats.approvals - approvals), 0);
    fleet_fixture_end(&fixture);
}

// ---- who did it ----

static const char user_policy[] =
    "return policy {\n"
    "  name = 'admins', title = 'Admins', severity = 'high', category = 'safety',\n"
    "  match = { objects = { { group = 'cluster.x-k8s.io', kind = 'Cluster' } } },\n"
    "  validate = function(change, params, report)\n"
    "    if change.user.name ~= 'admin' then\n"
    "      report.deny { at = 'metadata.name', message = 'only admin may' }\n"
    "    end\n"
    "  end,\n"
    "}\n";
static const char *const user_policies[] = {user_policy, NULL};

// Admission has seen the user.
static void test_user_is_trusted(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, user_policies, true);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("attested", fleet_fixture_cloud(&fixture, cloud_id), "1.29.4 active eu-1-a=1.29.4:3/3");
    fleet_fixture_end(&fixture);
}

static void test_user_is_not_known(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, user_policies); // nobody attests
    sample_cluster_apply(&fixture, &sample_default);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, cloud_id), "");
    expect_refused("denied", &fixture, "Cluster", "eu-1",
                   "[admins] Cluster prod/eu-1 metadata.name: only admin may");
    fleet_fixture_end(&fixture);
}

// Whoever deletes is not attested: a deletion that depends on who asks for it is refused.
static void test_user_of_deletion(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, user_policies, true);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, cloud_id), "1.29.4 active eu-1-a=1.29.4:3/3");
    expect_refused("denied", &fixture, "Cluster", "eu-1", "[admins]");
    fleet_fixture_end(&fixture);
}

// ---- which is said ----

static void test_denial_comes_first(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin_upgrade(&fixture);
    fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a",
                        "{'spec':{'replicas':50,'template':{'spec':{'version':'v1.30.1'}}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_refused("both", &fixture, "MachinePool", "eu-1-a",
                   "[sizes] MachinePool prod/eu-1-a spec.replicas");
    fleet_fixture_admit_patch(&fixture, "MachinePool", "eu-1-a", "{}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_refused("attested, and denied all the same", &fixture, "MachinePool", "eu-1-a", "[sizes]");
    expect_text("cloud", fleet_fixture_cloud(&fixture, cloud_id), "1.30.1 active eu-1-a=1.29.4:3/3");
    fleet_fixture_end(&fixture);
}

// What was refused and is not there any more is not told for ever.
static void test_refused_and_gone(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, sample_policies, true);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    fleet_fixture_apply(&fixture,
                        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachinePool','metadata':{'name':"
                        "'eu-1-b','namespace':'prod'},'spec':{'clusterName':'eu-1','replicas':50}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_integer("refused", (int64_t)reconciler_stats(fixture.reconciler).refused, 1);
    fleet_fixture_delete(&fixture, "MachinePool", "eu-1-b");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_integer("gone", (int64_t)reconciler_stats(fixture.reconciler).refused, 0);
    fleet_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attested_comes_up),
        cmocka_unit_test(test_missing_is_held),
        cmocka_unit_test(test_go_on),
        cmocka_unit_test(test_proves_nothing),
        cmocka_unit_test(test_replayed),
        cmocka_unit_test(test_made_again),
        cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_metadata_only),
        cmocka_unit_test(test_user_is_trusted),
        cmocka_unit_test(test_user_is_not_known),
        cmocka_unit_test(test_user_of_deletion),
        cmocka_unit_test(test_denial_comes_first),
        cmocka_unit_test(test_refused_and_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
