#include "tests/simulation/checker.h"

#include "base/hash.h"
#include "base/json_canonical.h"
#include "base/memory.h"
#include "reconciler/cluster_status.h"
#include "tests/simulation/manifest.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

enum { MOST_RECORD_BYTES = 1 << 20 };

#define VIOLATED(world, invariant, ...)                                                                      \
    trace_violation(&(world)->trace, world_now_ms(world), invariant, __VA_ARGS__)

void checker_clear(struct checker *checker) {
    for (size_t i = 0; i < CHECKER_RECORDS; i++) {
        free(checker->records[i].text);
    }
    memset(checker, 0, sizeof(*checker));
}

struct life *checker_life(struct checker *checker, const char *uid) {
    for (size_t i = 0; uid && i < checker->life_count; i++) {
        if (strcmp(checker->lives[i].uid, uid) == 0) {
            return &checker->lives[i];
        }
    }
    return NULL;
}

// ---- records ----

static int digit_of(char character) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = character ? strchr(digits, character) : NULL;
    return found ? (int)(found - digits) : -1;
}

static void decode(struct buffer *text, const char *base64) {
    unsigned bits = 0, count = 0;
    for (; *base64; base64++) {
        int digit = digit_of(*base64);
        if (digit < 0) {
            break;
        }
        bits = bits << 6 | (unsigned)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buffer_append_char(text, (char)(bits >> count & 0xff));
        }
    }
    buffer_append_char(text, '\n');
}

// The Secret NAME-fleetgate: tokens must be in it before they are used.
static void note_record(struct world *world, struct declared_cluster *cluster, const struct node *object) {
    struct buffer text;
    buffer_init(&text, MOST_RECORD_BYTES);
    NODE_EACH(value, node_get(object, "data")) {
        if (node_string(value)) {
            decode(&text, node_string(value));
        }
    }
    json_canonical_append(&text, object);
    struct record_version *record = &world->checker.records[world->checker.record_count++ % CHECKER_RECORDS];
    free(record->text);
    record->text = buffer_take(&text);
    record->cluster = cluster;
    record->at_ms = world_now_ms(world);
    cluster->has_record = true;
    for (size_t i = 0; i < cluster->object_count; i++) {
        record->lower[i] = cluster->objects[i].lower;
    }
}

const struct record_version *checker_record_with(const struct checker *checker, const char *token) {
    uint64_t from = checker->record_count > CHECKER_RECORDS ? checker->record_count - CHECKER_RECORDS : 0;
    for (uint64_t i = from; i < checker->record_count; i++) {
        const struct record_version *record = &checker->records[i % CHECKER_RECORDS];
        if (strstr(record->text, token)) {
            return record;
        }
    }
    return NULL;
}

// ---- objects ----

static const struct node *condition_in(const struct node *conditions, const char *type) {
    NODE_EACH(condition, conditions) {
        const char *is = node_string(node_get(condition, "type"));
        if (is && strcmp(is, type) == 0) {
            return condition;
        }
    }
    return NULL;
}

// The form that names the generation it speaks of, wherever this version of the object has it; else the old
// one.
static const struct node *condition_of(const struct node *object, const char *type) {
    const struct node *status = node_get(object, "status");
    const struct node *first = condition_in(node_get(status, "conditions"), type);
    const struct node *second = condition_in(node_get(node_get(status, "v1beta2"), "conditions"), type);
    return second && !node_get(first, "observedGeneration") ? second : first;
}

static bool is_true(const struct node *condition) {
    const char *status = node_string(node_get(condition, "status"));
    return status && strcmp(status, "True") == 0;
}

static void note_approval(struct world *world, struct declared_object *object, const struct node *stored) {
    const struct node *condition = condition_of(stored, "PolicyApproved");
    int64_t generation = 0;
    const char *status = node_string(node_get(condition, "status"));
    object->said = SAID_NOTHING;
    if (!condition || !status) {
        return;
    }
    bool is_exact = node_integer(node_get(condition, "observedGeneration"), &generation);
    if (!is_exact) {
        (void)node_integer(node_get(node_get(stored, "metadata"), "generation"), &generation);
    }
    const char *text = node_string(node_get(condition, "message"));
    snprintf(object->said_text, sizeof(object->said_text), "%s", text ? text : "");
    object->said_generation = generation;
    object->said = is_true(condition) ? SAID_APPROVED : SAID_REFUSED;
    struct revision *revision = declared_revision_of(object, generation);
    if (object->said != SAID_APPROVED || !revision || object->deleting || !is_exact) {
        return;
    }
    if (!revision->possible) {
        VIOLATED(world, "no unapproved spec is approved", "%s %s generation %lld may not be approved, but is",
                 object->key.kind, object->name, (long long)generation);
        return;
    }
    size_t index = (size_t)(revision - object->revisions);
    if (index >= object->lower && (index > object->lower || object->maybe_none)) {
        world->checker.counts.approved++;
    }
    declared_settle(object, index);
}

static void note_cluster(struct world *world, struct declared_cluster *cluster,
                         struct declared_object *object, const struct node *stored) {
    struct checker *checker = &world->checker;
    struct life *life = checker_life(checker, object->uid);
    if (!life && checker->life_count < CHECKER_LIVES) {
        life = &checker->lives[checker->life_count++];
        memset(life, 0, sizeof(*life));
        snprintf(life->uid, sizeof(life->uid), "%s", object->uid);
        life->cluster = cluster;
        life->stored = true;
    }
    if (life) {
        life->deleting = object->deleting;
        life->delete_approved = life->delete_approved || object->delete_approved;
    }
    cluster->ready_said =
        is_true(condition_of(stored, "Ready")) || is_true(condition_of(stored, "Available"));
}

