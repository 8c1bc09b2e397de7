#include "manager/served_kinds.h"

#include "base/memory.h"
#include "fleet/kind_table.h"
#include "kube/kube_discovery.h"

#include <stdatomic.h>
#include <string.h>

struct served_kinds {
    atomic_uint references;
    struct kube_discovery *discovery;
    const struct kube_resource **resources; // of the discovery
    size_t count;
};

// Where Cluster API and its providers keep their kinds, and where older releases kept some of them.
static const char *const groups[] = {"cluster.x-k8s.io", "controlplane.cluster.x-k8s.io",
                                     "infrastructure.cluster.x-k8s.io", "exp.cluster.x-k8s.io",
                                     "exp.infrastructure.cluster.x-k8s.io"};

bool served_kinds_read(struct kube_client *client, struct served_kinds **ret_served, struct error *error) {
    struct kube_discovery *discovery = NULL;
    if (!kube_discover(client, groups, sizeof(groups) / sizeof(groups[0]), &discovery, error)) {
        return false;
    }
    struct served_kinds *served = memory_calloc(1, sizeof(*served));
    served->references = 1;
    served->discovery = discovery;
    size_t all = kube_discovery_count(discovery);
    served->resources = memory_calloc(all + 1, sizeof(*served->resources));
    for (size_t i = 0; i < all; i++) {
        const struct kube_resource *resource = kube_discovery_resource(discovery, i);
        if (kind_table_find(resource->group, resource->kind).entry) {
            served->resources[served->count++] = resource;
        }
    }
    *ret_served = served;
    return true;
}

struct served_kinds *served_kinds_ref(struct served_kinds *served) {
    if (served) {
        atomic_fetch_add_explicit(&served->references, 1, memory_order_relaxed);
    }
    return served;
}

void served_kinds_unref(struct served_kinds *served) {
    if (served && atomic_fetch_sub_explicit(&served->references, 1, memory_order_acq_rel) == 1) {
        kube_discovery_free(served->discovery);
        free(served->resources);
        free(served);
    }
}

size_t served_kinds_count(const struct served_kinds *served) {
    return served->count;
}

const struct kube_resource *served_kinds_resource(const struct served_kinds *served, size_t index) {
    return served->resources[index];
}

const struct kube_resource *served_kinds_find(const struct served_kinds *served, const char *group,
                                              const char *kind) {
    for (size_t i = 0; i < served->count; i++) {
        const struct kube_resource *resource = served->resources[i];
        if (strcmp(resource->kind, kind) == 0 && (!*group || strcmp(resource->group, group) == 0)) {
            return resource;
        }
    }
    return NULL;
}

bool served_kinds_is_owned(const struct kube_resource *resource, const struct node *object) {
    if (strcmp(resource->kind, "Machine") != 0 && strcmp(resource->kind, "MachineSet") != 0) {
        return false;
    }
    NODE_EACH(owner, node_get(node_get(object, "metadata"), "ownerReferences")) {
        const char *kind = node_string(node_get(owner, "kind"));
        if (kind && strcmp(kind, "Cluster") != 0) {
            return true;
        }
    }
    return false;
}
