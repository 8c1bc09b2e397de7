// The steps about what was approved: read it, judge what is new, make a spec of it, store it.
#include "base/memory.h"
#include "fleet/fragment_set.h"
#include "reconciler/worker.h"

#include <stdio.h>
#include <string.h>

enum { MOST_SECRET_BYTES = 2 * RECORD_MOST_BYTES, UNHEARD_WAIT_MS = 1000 };

static const struct object_store *store_of(const struct worker *worker) {
    return &worker->reconciler->options.store;
}

// ---- reading ----

static void keep_version(struct worker *worker, const struct node *secret) {
    const char *version = node_string(node_get(node_get(secret, "metadata"), "resourceVersion"));
    const char *uid = node_string(node_get(node_get(secret, "metadata"), "uid"));
    snprintf(worker->record_version, sizeof(worker->record_version), "%s", version ? version : "");
    snprintf(worker->record_uid, sizeof(worker->record_uid), "%s", uid ? uid : "");
}

static void forget_record(struct worker *worker) {
    rollout_hold(worker, PLACE_UPGRADE, false);
    rollout_hold(worker, PLACE_DELETE, false);
    cluster_record_clear(&worker->record);
    worker->spec_revision = -1;
    worker->record_dirty = false;
    *worker->record_version = *worker->record_uid = '\0';
}

static bool take_record(struct worker *worker, const struct node *secret, struct error *error) {
    const struct reconciler_options *options = &worker->reconciler->options;
    CLEANUP(key_ring_unref) struct key_ring *keys = options->keys(options->cookie);
    if (!keys) {
        return error_set(error, ERROR_IO, "there are no keys to sign approvals with");
    }
    struct cluster_record record;
    if (!cluster_record_read(secret, &worker->key, worker->uid, keys, &record, error)) {
        if (error->kind != ERROR_NOT_FOUND) {
            return false;
        }
        record = (struct cluster_record){0}; // of an earlier Cluster of this name
    }
    forget_record(worker);
    worker->record = record;
    worker->record_dirty = record.old_key;
    keep_version(worker, secret);
    return true;
}

// What is under way holds its place, whoever began it.
static void restore_places(struct worker *worker) {
    bool is_dirty = worker->record_dirty;
    rollout_hold(worker, PLACE_UPGRADE, worker->record.upgrading);
    rollout_hold(worker, PLACE_DELETE, worker->record.removing);
    worker->record_dirty = is_dirty;
}

static void record_read(void *cookie, const struct store_answer *answer) {
    struct worker *worker = cookie;
    struct error error = answer->error;
    if (error.kind == ERROR_NOT_FOUND) {
        forget_record(worker);
        worker->record_loaded = true;
    } else if (error.kind == ERROR_NONE) {
        worker->record_loaded = take_record(worker, answer->object, &error);
    }
    // Not yet where it will be read in a while: what is under way there may hold a place.
    if (error.kind != ERROR_IO && answer->error.kind != ERROR_LIMIT) {
        rollout_count(worker);
    }
    worker->record_is_fresh = worker->record_loaded;
    if (worker->record_loaded) {
        restore_places(worker);
        worker->must_judge = true;
        worker->step = PASS_GONE;
    } else {
        worker_fail(worker, "Secret %s-fleetgate: %s", worker->key.name, error.message);
        worker->step = PASS_STATUS;
    }
    worker_run(worker);
}

bool worker_step_record(struct worker *worker) {
    if (worker->record_loaded) {
        worker->step = PASS_GONE;
        return true;
    }
    if (!worker->provider_name && !worker->has_finalizer) {
        rollout_count(worker);
        worker->step = PASS_END; // not ours, and never was
        return true;
    }
    struct object_key key = cluster_record_key(worker->arena, &worker->key);
    const struct object_store *store = store_of(worker);
    store->methods->read(store->cookie, &key, record_read, worker);
    return false;
}

// ---- what is gone ----

// An object that another process approved may not have been heard of yet: only who keeps it knows that it is
// not there, and only then its deletion is judged.
static void looked_for(void *cookie, const struct store_answer *answer) {
    struct worker *worker = cookie;
    if (answer->error.kind == ERROR_NONE) {
        const struct object_key *key = &worker->record.approved[worker->next_approved - 1]->key;
        worker_say(worker->waits, "%s %s/%s was approved and has not been heard of yet", key->kind,
                   key->namespace, key->name);
        worker->wait_ms = UNHEARD_WAIT_MS;
        worker->step = PASS_STATUS;
    } else if (answer->error.kind != ERROR_NOT_FOUND) {
        worker_fail(worker, "%s", answer->error.message);
        worker->step = PASS_STATUS;
    }
    worker_run(worker);
}

