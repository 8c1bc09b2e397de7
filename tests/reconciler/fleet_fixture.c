#include "tests/reconciler/fleet_fixture.h"

#include "attest/attestation.h"
#include "base/buffer.h"
#include "base/field_path.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/merge_patch.h"

#include "tests/support/documents.h"

#include <stdio.h>

enum { MOST_EVENT_BYTES = 4 << 20 };

static void put(void *cookie, const struct object_key *key, const struct node *object) {
    struct fleet_fixture *fixture = cookie;
    inventory_put(fixture->inventory, key, object);
    if (fixture->reconciler) {
        reconciler_put(fixture->reconciler, object);
    }
    if (fixture->twin) {
        reconciler_put(fixture->twin, object);
    }
}

static void removed(void *cookie, const struct object_key *key, const struct node *object) {
    (void)object;
    struct fleet_fixture *fixture = cookie;
    inventory_remove(fixture->inventory, key, "");
    if (fixture->reconciler) {
        reconciler_removed(fixture->reconciler, key);
    }
    if (fixture->twin) {
        reconciler_removed(fixture->twin, key);
    }
}

static void open_fleet(void *cookie, struct fleet_knowledge *ret_knowledge) {
    struct fleet_fixture *fixture = cookie;
    *ret_knowledge = (struct fleet_knowledge){.source = *inventory_source(fixture->inventory)};
}

static struct policy_set *get_policies(void *cookie) {
    struct fleet_fixture *fixture = cookie;
    return policy_set_ref(fixture->policies);
}

static struct key_ring *get_keys(void *cookie) {
    struct fleet_fixture *fixture = cookie;
    return key_ring_ref(fixture->keys);
}

static const struct reconcile_settings *get_settings(void *cookie) {
    struct fleet_fixture *fixture = cookie;
    return &fixture->settings;
}

static void decided(void *cookie, const struct review *review, const struct decision *decision) {
    (void)review, (void)decision;
    struct fleet_fixture *fixture = cookie;
    fixture->decisions++;
}

static void event(void *cookie, const struct object_key *key, bool warning, const char *reason,
                  const char *message) {
    struct fleet_fixture *fixture = cookie;
    fixture->events++;
    snprintf(fixture->last_event, sizeof(fixture->last_event), "%s %s/%s: %s%s: %s", key->kind,
             key->namespace, key->name, warning ? "! " : "", reason, message);
    buffer_printf(&fixture->event_log, "%s%s %s %s: %s\n", warning ? "!" : "", reason, key->kind, key->name,
                  message);
    if (getenv("FLEET_TRACE")) {
        fprintf(stderr, "%8lld %s\n", (long long)event_loop_now_ms(fixture->loop), fixture->last_event);
    }
}

static bool put_all(void *cookie, const struct object_key *key, const struct node *object) {
    (void)key;
    reconciler_put(cookie, object);
    return true;
}

// ---- on the way to the store ----

static struct fleet_fixture *listening;

static void note_remove(void *cookie, const struct object_key *key, const char *uid, store_done *done,
                        void *done_cookie) {
    buffer_printf(&listening->removals, "%s %s\n", key->kind, key->name);
    database_store_get(listening->store).methods->remove(cookie, key, uid, done, done_cookie);
}

struct refused_read {
    store_done *done;
    void *cookie;
};

static void refuse_read(void *cookie) {
    struct refused_read *refused = cookie;
    struct store_answer answer = {0};
    error_set(&answer.error, ERROR_LIMIT, "too many requests");
    refused->done(refused->cookie, &answer);
    free(refused);
}

static void read_or_refuse(void *cookie, const struct object_key *key, store_done *done, void *done_cookie) {
    if (!listening->throttled || strcmp(listening->throttled, key->name) != 0) {
        database_store_get(listening->store).methods->read(cookie, key, done, done_cookie);
        return;
    }
    struct refused_read *refused = memory_alloc(sizeof(*refused));
    *refused = (struct refused_read){done, done_cookie};
    event_loop_after(listening->loop, 1, refuse_read, refused);
}

static struct object_store listened_store(struct fleet_fixture *fixture) {
    static struct object_store_methods methods;
    struct object_store store = database_store_get(fixture->store);
    methods = *store.methods;
    methods.remove = note_remove;
    methods.read = read_or_refuse;
    listening = fixture;
    return (struct object_store){&methods, store.cookie};
}

