#include "loop/event_loop.h"

#include "base/memory.h"
#include "loop/event_loop_internal.h"
#include "loop/http_transfer.h"

#include <assert.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

// Without anything to do a real loop still looks at the world now and then: a wake-up can't be lost for
// longer.
enum { LONGEST_WAIT_MS = 1000, MOST_CONNECTIONS_TO_HOST = 16 };
static const int64_t LONGEST_DELAY_MS = INT64_C(1) << 40; // some decades: sums don't overflow

struct timer {
    int64_t due_ms;
    uint64_t order; // rises, so timers of one time run in the order in which they were made
    event_callback *callback;
    void *cookie;
    size_t place;        // in the heap
    uint32_t generation; // of this slot: an event_timer of an earlier user does not fit any more
    uint32_t next_free;  // slot, of a slot that is free
};

struct posted {
    event_callback *callback;
    void *cookie;
    struct posted *next;
};

struct watch {
    int descriptor;
    event_callback *callback;
    void *cookie;
};

struct event_loop {
    struct timer *timers; // slots, which timers keep until they have run
    uint32_t slots, capacity, first_free;
    uint32_t *heap; // slots, the earliest timer first
    size_t count;
    uint64_t last_order;
    bool is_virtual;
    int64_t virtual_ms, virtual_wall_ms; // since the start, and of the start
    CURLM *multi;                        // NULL: a virtual loop
    size_t transfers;                    // under way
    struct watch watches[EVENT_LOOP_MOST_WATCHES];
    unsigned watch_count;
    atomic_bool stopping;
    pthread_mutex_t lock; // of what follows
    struct posted *first_posted, **last_posted;
};

static const uint32_t no_slot = UINT32_MAX;

static int64_t read_clock_ms(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct event_loop *new_loop(void) {
    struct event_loop *loop = memory_calloc(1, sizeof(*loop));
    pthread_mutex_init(&loop->lock, NULL);
    loop->last_posted = &loop->first_posted;
    loop->first_free = no_slot;
    return loop;
}

struct event_loop *event_loop_new(void) {
    struct event_loop *loop = new_loop();
    loop->multi = curl_multi_init();
    if (!loop->multi) {
        abort(); // out of memory, as in base/memory.h
    }
    // Of HTTP/1.1; where HTTP/2 is spoken, one does for all.
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MOST_CONNECTIONS_TO_HOST);
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
    assert(loop->transfers == 0);
    while (loop->first_posted) {
        struct posted *posted = loop->first_posted;
        loop->first_posted = posted->next;
        free(posted);
    }
    if (loop->multi) {
        curl_multi_cleanup(loop->multi);
    }
    pthread_mutex_destroy(&loop->lock);
    free(loop->timers);
    free(loop->heap);
    free(loop);
}

CURLM *event_loop_multi(struct event_loop *loop) {
    assert(!loop->is_virtual);
    return loop->multi;
}

void event_loop_count_transfer(struct event_loop *loop, bool begins) {
    loop->transfers += begins ? 1 : (size_t)-1;
}

int64_t event_loop_now_ms(const struct event_loop *loop) {
    return loop->is_virtual ? loop->virtual_ms : read_clock_ms(CLOCK_MONOTONIC);
}

int64_t event_loop_wall_ms(const struct event_loop *loop) {
    return loop->is_virtual ? loop->virtual_wall_ms + loop->virtual_ms : read_clock_ms(CLOCK_REALTIME);
}

// ---- timers: a heap of slots, so that one of many thousands is cancelled in a few steps ----

static bool is_before(const struct event_loop *loop, size_t a, size_t b) {
    const struct timer *first = &loop->timers[loop->heap[a]], *second = &loop->timers[loop->heap[b]];
    return first->due_ms != second->due_ms ? first->due_ms < second->due_ms : first->order < second->order;
}

static void place(struct event_loop *loop, size_t index, uint32_t slot) {
    loop->heap[index] = slot;
    loop->timers[slot].place = index;
}

static void swap(struct event_loop *loop, size_t a, size_t b) {
    uint32_t slot = loop->heap[a];
    place(loop, a, loop->heap[b]);
    place(loop, b, slot);
}

