// The management cluster of 'fleetgate run' in one process, on one event loop: a directory is the desired
// state, SQLite the store, and the reconciler carries out what the doors let through.
#pragma once

#include "embedded/fleet_doors.h"
#include "reconciler/providers/sim.h"
#include "reconciler/reconciler.h"

struct management_cluster;

// What is told, on the loop's thread; borrowed during the calls.
struct management_cluster_observer {
    void (*progress)(void *cookie, const struct cluster_progress *progress);
    void (*reported)(void *cookie, const struct door_report *report);
    void (*denied)(void *cookie, const struct object_key *key, const char *text); // by the reconciler's door
    void (*troubled)(void *cookie, const char *problem); // of the directory; NULL: that is over
    void (*reloaded)(void *cookie, const char *problem); // policies; NULL: the new ones are in force
    void (*failed)(void *cookie, const char *why);       // it can't go on
    void *cookie;
};

// Everything is borrowed until management_cluster_free.
struct management_cluster_options {
    struct event_loop *loop;
    const char *fleet;                       // the directory
    const char *state;                       // a folder of its own, made when it is missing; NULL: in memory
    const struct substitution *substitution; // may be NULL
    const char *user;                        // who makes the changes
    int64_t ask_again_ms;                    // what was refused; 0: 60 s
    struct sim_options sim;                  // loop and path are ours
    bool (*load)(void *cookie, struct policy_set **ret_policies, struct error *error); // with configuration
    void *load_cookie;
    const char *rule_paths[2]; // files and folders that load reads: looked at every two seconds
    struct management_cluster_observer observer;
};

// Fails as the databases, the keys and load do; LIMIT: another process has the state. Caller owns.
MUST_CHECK bool management_cluster_open(const struct management_cluster_options *options,
                                        struct management_cluster **ret_cluster, struct error *error);
// Nothing is lost: what matters was stored before.
void management_cluster_free(struct management_cluster *cluster);
DEFINE_CLEANUP(management_cluster_free, struct management_cluster *)

struct management_cluster_state {
    struct fleet_doors_state doors;
    struct reconciler_stats reconciler;
    bool quiet; // the directory was read, everything was asked, and no cluster is at work
    bool waits; // so, but some cluster waits, or is tried again
};
struct management_cluster_state management_cluster_state(const struct management_cluster *cluster);
