#include "embedded/fleet_doors.h"

#include "manager/ledger.h"
#include "tests/support/databases.h"

#include <stdio.h>

// "mars" is refused, a Cluster with the annotation "keep" can't be deleted, and a region holds one cluster.
static const char rules[] =
    "return policy { name = 'rules', title = 'Rules', description = 'For this test.', severity = 'high',\n"
    "  category = 'placement', match = { clusters = true },\n"
    "  validate = function(change, params, report)\n"
    "    if change.operation == 'DELETE' then\n"
    "      if object.at(change.old_object, 'metadata.annotations.keep') then\n"
    "        report.deny { at = 'metadata.annotations.keep', message = 'it is to stay' }\n"
    "      end\n"
    "      return\n"
    "    end\n"
    "    if object.at(change.object, 'spec.region') == 'mars' then\n"
    "      report.deny { at = 'spec.region', message = 'region mars is not allowed' }\n"
    "    end\n"
    "    if change.kind == 'AWSCluster' then\n"
    "      report.budget { of = 'clusters', per = 'region', max = 1 }\n"
    "    end\n"
    "  end,\n"
    "  mutate = function(change, params, patch) patch.default('metadata.labels.team', 'a') end }\n";

struct world {
    int64_t wall_ms;
    struct event_loop *loop;
    struct object_database *database;
    struct inventory *inventory;
    struct ledger *ledger;
    struct policy_set *policies;
    struct key_ring *keys;
    struct fleet_doors *doors;
    struct buffer reports;
};

static void on_put(void *cookie, const struct object_key *key, const struct node *object) {
    struct world *world = cookie;
    inventory_put(world->inventory, key, object);
}

static void on_removed(void *cookie, const struct object_key *key, const struct node *object) {
    (void)object;
    struct world *world = cookie;
    inventory_remove(world->inventory, key, "");
    if (world->doors) {
        fleet_doors_removed(world->doors, key);
    }
}

static struct policy_set *policies(void *cookie) {
    return policy_set_ref(((struct world *)cookie)->policies);
}

static struct key_ring *keys(void *cookie) {
    return key_ring_ref(((struct world *)cookie)->keys);
}

// "denied UPDATE AWSCluster/a: [rules] AWSCluster prod/a spec.region: …; "
static void on_report(void *cookie, const struct door_report *report) {
    static const char *const kinds[] = {"stored", "denied", "failed", "unreadable", "kept"};
    struct world *world = cookie;
    buffer_append_text(&world->reports, kinds[report->kind]);
    if (report->key) {
        buffer_printf(&world->reports, " %s %s/%s", operation_name(report->operation), report->key->kind,
                      report->key->name);
    }
    if (*report->text) {
        buffer_printf(&world->reports, ": ");
        if (report->kind == REPORT_UNREADABLE) {
            buffer_printf(&world->reports, "%s:%u:%u: ", report->file, report->line, report->column);
        }
        buffer_append(&world->reports, report->text, strcspn(report->text, "\n"));
    }
    buffer_append_text(&world->reports, "; ");
}

static void on_failure(void *cookie, const char *why) {
    (void)cookie;
    fail_msg("the doors failed: %s", why);
}

static void open_doors(struct world *world) {
    const struct fleet_doors_options options = {.loop = world->loop,
                                                .database = world->database,
                                                .inventory = world->inventory,
                                                .keeper = ledger_keeper(world->ledger),
                                                .policies = policies,
                                                .keys = keys,
                                                .user = "tester",
                                                .directory = "fleet",
                                                .reported = on_report,
                                                .failed = on_failure,
                                                .cookie = world};
    struct error error = {0};
    fleet_doors_free(world->doors);
    world->doors = NULL;
    if (!fleet_doors_new(&options, &world->doors, &error)) {
        fail_msg("%s", error.message);
    }
}

static void load_policies(struct world *world) {
    const struct policy_source source = {.name = "rules.lua", .text = rules, .length = strlen(rules)};
    const struct policy_set_options options = {.sources = &source, .source_count = 1, .evaluators = 1};
    struct error error = {0};
    if (!policy_set_load(&options, &world->policies, &error)) {
        fail_msg("%s", error.message);
    }
}

