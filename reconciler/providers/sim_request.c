#include "reconciler/providers/sim_request.h"

#include "reconciler/providers/sim_checks.h"
#include "reconciler/providers/sim_work.h"

#include <assert.h>
#include <string.h>

enum { MOST_POOL_LAG = 3 };

// ---- what may be done now ----

static const char *busy = "another operation runs";

static bool check_active(const struct sim_asked *asked) {
    switch (sim_cluster_state(asked->cluster)) {
    case CLOUD_ACTIVE:
        return true;
    case CLOUD_FAILED:
        return sim_refuse(asked, ERROR_CONFLICT, "it failed while it was deleted; it can only be deleted");
    default:
        return sim_refuse(asked, ERROR_CONFLICT, busy);
    }
}

static bool check_pools_idle(const struct sim_asked *asked) {
    for (size_t i = 0; i < asked->cluster->pool_count; i++) {
        if (asked->cluster->pools[i].work.action != ACTION_NONE) {
            return sim_refuse(asked, ERROR_CONFLICT, busy);
        }
    }
    return true;
}

static bool find_pool(const struct sim_asked *asked, struct sim_group **ret_pool) {
    struct sim_group *pool = sim_cluster_pool(asked->cluster, asked->request->pool);
    if (!pool) {
        return error_set(&asked->outcome->error, ERROR_NOT_FOUND, "%s: there is no pool %s",
                         asked->request->target.id, asked->request->pool);
    }
    if (pool->work.action != ACTION_NONE) {
        return sim_refuse(asked, ERROR_CONFLICT, busy);
    }
    *ret_pool = pool;
    return true;
}

static bool is_uniform(const struct sim_group *group, const char *version) {
    for (uint32_t i = 0; i < group->machine_count; i++) {
        if (strcmp(group->machines[i].version, version) != 0) {
            return false;
        }
    }
    return strcmp(group->version, version) == 0;
}

// ---- one check for each action: the group to work on; NULL without an error: it is done already ----

// Over one that is gone, whose tokens stay good for its owner.
static struct sim_cluster *add_cluster(const struct sim_asked *asked) {
    const struct provider_target *target = &asked->request->target;
    struct sim_cluster *kept = sim_model_find_kept(asked->model, target->region, target->id);
    if (kept && strcmp(kept->owner, target->owner) != 0) {
        sim_model_remove(asked->model, kept);
        kept = NULL;
    }
    if (!kept) {
        kept = sim_model_add(asked->model, target->region, target->id, target->owner);
        kept->has_forgotten = true;
    }
    kept->is_gone = false;
    return kept;
}

static struct sim_group *ask_create_cluster(struct sim_asked *asked) {
    const struct provider_request *request = asked->request;
    struct kubernetes_version version;
    if (asked->cluster) {
        sim_refuse(asked, ERROR_CONFLICT, "the name is taken by a cluster of another request");
        return NULL;
    }
    if (!sim_check_version(asked, request->version, &version) ||
        !sim_check_count(asked, 0, SIM_MOST_CONTROL_PLANE) || !sim_check_quota(asked, 1, request->replicas)) {
        return NULL;
    }
    asked->cluster = add_cluster(asked);
    asked->cluster->flavour = sim_model_text(asked->model, request->flavour ? request->flavour : "");
    struct sim_group *group = &asked->cluster->control_plane;
    group->version = sim_model_text(asked->model, request->version);
    group->replicas = request->replicas;
    group->is_managed = request->replicas == 0;
    return group;
}

static bool check_upgrade(const struct sim_asked *asked, const struct kubernetes_version *to) {
    const struct sim_cluster *cluster = asked->cluster;
    const struct sim_group *group = &cluster->control_plane;
    struct kubernetes_version from = sim_known_version(sim_group_oldest(group));
    struct kubernetes_version newest = from;
    for (uint32_t i = 0; i < group->machine_count; i++) {
        struct kubernetes_version version = sim_known_version(group->machines[i].version);
        newest = kubernetes_version_compare(&version, &newest) > 0 ? version : newest;
    }
    if (to->minor < newest.minor || to->minor > from.minor + 1) {
        return error_set(
            &asked->outcome->error, ERROR_INVALID,
            "%s: a control plane of %s can't become %s: one minor version up at a time, never down",
            cluster->id, sim_group_oldest(group), asked->request->version);
    }
    for (size_t i = 0; i < cluster->pool_count; i++) {
        struct kubernetes_version pool = sim_known_version(sim_group_oldest(&cluster->pools[i]));
        if (to->minor > pool.minor + MOST_POOL_LAG) {
            return error_set(&asked->outcome->error, ERROR_INVALID,
                             "%s: pool %s of %s would be more than %d minor versions behind %s", cluster->id,
                             cluster->pools[i].name, sim_group_oldest(&cluster->pools[i]), MOST_POOL_LAG,
                             asked->request->version);
        }
    }
    return true;
}

