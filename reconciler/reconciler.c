#include "reconciler/reconciler.h"

#include "base/memory.h"
#include "fleet/fragment.h"
#include "reconciler/worker.h"

#include <string.h>
#include <sys/random.h>

// ---- chance ----

// SplitMix64: tokens must differ, not be secret.
uint64_t reconciler_random(struct reconciler *reconciler) {
    uint64_t z = reconciler->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

int64_t reconciler_jitter(struct reconciler *reconciler, int64_t base_ms) {
    int64_t tenth = base_ms / 10;
    return tenth > 0 ? base_ms - tenth + (int64_t)(reconciler_random(reconciler) % (uint64_t)(2 * tenth + 1))
                     : base_ms;
}

// ---- whose turn it is ----

static void pump(void *cookie);

static void pump_soon(struct reconciler *reconciler) {
    if (reconciler->pump_timer == 0) {
        reconciler->pump_timer = event_loop_after(reconciler->options.loop, 0, pump, reconciler);
    }
}

static void enqueue(struct reconciler *reconciler, struct worker *worker) {
    if (worker->queued) {
        return;
    }
    if (reconciler->queue_count == reconciler->queue_capacity) {
        size_t capacity = reconciler->queue_capacity ? 2 * reconciler->queue_capacity : 64;
        struct worker **queue = memory_calloc(capacity, sizeof(struct worker *));
        for (size_t i = 0; i < reconciler->queue_count; i++) {
            queue[i] = reconciler->queue[(reconciler->queue_begin + i) % reconciler->queue_capacity];
        }
        free(reconciler->queue);
        reconciler->queue = queue;
        reconciler->queue_begin = 0;
        reconciler->queue_capacity = capacity;
    }
    reconciler->queue[(reconciler->queue_begin + reconciler->queue_count++) % reconciler->queue_capacity] =
        worker;
    worker->queued = true;
    pump_soon(reconciler);
}

static void due(void *cookie) {
    struct worker *worker = cookie;
    worker->timer = 0;
    enqueue(worker->reconciler, worker);
}

void reconciler_wake(struct reconciler *reconciler, struct worker *worker, int64_t delay_ms) {
    if (worker->queued) {
        return;
    }
    if (worker->timer) {
        event_loop_cancel(reconciler->options.loop, worker->timer);
        worker->timer = 0;
    }
    if (delay_ms <= 0) {
        enqueue(reconciler, worker);
    } else {
        worker->timer = event_loop_after(reconciler->options.loop, delay_ms, due, worker);
    }
}

static struct worker *dequeue(struct reconciler *reconciler) {
    struct worker *worker = reconciler->queue[reconciler->queue_begin];
    reconciler->queue_begin = (reconciler->queue_begin + 1) % reconciler->queue_capacity;
    reconciler->queue_count--;
    worker->queued = false;
    return worker;
}

static void drop(struct reconciler *reconciler, struct worker *worker) {
    key_map_take(&reconciler->workers, &worker->key);
    for (size_t i = 0; worker->queued && i < reconciler->queue_count; i++) {
        struct worker **slot = &reconciler->queue[(reconciler->queue_begin + i) % reconciler->queue_capacity];
        *slot = *slot == worker ? NULL : *slot;
    }
    const struct reconciler_options *options = &reconciler->options;
    if (options->progress) {
        const struct cluster_progress gone = {.namespace = worker->key.namespace,
                                              .name = worker->key.name,
                                              .phase = "",
                                              .version = "",
                                              .doing = ""};
        options->progress(options->cookie, &gone);
    }
    worker_free(worker);
    reconciler_wake_line(reconciler);
}

void reconciler_pass_ended(struct reconciler *reconciler, struct worker *worker) {
    reconciler->passes_running--;
    if (worker->is_gone) {
        drop(reconciler, worker);
    }
    pump_soon(reconciler);
}

static void pump(void *cookie) {
    struct reconciler *reconciler = cookie;
    reconciler->pump_timer = 0;
    size_t count = reconciler->queue_count; // those that come back are for the next turn
    for (size_t i = 0; i < count && reconciler->passes_running < MOST_PASSES && reconciler->synced; i++) {
        struct worker *worker = reconciler->queue[reconciler->queue_begin];
        if (!worker) { // dropped while it waited
            reconciler->queue_begin = (reconciler->queue_begin + 1) % reconciler->queue_capacity;
            reconciler->queue_count--;
            continue;
        }
        (void)dequeue(reconciler);
        if (worker->step != PASS_NONE) {
            worker->again = true;
            continue;
        }
        reconciler->passes_running++;
        worker_run(worker);
    }
}

static void wake_waiting(void *cookie, void *value) {
    struct worker *worker = value;
    if (worker->waits_in_line && worker->step == PASS_NONE) {
        reconciler_wake(cookie, worker, 0);
    }
}

void reconciler_wake_line(struct reconciler *reconciler) {
    key_map_each(&reconciler->workers, wake_waiting, reconciler);
}

// ---- what is stored ----

static void touch(struct reconciler *reconciler, struct worker *worker) {
    worker->must_judge = true;
    worker->shown = 0;
    if (worker->step != PASS_NONE) {
        worker->again = true;
    } else {
        reconciler_wake(reconciler, worker, 0);
    }
}

// Everything that the change of this object is about looks at it.
static void touch_clusters(struct reconciler *reconciler, const struct fragment *fragment,
                           struct arena *arena) {
    const struct fleet_access *fleet = &reconciler->options.fleet;
    struct fleet_knowledge knowledge = {0};
    fleet->open(fleet->cookie, &knowledge);
    struct member_list clusters;
    members_clusters(arena, &knowledge.source, fragment, &clusters);
    for (size_t i = 0; i < clusters.count; i++) {
        struct worker *worker = key_map_find(&reconciler->workers, clusters.keys[i]);
        if (worker) {
            touch(reconciler, worker);
        }
    }
}

static void put_cluster(struct reconciler *reconciler, const struct stored_object *stored) {
    struct worker *worker = key_map_find(&reconciler->workers, &stored->key);
    if (!worker) {
        worker = worker_new(reconciler, &stored->key);
        key_map_add(&reconciler->workers, &worker->key, worker);
    }
    worker->is_gone = false;
    worker_read_cluster(worker, stored);
    touch(reconciler, worker);
}

void reconciler_put(struct reconciler *reconciler, const struct node *object) {
    struct object_key key;
    if (!fragment_object_key(object, &key) || !*key.name) {
        return;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const struct fragment *fragment = fragment_read(arena, &key, object);
    if (!fragment || fragment->is_owned || fragment->is_control_plane_node) {
        return;
    }
    const struct stored_object *stored;
    enum object_news news = object_table_put(reconciler->objects, &key, object, &stored);
    if (news == OBJECT_SAME || news == OBJECT_OLD) {
        return;
    }
    if (fragment->kind.entry->role == KIND_CLUSTER && !fragment->kind.is_template) {
        put_cluster(reconciler, stored);
    } else {
        touch_clusters(reconciler, fragment, arena);
    }
}

static void cluster_is_gone(struct reconciler *reconciler, struct worker *worker) {
    worker->is_gone = true;
    if (worker->step == PASS_NONE) {
        drop(reconciler, worker);
    }
}

static void object_is_gone(void *cookie, const struct stored_object *object) {
    struct reconciler *reconciler = cookie;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(document_free) struct document *document = stored_object_read(object);
    const struct fragment *fragment = fragment_read(arena, &object->key, document_root(document));
    if (fragment) {
        touch_clusters(reconciler, fragment, arena);
    }
    struct worker *worker = key_map_find(&reconciler->workers, &object->key);
    if (worker) {
        cluster_is_gone(reconciler, worker);
    }
}

void reconciler_removed(struct reconciler *reconciler, const struct object_key *key) {
    const struct stored_object *stored = object_table_find(reconciler->objects, key);
    if (stored) {
        object_is_gone(reconciler, stored);
        object_table_remove(reconciler->objects, key);
    }
}

void reconciler_relist(struct reconciler *reconciler) {
    reconciler->synced = false;
    object_table_begin(reconciler->objects);
}

void reconciler_synced(struct reconciler *reconciler) {
    object_table_end(reconciler->objects, object_is_gone, reconciler);
    reconciler->synced = true;
    pump_soon(reconciler);
}

static void reconsider(void *cookie, void *value) {
    struct reconciler *reconciler = cookie;
    struct worker *worker = value;
    const struct stored_object *stored = worker_stored(worker);
    if (stored) {
        worker_read_cluster(worker, stored); // which label names the wave may have changed
    }
    touch(reconciler, worker);
}

void reconciler_reconsider(struct reconciler *reconciler) {
    key_map_each(&reconciler->workers, reconsider, reconciler);
}

// ---- the whole ----

struct reconciler *reconciler_new(const struct reconciler_options *options) {
    struct reconciler *reconciler = memory_calloc(1, sizeof(*reconciler));
    reconciler->options = *options;
    reconciler->objects = object_table_new();
    reconciler->random = options->random_seed;
    if (reconciler->random == 0 &&
        getrandom(&reconciler->random, sizeof(reconciler->random), 0) != sizeof(reconciler->random)) {
        reconciler->random = (uint64_t)event_loop_wall_ms(options->loop);
    }
    return reconciler;
}

static void free_worker(void *cookie, void *value) {
    (void)cookie;
    worker_free(value);
}

static void stop_waiting(void *cookie, void *value) {
    (void)cookie;
    struct worker *worker = value;
    worker->waits_in_line = false; // nobody is woken by those that go
}

void reconciler_free(struct reconciler *reconciler) {
    if (!reconciler) {
        return;
    }
    key_map_each(&reconciler->workers, stop_waiting, NULL);
    struct key_map workers = reconciler->workers;
    reconciler->workers = (struct key_map){0};
    key_map_each(&workers, free_worker, NULL);
    key_map_clear(&workers);
    event_loop_cancel(reconciler->options.loop, reconciler->pump_timer);
    object_table_free(reconciler->objects);
    free(reconciler->queue);
    free(reconciler);
}

static void count(void *cookie, void *value) {
    struct reconciler_stats *stats = cookie;
    const struct worker *worker = value;
    bool refused = false;
    for (size_t i = 0; i < worker->verdicts.count && !refused; i++) {
        refused = worker->verdicts.items[i]->state == APPROVAL_DENIED ||
                  worker->verdicts.items[i]->state == APPROVAL_HELD;
    }
    stats->clusters++;
    stats->refused += refused;
    stats->failed += worker->failures > 0;
    stats->working += worker->record.intent.action != ACTION_NONE;
    stats->waiting += worker->waits_in_line;
    stats->converged += worker->converged;
}

struct reconciler_stats reconciler_stats(const struct reconciler *reconciler) {
    struct reconciler_stats stats = reconciler->stats;
    struct key_map workers = reconciler->workers;
    key_map_each(&workers, count, &stats);
    return stats;
}