static void world_open(struct world *world) {
    static const char key[] = "test AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    *world = (struct world){.wall_ms = 1767225600000};
    struct error error = {0};
    buffer_init(&world->reports, 64 * 1024);
    world->loop = event_loop_new_virtual(world->wall_ms);
    world->database = database_in_memory(&world->wall_ms);
    world->inventory = inventory_new();
    inventory_complete(world->inventory, true);
    const struct ledger_options ledger = {.inventory = world->inventory, .replica = "test"};
    assert_true(ledger_new(&ledger, &world->ledger, &error));
    assert_true(key_ring_parse(key, strlen(key), "keys", &world->keys, &error));
    load_policies(world);
    const struct object_listener listener = {on_put, on_removed, world};
    object_database_listen(world->database, &listener);
    open_doors(world);
}

static void world_close(struct world *world) {
    fleet_doors_free(world->doors);
    key_ring_unref(world->keys);
    policy_set_unref(world->policies);
    ledger_free(world->ledger);
    inventory_free(world->inventory);
    object_database_close(world->database);
    event_loop_free(world->loop);
    buffer_clear(&world->reports);
}

static void wait_ms(struct world *world, int64_t wait) {
    int64_t end = event_loop_now_ms(world->loop) + wait;
    while (event_loop_now_ms(world->loop) < end &&
           event_loop_turn(world->loop, end - event_loop_now_ms(world->loop))) {
    }
}

#define CLUSTER(name, more)                                                                                  \
    "{apiVersion: cluster.x-k8s.io/v1beta2, kind: Cluster, metadata: {name: " name ", namespace: prod" more  \
    "}, spec: {infrastructureRef: {apiGroup: infrastructure.cluster.x-k8s.io, kind: AWSCluster, name: " name \
    "}}}\n---\n"
#define AWS(name, region)                                                                                    \
    "{apiVersion: infrastructure.cluster.x-k8s.io/v1beta2, kind: AWSCluster, metadata: {name: " name         \
    ", namespace: prod}, spec: {region: " region "}}\n---\n"
#define NAMESPACE "{apiVersion: v1, kind: Namespace, metadata: {name: prod}}\n---\n"
#define SECRET "{apiVersion: v1, kind: Secret, metadata: {name: cloud, namespace: prod}}\n---\n"
#define KEEP ", annotations: {keep: 'yes'}"

enum action { FOLLOW, WAIT, RESTART, UNFINALIZE, TAKE_AWAY, MEDDLE };

struct step {
    enum action action;
    const char *text;    // of FOLLOW: the file; of the others: a name
    const char *reports; // since the step before
};

enum { MOST_STEPS = 8 };

