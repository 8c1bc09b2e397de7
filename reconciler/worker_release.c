// The last steps of what is deleted: finalizers come off once the cloud has let go, and nothing of ours stays
// behind.
#include "reconciler/worker.h"

#include <string.h>

enum { MOST_PATCH_BYTES = 64 * 1024, CONFLICT_WAIT_MS = 200, POOLS_WAIT_MS = 2000 };

static const struct object_store *store_of(const struct worker *worker) {
    return &worker->reconciler->options.store;
}

static void answered(void *cookie, const struct store_answer *answer) {
    struct worker *worker = cookie;
    if (answer->error.kind != ERROR_NONE && answer->error.kind != ERROR_NOT_FOUND) {
        worker->shown = 0; // the next pass goes over all objects again, and finds what is left to be let go
    }
    if (answer->error.kind == ERROR_CONFLICT) {
        worker->wait_ms = CONFLICT_WAIT_MS;
        worker->step = PASS_END; // what is stored has changed: once more when that was heard of
    } else if (answer->error.kind != ERROR_NONE && answer->error.kind != ERROR_NOT_FOUND) {
        worker_fail(worker, "what is left of it can't be taken away: %s", answer->error.message);
        worker->step = PASS_END;
    }
    worker_run(worker);
}

// True: a patch is on its way.
static bool take_finalizer(struct worker *worker, const struct stored_object *stored) {
    const struct stored_object *cluster = worker_stored(worker);
    if (!cluster) {
        return false;
    }
    CLEANUP(document_free) struct document *document = stored_object_read(stored);
    CLEANUP(document_free) struct document *cluster_document = stored_object_read(cluster);
    struct status_question question = worker_question(worker, stored, document, cluster_document);
    CLEANUP(buffer_clear) struct buffer patch;
    buffer_init(&patch, MOST_PATCH_BYTES);
    if (!cluster_metadata_patch(&question, false, &patch)) {
        return false;
    }
    store_of(worker)->methods->patch(store_of(worker)->cookie, &stored->key, NULL, buffer_text(&patch),
                                     answered, worker);
    return true;
}

static bool is_in_cloud(const struct worker *worker, const char *pool) {
    for (size_t i = 0; worker->cloud && pool && i < worker->cloud->pool_count; i++) {
        if (strcmp(worker->cloud->pools[i].name, pool) == 0) {
            return true;
        }
    }
    return false;
}

// Is this pool deleted with approval, and gone?
static bool is_pool_over(struct worker *worker, const struct stored_object *stored) {
    if (!stored->deleting || !worker->is_known || cluster_record_find(&worker->record, &stored->key) ||
        worker->record.intent.action != ACTION_NONE) {
        return false;
    }
    CLEANUP(document_free) struct document *document = stored_object_read(stored);
    return !is_in_cloud(worker, worker_question(worker, stored, document, document).pool);
}

static bool release_pools(struct worker *worker, bool all) {
    while (worker->next_member < worker->members.count) {
        const struct object_key *key = worker->members.keys[worker->next_member++];
        const struct stored_object *stored = object_table_find(worker->reconciler->objects, key);
        if (stored && object_has_role(key, KIND_POOL) && (all || is_pool_over(worker, stored)) &&
            take_finalizer(worker, stored)) {
            return true;
        }
    }
    return false;
}

// Nothing is left in the cloud, or nothing ever was there.
static bool is_over(const struct worker *worker) {
    if (!worker->record.deleting || worker->record.intent.action != ACTION_NONE) {
        return false;
    }
    return worker->is_known ? worker->plan.converged : worker->record.id == NULL && !worker_region(worker);
}

// Nobody asks any more that it is driven, or nothing of it ever was. What runs in the cloud stays.
static bool is_let_go(const struct worker *worker) {
    bool was_never = worker->is_deleting && !worker->record.deleting && !worker->record.id &&
                     !cluster_record_find(&worker->record, &worker->key);
    return worker->has_finalizer && (!worker->provider_name || was_never);
}

// Another process may be at work with a record that this one has never seen: it is read once more before the
// Cluster is let go.
static bool is_certain(struct worker *worker) {
    const struct reconciler_options *options = &worker->reconciler->options;
    if (options->leads && !options->leads(options->cookie)) {
        worker_say(worker->waits, "another replica is in charge");
        return false;
    }
    if (!worker->record_is_fresh) {
        worker->record_loaded = false;
        worker->again = true;
    }
    return worker->record_is_fresh;
}