static void sift_up(struct event_loop *loop, size_t index) {
    while (index > 0 && is_before(loop, index, (index - 1) / 2)) {
        swap(loop, index, (index - 1) / 2);
        index = (index - 1) / 2;
    }
}

static void sift_down(struct event_loop *loop, size_t index) {
    for (;;) {
        size_t least = index;
        for (size_t child = 2 * index + 1; child <= 2 * index + 2 && child < loop->count; child++) {
            least = is_before(loop, child, least) ? child : least;
        }
        if (least == index) {
            return;
        }
        swap(loop, index, least);
        index = least;
    }
}

static uint32_t take_slot(struct event_loop *loop) {
    if (loop->first_free != no_slot) {
        uint32_t slot = loop->first_free;
        loop->first_free = loop->timers[slot].next_free;
        return slot;
    }
    if (loop->slots == loop->capacity) {
        loop->capacity = loop->capacity ? 2 * loop->capacity : 64;
        loop->timers = memory_realloc(loop->timers, loop->capacity, sizeof(*loop->timers));
        loop->heap = memory_realloc(loop->heap, loop->capacity, sizeof(*loop->heap));
    }
    loop->timers[loop->slots] = (struct timer){.generation = 1};
    return loop->slots++;
}

// Takes the timer at this place of the heap out of it.
static struct timer take_out(struct event_loop *loop, size_t index) {
    uint32_t slot = loop->heap[index];
    struct timer *timer = &loop->timers[slot], taken = *timer;
    uint32_t last = loop->heap[--loop->count];
    if (index < loop->count) {
        place(loop, index, last);
        sift_up(loop, index);
        sift_down(loop, loop->timers[last].place);
    }
    timer->generation += timer->generation == UINT32_MAX ? 2 : 1; // 0 would make a timer that is none
    timer->callback = NULL;
    timer->next_free = loop->first_free;
    loop->first_free = slot;
    return taken;
}

event_timer event_loop_after(struct event_loop *loop, int64_t delay_ms, event_callback *callback,
                             void *cookie) {
    uint32_t slot = take_slot(loop);
    struct timer *timer = &loop->timers[slot];
    int64_t delay = delay_ms < 0 ? 0 : delay_ms < LONGEST_DELAY_MS ? delay_ms : LONGEST_DELAY_MS;
    timer->due_ms = event_loop_now_ms(loop) + delay;
    timer->order = ++loop->last_order;
    timer->callback = callback;
    timer->cookie = cookie;
    place(loop, loop->count++, slot);
    sift_up(loop, loop->count - 1);
    return (event_timer)timer->generation << 32 | slot;
}