static struct reconciler *start(struct fleet_fixture *fixture, uint64_t seed) {
    static struct named_provider kept[2];
    kept[0] = (struct named_provider){"sim", sim_provider(fixture->sim)};
    kept[1] = (struct named_provider){"far", sim_provider(fixture->far)};
    const struct reconciler_options options = {
        .loop = fixture->loop,
        .store = listened_store(fixture),
        .providers = kept,
        .provider_count = 2,
        .default_provider = fixture->default_provider,
        .fleet = {open_fleet, fixture},
        .policies = get_policies,
        .keys = get_keys,
        .attests = fixture->attests,
        .settings = get_settings,
        .decided = decided,
        .cookie = fixture,
        .random_seed = seed,
    };
    struct reconciler *reconciler = reconciler_new(&options);
    struct error error;
    assert_true(object_database_each(fixture->database, put_all, reconciler, &error));
    reconciler_synced(reconciler);
    return reconciler;
}

static int64_t wall(void *cookie) {
    struct fleet_fixture *fixture = cookie;
    return event_loop_wall_ms(fixture->loop);
}

static void load_policies(struct fleet_fixture *fixture, const char *const *policies) {
    struct policy_source sources[8];
    char names[8][32];
    size_t count = 0;
    for (; policies[count]; count++) {
        snprintf(names[count], sizeof(names[count]), "policies/test-%zu.lua", count);
        sources[count] = (struct policy_source){
            .name = names[count], .text = policies[count], .length = strlen(policies[count])};
    }
    const struct policy_set_options options = {.sources = sources, .source_count = count, .evaluators = 1};
    struct error error;
    if (!policy_set_load(&options, &fixture->policies, &error)) {
        fail_msg("%s", error.message);
    }
}

void fleet_fixture_begin(struct fleet_fixture *fixture, const char *const *policies) {
    *fixture = (struct fleet_fixture){.default_provider = "sim"};
    buffer_init(&fixture->event_log, MOST_EVENT_BYTES);
    buffer_init(&fixture->removals, MOST_EVENT_BYTES);
    struct error error;
    fixture->loop = event_loop_new_virtual(1790000000000);
    fixture->inventory = inventory_new();
    load_policies(fixture, policies);
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, 200);
    assert_true(key_ring_new_line("k1", &line, &error));
    snprintf(fixture->key_line, sizeof(fixture->key_line), "%s", buffer_text(&line));
    assert_true(key_ring_parse(line.data, line.length, "keys", &fixture->keys, &error));
    assert_true(reconcile_settings_read(NULL, NULL, &fixture->settings, &error));
    const struct object_database_options database = {.wall_ms = wall, .cookie = fixture, .uid_seed = 5};
    if (!object_database_open(&database, &fixture->database, &error)) {
        fail_msg("%s", error.message);
    }
    object_database_listen(fixture->database, &(struct object_listener){put, removed, fixture});
    fixture->store = database_store_new(fixture->loop, fixture->database, event, fixture);
    const struct sim_options sim = {.loop = fixture->loop, .seed = 3};
    if (!sim_open(&sim, &fixture->sim, &error) || !sim_open(&sim, &fixture->far, &error)) {
        fail_msg("%s", error.message);
    }
    fixture->reconciler = start(fixture, 7);
}

void fleet_fixture_end(struct fleet_fixture *fixture) {
    reconciler_free(fixture->reconciler);
    reconciler_free(fixture->twin);
    fixture->reconciler = fixture->twin = NULL;
    sim_free(fixture->sim);
    sim_free(fixture->far);
    database_store_free(fixture->store);
    object_database_close(fixture->database);
    policy_set_unref(fixture->policies);
    key_ring_unref(fixture->keys);
    inventory_free(fixture->inventory);
    event_loop_free(fixture->loop);
    buffer_clear(&fixture->event_log);
    buffer_clear(&fixture->removals);
}

void fleet_fixture_restart(struct fleet_fixture *fixture) {
    reconciler_free(fixture->reconciler);
    fixture->reconciler = NULL;
    fixture->reconciler = start(fixture, 7);
}

void fleet_fixture_begin_twin(struct fleet_fixture *fixture) {
    fixture->twin = start(fixture, 8);
}

void fleet_fixture_end_twin(struct fleet_fixture *fixture) {
    reconciler_free(fixture->twin);
    fixture->twin = NULL;
}

