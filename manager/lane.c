#include "manager/lane.h"

#include "base/clock.h"

#include <string.h>
#include <time.h>

enum { MOST_WAIT_MS = 10000, FIRST_PAUSE_MS = 2, LAST_PAUSE_MS = 250, MOST_DOUBLINGS = 7 };
static const uint64_t ns_in_ms = 1000000;

void lane_cond_init(pthread_cond_t *condition) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool lane_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until_ns) {
    struct timespec until = {.tv_sec = (time_t)(until_ns / (1000 * ns_in_ms)),
                             .tv_nsec = (long)(until_ns % (1000 * ns_in_ms))};
    return pthread_cond_timedwait(condition, lock, &until) == 0;
}

static void finish(struct lane *lane, const struct error *failure) {
    while (lane->batch) {
        struct lane_ask *ask = lane->batch;
        lane->batch = ask->next;
        if (failure && !ask->failed) {
            ask->failed = true;
            ask->error = *failure;
        }
        ask->done = true;
    }
    pthread_cond_broadcast(&lane->changed);
}

static bool load(struct lane *lane, struct error *error) {
    char *text = NULL;
    char version[SHARED_VERSION_BYTES] = "";
    pthread_mutex_unlock(lane->lock);
    uint64_t deadline_ns = clock_now_ns() + MOST_WAIT_MS * ns_in_ms;
    bool read =
        lane->store->methods->read(lane->store->cookie, lane->document, deadline_ns, &text, version, error);
    pthread_mutex_lock(lane->lock);
    lane->counts.errors += read ? 0 : 1;
    bool loaded = read && lane->methods->load(lane->cookie, text, error);
    if (read && !loaded) {
        error_wrap(error, "%s", lane->document);
    }
    free(text);
    if (loaded) {
        memcpy(lane->version, version, sizeof(version));
        lane->heard_ns = clock_now_ns();
    }
    lane->known = loaded;
    return loaded;
}

// Others write too: a pause of random length lets one of them through.
static void pause_between(struct lane *lane, unsigned tries) {
    unsigned longest = (unsigned)FIRST_PAUSE_MS << (tries < MOST_DOUBLINGS ? tries : MOST_DOUBLINGS);
    longest = longest < LAST_PAUSE_MS ? longest : LAST_PAUSE_MS;
    uint64_t until = clock_now_ns() + (1 + (uint64_t)rand_r(&lane->random) % longest) * ns_in_ms;
    while (!lane->stopping && lane_wait(&lane->changed, lane->lock, until)) {
    }
}

// True when it is settled; else it is to be tried again, after a load.
static bool write_once(struct lane *lane, struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, LANE_MOST_BYTES);
    lane->methods->prepare(lane->cookie, lane->batch, &text);
    if (text.length == 0) {
        lane->methods->settle(lane->cookie, false);
        return true;
    }
    char version[SHARED_VERSION_BYTES];
    pthread_mutex_unlock(lane->lock);
    uint64_t deadline_ns = clock_now_ns() + MOST_WAIT_MS * ns_in_ms;
    bool written = lane->store->methods->write(lane->store->cookie, lane->document, buffer_text(&text),
                                               lane->version, deadline_ns, version, error);
    pthread_mutex_lock(lane->lock);
    if (written) {
        memcpy(lane->version, version, sizeof(version));
        lane->heard_ns = clock_now_ns();
        lane->counts.writes++;
        lane->methods->settle(lane->cookie, true);
        return true;
    }
    // Without an answer it may have been written all the same: what is there now is read in any case.
    lane->known = false;
    *(error->kind == ERROR_CONFLICT ? &lane->counts.conflicts : &lane->counts.errors) += 1;
    lane->methods->settle(lane->cookie, false);
    return false;
}

static bool may_pass(const struct error *error) {
    return error->kind == ERROR_CONFLICT || error->kind == ERROR_IO || error->kind == ERROR_LIMIT;
}