void event_loop_cancel(struct event_loop *loop, event_timer timer) {
    uint32_t slot = (uint32_t)timer, generation = (uint32_t)(timer >> 32);
    if (slot < loop->slots && loop->timers[slot].callback && loop->timers[slot].generation == generation) {
        (void)take_out(loop, loop->timers[slot].place);
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
    if (loop->multi) {
        curl_multi_wakeup(loop->multi);
    }
}

void event_loop_withdraw(struct event_loop *loop, const void *cookie) {
    pthread_mutex_lock(&loop->lock);
    struct posted **link = &loop->first_posted;
    while (*link) {
        struct posted *posted = *link;
        if (posted->cookie == cookie) {
            *link = posted->next;
            free(posted);
        } else {
            link = &posted->next;
        }
    }
    loop->last_posted = link;
    pthread_mutex_unlock(&loop->lock);
}

void event_loop_stop(struct event_loop *loop) {
    atomic_store(&loop->stopping, true);
    if (loop->multi) {
        curl_multi_wakeup(loop->multi);
    }
}

static struct posted *take_posted(struct event_loop *loop) {
    pthread_mutex_lock(&loop->lock);
    struct posted *posted = loop->first_posted;
    if (posted) {
        loop->first_posted = posted->next;
        loop->last_posted = loop->first_posted ? loop->last_posted : &loop->first_posted;
    }
    pthread_mutex_unlock(&loop->lock);
    return posted;
}

static size_t count_posted(struct event_loop *loop) {
    size_t count = 0;
    pthread_mutex_lock(&loop->lock);
    for (const struct posted *posted = loop->first_posted; posted; posted = posted->next) {
        count++;
    }
    pthread_mutex_unlock(&loop->lock);
    return count;
}

// One at a time, since each may withdraw others. What is posted meanwhile waits for the next turn, or another
// thread could keep timers from running for ever.
static bool run_posted(struct event_loop *loop) {
    size_t count = count_posted(loop);
    for (size_t i = 0; i < count; i++) {
        struct posted *posted = take_posted(loop);
        if (!posted) {
            break;
        }
        posted->callback(posted->cookie);
        free(posted);
    }
    return count > 0;
}

// ---- descriptors ----

void event_loop_watch(struct event_loop *loop, int descriptor, event_callback *callback, void *cookie) {
    assert(loop->watch_count < EVENT_LOOP_MOST_WATCHES);
    loop->watches[loop->watch_count++] = (struct watch){descriptor, callback, cookie};
}

void event_loop_unwatch(struct event_loop *loop, int descriptor) {
    for (unsigned i = 0; i < loop->watch_count; i++) {
        if (loop->watches[i].descriptor == descriptor) {
            loop->watches[i] = loop->watches[--loop->watch_count];
            return;
        }
    }
}

// A callback may end any watch, also one that is due.
static void run_watch(struct event_loop *loop, int descriptor) {
    for (unsigned i = 0; i < loop->watch_count; i++) {
        if (loop->watches[i].descriptor == descriptor) {
            loop->watches[i].callback(loop->watches[i].cookie);
            return;
        }
    }
}

static void wait_for_descriptors(struct event_loop *loop, int64_t most_ms) {
    struct curl_waitfd waits[EVENT_LOOP_MOST_WATCHES];
    unsigned count = loop->watch_count;
    for (unsigned i = 0; i < count; i++) {
        waits[i] = (struct curl_waitfd){.fd = loop->watches[i].descriptor, .events = CURL_WAIT_POLLIN};
    }
    curl_multi_poll(loop->multi, waits, count, (int)most_ms, NULL);
    for (unsigned i = 0; i < count; i++) {
        if (waits[i].revents != 0) {
            run_watch(loop, waits[i].fd);
        }
    }
}

// ---- turns ----

// Timers that callbacks make run in the next turn, so a turn ends.
static bool run_timers(struct event_loop *loop) {
    int64_t now_ms = event_loop_now_ms(loop);
    uint64_t last = loop->last_order;
    bool any = false;
    while (loop->count > 0) {
        const struct timer *first = &loop->timers[loop->heap[0]];
        if (first->due_ms > now_ms || first->order > last) {
            break;
        }
        struct timer timer = take_out(loop, 0);
        timer.callback(timer.cookie);
        any = true;
    }
    return any;
}

static int64_t until_next_ms(const struct event_loop *loop) {
    if (loop->count == 0) {
        return -1;
    }
    int64_t left_ms = loop->timers[loop->heap[0]].due_ms - event_loop_now_ms(loop);
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

// Callbacks run here, outside of curl_multi_perform: they may start and cancel any transfer.
static void perform(struct event_loop *loop) {
    int running, left;
    curl_multi_perform(loop->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left));) {
        if (message->msg == CURLMSG_DONE) {
            http_transfer_finish(message->easy_handle, message->data.result);
        }
    }
}

bool event_loop_turn(struct event_loop *loop, int64_t wait_ms) {
    if (loop->is_virtual) {
        return turn_virtual(loop, wait_ms);
    }
    perform(loop);
    int64_t next_ms = until_next_ms(loop);
    int64_t most_ms = wait_ms < 0 || wait_ms > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : wait_ms;
    most_ms = next_ms >= 0 && next_ms < most_ms ? next_ms : most_ms;
    // A post or stop after this look has written to the pipe that the poll reads.
    most_ms = count_posted(loop) > 0 || atomic_load(&loop->stopping) ? 0 : most_ms;
    if (most_ms > 0 || loop->watch_count > 0) {
        wait_for_descriptors(loop, most_ms);
        perform(loop);
    }
    (void)run_posted(loop);
    (void)run_timers(loop);
    return true;
}

void event_loop_run(struct event_loop *loop) {
    while (!atomic_load(&loop->stopping) && event_loop_turn(loop, -1)) {
    }
}
