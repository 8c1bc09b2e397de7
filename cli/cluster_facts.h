// What 'get' and 'describe' say of one cluster, taken from its objects.
#pragma once

#include "cli/stored_fleet.h"

// Of a control plane or workers; -1: not known.
struct replica_counts {
    int64_t ready, desired;
};

// Texts are in the arena or the fleet's; "" where nothing is known.
struct cluster_facts {
    const struct object_key *key;
    const struct node *object; // the Cluster
    const char *provider, *flavour, *region, *phase, *version, *running_version;
    struct replica_counts control_plane, workers;
    const char *approved; // "True", "False", "Unknown": the worst of all its objects
    const char *approval_message;
    const char *message; // what it is doing, or why it is not ready
    bool managed;        // the cloud runs the control plane
    bool paused, deleting;
    int64_t created_s; // since 1970; -1: not known
};

void cluster_facts_read(const struct stored_fleet *fleet, struct arena *arena, const struct object_key *key,
                        struct cluster_facts *ret_facts);

// The metav1 condition of either API version, else the old one; NULL: there is none.
const struct node *object_condition(const struct node *object, const char *type);
// metadata.creationTimestamp, or a time in any other field; -1: not known.
int64_t object_time(const struct node *object, const char *path);
// "5s", "12m", "3h", "4d", as kubectl; "" for -1.
const char *age_text(struct arena *arena, int64_t since_s, int64_t now_s);