bool worker_step_release(struct worker *worker) {
    if (!worker->record_loaded) {
        worker->step = PASS_END; // what was begun is not known: nothing is let go
        return true;
    }
    if (is_over(worker) || is_let_go(worker)) {
        if (!is_certain(worker)) {
            worker->step = PASS_END;
            return true;
        }
        worker->step = PASS_CLEAN;
        worker->clean_step = is_over(worker) ? 0 : 2; // of what is not ours only the finalizers are
        worker->next_member = 0;
        if (!worker_collect(worker)) {
            worker_fail(worker, "the cluster has more than %d objects", MEMBERS_MOST);
            worker->step = PASS_END;
        }
        return true;
    }
    bool is_first = worker->clean_step == 0;
    if (is_first) {
        worker->clean_step = 1;
        worker->next_member = 0;
    }
    if (worker->members.count > 0 && release_pools(worker, false)) {
        return false;
    }
    worker->step = PASS_TIDY;
    return true;
}

// ---- all of it ----

static bool remove_kubeconfig(struct worker *worker) {
    const struct object_key key = {"", "Secret", worker->key.namespace,
                                   arena_printf(worker->arena, "%s-kubeconfig", worker->key.name)};
    store_of(worker)->methods->remove(store_of(worker)->cookie, &key, NULL, answered, worker);
    return true;
}

// As Cluster API does: what a deleted Cluster owns is deleted with it.
static bool remove_children(struct worker *worker) {
    while (worker->next_member < worker->members.count) {
        const struct object_key *key = worker->members.keys[worker->next_member++];
        const struct stored_object *stored = object_table_find(worker->reconciler->objects, key);
        bool is_child = object_has_role(key, KIND_POOL) || object_has_role(key, KIND_INFRASTRUCTURE_POOL) ||
                        object_has_role(key, KIND_CONTROL_PLANE) ||
                        object_has_role(key, KIND_INFRASTRUCTURE_CLUSTER);
        if (stored && is_child && !stored->deleting) {
            store_of(worker)->methods->remove(store_of(worker)->cookie, key, stored->uid, answered, worker);
            return true;
        }
    }
    worker->next_member = 0;
    return false;
}

static bool release_cluster(struct worker *worker) {
    const struct stored_object *stored = worker_stored(worker);
    return stored && take_finalizer(worker, stored);
}

// Before the Cluster is, or its finalizer would have the Secret stay for good if this process ended in
// between.
static bool release_record(struct worker *worker) {
    if (!*worker->record_version || worker->record.released) {
        return false;
    }
    worker->record.released = true;
    (void)worker_write_record(worker, PASS_CLEAN); // says in worker->step where it failed
    return true;
}

static bool remove_record(struct worker *worker) {
    struct object_key key = cluster_record_key(worker->arena, &worker->key);
    worker->record_dirty = false;
    // A request that is late must not take the record of the next Cluster of this name.
    const char *uid = *worker->record_uid ? worker->record_uid : NULL;
    store_of(worker)->methods->remove(store_of(worker)->cookie, &key, uid, answered, worker);
    return true;
}

static bool release_all_pools(struct worker *worker) {
    return release_pools(worker, true);
}

// What the watch has not told yet is not known: a pool may have got a finalizer of ours that only shows when
// its deletion does. Without its Cluster, nobody would take it away.
static bool pools_remain(const struct worker *worker) {
    for (size_t i = 0; i < worker->members.count; i++) {
        const struct object_key *key = worker->members.keys[i];
        if (object_has_role(key, KIND_POOL) && object_table_find(worker->reconciler->objects, key)) {
            return true;
        }
    }
    return false;
}

static bool was_ours(const struct worker *worker) {
    return worker->record.deleting && worker->provider_name;
}

// Each is called until it has nothing more to send.
static const struct {
    bool (*send)(struct worker *worker);
    bool once;
} parts[] = {{remove_kubeconfig, true}, {remove_children, false}, {release_all_pools, false},
             {release_record, true},    {release_cluster, true},  {remove_record, true}};

// The news that the Cluster is gone may overtake the answer to release_cluster.
bool worker_leaves_record(const struct worker *worker) {
    return worker->step == PASS_CLEAN && worker->clean_step < sizeof(parts) / sizeof(parts[0]) &&
           parts[worker->clean_step].send == remove_record && was_ours(worker) && *worker->record_uid;
}

bool worker_step_clean(struct worker *worker) {
    while (worker->clean_step < sizeof(parts) / sizeof(parts[0])) {
        unsigned at = worker->clean_step;
        if (parts[at].send == remove_record && !was_ours(worker)) {
            break;
        }
        if (parts[at].send == release_record && was_ours(worker) && pools_remain(worker)) {
            worker_say(worker->waits, "waits until its pools are gone");
            worker->wait_ms = POOLS_WAIT_MS;
            worker->step = PASS_END;
            return true;
        }
        worker->clean_step += parts[at].once;
        if (parts[at].send(worker)) {
            return worker->step != PASS_CLEAN;
        }
        worker->clean_step += !parts[at].once;
    }
    rollout_hold(worker, PLACE_UPGRADE, false);
    rollout_hold(worker, PLACE_DELETE, false);
    worker->record_dirty = false; // it is gone
    worker->step = PASS_END;
    return true;
}
