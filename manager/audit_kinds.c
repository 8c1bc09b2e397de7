#include "manager/audit_kinds.h"

#include "base/memory.h"
#include "engine/glob.h"
#include "engine/policy.h"
#include "fleet/kind_table.h"
#include "kube/kube_discovery.h"

#include <string.h>

enum { MOST_GROUPS = 64 };

struct audit_kinds {
    struct kube_discovery *discovery;
    const struct kube_resource **resources;
    size_t count;
};

static const char *const cluster_groups[] = {"cluster.x-k8s.io", "controlplane.cluster.x-k8s.io",
                                             "infrastructure.cluster.x-k8s.io"};

static size_t add_group(const char **groups, size_t count, const char *group) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(groups[i], group) == 0) {
            return count;
        }
    }
    if (count < MOST_GROUPS) {
        groups[count++] = group;
    }
    return count;
}

static bool looks_at_creates(const struct object_matcher *matcher) {
    return (matcher->operations & 1U << OPERATION_CREATE) &&
           (!*matcher->subresource || strcmp(matcher->subresource, "*") == 0);
}

static size_t list_groups(const struct policy_set *policies, const char **ret_groups) {
    size_t count = 0;
    for (size_t i = 0; i < sizeof(cluster_groups) / sizeof(cluster_groups[0]); i++) {
        count = add_group(ret_groups, count, cluster_groups[i]);
    }
    for (size_t i = 0; i < policy_set_count(policies); i++) {
        const struct policy *policy = policy_set_policy(policies, i);
        for (size_t n = 0; n < policy->object_count; n++) {
            const char *group = policy->objects[n].group;
            if (group && !strpbrk(group, "*?[") && looks_at_creates(&policy->objects[n])) {
                count = add_group(ret_groups, count, group);
            }
        }
    }
    return count;
}

static bool policy_looks_at(const struct policy *policy, const struct kube_resource *resource) {
    if (policy->match_clusters && policy->cluster_operations & 1U << OPERATION_CREATE &&
        kind_table_find(resource->group, resource->kind).entry) {
        return true;
    }
    for (size_t i = 0; i < policy->object_count; i++) {
        const struct object_matcher *matcher = &policy->objects[i];
        if (looks_at_creates(matcher) && (!matcher->group || glob_match(matcher->group, resource->group)) &&
            (!matcher->kind || glob_match(matcher->kind, resource->kind))) {
            return true;
        }
    }
    return false;
}

bool audit_kinds_read(struct kube_client *client, const struct policy_set *policies,
                      struct audit_kinds **ret_kinds, struct error *error) {
    const char *groups[MOST_GROUPS];
    size_t group_count = list_groups(policies, groups);
    struct kube_discovery *discovery = NULL;
    if (!kube_discover(client, groups, group_count, &discovery, error)) {
        return false;
    }
    struct audit_kinds *kinds = memory_calloc(1, sizeof(*kinds));
    kinds->discovery = discovery;
    size_t all = kube_discovery_count(discovery);
    kinds->resources = memory_calloc(all + 1, sizeof(*kinds->resources));
    for (size_t i = 0; i < all; i++) {
        const struct kube_resource *resource = kube_discovery_resource(discovery, i);
        bool wanted = false;
        for (size_t n = 0; n < policy_set_count(policies) && !wanted; n++) {
            const struct policy *policy = policy_set_policy(policies, n);
            wanted = policy->validates && policy_looks_at(policy, resource);
        }
        if (wanted) {
            kinds->resources[kinds->count++] = resource;
        }
    }
    *ret_kinds = kinds;
    return true;
}

void audit_kinds_free(struct audit_kinds *kinds) {
    if (kinds) {
        kube_discovery_free(kinds->discovery);
        free(kinds->resources);
        free(kinds);
    }
}

size_t audit_kinds_count(const struct audit_kinds *kinds) {
    return kinds->count;
}

const struct kube_resource *audit_kinds_resource(const struct audit_kinds *kinds, size_t index) {
    return kinds->resources[index];
}
