// What becomes of a cluster whose record somebody has touched.
#include "tests/reconciler/sample_cluster.h"

#include "base/base64.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "tests/support/expect.h"

#include <stdio.h>

enum { LONG_ENOUGH_S = 3600, MOST_SECRET_BYTES = 2 << 20 };

static const char as_built[] = "1.29.4 active eu-1-a=1.29.4:3/3";

static void begin(struct fleet_fixture *fixture) {
    fleet_fixture_begin(fixture, sample_policies);
    sample_cluster_apply(fixture, &sample_default);
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
    expect_text("built", fleet_fixture_cloud(fixture, "prod-eu-1"), as_built);
}

static void write_data(struct fleet_fixture *fixture, const char *secret, const char *name,
                       const char *base64) {
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, MOST_SECRET_BYTES);
    buffer_printf(&patch, "{'data':{'%s':'%s'}}", name, base64);
    fleet_fixture_patch(fixture, "Secret", secret, buffer_text(&patch));
}

// One bit less or more: a pool of 3 becomes one of 2.
static void flip(struct fleet_fixture *fixture) {
    const char *text = fleet_fixture_read(fixture, "Secret", "eu-1-fleetgate", "data.record");
    CLEANUP(buffer_clear) struct buffer record, base64;
    buffer_init(&record, MOST_SECRET_BYTES);
    buffer_init(&base64, MOST_SECRET_BYTES);
    assert_true(base64_decode(text, &record));
    char *replicas = strstr(record.data, "\"replicas\":3");
    assert_non_null(replicas);
    replicas[strlen("\"replicas\":")] ^= 1;
    base64_append(&base64, record.data, record.length);
    write_data(fixture, "eu-1-fleetgate", "record", buffer_text(&base64));
}

static void cut(struct fleet_fixture *fixture) {
    fleet_fixture_patch(fixture, "Secret", "eu-1-fleetgate", "{'data':{'signature':null}}");
}

static void empty(struct fleet_fixture *fixture) {
    fleet_fixture_patch(fixture, "Secret", "eu-1-fleetgate", "{'data':null}");
}

// The genuine record of another cluster.
static void copy(struct fleet_fixture *fixture) {
    static const char *const names[] = {"record", "signature"};
    struct sample_cluster sample = sample_default;
    sample.name = "eu-2";
    sample_cluster_apply(fixture, &sample);
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
    for (size_t i = 0; i < 2; i++) {
        char path[40];
        snprintf(path, sizeof(path), "data.%s", names[i]);
        char *text = memory_strdup(fleet_fixture_read(fixture, "Secret", "eu-2-fleetgate", path));
        write_data(fixture, "eu-1-fleetgate", names[i], text);
        free(text);
    }
}

static void take_key_away(struct fleet_fixture *fixture) {
    struct error error;
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, 200);
    assert_true(key_ring_new_line("k2", &line, &error));
    key_ring_unref(fixture->keys);
    assert_true(key_ring_parse(line.data, line.length, "keys", &fixture->keys, &error));
}

static void test_left_alone(void **state) {
    (void)state;
    static const struct {
        const char *name;
        void (*tamper)(struct fleet_fixture *fixture);
        const char *message;
    } cases[] = {
        {"a flipped bit", flip, "was not signed by a key that is believed"},
        {"no signature", cut, "was not signed by a key that is believed"},
        {"an empty Secret", empty, "the record can't be read"},
        {"another cluster's record", copy, "the record is of another Cluster"},
        {"a key that is not believed any more", take_key_away, "was not signed by a key that is believed"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fleet_fixture fixture;
        begin(&fixture);
        cases[i].tamper(&fixture);
        fleet_fixture_forget_events(&fixture);
        fleet_fixture_restart(&fixture);
        fleet_fixture_patch(&fixture, "MachinePool", "eu-1-a", "{'spec':{'replicas':5}}");
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, "prod-eu-1"), as_built);
        expect_true(cases[i].name, fleet_fixture_told(&fixture, "!ReconcileProblem Cluster eu-1: "),
                    "it says so");
        expect_true(cases[i].name, fleet_fixture_told(&fixture, cases[i].message), "it says why");
        const char *message = NULL;
        expect_text(cases[i].name,
                    fleet_fixture_condition(&fixture, "Cluster", "eu-1", "Reconciled", &message), "False");
        expect_contains(cases[i].name, message ? message : "", cases[i].message);
        fleet_fixture_delete(&fixture, "Secret", "eu-1-fleetgate");
        fleet_fixture_patch(&fixture, "Secret", "eu-1-fleetgate", "{'metadata':{'finalizers':null}}");
        fleet_fixture_run(&fixture, LONG_ENOUGH_S);
        expect_text(cases[i].name, fleet_fixture_cloud(&fixture, "prod-eu-1"),
                    "1.29.4 active eu-1-a=1.29.4:5/5");
        expect_text(cases[i].name, fleet_fixture_condition(&fixture, "Cluster", "eu-1", "Reconciled", NULL),
                    "True");
        fleet_fixture_end(&fixture);
    }
}

// Deletion is no way around: what was approved is not known, so nothing is deleted.
static void test_deletion_waits(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    flip(&fixture);
    fleet_fixture_restart(&fixture);
    fleet_fixture_delete(&fixture, "Cluster", "eu-1");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), as_built);
    expect_true("Cluster", fleet_fixture_exists(&fixture, "Cluster", "eu-1"), "is there");
    fleet_fixture_end(&fixture);
}

static void test_other_clusters_go_on(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    struct sample_cluster sample = sample_default;
    sample.name = "eu-2";
    sample_cluster_apply(&fixture, &sample);
    flip(&fixture);
    fleet_fixture_restart(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-2"), "1.29.4 active eu-2-a=1.29.4:3/3");
    fleet_fixture_end(&fixture);
}

// A record by an old key is signed by the first one when it is read.
static void test_signed_again(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture);
    struct error error;
    CLEANUP(buffer_clear) struct buffer lines, old;
    buffer_init(&lines, 400);
    buffer_init(&old, MOST_SECRET_BYTES);
    buffer_append_text(&old, fleet_fixture_read(&fixture, "Secret", "eu-1-fleetgate", "data.record"));
    assert_true(key_ring_new_line("k2", &lines, &error));
    buffer_append_text(&lines, fixture.key_line);
    key_ring_unref(fixture.keys);
    assert_true(key_ring_parse(lines.data, lines.length, "keys", &fixture.keys, &error));
    fleet_fixture_restart(&fixture);
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    CLEANUP(buffer_clear) struct buffer signature;
    buffer_init(&signature, 400);
    assert_true(base64_decode(fleet_fixture_read(&fixture, "Secret", "eu-1-fleetgate", "data.signature"),
                              &signature));
    expect_true("signature", strncmp(buffer_text(&signature), "k2 ", 3) == 0, "is by the first key");
    expect_text("record", fleet_fixture_read(&fixture, "Secret", "eu-1-fleetgate", "data.record"),
                buffer_text(&old));
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), as_built);
    fleet_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_deletion_waits),
        cmocka_unit_test(test_other_clusters_go_on),
        cmocka_unit_test(test_signed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
