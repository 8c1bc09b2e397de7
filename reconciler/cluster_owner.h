// References from the objects of a cluster to their Cluster: labels and owners, as clusterctl looks for them.
#pragma once

#include "reconciler/json_node.h"

#define CLUSTER_NAME_LABEL "cluster.x-k8s.io/cluster-name"

// {apiVersion, kind, name, uid} of the Cluster, with its apiVersion as stored; NULL while it has no uid.
// Caller owns.
struct json_object *cluster_owner_reference(const struct node *cluster);
// metadata.ownerReferences of object with its Cluster among them; NULL: they are as they should be. Owners of
// others stay; one that names a Cluster of this name that is no more is put right, since Kubernetes' garbage
// collector would delete object for it. Caller owns.
struct json_object *cluster_owner_references(const struct node *object, const struct node *cluster);
