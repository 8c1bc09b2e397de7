// What a cluster is to be: the part of an approved cluster view that is carried out.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "fleet/cluster_view.h"

struct pool_spec {
    const char *name;
    struct object_key object; // that says so; a pool of the topology has its Cluster
    const char *version;
    int64_t replicas;         // wanted now; within the limits where there are any
    int64_t minimum, maximum; // of an autoscaler; -1: none
    bool autoscaled; // by the cloud: replicas is where it starts, and the cloud's number stands while it is
                     // within the limits. False where the autoscaler writes replicas of the object
    int64_t surge;   // at least 1
    int64_t drain_s;
};

struct cluster_spec {
    const char *namespace, *name;
    const char *provider, *flavour; // "aws", "eks"
    const char *region;
    const char *version;
    int64_t control_plane_replicas; // 0: the cloud runs it
    int64_t control_plane_surge;    // at least 1 where there are replicas
    const struct pool_spec *pools;  // sorted by name
    size_t pool_count;
    const char *unread; // why pools is not all: "AWSMachineTemplate prod/md-0 has not been seen"; NULL: it is
    int64_t drain_s;    // of nodes whose pool is no longer listed
    bool paused;
};

struct cluster_spec_options {
    int64_t drain_s; // where an object does not say
    // The approved object, for what a view has not (nodeDrainTimeout); NULL: nothing is known. May be NULL.
    const struct node *(*object)(void *cookie, const struct object_key *key);
    void *cookie;
};

// In arena, borrowing from view. Fails with NOT_FOUND when a part has not been seen yet
// ("AWSManagedControlPlane prod/eu-1 has not been seen": wait), unless it is one of a pool, which is then
// left out of pools and told in unread; INVALID when it can't be carried out as it is
// ("version latest", two pools of one name). What an object does not say: provider, flavour and region "",
// a pool's version that of the control plane. Regions: the first one. Versions are as written, without a
// leading "v"; "1.31" means any patch. Pools that are being deleted are left out.
MUST_CHECK bool cluster_spec_read(struct arena *arena, const struct cluster_view *view,
                                  const struct cluster_spec_options *options, struct cluster_spec *ret_spec,
                                  struct error *error);
// One block of memory, for keeping; caller owns (free).
struct cluster_spec *cluster_spec_copy(const struct cluster_spec *spec);
bool cluster_spec_equal(const struct cluster_spec *a, const struct cluster_spec *b);