static const struct {
    const char *kind, *group;
} groups[] = {{"Cluster", "cluster.x-k8s.io"},
              {"MachineDeployment", "cluster.x-k8s.io"},
              {"MachinePool", "cluster.x-k8s.io"},
              {"ClusterClass", "cluster.x-k8s.io"},
              {"KubeadmControlPlane", "controlplane.cluster.x-k8s.io"},
              {"KubeadmControlPlaneTemplate", "controlplane.cluster.x-k8s.io"},
              {"AWSManagedControlPlane", "controlplane.cluster.x-k8s.io"},
              {"AWSManagedCluster", "infrastructure.cluster.x-k8s.io"},
              {"AWSManagedMachinePool", "infrastructure.cluster.x-k8s.io"},
              {"AWSCluster", "infrastructure.cluster.x-k8s.io"},
              {"AWSClusterTemplate", "infrastructure.cluster.x-k8s.io"},
              {"AWSMachineTemplate", "infrastructure.cluster.x-k8s.io"},
              {"Secret", ""}};

static struct object_key key_of(const char *kind, const char *name) {
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (strcmp(groups[i].kind, kind) == 0) {
            return (struct object_key){groups[i].group, kind, "prod", name};
        }
    }
    fail_msg("%s: not a kind of this fixture", kind);
    return (struct object_key){0};
}

void fleet_fixture_apply(struct fleet_fixture *fixture, const char *object) {
    CLEANUP(document_free) struct document *document = document_of(object);
    const struct node *root = document_root(document);
    struct object_key key = key_of(node_string(node_get(root, "kind")),
                                   node_string(node_get(node_get(root, "metadata"), "name")));
    struct error error;
    if (!object_database_create(fixture->database, &key, root, NULL, &error)) {
        fail_msg("%s", error.message);
    }
}

void fleet_fixture_patch(struct fleet_fixture *fixture, const char *kind, const char *name,
                         const char *patch) {
    CLEANUP(document_free) struct document *document = document_of(patch);
    struct object_key key = key_of(kind, name);
    struct error error;
    if (!object_database_patch(fixture->database, &key, NULL, document_root(document), NULL, &error)) {
        fail_msg("%s", error.message);
    }
}

void fleet_fixture_report(struct fleet_fixture *fixture, const char *kind, const char *name,
                          const char *patch) {
    CLEANUP(document_free) struct document *document = document_of(patch);
    struct object_key key = key_of(kind, name);
    struct error error;
    if (!object_database_patch(fixture->database, &key, "status", document_root(document), NULL, &error)) {
        fail_msg("%s", error.message);
    }
}

// ---- through admission ----

static struct document *read_stored(struct fleet_fixture *fixture, const struct object_key *key) {
    struct document *stored = NULL;
    struct error error;
    (void)!object_database_read(fixture->database, key, &stored, &error);
    return stored;
}

// The annotation that an object that is to be stored like this is given, as a merge patch.
static struct document *attested(struct fleet_fixture *fixture, const struct object_key *key,
                                 const struct node *object, const struct document *stored) {
    const struct node *old = stored ? document_root(stored) : NULL;
    struct attested_object identity = {.group = key->group,
                                       .kind = key->kind,
                                       .namespace = key->namespace,
                                       .name = key->name,
                                       .generation = attestation_next_generation(object, old),
                                       .object = object};
    char text[ATTESTATION_BYTES], patch[ATTESTATION_BYTES + 100];
    attestation_make(fixture->keys, &identity, text);
    snprintf(patch, sizeof(patch), "{\"metadata\":{\"annotations\":{\"%s\":\"%s\"}}}", ATTESTATION_ANNOTATION,
             text);
    return document_of(patch);
}

static struct document *merged(const struct node *target, const struct node *patch) {
    struct document *document = NULL;
    struct error error;
    if (!merge_patch_apply(target, patch, &document, &error)) {
        fail_msg("%s", error.message);
    }
    return document;
}

void fleet_fixture_admit(struct fleet_fixture *fixture, const char *object) {
    CLEANUP(document_free) struct document *document = document_of(object);
    const struct node *root = document_root(document);
    struct object_key key = key_of(node_string(node_get(root, "kind")),
                                   node_string(node_get(node_get(root, "metadata"), "name")));
    CLEANUP(document_free) struct document *annotation = attested(fixture, &key, root, NULL);
    CLEANUP(document_free) struct document *whole = merged(root, document_root(annotation));
    struct error error;
    if (!object_database_create(fixture->database, &key, document_root(whole), NULL, &error)) {
        fail_msg("%s", error.message);
    }
}

