// A cluster of five objects in namespace prod (EKS with one pool), and policies to judge it by.
#pragma once

#include "tests/reconciler/fleet_fixture.h"

// Clusters in eu-north-1, pools of more than 10 nodes, and deletions of Clusters without the annotation
// allow-delete are denied.
extern const char *const sample_policies[];

struct sample_cluster {
    const char *name, *region, *version;
    int replicas;            // of its pool NAME-a; 0: there is none
    const char *environment; // value of this label; NULL: it has none
    const char *provider;    // of RECONCILER_LABEL; NULL: it has none
    bool admitted;           // through fleet_fixture_admit
};
extern const struct sample_cluster sample_default; // "eu-1": v1.29.4 in eu-west-1, three nodes

void sample_cluster_apply(struct fleet_fixture *fixture, const struct sample_cluster *sample);
// Control plane and pool want this version.
void sample_cluster_upgrade(struct fleet_fixture *fixture, const char *name, const char *version);
