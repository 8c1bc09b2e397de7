// The embedded cloud on a clock that jumps, asked one thing at a time.
#pragma once

#include "loop/event_loop.h"
#include "reconciler/providers/sim.h"
#include "tests/support/expect.h"

#define CLOUD_START_MS INT64_C(1700000000000)
#define MINUTE_MS INT64_C(60000)

struct cloud {
    struct event_loop *loop;
    struct sim *sim;
    struct provider provider;
    struct sim_options options;
};

// An answer that outlives its call.
struct heard {
    bool is_answered;
    struct error error;
    int64_t retry_after_ms;
    char operation[64]; // "": none
    enum operation_state state;
    char failure[256];
    char kubeconfig[4096];
    struct cloud_cluster cluster; // of observe; texts and pools are in arena
    struct arena *arena;
};
void heard_clear(struct heard *heard);
static inline void heard_clear_cleanup(struct heard *heard) {
    heard_clear(heard);
}

void cloud_open(struct cloud *cloud, const struct sim_options *options); // loop NULL: a virtual one
void cloud_close(struct cloud *cloud);
// The process ends and comes back; needs options.path.
void cloud_restart(struct cloud *cloud);
// Runs whatever is due in the next ms.
void cloud_pass(struct cloud *cloud, int64_t ms);

// "eu" / "a" of owner "o".
struct provider_target cloud_target(void);
void cloud_observe(struct cloud *cloud, const struct provider_target *target, struct heard *ret_heard);
void cloud_start(struct cloud *cloud, const struct provider_request *request, struct heard *ret_heard);
void cloud_poll(struct cloud *cloud, const struct provider_target *target, const char *operation,
                struct heard *ret_heard);
void cloud_kubeconfig(struct cloud *cloud, const struct provider_target *target, struct heard *ret_heard);
// Starts and waits for the end, for at most a day; fails the test when it is refused or fails.
void cloud_do(struct cloud *cloud, const char *name, const struct provider_request *request);

// Everything that the cloud holds, as lines; caller owns.
char *cloud_print(struct cloud *cloud);