void fleet_fixture_admit_patch(struct fleet_fixture *fixture, const char *kind, const char *name,
                               const char *patch) {
    struct object_key key = key_of(kind, name);
    CLEANUP(document_free) struct document *change = document_of(patch);
    CLEANUP(document_free) struct document *stored = read_stored(fixture, &key);
    assert_non_null(stored);
    CLEANUP(document_free) struct document *next = merged(document_root(stored), document_root(change));
    CLEANUP(document_free)
    struct document *annotation = attested(fixture, &key, document_root(next), stored);
    CLEANUP(document_free) struct document *whole = merged(document_root(change), document_root(annotation));
    struct error error;
    if (!object_database_patch(fixture->database, &key, NULL, document_root(whole), NULL, &error)) {
        fail_msg("%s", error.message);
    }
}

bool fleet_fixture_told(const struct fleet_fixture *fixture, const char *words) {
    return strstr(buffer_text(&fixture->event_log), words) != NULL;
}

void fleet_fixture_forget_events(struct fleet_fixture *fixture) {
    buffer_truncate(&fixture->event_log, 0);
}

void fleet_fixture_delete(struct fleet_fixture *fixture, const char *kind, const char *name) {
    struct object_key key = key_of(kind, name);
    struct error error;
    if (!object_database_remove(fixture->database, &key, NULL, NULL, &error)) {
        fail_msg("%s", error.message);
    }
}

void fleet_fixture_run(struct fleet_fixture *fixture, int64_t seconds) {
    int64_t end_ms = event_loop_now_ms(fixture->loop) + seconds * 1000;
    while (event_loop_now_ms(fixture->loop) < end_ms &&
           event_loop_turn(fixture->loop, end_ms - event_loop_now_ms(fixture->loop))) {
        if (fixture->each_turn) {
            fixture->each_turn(fixture);
        }
    }
}

static struct document *kept_document;

static const struct node *read_object(struct fleet_fixture *fixture, const char *kind, const char *name) {
    document_free(kept_document);
    kept_document = NULL;
    struct object_key key = key_of(kind, name);
    struct error error;
    if (!object_database_read(fixture->database, &key, &kept_document, &error)) {
        assert_int_equal(error.kind, ERROR_NOT_FOUND);
        return NULL;
    }
    return document_root(kept_document);
}

const char *fleet_fixture_read(struct fleet_fixture *fixture, const char *kind, const char *name,
                               const char *path) {
    static char text[64];
    const struct node *found = NULL;
    struct error error;
    assert_true(field_path_find(read_object(fixture, kind, name), path, &found, &error));
    int64_t number;
    bool flag;
    if (node_string(found)) {
        return node_string(found);
    }
    if (node_boolean(found, &flag)) {
        return flag ? "true" : "false";
    }
    if (node_integer(found, &number)) {
        snprintf(text, sizeof(text), "%lld", (long long)number);
        return text;
    }
    return "";
}

static const struct node *find_condition(const struct node *list, const char *type) {
    NODE_EACH(condition, list) {
        const char *name = node_string(node_get(condition, "type"));
        if (name && strcmp(name, type) == 0) {
            return condition;
        }
    }
    return NULL;
}

const char *fleet_fixture_condition(struct fleet_fixture *fixture, const char *kind, const char *name,
                                    const char *type, const char **ret_message) {
    const struct node *status = node_get(read_object(fixture, kind, name), "status");
    const struct node *found = find_condition(node_get(node_get(status, "v1beta2"), "conditions"), type);
    found = found ? found : find_condition(node_get(status, "conditions"), type);
    if (ret_message) {
        *ret_message = node_string(node_get(found, "message"));
    }
    const char *text = node_string(node_get(found, "status"));
    return text ? text : "";
}

bool fleet_fixture_exists(struct fleet_fixture *fixture, const char *kind, const char *name) {
    return read_object(fixture, kind, name) != NULL;
}

struct search {
    const char *id;
    struct buffer text;
};

static void describe(void *cookie, const char *region, const char *id, const struct cloud_cluster *cluster) {
    (void)region;
    struct search *search = cookie;
    if (strcmp(search->id, id) != 0) {
        return;
    }
    buffer_printf(&search->text, "%s %s", cluster->version ? cluster->version : "-",
                  cloud_state_name(cluster->state));
    for (size_t i = 0; i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        buffer_printf(&search->text, " %s=%s:%lld/%lld", pool->name, pool->version, (long long)pool->ready,
                      (long long)pool->replicas);
    }
}

const char *fleet_fixture_cloud(struct fleet_fixture *fixture, const char *id) {
    static char text[1024];
    struct search search = {.id = id};
    buffer_init(&search.text, sizeof(text) - 1);
    sim_each(fixture->sim, describe, &search);
    snprintf(text, sizeof(text), "%s", buffer_text(&search.text));
    buffer_clear(&search.text);
    return text;
}
