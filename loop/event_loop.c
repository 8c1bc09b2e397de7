#include "loop/event_loop.h"

#include "base/memory.h"
#include "loop/event_loop_internal.h"
#include "loop/http_transfer.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

// Without anything to do a real loop still looks at the world now and then: a wake-up can't be lost for
// longer.
enum { LONGEST_WAIT_MS = 1000 };

struct timer {
    int64_t due_ms;
    event_timer id; // rises, so timers of one time run in the order in which they were made
    event_callback *callback;
    void *cookie;
};

struct posted {
    event_callback *callback;
    void *cookie;
    struct posted *next;
};

struct event_loop {
    struct timer *heap; // the earliest first
    size_t count, capacity;
    event_timer last_id;
    bool is_virtual;
    int64_t virtual_ms, virtual_wall_ms; // since the start, and of the start
    CURLM *transfers;                    // NULL: a virtual loop
    atomic_bool stopping;
    pthread_mutex_t lock; // of what follows
    struct posted *first_posted, **last_posted;
};

static int64_t read_clock_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct event_loop *new_loop(void) {
    struct event_loop *loop = memory_calloc(1, sizeof(*loop));
    pthread_mutex_init(&loop->lock, NULL);
    loop->last_posted = &loop->first_posted;
    return loop;
}

struct event_loop *event_loop_new(void) {
    struct event_loop *loop = new_loop();
    loop->transfers = curl_multi_init();
    assert(loop->transfers);
    return loop;
}

struct event_loop *event_loop_new_virtual(int64_t wall_ms) {
    struct event_loop *loop = new_loop();
    loop->is_virtual = true;
    loop->virtual_wall_ms = wall_ms;
    return loop;
}

void event_loop_free(struct event_loop *loop) {
    if (!loop) {
        return;
    }
    while (loop->first_posted) {
        struct posted *posted = loop->first_posted;
        loop->first_posted = posted->next;
        free(posted);
    }
    if (loop->transfers) {
        curl_multi_cleanup(loop->transfers);
    }
    pthread_mutex_destroy(&loop->lock);
    free(loop->heap);
    free(loop);
}

CURLM *event_loop_transfers(struct event_loop *loop) {
    assert(!loop->is_virtual);
    return loop->transfers;
}

int64_t event_loop_now_ms(const struct event_loop *loop) {
    return loop->is_virtual ? loop->virtual_ms : read_clock_ms(CLOCK_MONOTONIC);
}

int64_t event_loop_wall_ms(const struct event_loop *loop) {
    return loop->is_virtual ? loop->virtual_wall_ms + loop->virtual_ms : read_clock_ms(CLOCK_REALTIME);
}

// ---- the heap of timers ----

static bool is_before(const struct timer *a, const struct timer *b) {
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->id < b->id;
}