static void run_batch(struct lane *lane) {
    uint64_t end_ns = clock_now_ns() + MOST_WAIT_MS * ns_in_ms;
    struct error error = {ERROR_IO, "stopped"};
    for (unsigned tries = 0; !lane->stopping; tries++) {
        if ((lane->known || load(lane, &error)) && write_once(lane, &error)) {
            finish(lane, NULL);
            return;
        }
        // Nobody waits any more, or for too long already.
        if (!lane->batch || clock_now_ns() >= end_ns || !may_pass(&error)) {
            break;
        }
        pause_between(lane, tries);
    }
    finish(lane, &error);
}

static void *lane_main(void *cookie) {
    struct lane *lane = cookie;
    const uint64_t refresh_ns = lane->refresh_ms * ns_in_ms;
    pthread_mutex_lock(lane->lock);
    uint64_t tried_ns = 0;
    while (!lane->stopping) {
        uint64_t last_ns = tried_ns > lane->heard_ns ? tried_ns : lane->heard_ns;
        if (lane->queue || lane->wanted) {
            lane->batch = lane->queue;
            lane->queue = NULL;
            lane->wanted = false;
            run_batch(lane);
        } else if (clock_now_ns() >= last_ns + refresh_ns) {
            struct error error;
            tried_ns = clock_now_ns();
            (void)!load(lane, &error); // counted; the next ask tells
        } else {
            lane_wait(&lane->changed, lane->lock, last_ns + refresh_ns);
        }
    }
    struct error stopped = {ERROR_IO, "stopped"};
    lane->batch = lane->queue;
    lane->queue = NULL;
    finish(lane, &stopped);
    pthread_mutex_unlock(lane->lock);
    return NULL;
}

bool lane_start(struct lane *lane, struct error *error) {
    lane_cond_init(&lane->changed);
    lane->random = (unsigned)clock_now_ns() ^ (unsigned)(uintptr_t)lane;
    lane->started = pthread_create(&lane->thread, NULL, lane_main, lane) == 0;
    if (!lane->started) {
        pthread_cond_destroy(&lane->changed);
        return error_set(error, ERROR_IO, "no thread can be made for %s", lane->document);
    }
    return true;
}

void lane_stop(struct lane *lane) {
    if (!lane->started) {
        return;
    }
    pthread_mutex_lock(lane->lock);
    lane->stopping = true;
    pthread_cond_broadcast(&lane->changed);
    pthread_mutex_unlock(lane->lock);
    pthread_join(lane->thread, NULL);
    pthread_cond_destroy(&lane->changed);
    lane->started = false;
}

static void unlink_ask(struct lane_ask **list, const struct lane_ask *ask) {
    for (; *list; list = &(*list)->next) {
        if (*list == ask) {
            *list = ask->next;
            return;
        }
    }
}

bool lane_submit(struct lane *lane, struct lane_ask *ask, uint64_t deadline_ns, struct error *error) {
    struct lane_ask **last = &lane->queue;
    while (*last) {
        last = &(*last)->next;
    }
    *last = ask;
    ask->next = NULL;
    pthread_cond_broadcast(&lane->changed);
    uint64_t until = deadline_ns ? deadline_ns : clock_now_ns() + MOST_WAIT_MS * ns_in_ms;
    while (!ask->done && !lane->stopping && clock_now_ns() < until) {
        lane_wait(&lane->changed, lane->lock, until);
    }
    if (!ask->done) {
        unlink_ask(&lane->queue, ask);
        unlink_ask(&lane->batch, ask);
        lane->methods->leave(lane->cookie, ask);
        return error_set(error, ERROR_LIMIT, "no answer in time from the store that all replicas share (%s)",
                         lane->document);
    }
    if (ask->failed) {
        *error = ask->error;
        return false;
    }
    return true;
}

void lane_want(struct lane *lane, bool reread) {
    lane->wanted = true;
    lane->known &= !reread;
    pthread_cond_broadcast(&lane->changed);
}
