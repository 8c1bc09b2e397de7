#include "reconciler/reconciler.h"

#include "base/memory.h"
#include "base/random.h"
#include "fleet/fragment.h"
#include "reconciler/worker.h"

#include <malloc.h>
#include <string.h>
#include <sys/random.h>

enum { TIDY_PASSES = 2000 };

// ---- chance ----

// Tokens must differ, not be secret.
uint64_t reconciler_random(struct reconciler *reconciler) {
    return random_next(&reconciler->random);
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
    struct event_loop *loop = reconciler->options.loop;
    int64_t due_ms = event_loop_now_ms(loop) + delay_ms;
    if (worker->queued || (worker->timer && worker->due_ms <= due_ms && delay_ms > 0)) {
        return;
    }
    event_loop_cancel(loop, worker->timer);
    worker->timer = 0;
    if (delay_ms <= 0) {
        enqueue(reconciler, worker);
    } else {
        worker->timer = event_loop_after(loop, delay_ms, due, worker);
        worker->due_ms = due_ms;
    }
}

static struct worker *dequeue(struct reconciler *reconciler) {
    struct worker *worker = reconciler->queue[reconciler->queue_begin];
    reconciler->queue_begin = (reconciler->queue_begin + 1) % reconciler->queue_capacity;
    reconciler->queue_count--;
    worker->queued = false;
    return worker;
}

static void leave_queue(struct reconciler *reconciler, const struct worker *worker) {
    for (size_t i = 0; worker->queued && i < reconciler->queue_count; i++) {
        struct worker **slot = &reconciler->queue[(reconciler->queue_begin + i) % reconciler->queue_capacity];
        *slot = *slot == worker ? NULL : *slot;
    }
}

static void tell_gone(const struct reconciler *reconciler, const struct worker *worker) {
    const struct reconciler_options *options = &reconciler->options;
    if (options->progress) {
        const struct cluster_progress gone = {.namespace = worker->key.namespace,
                                              .name = worker->key.name,
                                              .phase = "",
                                              .version = "",
                                              .doing = ""};
        options->progress(options->cookie, &gone);
    }
}

static void forget_retired(struct reconciler *reconciler, const struct worker *worker) {
    struct worker **link = &reconciler->retired;
    while (*link && *link != worker) {
        link = &(*link)->next_retired;
    }
    if (*link) {
        *link = worker->next_retired;
    }
}

// Its Cluster is gone, or another one has its name.
static void drop(struct reconciler *reconciler, struct worker *worker) {
    leave_queue(reconciler, worker);
    if (key_map_find(&reconciler->workers, &worker->key) == worker) {
        key_map_take(&reconciler->workers, &worker->key);
        tell_gone(reconciler, worker);
    } else {
        forget_retired(reconciler, worker);
    }
    worker_free(worker);
    reconciler_move_line(reconciler);
}

void reconciler_pass_ended(struct reconciler *reconciler, struct worker *worker) {
    reconciler->passes_running--;
    if (worker->is_gone) {
        drop(reconciler, worker);
    }
    // What many passes at one time have left between what stays: 35 MB after 300 clusters came up.
    if (++reconciler->passes_untidied >= TIDY_PASSES && reconciler->passes_running == 0) {
        reconciler->passes_untidied = 0;
        malloc_trim(0);
    }
    pump_soon(reconciler);
}

static void pump(void *cookie) {
    struct reconciler *reconciler = cookie;
    reconciler->pump_timer = 0;
    if (reconciler->line_moves && reconciler->synced) {
        reconciler->line_moves = false;
        rollout_call(reconciler);
    }
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

void reconciler_move_line(struct reconciler *reconciler) {
    reconciler->line_moves = true;
    pump_soon(reconciler);
}

// ---- what is stored ----

static void touch(struct reconciler *reconciler, struct worker *worker) {
    worker->must_judge = true;
    worker->is_stale = true;
    worker->shown = 0;
    if (worker->step != PASS_NONE) {
        worker->again = true;
    } else {
        reconciler_wake(reconciler, worker, 0);
    }
}

// Status is mostly what was written here. Were it looked at as what is new is, words that differ each time
// would make a pass begin with the end of another.
static void note_report(struct reconciler *reconciler, struct worker *worker) {
    worker->reported = true;
    if (worker->step == PASS_NONE) {
        worker->shown = 0;
        if (worker->retry_judge) {
            reconciler_wake(reconciler, worker, REPORTED_WAIT_MS);
        }
    }
}

// Everything that the change of this object is about looks at it.
static void touch_clusters(struct reconciler *reconciler, const struct fragment *fragment,
                           struct arena *arena, enum object_news news) {
    const struct fleet_access *fleet = &reconciler->options.fleet;
    struct fleet_knowledge knowledge = {0};
    fleet->open(fleet->cookie, &knowledge);
    struct member_list clusters;
    members_clusters(arena, &knowledge.source, fragment, &clusters);
    for (size_t i = 0; i < clusters.count; i++) {
        struct worker *worker = key_map_find(&reconciler->workers, clusters.keys[i]);
        if (worker) {
            (news == OBJECT_REPORTED ? note_report : touch)(reconciler, worker);
        }
    }
}

// A pass that is under way can't be ended from outside: it ends with its next answer.
static void retire(struct reconciler *reconciler, struct worker *worker) {
    worker->is_gone = true;
    if (worker->step == PASS_NONE) {
        drop(reconciler, worker);
        return;
    }
    key_map_take(&reconciler->workers, &worker->key);
    worker->next_retired = reconciler->retired;
    reconciler->retired = worker;
}

static void put_cluster(struct reconciler *reconciler, const struct stored_object *stored,
                        enum object_news news) {
    struct worker *worker = key_map_find(&reconciler->workers, &stored->key);
    if (worker && strcmp(worker->uid, stored->uid) != 0) {
        retire(reconciler, worker); // nothing that was approved of it is approved of another one
        worker = NULL;
    }
    if (!worker) {
        worker = worker_new(reconciler, &stored->key);
        key_map_add(&reconciler->workers, &worker->key, worker);
    }
    worker->is_gone = false;
    worker_read_cluster(worker, stored);
    (news == OBJECT_REPORTED ? note_report : touch)(reconciler, worker);
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
    strays_note(reconciler, stored);
    if (fragment->kind.entry->role == KIND_CLUSTER && !fragment->kind.is_template) {
        put_cluster(reconciler, stored, news);
    } else {
        touch_clusters(reconciler, fragment, arena, news);
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
        touch_clusters(reconciler, fragment, arena, OBJECT_CHANGED);
    }
    struct worker *worker = key_map_find(&reconciler->workers, &object->key);
    if (worker) {
        cluster_is_gone(reconciler, worker);
        strays_look_later(reconciler);
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

void reconciler_free(struct reconciler *reconciler) {
    if (!reconciler) {
        return;
    }
    struct key_map workers = reconciler->workers;
    reconciler->workers = (struct key_map){0};
    key_map_each(&workers, free_worker, NULL);
    key_map_clear(&workers);
    while (reconciler->retired) {
        struct worker *worker = reconciler->retired;
        reconciler->retired = worker->next_retired;
        worker_free(worker);
    }
    event_loop_cancel(reconciler->options.loop, reconciler->pump_timer);
    strays_forget(reconciler);
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
    stats->waiting += worker->line != LINE_NONE;
    stats->converged += worker->converged;
}

struct reconciler_stats reconciler_stats(const struct reconciler *reconciler) {
    struct reconciler_stats stats = reconciler->stats;
    struct key_map workers = reconciler->workers;
    key_map_each(&workers, count, &stats);
    return stats;
}
