// An inventory of whole numbers in place of fleet/inventory.c: what a test says is stored is what it shows.
#pragma once

#include "fleet/inventory.h"

// One object that counts: as a cluster where clusters is 1, and with its nodes, in "region" region and in the
// fleet.
struct fake_object {
    char name[32]; // in namespace prod
    char kind[24];
    char account[32]; // name of the Cluster
    char region[24];
    char uid[24];
    char pod_cidr[24]; // "" for none
    int64_t generation, replicas, clusters, nodes;
};

void fake_put(struct inventory *inventory, const struct fake_object *object);
