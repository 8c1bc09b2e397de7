// One shared document and all who want to change it: what comes while a write is on its way goes together in
// the next one, and is judged again when another replica was first.
#pragma once

#include "base/buffer.h"
#include "manager/shared_store.h"

#include <pthread.h>

enum { LANE_MOST_BYTES = 512 * 1024 };

// A wish, on the stack of who waits for it.
struct lane_ask {
    struct lane_ask *next;
    void *item;
    bool done, failed;
    struct error error;
};

// All are called with the lock held, and never at the same time.
struct lane_methods {
    // The document as it is now (NULL: there is none) takes the place of what was known.
    bool (*load)(void *cookie, const char *text, struct error *error);
    // Judges every ask against what is known and those before it; an ask that can never be met is marked
    // failed. Adds to text when there is something to write. It must not count twice what a write without an
    // answer already brought into the document.
    void (*prepare)(void *cookie, struct lane_ask *asks, struct buffer *text);
    // What was prepared is in the document now, or is to be forgotten.
    void (*settle)(void *cookie, bool written);
    // Nobody waits any longer for this ask, which may be prepared.
    void (*leave)(void *cookie, struct lane_ask *ask);
};

struct lane_counts {
    uint64_t writes, conflicts, errors;
};

struct lane {
    const char *document; // its name in the store
    const struct shared_store *store;
    pthread_mutex_t *lock; // the owner's
    const struct lane_methods *methods;
    void *cookie;
    unsigned refresh_ms; // the document is read again when nothing was for so long

    // Below: the lane's own, under the lock.
    pthread_cond_t changed;
    pthread_t thread;
    struct lane_ask *queue, *batch;
    bool started, stopping, known, wanted;
    uint64_t heard_ns;
    char version[SHARED_VERSION_BYTES];
    unsigned random;
    struct lane_counts counts;
};

void lane_cond_init(pthread_cond_t *condition); // that waits by CLOCK_MONOTONIC
// False when the time has come.
bool lane_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until_ns);

// The members above the line are set. Without the lock.
MUST_CHECK bool lane_start(struct lane *lane, struct error *error);
void lane_stop(struct lane *lane);
// With the lock, which is released while waiting. Fails with LIMIT when the deadline (0: 10 s) comes first,
// or as the store does.
MUST_CHECK bool lane_submit(struct lane *lane, struct lane_ask *ask, uint64_t deadline_ns,
                            struct error *error);
// With the lock: prepare soon, though nobody asks. reread: and read the document before.
void lane_want(struct lane *lane, bool reread);