static struct sim_group *ask_upgrade_control_plane(struct sim_asked *asked) {
    struct kubernetes_version version;
    struct sim_group *group = &asked->cluster->control_plane;
    if (!sim_check_version(asked, asked->request->version, &version) || !check_active(asked) ||
        !check_pools_idle(asked) || !check_upgrade(asked, &version)) {
        return NULL;
    }
    return is_uniform(group, asked->request->version) ? NULL : group;
}

static struct sim_group *ask_scale_control_plane(struct sim_asked *asked) {
    struct sim_group *group = &asked->cluster->control_plane;
    if (group->is_managed) {
        sim_refuse(asked, ERROR_INVALID, "the cloud runs this control plane; it has no size");
        return NULL;
    }
    if (!sim_check_count(asked, 1, SIM_MOST_CONTROL_PLANE) || !check_active(asked) ||
        !check_pools_idle(asked) ||
        !sim_check_quota(asked, 0, asked->request->replicas - sim_count_nodes(group))) {
        return NULL;
    }
    return asked->request->replicas == group->replicas ? NULL : group;
}

static bool check_pool_version(const struct sim_asked *asked) {
    struct kubernetes_version version;
    if (!sim_check_version(asked, asked->request->version, &version)) {
        return false;
    }
    const char *oldest = sim_group_oldest(&asked->cluster->control_plane);
    struct kubernetes_version control_plane = sim_known_version(oldest);
    if (sim_is_newer(&version, &control_plane)) {
        return error_set(&asked->outcome->error, ERROR_INVALID,
                         "%s: pool %s can't have %s: the control plane has %s", asked->request->target.id,
                         asked->request->pool, asked->request->version, oldest);
    }
    return true;
}

static struct sim_group *ask_create_pool(struct sim_asked *asked) {
    const struct provider_request *request = asked->request;
    if (!sim_check_count(asked, 0, SIM_MOST_MACHINES) || !check_active(asked) || !check_pool_version(asked)) {
        return NULL;
    }
    if (sim_cluster_pool(asked->cluster, request->pool)) {
        error_set(&asked->outcome->error, ERROR_CONFLICT, "%s: there is a pool %s already",
                  request->target.id, request->pool);
        return NULL;
    }
    if (asked->cluster->pool_count >= SIM_MOST_POOLS) {
        sim_refuse(asked, ERROR_LIMIT, "it has as many pools as a cluster can have");
        return NULL;
    }
    if (!sim_check_quota(asked, 0, request->replicas)) {
        return NULL;
    }
    struct sim_group *pool = sim_cluster_add_pool(asked->cluster, request->pool);
    pool->version = sim_model_text(asked->model, request->version);
    pool->replicas = request->replicas;
    return pool;
}

static struct sim_group *ask_change_pool(struct sim_asked *asked) {
    const struct provider_request *request = asked->request;
    struct sim_group *pool = NULL;
    if (!check_active(asked) || !find_pool(asked, &pool)) {
        return NULL;
    }
    assert(pool);
    if (request->action == ACTION_UPGRADE_POOL) {
        if (!check_pool_version(asked) ||
            !sim_check_quota(asked, 0, request->surge > 1 ? request->surge : 1)) {
            return NULL;
        }
        return is_uniform(pool, request->version) ? NULL : pool;
    }
    if (request->action == ACTION_SCALE_POOL) {
        if (!sim_check_count(asked, 0, SIM_MOST_MACHINES) ||
            !sim_check_quota(asked, 0, request->replicas - sim_count_nodes(pool))) {
            return NULL;
        }
        return request->replicas == pool->replicas ? NULL : pool;
    }
    return pool;
}

