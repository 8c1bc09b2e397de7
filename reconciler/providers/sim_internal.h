// What sim.c and sim_provider.c share.
#pragma once

#include "reconciler/providers/sim.h"
#include "reconciler/providers/sim_database.h"
#include "reconciler/providers/sim_random.h"

struct call;

struct sim {
    struct event_loop *loop;
    struct sim_model *model;
    struct sim_database *database; // NULL: in memory
    struct sim_faults faults;
    int64_t latency_ms;
    uint64_t random; // of latencies and lost calls
    struct call *calls;
    struct arena *scratch; // of one answer
};

// Calls under way get no answer, and those that did not arrive yet are not carried out.
void sim_drop_calls(struct sim *sim);
// Fails with IO. What is not stored must not be told: after a crash it would not have happened.
MUST_CHECK bool sim_store(struct sim *sim, struct sim_cluster *cluster, struct error *error);
// As it is now. Fails with IO, INVALID, NOT_FOUND, DENIED; ret_kept may be one that is gone.
MUST_CHECK bool sim_look(struct sim *sim, const struct provider_target *target, bool checks_owner,
                         struct sim_cluster **ret_kept, struct error *error);
MUST_CHECK bool sim_look_present(struct sim *sim, const struct provider_target *target, bool checks_owner,
                                 struct sim_cluster **ret_cluster, struct error *error);