static const struct {
    const char *name;
    struct step steps[MOST_STEPS];
} cases[] = {
    {"created once, in an order that makes sense",
     {{FOLLOW, AWS("a", "eu") CLUSTER("a", "") SECRET NAMESPACE,
       "stored CREATE Namespace/prod; stored CREATE Secret/cloud; stored CREATE Cluster/a; stored CREATE "
       "AWSCluster/a; "},
      {FOLLOW, AWS("a", "eu") CLUSTER("a", "") SECRET NAMESPACE, ""},
      {WAIT, "120000", ""},
      {RESTART, "", ""},
      {FOLLOW, AWS("a", "eu") CLUSTER("a", "") SECRET NAMESPACE, ""},
      {FOLLOW, AWS("a", "us") CLUSTER("a", "") SECRET NAMESPACE, "stored UPDATE AWSCluster/a; "}}},
    {"a denial is told once, and asked again",
     {{FOLLOW, AWS("a", "mars") SECRET,
       "stored CREATE Secret/cloud; denied CREATE AWSCluster/a: [rules] AWSCluster prod/a spec.region: "
       "region "
       "mars is not allowed; "},
      {WAIT, "130000", ""},
      {FOLLOW, AWS("a", "mars") NAMESPACE SECRET, "stored CREATE Namespace/prod; "},
      {FOLLOW, AWS("a", "eu") NAMESPACE SECRET, "stored CREATE AWSCluster/a; "},
      {FOLLOW, AWS("a", "mars") NAMESPACE SECRET,
       "denied UPDATE AWSCluster/a: [rules] AWSCluster prod/a spec.region: region mars is not allowed; "},
      {FOLLOW, AWS("a", "eu") NAMESPACE SECRET, ""}}},
    {"what was refused goes on once there is room",
     {{FOLLOW, AWS("a", "eu") AWS("b", "us"), "stored CREATE AWSCluster/a; stored CREATE AWSCluster/b; "},
      {FOLLOW, AWS("a", "us") AWS("b", "de"), "stored UPDATE AWSCluster/b; stored UPDATE AWSCluster/a; "},
      {FOLLOW, AWS("a", "us") AWS("b", "de") AWS("c", "de"),
       "denied CREATE AWSCluster/c: [rules] AWSCluster prod/c spec.region: region de is full: 1 of 1 "
       "cluster; "},
      {FOLLOW, AWS("a", "us") AWS("c", "de"), "stored DELETE AWSCluster/b; stored CREATE AWSCluster/c; "}}},
    {"a refused delete stays, is told once, and goes when it may",
     {{FOLLOW, SECRET CLUSTER("a", KEEP), "stored CREATE Secret/cloud; stored CREATE Cluster/a; "},
      {FOLLOW, NAMESPACE,
       "stored CREATE Namespace/prod; denied DELETE Cluster/a: [rules] Cluster prod/a "
       "metadata.annotations.keep: it is to stay; "},
      {WAIT, "130000", ""},
      {RESTART, "", ""},
      {FOLLOW, NAMESPACE CLUSTER("a", "") SECRET, "stored UPDATE Cluster/a; "},
      {FOLLOW, NAMESPACE, "stored DELETE Cluster/a; "},
      {WAIT, "1000", "stored DELETE Secret/cloud; "}}},
    {"a cluster goes before its parts and its namespace",
     {{FOLLOW, NAMESPACE SECRET CLUSTER("a", ", finalizers: [x.io/y]") AWS("a", "eu"),
       "stored CREATE Namespace/prod; stored CREATE Secret/cloud; stored CREATE Cluster/a; stored CREATE "
       "AWSCluster/a; "},
      {FOLLOW, "{apiVersion: v1, kind: Namespace, metadata: {name: other}}",
       "stored CREATE Namespace/other; stored DELETE Cluster/a; "},
      {RESTART, "", ""},
      {FOLLOW, "{apiVersion: v1, kind: Namespace, metadata: {name: other}}", ""},
      {UNFINALIZE, "a", ""},
      {WAIT, "3000",
       "stored DELETE AWSCluster/a; stored DELETE Secret/cloud; stored DELETE Namespace/prod; "}}},
    {"what can't be read deletes nothing",
     {{FOLLOW, CLUSTER("a", "") SECRET, "stored CREATE Secret/cloud; stored CREATE Cluster/a; "},
      {FOLLOW, SECRET "a: [",
       "unreadable: fleet.yaml:3:5: expected a value; kept: 1 object is not in fleet any "
       "more; nothing is deleted while something in it can't be read; "},
      {FOLLOW, SECRET "a: [", ""},
      {FOLLOW, SECRET AWS("x", "'${REGION}'"), "unreadable: fleet.yaml:3:126: ${REGION} has no value; "},
      {FOLLOW, SECRET, "stored DELETE Cluster/a; "}}},
    {"an emptied directory deletes nothing",
     {{FOLLOW, CLUSTER("a", "") SECRET, "stored CREATE Secret/cloud; stored CREATE Cluster/a; "},
      {FOLLOW, "",
       "kept: fleet holds no object any more, so nothing is deleted: a directory that is not mounted looks "
       "the "
       "same. To delete the last 2 too, leave any other manifest in it; "},
      {WAIT, "130000", ""},
      {FOLLOW, CLUSTER("a", "") SECRET, ""}}},
    {"what others take away or change",
     {{FOLLOW, AWS("a", "eu") SECRET, "stored CREATE Secret/cloud; stored CREATE AWSCluster/a; "},
      {TAKE_AWAY, "a", "stored CREATE AWSCluster/a; "},
      {MEDDLE, "a", ""},
      {FOLLOW, AWS("a", "de") SECRET, "stored UPDATE AWSCluster/a; "}}},
    {"an object that is in the directory twice",
     {{FOLLOW, AWS("a", "eu") AWS("a", "us"),
       "unreadable CREATE AWSCluster/a: fleet.yaml:3:1: AWSCluster prod/a is in fleet.yaml:1 too, which is "
       "taken; stored CREATE AWSCluster/a; "},
      {FOLLOW, AWS("a", "eu") AWS("a", "us"), ""}}},
    {"a name that no API server takes",
     {{FOLLOW, AWS("A_b", "eu"), "failed CREATE AWSCluster/A_b: metadata.name: "}}},
};

