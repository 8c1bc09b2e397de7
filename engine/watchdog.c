#include "engine/watchdog.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TICK_NS = 5 * 1000 * 1000 };

// glibc 2.36 has no name for this member of sigevent.
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

const char watchdog_error = 0;

// One for each thread. Only its own thread and the signal handler on that thread touch it.
struct watch {
    timer_t timer;
    bool has_timer;
    volatile sig_atomic_t ticking;
    volatile sig_atomic_t active;
    volatile sig_atomic_t verdict;
    volatile uint32_t work;  // which piece of work runs
    volatile uint32_t seen;  // the piece of work that the last tick saw
    volatile uint64_t since; // thread CPU time when a tick first saw it
    volatile uint64_t budget_ns;
    volatile uint64_t deadline_ns;
    lua_State *volatile state;
};

static _Thread_local struct watch watch;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end;

static uint64_t read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static int signal_number(void) {
    return SIGRTMIN + 3;
}

static void end_hook(lua_State *state, lua_Debug *record) {
    (void)record;
    lua_pushlightuserdata(state, (void *)(uintptr_t)&watchdog_error);
    lua_error(state);
}

static void set_interval(long nanoseconds) {
    struct itimerspec when = {.it_value.tv_nsec = nanoseconds, .it_interval.tv_nsec = nanoseconds};
    timer_settime(watch.timer, 0, &when, NULL);
    watch.ticking = nanoseconds != 0;
}

static enum watchdog_verdict judge(void) {
    if (watch.deadline_ns && read_clock(CLOCK_MONOTONIC) >= watch.deadline_ns) {
        return WATCHDOG_DEADLINE;
    }
    uint64_t cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);
    if (watch.seen != watch.work) {
        watch.seen = watch.work;
        watch.since = cpu;
        return WATCHDOG_FINE;
    }
    return cpu - watch.since >= watch.budget_ns ? WATCHDOG_TIME : WATCHDOG_FINE;
}

static void on_tick(int number) {
    (void)number;
    int saved = errno;
    if (!watch.has_timer) {
        // A late tick for a thread that is gone and whose number this one got.
    } else if (!watch.active) {
        set_interval(0);
    } else if (watch.verdict == WATCHDOG_FINE) {
        watch.verdict = (sig_atomic_t)judge();
        if (watch.verdict != WATCHDOG_FINE) {
            // lua_sethook is made to be called from a signal handler on the thread that runs the state.
            lua_sethook(watch.state, end_hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
        }
    }
    errno = saved;
}

static void delete_timer(void *unused) {
    (void)unused;
    if (watch.has_timer) {
        timer_delete(watch.timer);
        watch.has_timer = false;
    }
}

static void prepare_process(void) {
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (sigaction(signal_number(), &action, NULL) != 0 ||
        pthread_key_create(&thread_end, delete_timer) != 0) {
        abort();
    }
}

static void prepare_thread(void) {
    pthread_once(&once, prepare_process);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = signal_number()};
    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &watch.timer) != 0) {
        abort(); // without a timer a policy could hang the gate
    }
    watch.has_timer = true;
    pthread_setspecific(thread_end, &watch);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, signal_number());
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

void watchdog_start(lua_State *state, uint64_t budget_ns, uint64_t deadline_ns) {
    if (!watch.has_timer) {
        prepare_thread();
    }
    watch.state = state;
    watch.budget_ns = budget_ns;
    watch.deadline_ns = deadline_ns;
    watch.verdict = WATCHDOG_FINE;
    watch.work++;
    watch.active = 1;
    // The timer ticks on between two requests that follow closely and stops itself at the first tick without
    // work: under load no request pays for a system call.
    if (!watch.ticking) {
        set_interval(TICK_NS);
    }
}

void watchdog_next(void) {
    watch.work++;
    if (watch.verdict != WATCHDOG_FINE) {
        lua_sethook(watch.state, NULL, 0, 0);
        watch.verdict = WATCHDOG_FINE;
    }
}

void watchdog_stop(void) {
    watch.active = 0;
    if (watch.verdict != WATCHDOG_FINE) {
        lua_sethook(watch.state, NULL, 0, 0);
    }
}

enum watchdog_verdict watchdog_verdict(void) {
    return (enum watchdog_verdict)watch.verdict;
}

void watchdog_check(lua_State *state) {
    if (watch.active && watch.verdict != WATCHDOG_FINE) {
        end_hook(state, NULL);
    }
}
