// One thread's events: timers, work that other threads hand over, and HTTP transfers. Its clock may be a
// virtual one, which jumps to the next timer, so that years pass in a test.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct event_loop;

// What runs on the loop. Callbacks never run inside the call that asks for them.
typedef void event_callback(void *cookie);

// A timer; 0 is none.
typedef uint64_t event_timer;

struct event_loop *event_loop_new(void); // caller owns
// Time stands still until event_loop_turn jumps to the next timer. wall_ms: the time of day at the start.
struct event_loop *event_loop_new_virtual(int64_t wall_ms);
// No transfer may be under way (assert), and no other thread may post any more; timers and posted work that
// are left are dropped.
void event_loop_free(struct event_loop *loop);
DEFINE_CLEANUP(event_loop_free, struct event_loop *)

// Milliseconds of a clock that only goes forward.
int64_t event_loop_now_ms(const struct event_loop *loop);
// Milliseconds since 1970, for what is stored and shown.
int64_t event_loop_wall_ms(const struct event_loop *loop);

// Calls once, delay_ms from now at the earliest (0: in the next turn). Timers of one time run in the order in
// which they were made. The loop's thread only.
event_timer event_loop_after(struct event_loop *loop, int64_t delay_ms, event_callback *callback,
                             void *cookie);
// 0 and timers that have run are ignored. The loop's thread only.
void event_loop_cancel(struct event_loop *loop, event_timer timer);

// Any thread: calls back on the loop's thread, in the order of posting, and wakes it.
void event_loop_post(struct event_loop *loop, event_callback *callback, void *cookie);
// The loop's thread: what was posted with this cookie is dropped, for the cookie goes.
void event_loop_withdraw(struct event_loop *loop, const void *cookie);
// Any thread, also before event_loop_run: it returns after the turn that it is in, for good.
void event_loop_stop(struct event_loop *loop);

// Calls back in each turn in which there is something to read from descriptor (inotify, signalfd), which
// stays the caller's. At most EVENT_LOOP_MOST_WATCHES at one time. On a virtual loop nothing ever comes.
enum { EVENT_LOOP_MOST_WATCHES = 16 };
void event_loop_watch(struct event_loop *loop, int descriptor, event_callback *callback, void *cookie);
// Before the descriptor is closed. One that is not watched is ignored.
void event_loop_unwatch(struct event_loop *loop, int descriptor);

// Runs what is due; waits at most wait_ms for something to be due (a virtual clock jumps instead, by at most
// that; -1: no limit). False: a virtual loop that has nothing left to do.
bool event_loop_turn(struct event_loop *loop, int64_t wait_ms);
// Turns until event_loop_stop; a virtual loop also until nothing is left to do.
void event_loop_run(struct event_loop *loop);
