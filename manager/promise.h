// A place of a limit that a change was given before the inventory shows it.
#pragma once

#include "base/buffer.h"
#include "fleet/inventory.h"

enum {
    PROMISE_MOST_OUTCOMES = 8,
    PROMISE_MOST_PARTS = 32,
    PROMISE_MOST_DELTAS = 64,
    PROMISE_LIFE_MS = 30000
};

// How the object may look once the change is stored. A repeated create comes with another uid.
struct promise_outcome {
    const char *uid;
    int64_t generation, replicas;
    bool removes;
};

struct promise_delta {
    enum budget_kind kind;
    const char *name, *per, *group;
    const char *value; // BUDGET_UNIQUE, else NULL
    int64_t delta;     // what it takes on top of what the inventory shows
    int64_t before;    // of the account, as the review showed it
    int64_t after;     // and when this and all that it was promised before is stored
};

// What a replica writes and the others read; the part below is each replica's own.
struct promise {
    uint64_t id;
    struct object_key object, account;
    const struct object_key *parts; // accounts of their own until the inventory shows the change
    size_t part_count;
    struct promise_outcome outcomes[PROMISE_MOST_OUTCOMES];
    size_t outcome_count;
    const struct promise_delta *deltas;
    size_t delta_count;
    bool by_amount;      // the change raises no generation: the account's amounts tell that it is stored
    int64_t until_ms;    // UTC, by the clock of who made it
    const char *replica; // who made it

    bool shown;        // the inventory showed it: it is the truth from then on
    bool covered;      // of a create: the inventory shows something of that name now
    bool looked;       // the object was read live before the end
    bool dead;         // at its end; freed when nothing points to it
    uint64_t until_ns; // CLOCK_MONOTONIC
};

// A deep copy in one piece of memory; caller owns (promise_free).
struct promise *promise_copy(const struct promise *like);
void promise_free(struct promise *promise);
DEFINE_CLEANUP(promise_free, struct promise *)

struct promise_set {
    struct promise **items; // in the order they were made
    size_t count, capacity;
};
void promise_set_add(struct promise_set *set, struct promise *promise); // takes ownership
void promise_set_clear(struct promise_set *set);                        // frees the promises too
// Neither shown nor at its end: what it takes is to be added to what the inventory holds.
static inline bool promise_counts(const struct promise *promise) {
    return !promise->shown && !promise->covered && !promise->dead;
}
// Notes which promises the inventory shows by now; true when something changed.
bool promise_set_refresh(struct promise_set *set, const struct inventory *inventory);

// {"promises": […]}, with dead ones.
void promise_set_write(const struct promise_set *set, struct buffer *ret_text);
// text NULL: none. Unknown members are left out: a newer replica may write them. Caller owns the promises.
// Fails with INVALID, or LIMIT (nested too deep).
MUST_CHECK bool promise_set_read(const char *text, struct promise_set *ret_set, struct error *error);