struct search {
    const char *owner;
    bool found;
};

static void search_owner(void *cookie, const char *region, const char *id,
                         const struct cloud_cluster *cluster) {
    struct search *search = cookie;
    (void)region, (void)id;
    search->found = search->found || strcmp(cluster->owner, search->owner) == 0;
}

static bool has_finalizer(const struct node *metadata) {
    NODE_EACH(item, node_get(metadata, "finalizers")) {
        const char *text = node_string(item);
        if (text && strcmp(text, RECONCILER_FINALIZER) == 0) {
            return true;
        }
    }
    return false;
}

static void note_removed(struct world *world, struct declared_object *object) {
    object->stored = false;
    object->deleting = false;
    object->delete_approved = false;
    object->maybe_none = true;
    object->said = SAID_NOTHING;
    if (object->role != ROLE_CLUSTER) {
        return;
    }
    struct life *life = checker_life(&world->checker, object->uid);
    struct search search = {object->uid, false};
    if (life) {
        life->stored = false;
        sim_each(world->sim, search_owner, &search);
    }
    if (search.found) {
        VIOLATED(world, "no orphan", "Cluster %s is gone from the store, but not from the cloud",
                 object->name);
    }
}

static void note_stored(struct world *world, struct declared_cluster *cluster, struct declared_object *object,
                        const struct node *stored) {
    const struct node *metadata = node_get(stored, "metadata");
    const char *uid = node_string(node_get(metadata, "uid"));
    bool is_same = object->stored && uid && strcmp(object->uid, uid) == 0;
    bool is_held = has_finalizer(metadata);
    object->is_bare = !is_held && is_same && (object->is_bare || object->was_held);
    object->was_held = is_held;
    snprintf(object->uid, sizeof(object->uid), "%s", uid ? uid : "");
    object->stored = true;
    object->deleting = node_get(metadata, "deletionTimestamp") != NULL;
    const char *approval = node_string(node_get(node_get(metadata, "annotations"), ALLOW_DELETE_ANNOTATION));
    object->delete_approved = object->deleting && approval && strcmp(approval, "true") == 0;
    note_approval(world, object, stored);
    object->maybe_none |= !cluster->has_record;
    if (object->role == ROLE_CLUSTER) {
        note_cluster(world, cluster, object, stored);
    }
}

static struct declared_cluster *cluster_of_record(struct world *world, const struct object_key *key) {
    size_t length = strlen(key->name);
    static const char ending[] = "-fleetgate";
    if (strcmp(key->kind, "Secret") != 0 || length < sizeof(ending)) {
        return NULL;
    }
    for (size_t i = 0; i < world->cluster_count; i++) {
        struct declared_cluster *cluster = &world->clusters[i];
        size_t name = strlen(cluster->name);
        if (strncmp(key->name, cluster->name, name) == 0 && strcmp(key->name + name, ending) == 0) {
            return cluster;
        }
    }
    return NULL;
}

// Before anything was started, a record that goes takes the approvals along: all is judged as if it was new.
static void note_record_gone(struct world *world, struct declared_cluster *cluster) {
    cluster->has_record = false;
    for (size_t i = 0; i < cluster->object_count; i++) {
        cluster->objects[i].maybe_none = true;
        declared_judge(world, &cluster->objects[i]);
    }
}

static void note(struct world *world, const struct object_key *key, const struct node *object) {
    struct declared_cluster *cluster = cluster_of_record(world, key);
    if (cluster && object) {
        note_record(world, cluster, object);
    } else if (cluster) {
        note_record_gone(world, cluster);
    }
    if (cluster) {
        return;
    }
    struct declared_object *declared = declared_find(world, key, &cluster);
    if (!declared) {
        return;
    }
    if (object) {
        note_stored(world, cluster, declared, object);
    } else {
        note_removed(world, declared);
    }
}

void checker_stored(struct world *world, const struct object_key *key, const struct node *object) {
    note(world, key, object);
    checker_rollout_look(world);
}

void checker_process_saw(struct world *world, struct process *process, const struct object_key *key,
                         const struct node *object) {
    (void)process;
    struct declared_cluster *cluster = NULL;
    struct declared_object *declared = declared_find(world, key, &cluster);
    if (!declared || declared->role != ROLE_CLUSTER) {
        return;
    }
    bool by_spec = false;
    const struct node *annotations = node_get(node_get(object, "metadata"), "annotations");
    bool by_annotation = node_get(annotations, "cluster.x-k8s.io/paused") != NULL;
    (void)node_boolean(node_get(node_get(object, "spec"), "paused"), &by_spec);
    if (!by_spec && !by_annotation) {
        cluster->paused_since_ms = -1;
    } else if (cluster->paused_since_ms < 0) {
        cluster->paused_since_ms = world_now_ms(world);
    }
}

void checker_decided(struct world *world, const struct review *review, const struct decision *decision) {
    trace_note(&world->trace, world_now_ms(world), "decided %s %s/%s: %s",
               operation_name(review->change.operation), review->change.key.kind, review->change.key.name,
               decision->allowed ? "allowed" : "denied");
    world->checker.counts.refused += decision->allowed ? 0 : 1;
}
