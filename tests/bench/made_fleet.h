// A fleet for benches: clusters on AWS with a control plane and two pools each, over 100 namespaces.
#pragma once

#include "fleet/inventory.h"

enum { MADE_FLEET_OBJECTS = 5, MADE_FLEET_REGIONS = 5, MADE_FLEET_NAMESPACES = 100 };

extern const char *const made_fleet_regions[MADE_FLEET_REGIONS];

// Cluster i is fleet-cluster-%05zu in team-(i % 100), in region i % 5. Member 0 to 4: Cluster, AWSCluster,
// control plane, and the pools -md-3 and -md-4 of so many replicas.
void made_fleet_put(struct inventory *inventory, size_t i, size_t member, int64_t replicas);
void made_fleet_fill(struct inventory *inventory, size_t clusters, int64_t replicas);