static void swap(struct timer *a, struct timer *b) {
    struct timer kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_up(struct timer *heap, size_t index) {
    while (index > 0 && is_before(&heap[index], &heap[(index - 1) / 2])) {
        swap(&heap[index], &heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
}

static void sift_down(struct timer *heap, size_t count, size_t index) {
    for (;;) {
        size_t least = index;
        for (size_t child = 2 * index + 1; child <= 2 * index + 2 && child < count; child++) {
            least = is_before(&heap[child], &heap[least]) ? child : least;
        }
        if (least == index) {
            return;
        }
        swap(&heap[index], &heap[least]);
        index = least;
    }
}

event_timer event_loop_after(struct event_loop *loop, int64_t delay_ms, event_callback *callback,
                             void *cookie) {
    if (loop->count == loop->capacity) {
        loop->capacity = loop->capacity ? 2 * loop->capacity : 64;
        loop->heap = memory_realloc(loop->heap, loop->capacity, sizeof(*loop->heap));
    }
    loop->heap[loop->count] =
        (struct timer){.due_ms = event_loop_now_ms(loop) + (delay_ms > 0 ? delay_ms : 0),
                       .id = ++loop->last_id,
                       .callback = callback,
                       .cookie = cookie};
    sift_up(loop->heap, loop->count++);
    return loop->last_id;
}

// Emptied in place: finding it costs nothing more than looking, and taking it out of the middle is not
// needed.
void event_loop_cancel(struct event_loop *loop, event_timer timer) {
    for (size_t i = 0; timer != 0 && i < loop->count; i++) {
        if (loop->heap[i].id == timer) {
            loop->heap[i] = loop->heap[--loop->count];
            if (i < loop->count) {
                sift_up(loop->heap, i);
                sift_down(loop->heap, loop->count, i);
            }
            return;
        }
    }
}

// ---- other threads ----

void event_loop_post(struct event_loop *loop, event_callback *callback, void *cookie) {
    struct posted *posted = memory_calloc(1, sizeof(*posted));
    *posted = (struct posted){callback, cookie, NULL};
    pthread_mutex_lock(&loop->lock);
    *loop->last_posted = posted;
    loop->last_posted = &posted->next;
    pthread_mutex_unlock(&loop->lock);
    if (loop->transfers) {
        curl_multi_wakeup(loop->transfers);
    }
}

void event_loop_stop(struct event_loop *loop) {
    atomic_store(&loop->stopping, true);
    if (loop->transfers) {
        curl_multi_wakeup(loop->transfers);
    }
}

static bool run_posted(struct event_loop *loop) {
    pthread_mutex_lock(&loop->lock);
    struct posted *posted = loop->first_posted;
    loop->first_posted = NULL;
    loop->last_posted = &loop->first_posted;
    pthread_mutex_unlock(&loop->lock);
    bool any = posted != NULL;
    while (posted) {
        struct posted *next = posted->next;
        posted->callback(posted->cookie);
        free(posted);
        posted = next;
    }
    return any;
}

static bool has_posted(struct event_loop *loop) {
    pthread_mutex_lock(&loop->lock);
    bool any = loop->first_posted != NULL;
    pthread_mutex_unlock(&loop->lock);
    return any;
}

// ---- turns ----

// Timers that callbacks make run in the next turn, so a turn ends.
static bool run_timers(struct event_loop *loop) {
    int64_t now_ms = event_loop_now_ms(loop);
    event_timer last = loop->last_id;
    bool any = false;
    while (loop->count > 0 && loop->heap[0].due_ms <= now_ms && loop->heap[0].id <= last) {
        struct timer timer = loop->heap[0];
        loop->heap[0] = loop->heap[--loop->count];
        sift_down(loop->heap, loop->count, 0);
        timer.callback(timer.cookie);
        any = true;
    }
    return any;
}

static int64_t until_next_ms(const struct event_loop *loop) {
    if (loop->count == 0) {
        return -1;
    }
    int64_t left_ms = loop->heap[0].due_ms - event_loop_now_ms(loop);
    return left_ms > 0 ? left_ms : 0;
}

static bool turn_virtual(struct event_loop *loop, int64_t wait_ms) {
    if (run_posted(loop)) {
        return true;
    }
    int64_t next_ms = until_next_ms(loop);
    if (next_ms < 0) {
        return false;
    }
    bool is_too_far = wait_ms >= 0 && next_ms > wait_ms;
    loop->virtual_ms += is_too_far ? wait_ms : next_ms;
    (void)run_timers(loop);
    return true;
}

static void finish_transfers(struct event_loop *loop) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(loop->transfers, &left));) {
        if (message->msg == CURLMSG_DONE) {
            http_transfer_finish(message->easy_handle, message->data.result);
        }
    }
}

bool event_loop_turn(struct event_loop *loop, int64_t wait_ms) {
    if (loop->is_virtual) {
        return turn_virtual(loop, wait_ms);
    }
    int64_t next_ms = until_next_ms(loop);
    int64_t most_ms = wait_ms < 0 || wait_ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : wait_ms;
    most_ms = next_ms >= 0 && next_ms < most_ms ? next_ms : most_ms;
    most_ms = has_posted(loop) || atomic_load(&loop->stopping) ? 0 : most_ms;
    int running;
    curl_multi_perform(loop->transfers, &running);
    finish_transfers(loop);
    if (most_ms > 0 && !has_posted(loop)) {
        curl_multi_poll(loop->transfers, NULL, 0, (int)most_ms, NULL);
        curl_multi_perform(loop->transfers, &running);
        finish_transfers(loop);
    }
    (void)run_posted(loop);
    (void)run_timers(loop);
    return true;
}

void event_loop_run(struct event_loop *loop) {
    while (!atomic_load(&loop->stopping)) {
        if (!event_loop_turn(loop, -1)) {
            return;
        }
    }
}
