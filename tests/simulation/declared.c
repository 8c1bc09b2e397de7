#include "tests/simulation/declared.h"

#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

#define CORE "cluster.x-k8s.io"
#define CONTROL_PLANE "controlplane.cluster.x-k8s.io"
#define INFRASTRUCTURE "infrastructure.cluster.x-k8s.io"

const struct declared_kind declared_kinds[] = {
    {CORE, "Cluster"},
    {CORE, "ClusterClass"},
    {CORE, "MachineDeployment"},
    {CORE, "MachinePool"},
    {CONTROL_PLANE, "KubeadmControlPlane"},
    {CONTROL_PLANE, "AWSManagedControlPlane"},
    {CONTROL_PLANE, "KubeadmControlPlaneTemplate"},
    {INFRASTRUCTURE, "AWSCluster"},
    {INFRASTRUCTURE, "AWSClusterTemplate"},
    {INFRASTRUCTURE, "AWSManagedCluster"},
    {INFRASTRUCTURE, "AWSManagedMachinePool"},
    {INFRASTRUCTURE, "AzureManagedCluster"},
    {INFRASTRUCTURE, "AzureManagedControlPlane"},
    {INFRASTRUCTURE, "AzureManagedMachinePool"},
};
const size_t declared_kind_count = sizeof(declared_kinds) / sizeof(*declared_kinds);

static const struct {
    const char *infrastructure, *infrastructure_version;
    const char *control_plane_group, *control_plane, *control_plane_version;
    const char *pool, *pool_infrastructure, *pool_infrastructure_version;
} flavours[FLAVOUR_COUNT] = {
    [FLAVOUR_KUBEADM] = {"AWSCluster", INFRASTRUCTURE "/v1beta2", CONTROL_PLANE, "KubeadmControlPlane",
                         CONTROL_PLANE "/v1beta1", "MachineDeployment", NULL, NULL},
    [FLAVOUR_EKS] = {"AWSManagedCluster", INFRASTRUCTURE "/v1beta2", CONTROL_PLANE, "AWSManagedControlPlane",
                     CONTROL_PLANE "/v1beta2", "MachinePool", "AWSManagedMachinePool",
                     INFRASTRUCTURE "/v1beta2"},
    [FLAVOUR_AKS] = {"AzureManagedCluster", INFRASTRUCTURE "/v1beta1", INFRASTRUCTURE,
                     "AzureManagedControlPlane", INFRASTRUCTURE "/v1beta1", "MachinePool",
                     "AzureManagedMachinePool", INFRASTRUCTURE "/v1beta1"},
};

static struct declared_object *add(struct declared_cluster *cluster, enum object_role role, const char *group,
                                   const char *kind, const char *api_version, const char *name) {
    struct declared_object *object = &cluster->objects[cluster->object_count++];
    memset(object, 0, sizeof(*object));
    object->role = role;
    object->api_version = api_version;
    object->maybe_none = true;
    snprintf(object->name, sizeof(object->name), "%s", name);
    object->key = (struct object_key){group, kind, cluster->namespace, object->name};
    return object;
}

void declared_cluster_init(struct declared_cluster *cluster, unsigned number, enum flavour flavour) {
    memset(cluster, 0, sizeof(*cluster));
    cluster->namespace = "fleet";
    cluster->flavour = flavour;
    cluster->driven = true;
    cluster->paused_since_ms = -1;
    for (size_t i = 0; i < DECLARED_MINORS; i++) {
        cluster->behind_since_ms[i] = -1;
    }
    char name[16];
    snprintf(name, sizeof(name), "c%u", number);
    memcpy(cluster->name, name, sizeof(name));
    snprintf(cluster->id, sizeof(cluster->id), "%s-%s", cluster->namespace, name);
    cluster->is_old_api = number % 2 == 0;
    add(cluster, ROLE_CLUSTER, CORE, "Cluster", cluster->is_old_api ? CORE "/v1beta1" : CORE "/v1beta2",
        name);
    if (flavour == FLAVOUR_TOPOLOGY) {
        return;
    }
    add(cluster, ROLE_INFRASTRUCTURE, INFRASTRUCTURE, flavours[flavour].infrastructure,
        flavours[flavour].infrastructure_version, name);
    add(cluster, ROLE_CONTROL_PLANE, flavours[flavour].control_plane_group, flavours[flavour].control_plane,
        flavours[flavour].control_plane_version, name);
}

