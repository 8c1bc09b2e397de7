// What the files of the reconciler share.
#pragma once

#include "fleet/kind_table.h"
#include "reconciler/key_map.h"
#include "reconciler/object_table.h"
#include "reconciler/reconciler.h"

// Of no template.
static inline bool object_has_role(const struct object_key *key, enum kind_role role) {
    struct kind_match kind = kind_table_find(key->group, key->kind);
    return kind.entry && !kind.is_template && kind.entry->role == role;
}

struct worker;
struct stray_list;

// Passes under way at one time: each holds one request and some 20 kB at most. Clouds that don't answer must
// not hold up the others.
enum { MOST_PASSES = 128 };
enum { REPORTED_WAIT_MS = 1000 };

// What a cluster waits for before it may begin.
enum line { LINE_NONE, LINE_UPGRADE, LINE_WAVE, LINE_DELETE, LINE_COUNT };

// Those who wait, in the order in which they came.
struct line_ends {
    struct worker *first, *last;
};

// Clusters that change at one time.
enum place { PLACE_UPGRADE, PLACE_DELETE, PLACE_COUNT };
struct place_holders {
    struct worker *first; // the newest
    size_t count;
};

struct reconciler {
    struct reconciler_options options;
    struct object_table *objects;
    struct key_map workers;
    struct worker **queue; // ring of those whose turn it is
    size_t queue_begin, queue_count, queue_capacity;
    size_t passes_running, passes_untidied;
    event_timer pump_timer;
    bool synced;
    uint64_t random;
    struct place_holders places[PLACE_COUNT];
    size_t uncounted; // of which it is not known yet whether they hold one
    struct line_ends lines[LINE_COUNT];
    bool line_moves;        // somebody in line may be called
    struct worker *retired; // their Cluster is gone, their pass is not over
    event_timer stray_timer;
    struct stray_list *strays; // that are looked at now, or NULL
    struct reconciler_stats stats;
};

// A pass is made soon; delay_ms from now where nothing else wants it earlier.
void reconciler_wake(struct reconciler *reconciler, struct worker *worker, int64_t delay_ms);
void reconciler_pass_ended(struct reconciler *reconciler, struct worker *worker);
uint64_t reconciler_random(struct reconciler *reconciler);
// base_ms, a tenth more or less.
int64_t reconciler_jitter(struct reconciler *reconciler, int64_t base_ms);
// Those in line whose turn has come are called in the next turn.
void reconciler_move_line(struct reconciler *reconciler);
// Is nobody in the way of this cluster's upgrade or deletion? ret_waits (WORKER_MOST_TEXT): who is.
bool rollout_may_upgrade(struct worker *worker, char *ret_waits);
bool rollout_may_delete(struct worker *worker, char *ret_waits);
// Keeps count of places.
void rollout_hold(struct worker *worker, enum place place, bool holds);
// What this one holds is known now.
void rollout_count(struct worker *worker);
// Wakes those whose turn has come.
void rollout_call(struct reconciler *reconciler);
void rollout_leave_line(struct worker *worker);

// Pools whose Cluster is gone are let go, after a while.
void strays_look_later(struct reconciler *reconciler);
void strays_note(struct reconciler *reconciler, const struct stored_object *stored); // it may be one
void strays_forget(struct reconciler *reconciler);