bool worker_step_gone(struct worker *worker) {
    const struct cluster_record *record = &worker->record;
    const struct object_table *objects = worker->reconciler->objects;
    bool asks = worker->must_judge && worker->provider_name && !record->deleting;
    while (asks && worker->next_approved < record->approved_count) {
        const struct object_key *key = &record->approved[worker->next_approved++]->key;
        if (!object_table_find(objects, key)) {
            store_of(worker)->methods->read(store_of(worker)->cookie, key, looked_for, worker);
            return false;
        }
    }
    worker->step = PASS_JUDGE;
    return true;
}

// ---- judging ----

static void tell_verdicts(struct worker *worker, const struct judgement *judgement) {
    struct reconciler_stats *stats = &worker->reconciler->stats;
    stats->approvals += judgement->approved;
    stats->denials += judgement->denied;
    stats->holds += judgement->held;
    for (size_t i = 0; i < worker->verdicts.count; i++) {
        struct verdict *verdict = worker->verdicts.items[i];
        if (verdict->is_news && (verdict->state == APPROVAL_DENIED || verdict->state == APPROVAL_HELD)) {
            worker_event(worker, true, verdict->state == APPROVAL_DENIED ? "PolicyDenied" : "ApprovalHeld",
                         verdict->text);
        }
        verdict->is_news = false;
    }
}

static void judge(struct worker *worker, struct policy_set *policies, struct key_ring *keys) {
    const struct reconciler_options *options = &worker->reconciler->options;
    struct judge_options judge_options = {.reconciler = options,
                                          .objects = worker->reconciler->objects,
                                          .cluster = &worker->key,
                                          .members = &worker->members,
                                          .policies = policies,
                                          .keys = keys,
                                          .settings = options->settings(options->cookie)};
    options->fleet.open(options->fleet.cookie, &judge_options.fleet);
    struct judgement judgement;
    judge_cluster(&judge_options, &worker->record, &worker->verdicts, &judgement);
    worker->record_dirty |= judgement.changed;
    worker->retry_judge = judgement.retry;
    worker->must_judge = false;
    worker->shown = judgement.changed ? 0 : worker->shown;
    tell_verdicts(worker, &judgement);
}

bool worker_step_judge(struct worker *worker) {
    const struct reconciler_options *options = &worker->reconciler->options;
    worker->step = PASS_SPEC;
    if (!worker->provider_name) {
        worker->step = PASS_RELEASE; // it is not ours, or not any more
        return true;
    }
    if (!worker->must_judge) {
        return true;
    }
    if (!worker_collect(worker)) {
        worker_fail(worker, "the cluster has more than %d objects", MEMBERS_MOST);
        worker->step = PASS_STATUS;
        return true;
    }
    CLEANUP(policy_set_unref) struct policy_set *policies = options->policies(options->cookie);
    CLEANUP(key_ring_unref) struct key_ring *keys = options->keys(options->cookie);
    if (policies && keys) {
        judge(worker, policies, keys);
    } else {
        worker_say(worker->waits, "there are no policies in force");
    }
    return true;
}

// ---- the spec ----

static const struct node *find_approved(void *cookie, const struct object_key *key) {
    struct document **documents = cookie;
    for (size_t i = 0; documents[i]; i++) {
        struct object_key own;
        if (fragment_object_key(document_root(documents[i]), &own) && fragment_key_matches(&own, key)) {
            return document_root(documents[i]);
        }
    }
    return NULL;
}

// What the Cluster names must have been approved too, or half of it would be carried out.
static const struct object_key *find_unapproved(const struct worker *worker, struct arena *arena,
                                                const struct view_source *source) {
    const struct fragment *cluster = source->methods->find(source->cookie, arena, &worker->key);
    for (size_t i = 0; cluster && i < cluster->link_count; i++) {
        const struct fragment_link *link = &cluster->links[i];
        if (link->kind != LINK_OWNER && kind_table_find(link->target.group, link->target.kind).entry &&
            !cluster_record_find(&worker->record, &link->target)) {
            return &link->target;
        }
    }
    return NULL;
}

static bool is_lone_pool(const struct view_source *source, struct arena *arena,
                         const struct object_key *key) {
    struct kind_match kind = kind_table_find(key->group, key->kind);
    struct fragment_list pools = {0};
    if (!kind.entry || kind.is_template || kind.entry->role != KIND_INFRASTRUCTURE_POOL) {
        return false;
    }
    source->methods->add_referrers(source->cookie, arena, key, &pools);
    return pools.count == 0;
}