static struct sim_group *ask_delete_cluster(struct sim_asked *asked) {
    enum cloud_state state = sim_cluster_state(asked->cluster);
    if (state != CLOUD_ACTIVE && state != CLOUD_FAILED) {
        sim_refuse(asked, ERROR_CONFLICT, busy);
        return NULL;
    }
    if (asked->cluster->pool_count > 0) {
        sim_refuse(asked, ERROR_CONFLICT, "it has pools; they must be deleted first");
        return NULL;
    }
    return &asked->cluster->control_plane;
}

static struct sim_group *ask(struct sim_asked *asked) {
    if (asked->request->action != ACTION_CREATE_CLUSTER && !asked->cluster) {
        error_set(&asked->outcome->error, ERROR_NOT_FOUND, "there is no cluster %s in region \"%s\"",
                  asked->request->target.id, asked->request->target.region);
        return NULL;
    }
    switch (asked->request->action) {
    case ACTION_CREATE_CLUSTER:
        return ask_create_cluster(asked);
    case ACTION_UPGRADE_CONTROL_PLANE:
        return ask_upgrade_control_plane(asked);
    case ACTION_SCALE_CONTROL_PLANE:
        return ask_scale_control_plane(asked);
    case ACTION_CREATE_POOL:
        return ask_create_pool(asked);
    case ACTION_UPGRADE_POOL:
    case ACTION_SCALE_POOL:
    case ACTION_DELETE_POOL:
        return ask_change_pool(asked);
    case ACTION_DELETE_CLUSTER:
        return ask_delete_cluster(asked);
    default:
        sim_refuse(asked, ERROR_INVALID, "not an action");
        return NULL;
    }
}

// ---- tokens ----

// True: the token is known, and the outcome says all.
static bool repeat(const struct sim_asked *asked, struct sim_cluster *kept, int64_t now_ms) {
    for (size_t i = kept->operation_count; i-- > 0;) {
        struct sim_operation *operation = &kept->operations[i];
        if (strcmp(operation->token, asked->request->token) != 0) {
            continue;
        }
        if (operation->action != asked->request->action) {
            sim_refuse(asked, ERROR_INVALID, "the token belongs to another action");
            return true;
        }
        // Who asks again wants to know how it went.
        int64_t known_until_ms = now_ms + sim_work_keep_ms(asked->model);
        if (operation->known_until_ms < known_until_ms) {
            operation->known_until_ms = known_until_ms;
            operation->is_stored = false;
            kept->is_dirty = true;
        }
        asked->outcome->started = operation;
        asked->outcome->cluster = kept;
        return true;
    }
    return false;
}

static bool check_owner(const struct sim_asked *asked, const struct sim_cluster *kept) {
    if (strcmp(kept->owner, asked->request->target.owner) == 0) {
        return true;
    }
    return kept->is_gone ? false : sim_refuse(asked, ERROR_DENIED, "it carries the tag of another owner");
}

void sim_request_start(struct sim_model *model, const struct provider_request *request,
                       const struct sim_faults *faults, int64_t now_ms, struct sim_outcome *ret_outcome) {
    *ret_outcome = (struct sim_outcome){0};
    struct sim_asked asked = {.model = model, .request = request, .outcome = ret_outcome};
    if (!sim_check_texts(&asked)) {
        return;
    }
    struct sim_cluster *kept = sim_model_find_kept(model, request->target.region, request->target.id);
    if (kept && check_owner(&asked, kept) && repeat(&asked, kept, now_ms)) {
        return;
    }
    asked.cluster = kept && !kept->is_gone ? kept : NULL;
    struct sim_group *group = ret_outcome->error.kind == ERROR_NONE ? ask(&asked) : NULL;
    if (!group) {
        return;
    }
    group->work = (struct sim_work){
        .action = request->action,
        .version = request->version ? sim_model_text(model, request->version) : group->version,
        .surge = request->surge > 1 ? request->surge : 1,
        .drain_s = request->drain_s,
    };
    struct sim_moment moment = {model, asked.cluster, now_ms};
    ret_outcome->started = sim_work_begin(&moment, group, request, faults);
    ret_outcome->cluster = asked.cluster;
}
