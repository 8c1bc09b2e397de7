// Which kinds the API server serves, and in which version.
#pragma once

#include "kube/kube_client.h"

struct kube_discovery;

// Asks for the groups that are named ("" is core; all served versions). Unknown groups are left out, and so
// are versions that don't answer (kube_discovery_problem). Caller owns.
MUST_CHECK bool kube_discover(struct kube_client *client, const char *const *groups, size_t group_count,
                              struct kube_discovery **ret_discovery, struct error *error);
void kube_discovery_free(struct kube_discovery *discovery);
DEFINE_CLEANUP(kube_discovery_free, struct kube_discovery *)

// The resource in the server's preferred version; NULL when it is not served. Borrowed until
// kube_discovery_free.
const struct kube_resource *kube_discovery_find(const struct kube_discovery *discovery, const char *group,
                                                const char *kind);
// All of them that can be listed and watched, one version (the preferred) each, without subresources.
size_t kube_discovery_count(const struct kube_discovery *discovery);
const struct kube_resource *kube_discovery_resource(const struct kube_discovery *discovery, size_t index);
// Why a version of a group is missing (an aggregated API that is down), the first of them; NULL: all
// answered. Borrowed until kube_discovery_free.
const char *kube_discovery_problem(const struct kube_discovery *discovery);
