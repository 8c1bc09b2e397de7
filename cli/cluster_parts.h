// The objects of one cluster in the shape of a tree: what each is to it, and how it is.
#pragma once

#include "cli/cluster_facts.h"

enum { CLUSTER_PARTS_MOST = 1000 };

enum part_role { PART_CLUSTER, PART_INFRASTRUCTURE, PART_CONTROL_PLANE, PART_POOL, PART_OTHER };
const char *part_role_name(enum part_role role); // "cluster", "infrastructure", …

// Texts are in the arena or the fleet's; "" where nothing is known.
struct cluster_part {
    enum part_role role;
    struct object_key key;
    const char *pool;          // name of a pool of the topology, which has no object of its own; else NULL
    const struct node *object; // NULL: it is named, but not there
    const char *ready;         // "True", "False", "Unknown"
    const char *reason, *message;
    struct replica_counts replicas;
    const char *version;
    const char *approved, *approval_message;
    int64_t created_s;
};

// In arena, in the order of the tree. Returns how many.
size_t cluster_parts_read(const struct stored_fleet *fleet, struct arena *arena, const struct object_key *key,
                          const struct cluster_part **ret_parts);
