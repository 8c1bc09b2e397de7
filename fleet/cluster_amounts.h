// What one cluster takes of a fleet-wide limit: itself, its nodes, and the groups that it counts in.
#pragma once

#include "fleet/cluster_view.h"

enum amount_of {
    AMOUNT_CLUSTERS,
    AMOUNT_NODES, // control plane and workers
    AMOUNT_WORKER_NODES,
    AMOUNT_CONTROL_PLANE_NODES, // 0 for managed control planes
    AMOUNT_COUNT,
};

// Autoscaled pools count at their maximum, surge included; a pool per zone counts in each zone. A fact that
// is unknown makes the amount unknown: why says so and the rest of the sum is still there.
struct cluster_amounts {
    int64_t amounts[AMOUNT_COUNT];
    const struct fact *unknowns[AMOUNT_COUNT]; // the first fact that made it uncertain, or NULL
};

// view may be NULL: no cluster, all 0. Borrows from view.
void cluster_amounts_read(const struct cluster_view *view, struct cluster_amounts *ret_amounts);
const char *amount_name(enum amount_of of); // "clusters", "nodes", "worker_nodes", "control_plane_nodes"