// The infrastructure of a pool that is not there (any more) is no pool.
static struct fragment_set *without_lone_pools(const struct fragment_set *all, struct document **documents) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct fragment_set *set = fragment_set_new();
    for (size_t i = 0; documents[i]; i++) {
        struct object_key key;
        if (fragment_object_key(document_root(documents[i]), &key) &&
            !is_lone_pool(fragment_set_source(all), arena, &key)) {
            fragment_set_add_as(set, &key, document_root(documents[i]));
        }
    }
    fragment_set_complete(set, true);
    return set;
}

static bool read_spec(struct worker *worker, struct fragment_set *set, struct document **documents,
                      struct error *error) {
    const struct reconciler_options *options = &worker->reconciler->options;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct view_source *source = fragment_set_source(set);
    const struct object_key *missing = find_unapproved(worker, arena, source);
    if (missing) {
        return error_set(error, ERROR_NOT_FOUND, "%s %s/%s is not approved yet", missing->kind,
                         missing->namespace, missing->name);
    }
    const struct cluster_view *view = cluster_view_of(arena, source, &worker->key);
    if (!view) {
        return error_set(error, ERROR_NOT_FOUND, "nothing of it is approved yet");
    }
    const struct cluster_spec_options spec_options = {
        .drain_s = options->settings(options->cookie)->drain_s, .object = find_approved, .cookie = documents};
    struct cluster_spec spec;
    if (!cluster_spec_read(arena, view, &spec_options, &spec, error)) {
        return false;
    }
    free(worker->spec);
    worker->spec = cluster_spec_copy(&spec);
    return true;
}

bool worker_step_spec(struct worker *worker) {
    worker->step = PASS_STORE;
    if (worker->spec_revision == worker->record.revision) {
        return true;
    }
    worker->shown = 0;
    if (!cluster_record_find(&worker->record, &worker->key)) {
        free(worker->spec);
        worker->spec = NULL;
        worker->spec_revision = worker->record.revision;
        return true;
    }
    struct document **documents;
    struct fragment_set *all = judge_approved_set(&worker->record, worker->reconciler->objects, &documents);
    struct fragment_set *set = without_lone_pools(all, documents);
    struct error error;
    if (read_spec(worker, set, documents, &error)) {
        worker->incomplete = 0;
        worker->spec_revision = worker->record.revision;
    } else if (error.kind == ERROR_NOT_FOUND) {
        worker_say(worker->waits, "%s", error.message);
        worker->incomplete++;
        // A part that was taken away does not change what runs.
    } else {
        worker_fail(worker, "%s", error.message);
    }
    fragment_set_free(set);
    fragment_set_free(all);
    judge_free_documents(documents);
    return true;
}

// ---- storing ----

static void record_written(void *cookie, const struct store_answer *answer) {
    struct worker *worker = cookie;
    if (answer->error.kind == ERROR_NONE) {
        keep_version(worker, answer->object);
    } else {
        // It may have been stored, or somebody else has stored another: what is stored is read again.
        worker->record_loaded = false;
        if (answer->error.kind != ERROR_CONFLICT) {
            worker_fail(worker, "Secret %s-fleetgate: %s", worker->key.name, answer->error.message);
        } else {
            worker->again = true;
        }
        worker->step = PASS_END;
    }
    worker_run(worker);
}

bool worker_write_record(struct worker *worker, enum pass_step next) {
    const struct reconciler_options *options = &worker->reconciler->options;
    worker->step = next;
    CLEANUP(key_ring_unref) struct key_ring *keys = options->keys(options->cookie);
    CLEANUP(buffer_clear) struct buffer secret;
    buffer_init(&secret, MOST_SECRET_BYTES);
    struct error error = {0};
    if (!keys) {
        error_set(&error, ERROR_IO, "there are no keys to sign approvals with");
    }
    const char *version = *worker->record_version ? worker->record_version : NULL;
    if (!keys || !cluster_record_write(&worker->record, &worker->key, worker->api_version, worker->uid,
                                       version, keys, &secret, &error)) {
        worker_fail(worker, "%s", error.message);
        worker->step = PASS_STATUS;
        return true;
    }
    struct object_key key = cluster_record_key(worker->arena, &worker->key);
    const struct object_store *store = store_of(worker);
    worker->record_dirty = false;
    (version ? store->methods->replace : store->methods->create)(store->cookie, &key, buffer_text(&secret),
                                                                 record_written, worker);
    return false;
}

bool worker_step_store(struct worker *worker) {
    worker->step = PASS_METADATA;
    bool is_empty = worker->record.approved_count == 0 && !*worker->record_version;
    return !worker->record_dirty || is_empty || worker_write_record(worker, PASS_METADATA);
}

bool worker_step_tidy(struct worker *worker) {
    worker->step = PASS_END;
    bool is_empty = worker->record.approved_count == 0 && !*worker->record_version;
    return !worker->record_dirty || is_empty || worker_write_record(worker, PASS_END);
}
