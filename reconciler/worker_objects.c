// The steps about what objects say: finalizers and owners before anything is done, status afterwards.
#include "base/hash.h"
#include "reconciler/worker.h"

#include <string.h>

enum { MOST_PATCH_BYTES = 1 << 20, CONFLICT_WAIT_MS = 200 };

static struct kind_match kind_of(const struct object_key *key) {
    return kind_table_find(key->group, key->kind);
}

static bool is_reported(const struct object_key *key) {
    struct kind_match kind = kind_of(key);
    if (!kind.entry || kind.is_template) {
        return false;
    }
    return kind.entry->role == KIND_CLUSTER || kind.entry->role == KIND_CONTROL_PLANE ||
           kind.entry->role == KIND_INFRASTRUCTURE_CLUSTER || kind.entry->role == KIND_POOL ||
           kind.entry->role == KIND_INFRASTRUCTURE_POOL;
}

static const char *name_in(const struct fragment *fragment) {
    const struct fact *name =
        fragment && fragment->pool_count > 0 ? &fragment->pools[0].view.facts[POOL_NAME] : NULL;
    return name && name->state == FACT_KNOWN && name->type == FACT_TEXT ? name->value.text : NULL;
}

// The name of the pool that this object is, or is the infrastructure of.
static const char *pool_name(const struct worker *worker, const struct object_key *key) {
    struct kind_match kind = kind_of(key);
    if (kind.entry->role != KIND_POOL && kind.entry->role != KIND_INFRASTRUCTURE_POOL) {
        return NULL;
    }
    const struct fleet_access *fleet = &worker->reconciler->options.fleet;
    struct fleet_knowledge knowledge = {0};
    fleet->open(fleet->cookie, &knowledge);
    const struct view_source *source = &knowledge.source;
    const struct fragment *fragment = source->methods->find(source->cookie, worker->arena, key);
    if (kind.entry->role == KIND_INFRASTRUCTURE_POOL) {
        struct fragment_list referrers = {0};
        source->methods->add_referrers(source->cookie, worker->arena, key, &referrers);
        fragment = NULL;
        for (size_t i = 0; i < referrers.count && !fragment; i++) {
            fragment = object_has_role(&referrers.items[i]->key, KIND_POOL) ? referrers.items[i] : NULL;
        }
    }
    return name_in(fragment);
}

static const char *text_or_null(const char *text) {
    return *text ? text : NULL;
}

// What keeps the cluster from being as its objects say; of a part that was refused the Cluster tells too.
static const char *waits_of(const struct worker *worker, bool is_cluster) {
    const char *refusal = is_cluster && !*worker->waits ? worker_refusal(worker) : NULL;
    return refusal ? refusal : text_or_null(worker->waits);
}

struct status_question worker_question(const struct worker *worker, const struct stored_object *stored,
                                       const struct document *document, const struct document *cluster) {
    const struct verdict *verdict = verdict_find(&worker->verdicts, &stored->key);
    bool is_cluster = fragment_key_matches(&stored->key, &worker->key);
    bool is_approved = cluster_record_find(&worker->record, &stored->key) != NULL;
    // What was judged may not be what is stored any more; nor was it kept, where the record can't be read.
    bool is_judged =
        worker->record_loaded && verdict && (verdict->generation == stored->generation || stored->deleting);
    return (struct status_question){
        .object = document_root(document),
        .cluster = document_root(cluster),
        .approval = is_judged ? verdict->state : APPROVAL_NONE,
        .approval_text = is_judged ? verdict->text : NULL,
        .spec = worker->spec,
        .cloud = worker->cloud,
        .is_known = worker->is_known,
        .unreachable = worker->unreachable,
        .pool = is_cluster ? NULL : pool_name(worker, &stored->key),
        .step = text_or_null(worker->step_text),
        .waits = waits_of(worker, is_cluster),
        .problem = text_or_null(worker->problem),
        .drift = text_or_null(worker->drift),
        .deleting = worker->record.deleting || (stored->deleting && !is_approved && !is_cluster),
        .now_s = event_loop_wall_ms(worker->reconciler->options.loop) / 1000,
    };
}

// ---- is there anything to say? ----

static uint64_t hash_optional(uint64_t hash, const char *text) {
    return hash_text(hash, text ? text : "");
}

static uint64_t hash_cloud(uint64_t hash, const struct cloud_cluster *cloud) {
    hash = hash_number(hash, (uint64_t)cloud->state);
    hash = hash_optional(hash, cloud->owner);
    hash = hash_optional(hash, cloud->version);
    hash = hash_optional(hash, cloud->target);
    hash = hash_optional(hash, cloud->failure);
    hash = hash_optional(hash, cloud->endpoint_host);
    hash = hash_number(hash, (uint64_t)cloud->endpoint_port);
    hash = hash_number(hash, (uint64_t)cloud->control_plane_replicas);
    hash = hash_number(hash, (uint64_t)cloud->control_plane_ready);
    for (size_t i = 0; i < cloud->pool_count; i++) {
        const struct cloud_pool *pool = &cloud->pools[i];
        hash = hash_optional(hash, pool->name);
        hash = hash_optional(hash, pool->version);
        hash = hash_optional(hash, pool->target);
        hash = hash_number(hash, (uint64_t)pool->state);
        hash = hash_number(hash, (uint64_t)pool->replicas);
        hash = hash_number(hash, (uint64_t)pool->nodes);
        hash = hash_number(hash, (uint64_t)pool->ready);
        hash = hash_number(hash, (uint64_t)pool->updated);
    }
    return hash;
}

