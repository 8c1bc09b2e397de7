// What is known of a cluster now, in the terms of Cluster API's status: initialized, available, counters.
#pragma once

#include "reconciler/cluster_status.h"

struct status_counters {
    int64_t desired; // by the spec that is in force
    int64_t replicas, ready, up_to_date;
    int64_t wanted;           // that the cloud works towards
    int64_t renewed;          // that have next_version
    const char *version;      // the oldest; NULL: there is none
    const char *next_version; // that of the others; NULL: all have the same
    bool exists;
    bool rolling;  // being upgraded now
    bool outdated; // of another version than the spec's
};

struct status_facts {
    bool known;                           // what follows can be said, though it may be old
    bool exists;                          // in the cloud
    bool provisioned;                     // infrastructure: it has an endpoint
    bool initialized;                     // the API server has answered
    bool available;                       // it answers
    struct status_counters control_plane; // of machines; all 0 where the cloud runs it
    struct status_counters workers;       // all pools; without versions
};

struct status_facts status_facts_of(const struct status_question *question);
// All 0 where there is no such pool.
struct status_counters status_facts_pool(const struct status_question *question, const char *pool);

// Without versions.
void status_counters_add(struct status_counters *sum, const struct status_counters *counters);
// Is all of the version that is wanted?
bool status_counters_current(const struct status_counters *counters);
bool status_counters_growing(const struct status_counters *counters);
bool status_counters_shrinking(const struct status_counters *counters);

// Once true, these stay true in the status of the Cluster (or its control plane), whatever happens later.
bool status_was_provisioned(const struct node *cluster);
bool status_was_initialized(const struct node *object);
bool status_is_paused(const struct status_question *question);
// The Cluster has a deletionTimestamp, or it is known to go.
bool status_is_deleting(const struct status_question *question);
