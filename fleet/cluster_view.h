// A cluster as policies see it: one shape over every provider's kinds and every API version.
#pragma once

#include "base/arena.h"
#include "fleet/fact.h"

enum cluster_field {
    CLUSTER_NAME,
    CLUSTER_NAMESPACE,
    CLUSTER_PROVIDER, // "aws", "azure", "gcp", "openstack", "vsphere", "hetzner", …
    CLUSTER_FLAVOUR, // who runs the control plane: "kubeadm", "eks", "aks", "gke", "rosa", "rke2", "k0s", …
    CLUSTER_REGION,  // the first of regions
    CLUSTER_VERSION, // control plane, desired, as written: "v1.31.2"
    CLUSTER_VERSION_OBSERVED,       // control plane, lowest that status reports
    CLUSTER_CONTROL_PLANE_REPLICAS, // absent for managed control planes
    CLUSTER_CONTROL_PLANE_SURGE,    // machines on top while rolling
    CLUSTER_EXTERNAL_ETCD,          // boolean
    CLUSTER_VERSION_SET,            // boolean: its ClusterClass lists kubernetesVersions (chained upgrades)
    CLUSTER_CLASS,                  // ClusterClass name
    CLUSTER_PAUSED,                 // boolean: spec.paused or the annotation's presence
    CLUSTER_DELETING,               // boolean: metadata.deletionTimestamp
    CLUSTER_FIELD_COUNT,
};

enum cluster_list {
    CLUSTER_REGIONS,
    CLUSTER_ZONES,
    CLUSTER_POD_CIDRS,
    CLUSTER_SERVICE_CIDRS,
    CLUSTER_NETWORK_CIDRS,
    CLUSTER_LIST_COUNT
};

enum pool_field {
    POOL_NAME,
    POOL_KIND,             // "MachineDeployment", "MachinePool", "MachineSet", or "Machine"
    POOL_VERSION,          // desired
    POOL_VERSION_OBSERVED, // lowest that status reports
    POOL_REPLICAS, // desired now; what an unset field means is written here (1, or the autoscaler's minimum)
    POOL_MIN,      // of the autoscaler; absent without one
    POOL_MAX,
    POOL_AUTOSCALED,       // boolean
    POOL_MANAGED_REPLICAS, // boolean: cluster.x-k8s.io/replicas-managed-by, the provider writes replicas
    POOL_SURGE,            // machines on top while rolling; percents rounded up
    POOL_KUBEADM,          // boolean: joined by kubeadm, so its version must equal the control plane's minor
    POOL_SYSTEM,           // boolean: an AKS System pool
    POOL_ZONE_COUNT,       // GKE regional: counts are per zone; else absent
    POOL_DELETING,         // boolean
    POOL_FIELD_COUNT,
};

struct pool_view {
    struct fact facts[POOL_FIELD_COUNT];
    struct fact_list zones;
    struct object_key object;
};

struct cluster_view {
    struct fact facts[CLUSTER_FIELD_COUNT];
    struct fact_list lists[CLUSTER_LIST_COUNT]; // CLUSTER_REGIONS: what the changed object says comes first
    const struct pool_view *pools;              // of the topology in its order, then objects by kind and name
    size_t pool_count;
    struct fact pools_known;        // FACT_UNKNOWN when there may be pools that were not seen
    struct object_key object;       // the Cluster; name "" when nothing says which
    const struct node *cluster;     // the Cluster object when at hand, else NULL
    const struct node *labels;      // metadata.labels of the Cluster; NULL when none or not at hand
    const struct node *annotations; // the same
};

// Where the facts of other objects come from: the manifests beside the reviewed one (check), or the
// inventory.
struct view_source;

// The cluster before and after a change. NULL: there is no such cluster (before a CREATE of the Cluster,
// after its DELETE, or nothing is left of it in a complete source), or the object is of no kind that tells
// about clusters (both NULL). A Cluster that was not seen is no reason for NULL: its facts are unknown then.
// Templates and ClusterClasses serve many clusters: their views have no name.
struct cluster_change {
    const struct cluster_view *before;
    const struct cluster_view *after;
};

// Builds both views in arena; they borrow from change, the sources and arena. before and after are what is
// known besides the changed object, before and after the change; NULL: nothing is.
void cluster_change_build(struct arena *arena, const struct object_change *change,
                          const struct view_source *before, const struct view_source *after,
                          struct cluster_change *ret_change);

// The cluster as the source has it, without any change: of a Cluster (which need not be there itself), or the
// one that holds the object. NULL: nothing of it is there. In arena, borrowing from key and the source.
const struct cluster_view *cluster_view_of(struct arena *arena, const struct view_source *source,
                                           const struct object_key *key);

// True for kinds that cluster views are made of (Cluster, control planes, infrastructure, pools, their
// templates).
bool cluster_view_knows(const char *group, const char *kind);