static uint64_t hash_all(const struct worker *worker) {
    const bool flags[] = {worker->is_known, worker->unreachable, worker->record.deleting, worker->is_paused};
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < sizeof(flags); i++) {
        hash = hash_number(hash, flags[i]);
    }
    hash = hash_number(hash, (uint64_t)worker->record.revision);
    hash = hash_text(hash, worker->step_text);
    hash = hash_text(hash, worker->waits);
    hash = hash_text(hash, worker->problem);
    hash = hash_text(hash, worker->drift);
    for (size_t i = 0; i < worker->verdicts.count; i++) {
        hash = hash_number(hash, worker->verdicts.items[i]->told);
    }
    hash = worker->cloud ? hash_cloud(hash, worker->cloud) : hash;
    return hash ? hash : 1;
}

bool worker_collect(struct worker *worker) {
    const struct fleet_access *fleet = &worker->reconciler->options.fleet;
    struct fleet_knowledge knowledge = {0};
    fleet->open(fleet->cookie, &knowledge);
    return members_collect(worker->arena, &knowledge.source, &worker->key, &worker->members);
}

static bool have_members(struct worker *worker) {
    return worker->members.count > 0 || worker_collect(worker);
}

// ---- patching ----

static void patched(void *cookie, const struct store_answer *answer) {
    struct worker *worker = cookie;
    // NOT_FOUND: it is gone, which the store will tell, or its kind has no status subresource.
    if (answer->error.kind == ERROR_CONFLICT) {
        worker->shown_now = 0; // what is stored has changed: said again once that was heard of
        worker->wait_ms = worker->wait_ms < 0 ? CONFLICT_WAIT_MS : worker->wait_ms;
    } else if (answer->error.kind != ERROR_NONE && answer->error.kind != ERROR_NOT_FOUND) {
        worker->shown_now = 0;
        worker_fail(worker, "the status can't be written: %s", answer->error.message);
    }
    worker_run(worker);
}

// Pools keep the finalizer until the cloud has let them go; the Cluster until all is gone. It has its own
// first, or it could go and leave nobody who takes theirs away.
static bool keeps_finalizer(const struct worker *worker, const struct stored_object *stored) {
    bool is_cluster = fragment_key_matches(&stored->key, &worker->key);
    return (is_cluster || (object_has_role(&stored->key, KIND_POOL) && worker->has_finalizer)) &&
           !stored->deleting;
}

// True: a patch is on its way.
static bool patch_metadata(struct worker *worker, const struct stored_object *stored,
                           const struct status_question *question) {
    if (stored->deleting || !cluster_record_find(&worker->record, &stored->key)) {
        return false;
    }
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, MOST_PATCH_BYTES);
    if (!cluster_metadata_patch(question, keeps_finalizer(worker, stored), &patch)) {
        return false;
    }
    const struct object_store *store = &worker->reconciler->options.store;
    store->methods->patch(store->cookie, &stored->key, NULL, buffer_text(&patch), patched, worker);
    return true;
}

static bool patch_status(struct worker *worker, const struct stored_object *stored,
                         const struct status_question *question) {
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, MOST_PATCH_BYTES);
    if (!cluster_status_patch(question, &patch)) {
        return false;
    }
    const struct object_store *store = &worker->reconciler->options.store;
    store->methods->patch(store->cookie, &stored->key, "status", buffer_text(&patch), patched, worker);
    return true;
}

// What was judged is not what is stored any more: nothing is said of it before the next pass.
static bool is_outdated(const struct worker *worker, const struct stored_object *stored) {
    const struct verdict *verdict = verdict_find(&worker->verdicts, &stored->key);
    return worker->again && verdict && verdict->generation != stored->generation;
}

// Goes over the members, from next_member on, until a patch is on its way. kinds: how many patches there may
// be of one.
static bool go_over(struct worker *worker, bool with_status) {
    const struct stored_object *cluster = worker_stored(worker);
    if (!cluster) {
        return false;
    }
    CLEANUP(document_free) struct document *cluster_document = stored_object_read(cluster);
    size_t kinds = with_status ? 2 : 1;
    while (worker->next_member < worker->members.count * kinds) {
        size_t at = worker->next_member++;
        const struct object_key *key = worker->members.keys[at / kinds];
        const struct stored_object *stored = object_table_find(worker->reconciler->objects, key);
        if (!stored || !is_reported(key) || is_outdated(worker, stored)) {
            continue;
        }
        CLEANUP(document_free) struct document *document = stored_object_read(stored);
        struct status_question question = worker_question(worker, stored, document, cluster_document);
        bool is_on_its_way = at % kinds == 0 ? patch_metadata(worker, stored, &question)
                                             : patch_status(worker, stored, &question);
        if (is_on_its_way) {
            return true;
        }
    }
    return false;
}

bool worker_step_metadata(struct worker *worker) {
    if (worker->shown == 0 && !worker->record.deleting && have_members(worker) && go_over(worker, false)) {
        return false; // comes back here
    }
    worker->next_member = 0;
    worker->step = PASS_POLL;
    return true;
}

bool worker_step_status(struct worker *worker) {
    if (worker->next_member == 0) {
        worker->shown_now = hash_all(worker);
        if (worker->shown_now == worker->shown) {
            worker->step = PASS_RELEASE;
            return true;
        }
        worker->shown = 0;
    }
    if (have_members(worker) && go_over(worker, true)) {
        return false;
    }
    worker->shown = worker->shown_now;
    worker->step = PASS_RELEASE;
    return true;
}