static struct object_key key_of(const char *kind, const char *group, const char *name) {
    return (struct object_key){.group = group, .kind = kind, .namespace = "prod", .name = name};
}

static void patch(struct world *world, const struct object_key *key, const char *json) {
    CLEANUP(document_free) struct document *document = document_of(json);
    struct error error = {0};
    expect_true(json,
                object_database_patch(world->database, key, NULL, document_root(document), NULL, &error),
                error.message);
}

static void take(struct world *world, const struct step *step) {
    const struct object_key cluster = key_of("Cluster", "cluster.x-k8s.io", step->text);
    const struct object_key aws = key_of("AWSCluster", "infrastructure.cluster.x-k8s.io", step->text);
    struct error error = {0};
    struct manifest_set *set;
    switch (step->action) {
    case FOLLOW:
        set = manifest_set_new(NULL, NULL);
        assert_true(manifest_set_add_text(set, "fleet.yaml", step->text, strlen(step->text), &error));
        fleet_doors_follow(world->doors, set);
        break;
    case WAIT:
        wait_ms(world, atoi(step->text));
        break;
    case RESTART:
        open_doors(world);
        break;
    case UNFINALIZE:
        patch(world, &cluster, "{'metadata':{'finalizers':null}}");
        return;
    case TAKE_AWAY:
        assert_true(object_database_remove(world->database, &aws, NULL, NULL, &error));
        wait_ms(world, 1000);
        break;
    case MEDDLE:
        patch(world, &aws, "{'spec':{'other':true}}");
        break;
    }
    wait_ms(world, 50);
}

static void test_cases(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct world world;
        world_open(&world);
        for (size_t s = 0; s < MOST_STEPS && cases[i].steps[s].text; s++) {
            char name[128];
            snprintf(name, sizeof(name), "%s, step %zu", cases[i].name, s + 1);
            take(&world, &cases[i].steps[s]);
            if (strncmp(cases[i].steps[s].reports, "failed", 6) == 0) {
                expect_contains(name, buffer_text(&world.reports), cases[i].steps[s].reports);
            } else {
                expect_text(name, buffer_text(&world.reports), cases[i].steps[s].reports);
            }
            buffer_truncate(&world.reports, 0);
        }
        world_close(&world);
    }
}

// What is stored has its defaults and its attestation, and fields of others stay.
static void test_stored(void **state) {
    (void)state;
    struct world world;
    world_open(&world);
    const struct object_key key = key_of("AWSCluster", "infrastructure.cluster.x-k8s.io", "a");
    take(&world, &(struct step){FOLLOW, AWS("a", "eu"), ""});
    patch(&world, &key, "{'spec':{'other':true}}");
    take(&world, &(struct step){FOLLOW, AWS("a", "us, more: 1"), ""});
    take(&world, &(struct step){FOLLOW, AWS("a", "us"), ""});
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    assert_true(object_database_read(world.database, &key, &document, &error));
    CLEANUP(free) char *text = quoted_text(document_root(document));
    expect_contains("others' fields and the file's", text, "'spec':{'other':true,'region':'us'}");
    expect_contains("a default", text, "'labels':{'team':'a'}");
    expect_contains("four changes of the spec", text, "'generation':4");
    expect_contains("attested for this generation", text, "'fleetgate.dev/attestation':'v1.test.4.");
    world_close(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_stored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
