// An embedded cloud: regions with capacity and quotas, steps that take their time, seeded jitter, and faults
// on demand. What it holds is kept in SQLite, so clusters outlive the process that made them.
#pragma once

#include "loop/event_loop.h"
#include "reconciler/provider.h"

enum { SIM_MOST_REGIONS = 64 };

struct sim_region {
    const char *name;
    int64_t clusters, nodes; // most of them: quota and capacity; 0: no limit
};

// Probabilities from 0 to 1 of one call.
struct sim_faults {
    double throttle;     // refused with LIMIT and a time to wait
    double lost_request; // no answer, not carried out
    double lost_answer;  // carried out, no answer (a time-out after the effect)
    double partial;      // the operation fails half way: some nodes are there
    double fails;        // the operation fails before it has changed anything
    double crash;        // a node of the operation dies and is made anew: it takes longer
};

struct sim_options {
    struct event_loop *loop;
    const char *path; // of the database; NULL: in memory only, gone with sim_free
    uint64_t seed;
    double pace; // how much faster than real time its operations run: 60 is a minute in a second; 0: 1
    const struct sim_region *regions; // NULL: any region is there, without limits
    size_t region_count;
    struct sim_faults faults;
    int64_t latency_ms; // of a call, with jitter; 0: 20
};

struct sim;

// Fails with IO or INVALID (a database of something else). Caller owns.
MUST_CHECK bool sim_open(const struct sim_options *options, struct sim **ret_sim, struct error *error);
void sim_free(struct sim *sim);
DEFINE_CLEANUP(sim_free, struct sim *)

struct provider sim_provider(struct sim *sim);
// From now on; for tests.
void sim_set_faults(struct sim *sim, const struct sim_faults *faults);

// Somebody else changes a cluster behind the reconciler's back, for tests of drift: false when there is no
// such cluster or pool. pool NULL, replicas -1, version NULL: not changed.
bool sim_meddle(struct sim *sim, const char *region, const char *id, const char *pool, int64_t replicas,
                const char *version);
// Every cluster that is there, in any order; for tests and for describing the cloud. Valid during the call.
void sim_each(struct sim *sim,
              void (*each)(void *cookie, const char *region, const char *id,
                           const struct cloud_cluster *cluster),
              void *cookie);