struct declared_object *declared_add_pool(struct declared_cluster *cluster, const char *name) {
    bool has_infrastructure = flavours[cluster->flavour].pool_infrastructure != NULL;
    for (size_t i = 0; i < cluster->object_count; i++) {
        struct declared_object *object = &cluster->objects[i];
        if (object->role == ROLE_POOL && strcmp(object->name, name) == 0) {
            return object; // it comes back under its name
        }
    }
    if (cluster->object_count + (has_infrastructure ? 2 : 1) > DECLARED_OBJECTS) {
        return NULL;
    }
    struct declared_object *pool = add(cluster, ROLE_POOL, CORE, flavours[cluster->flavour].pool,
                                       cluster->is_old_api ? CORE "/v1beta1" : CORE "/v1beta2", name);
    if (has_infrastructure) {
        add(cluster, ROLE_POOL_INFRASTRUCTURE, INFRASTRUCTURE, flavours[cluster->flavour].pool_infrastructure,
            flavours[cluster->flavour].pool_infrastructure_version, name);
    }
    return pool;
}

struct declared_object *declared_region_object(struct declared_cluster *cluster) {
    static const size_t indexes[FLAVOUR_COUNT] = {1, 2, 2, 0};
    return &cluster->objects[indexes[cluster->flavour]];
}

struct declared_object *declared_version_object(struct declared_cluster *cluster) {
    return &cluster->objects[cluster->flavour == FLAVOUR_TOPOLOGY ? 0 : 2];
}

bool declared_lacks_part(const struct declared_cluster *cluster) {
    for (size_t i = 1; i < cluster->object_count; i++) {
        if (cluster->objects[i].role == ROLE_POOL_INFRASTRUCTURE && !cluster->objects[i].stored) {
            return true;
        }
    }
    return false;
}

struct declared_object *declared_find(struct world *world, const struct object_key *key,
                                      struct declared_cluster **ret_cluster) {
    for (size_t i = 0; i < world->cluster_count; i++) {
        struct declared_cluster *cluster = &world->clusters[i];
        for (size_t j = 0; j < cluster->object_count; j++) {
            if (object_key_equal(&cluster->objects[j].key, key)) {
                *ret_cluster = cluster;
                return &cluster->objects[j];
            }
        }
    }
    return NULL;
}

struct revision *declared_revision_of(struct declared_object *object, int64_t generation) {
    for (size_t i = object->revision_count; i-- > 0;) {
        if (object->revisions[i].generation <= generation) {
            return &object->revisions[i];
        }
    }
    return NULL;
}

void declared_settle(struct declared_object *object, size_t revision) {
    object->lower = revision > object->lower ? revision : object->lower;
    object->maybe_none = false;
    object->ever_approved = true;
}

bool declared_any(const struct declared_object *object,
                  bool (*visit)(void *cookie, const struct revision *revision), void *cookie) {
    for (size_t i = object->lower; i < object->revision_count; i++) {
        if (object->revisions[i].possible && visit(cookie, &object->revisions[i])) {
            return true;
        }
    }
    return false;
}

static bool visit_any(void *cookie, const struct revision *revision) {
    (void)cookie, (void)revision;
    return true;
}

static bool visit_paused(void *cookie, const struct revision *revision) {
    (void)cookie;
    return revision->content.paused;
}

bool declared_may_exist(const struct declared_object *object) {
    return declared_any(object, visit_any, NULL);
}

bool declared_may_be_paused(const struct declared_object *object) {
    return declared_any(object, visit_paused, NULL);
}

// An annotation is asked for; /scale can't make one, so the number of nodes goes without.
static bool is_vouched_for(const struct world *world, const struct revision *before,
                           const struct revision *now) {
    if (!world->attests || world->settings.attestation == UNATTESTED_GO_ON || now->attested) {
        return true;
    }
    return before && content_equal(&before->content, &now->content, false);
}

void declared_judge(struct world *world, struct declared_object *object) {
    struct revision *now = declared_latest(object);
    if (!now) {
        return;
    }
    size_t last = object->revision_count - 1;
    bool may = false, must = true;
    if (object->maybe_none) {
        bool allowed =
            rules_allow(&world->rules, object->role, NULL, &now->content) && is_vouched_for(world, NULL, now);
        may = allowed;
        must = allowed;
    }
    for (size_t i = object->lower; i < last; i++) {
        const struct revision *before = &object->revisions[i];
        if (!before->possible) {
            continue;
        }
        bool allowed = (rules_allow(&world->rules, object->role, &before->content, &now->content) &&
                        is_vouched_for(world, before, now)) ||
                       content_equal(&before->content, &now->content, true);
        may = may || allowed;
        must = must && allowed;
    }
    now->possible = now->possible || may;
    now->certain = may && must;
}
