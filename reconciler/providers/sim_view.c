#include "reconciler/providers/sim_view.h"

#include "base/sha256.h"

#include <stdio.h>

enum { MANAGED_PORT = 443, OWN_PORT = 6443 };

static enum cloud_state pool_state(const struct sim_group *pool) {
    switch (pool->work.action) {
    case ACTION_NONE:
        return CLOUD_ACTIVE;
    case ACTION_CREATE_POOL:
        return CLOUD_CREATING;
    case ACTION_DELETE_POOL:
        return CLOUD_DELETING;
    default:
        return CLOUD_UPDATING;
    }
}

// A managed control plane has its new version only at the end; machines are made of it from the start.
static const char *target_of(const struct sim_group *group) {
    bool is_upgraded =
        group->work.action == ACTION_UPGRADE_POOL || group->work.action == ACTION_UPGRADE_CONTROL_PLANE;
    return is_upgraded ? group->work.version : group->version;
}

static int64_t count_ready(const struct sim_group *group) {
    int64_t ready = 0;
    for (uint32_t i = 0; i < group->machine_count; i++) {
        ready += group->machines[i].state == MACHINE_READY ? 1 : 0;
    }
    return ready;
}

static struct cloud_pool view_pool(const struct sim_group *group) {
    struct cloud_pool pool = {.name = group->name,
                              .version = sim_group_oldest(group),
                              .state = pool_state(group),
                              .replicas = group->replicas,
                              .nodes = group->machine_count,
                              .ready = count_ready(group)};
    pool.target = target_of(group);
    for (uint32_t i = 0; i < group->machine_count; i++) {
        pool.updated += group->machines[i].version == pool.target ? 1 : 0;
    }
    return pool;
}

static const char *endpoint_host(struct arena *arena, const struct sim_cluster *cluster) {
    // RFC 2606: nobody answers under .invalid, anywhere.
    return cluster->region[0] ? arena_printf(arena, "%s.%s.sim.invalid", cluster->id, cluster->region)
                              : arena_printf(arena, "%s.sim.invalid", cluster->id);
}

static int64_t endpoint_port(const struct sim_cluster *cluster) {
    return cluster->control_plane.is_managed ? MANAGED_PORT : OWN_PORT;
}

void sim_view_cluster(struct arena *arena, const struct sim_cluster *cluster,
                      struct cloud_cluster *ret_cluster) {
    const struct sim_group *control_plane = &cluster->control_plane;
    struct cloud_cluster view = {.owner = cluster->owner,
                                 .version = sim_group_oldest(control_plane),
                                 .state = sim_cluster_state(cluster),
                                 .control_plane_replicas = control_plane->replicas,
                                 .control_plane_ready = count_ready(control_plane),
                                 .pool_count = cluster->pool_count};
    view.target = target_of(control_plane);
    view.failure = view.state == CLOUD_FAILED ? cluster->failure : NULL;
    if (cluster->has_endpoint) {
        view.endpoint_host = endpoint_host(arena, cluster);
        view.endpoint_port = endpoint_port(cluster);
    }
    struct cloud_pool *pools = arena_alloc(arena, (cluster->pool_count + 1) * sizeof(*pools));
    for (size_t i = 0; i < cluster->pool_count; i++) {
        pools[i] = view_pool(&cluster->pools[i]);
    }
    view.pools = pools;
    *ret_cluster = view;
}

void sim_view_kubeconfig(const struct sim_model *model, const struct sim_cluster *cluster,
                         struct buffer *ret_text) {
    char secret[3 * SIM_MOST_TEXT + 64];
    char token[SHA256_HEX_BYTES];
    int length = snprintf(secret, sizeof(secret), "admin %llx %s %s %s", (unsigned long long)model->seed,
                          cluster->region, cluster->id, cluster->owner);
    sha256_hex(secret, (size_t)length, token);
    struct arena *arena = arena_new();
    const char *id = cluster->id;
    buffer_printf(ret_text,
                  "# Of fleetgate's embedded cloud: no API server answers here.\n"
                  "apiVersion: v1\n"
                  "kind: Config\n"
                  "clusters:\n"
                  "  - name: \"%s\"\n"
                  "    cluster:\n"
                  "      server: \"https://%s:%lld\"\n"
                  "users:\n"
                  "  - name: \"%s-admin\"\n"
                  "    user:\n"
                  "      token: \"%s\"\n"
                  "contexts:\n"
                  "  - name: \"%s-admin@%s\"\n"
                  "    context:\n"
                  "      cluster: \"%s\"\n"
                  "      user: \"%s-admin\"\n"
                  "current-context: \"%s-admin@%s\"\n",
                  id, endpoint_host(arena, cluster), (long long)endpoint_port(cluster), id, token, id, id, id,
                  id, id, id);
    arena_free(arena);
}
