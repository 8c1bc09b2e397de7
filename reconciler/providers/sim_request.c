#include "reconciler/providers/sim_request.h"

#include "base/memory.h"
#include "reconciler/providers/sim_work.h"

#include <ctype.h>
#include <string.h>

enum { LEAST_MINOR = 20, MOST_MINOR = 40, MOST_POOL_LAG = 3, QUOTA_RETRY_S = 60 };

// A request while it is looked at.
struct asked {
    struct sim_model *model;
    struct sim_cluster *cluster; // NULL: there is none
    const struct provider_request *request;
    struct sim_outcome *outcome;
};

static bool refuse(const struct asked *asked, enum error_kind kind, const char *what) {
    return error_set(&asked->outcome->error, kind, "%s: %s", asked->request->target.id, what);
}

// ---- texts ----

static bool is_name(const char *text, bool may_be_empty) {
    if (!text || strlen(text) > SIM_MOST_TEXT || (!may_be_empty && !*text)) {
        return false;
    }
    for (; *text; text++) {
        if (!isalnum((unsigned char)*text) && !strchr("-._:/", *text)) {
            return false;
        }
    }
    return true;
}

bool sim_request_check_target(const struct provider_target *target, struct error *error) {
    if (!is_name(target->id, false)) {
        return error_set(error, ERROR_INVALID, "the name of a cluster is 1 to %d letters, digits, -, . and _",
                         SIM_MOST_TEXT);
    }
    if (!is_name(target->region, true)) {
        return error_set(error, ERROR_INVALID, "%s: not the name of a region", target->id);
    }
    if (!is_name(target->owner, false)) {
        return error_set(error, ERROR_INVALID, "%s: the tag of an owner is 1 to %d letters, digits and -",
                         target->id, SIM_MOST_TEXT);
    }
    return true;
}

static bool is_pool_action(enum provider_action action) {
    return action == ACTION_CREATE_POOL || action == ACTION_UPGRADE_POOL || action == ACTION_SCALE_POOL ||
           action == ACTION_DELETE_POOL;
}

static bool check_texts(const struct asked *asked) {
    const struct provider_request *request = asked->request;
    if (!sim_request_check_target(&request->target, &asked->outcome->error)) {
        return false;
    }
    if (!is_name(request->token, false)) {
        return refuse(asked, ERROR_INVALID, "a request has a token of letters, digits and -");
    }
    if (is_pool_action(request->action) && !is_name(request->pool, false)) {
        return refuse(asked, ERROR_INVALID, "not the name of a pool");
    }
    if (request->surge < 0 || request->surge > SIM_MOST_MACHINES) {
        return refuse(asked, ERROR_INVALID, "too many machines on top");
    }
    return (request->drain_s >= 0 && request->drain_s <= SIM_MOST_DRAIN_S) ||
           refuse(asked, ERROR_INVALID, "nodes are drained within a week");
}

static bool read_version(const struct asked *asked, const char *text,
                         struct kubernetes_version *ret_version) {
    if (kubernetes_version_parse(text, ret_version) != VERSION_OK || ret_version->major != 1 ||
        ret_version->minor < LEAST_MINOR || ret_version->minor > MOST_MINOR) {
        return error_set(&asked->outcome->error, ERROR_INVALID,
                         "%s: version %.100s is not offered; 1.%d to 1.%d are", asked->request->target.id,
                         text ? text : "(none)", LEAST_MINOR, MOST_MINOR);
    }
    return true;
}

// Of what the model holds, which was checked when it came.
static struct kubernetes_version known_version(const char *text) {
    struct kubernetes_version version = {0};
    return kubernetes_version_parse(text, &version) == VERSION_OK ? version : (struct kubernetes_version){0};
}

static bool check_count(const struct asked *asked, int64_t least, int64_t most) {
    if (asked->request->replicas >= least && asked->request->replicas <= most) {
        return true;
    }
    return error_set(&asked->outcome->error, ERROR_INVALID, "%s: %lld machines: must be from %lld to %lld",
                     asked->request->target.id, (long long)asked->request->replicas, (long long)least,
                     (long long)most);
}

// ---- quotas ----

static int64_t nodes_of(const struct sim_group *group) {
    int64_t most = group->replicas + (group->work.action == ACTION_UPGRADE_POOL ? group->work.surge : 0);
    return (int64_t)group->machine_count > most ? (int64_t)group->machine_count : most;
}

static void count_region(const struct asked *asked, int64_t *ret_clusters, int64_t *ret_nodes) {
    *ret_clusters = 0;
    *ret_nodes = 0;
    for (size_t i = 0; i < asked->model->slot_count; i++) {
        const struct sim_cluster *cluster = asked->model->slots[i];
        if (!cluster || cluster->is_gone || strcmp(cluster->region, asked->request->target.region) != 0) {
            continue;
        }
        ++*ret_clusters;
        *ret_nodes += nodes_of(&cluster->control_plane);
        for (size_t pool = 0; pool < cluster->pool_count; pool++) {
            *ret_nodes += nodes_of(&cluster->pools[pool]);
        }
    }
}

static bool check_quota(const struct asked *asked, int64_t more_clusters, int64_t more_nodes) {
    const struct sim_model *model = asked->model;
    const struct provider_target *target = &asked->request->target;
    const struct sim_region *region = sim_model_region(model, target->region);
    if (!region) {
        return !model->regions || error_set(&asked->outcome->error, ERROR_INVALID,
                                            "%s: there is no region \"%s\"", target->id, target->region);
    }
    if (region->clusters == 0 && region->nodes == 0) {
        return true;
    }
    int64_t clusters;
    int64_t nodes;
    count_region(asked, &clusters, &nodes);
    asked->outcome->retry_after_ms = sim_model_duration_ms(model, QUOTA_RETRY_S, 0);
    if (more_clusters > 0 && region->clusters > 0 && clusters + more_clusters > region->clusters) {
        return error_set(&asked->outcome->error, ERROR_LIMIT, "%s: region %s has its %lld clusters",
                         target->id, target->region, (long long)region->clusters);
    }
    if (more_nodes > 0 && region->nodes > 0 && nodes + more_nodes > region->nodes) {
        return error_set(&asked->outcome->error, ERROR_LIMIT,
                         "%s: region %s has %lld of %lld nodes; %lld more do not fit", target->id,
                         target->region, (long long)nodes, (long long)region->nodes, (long long)more_nodes);
    }
    asked->outcome->retry_after_ms = 0;
    return true;
}

// ---- what may be done now ----

static const char *busy = "another operation runs";

static bool check_active(const struct asked *asked) {
    switch (sim_cluster_state(asked->cluster)) {
    case CLOUD_ACTIVE:
        return true;
    case CLOUD_FAILED:
        return refuse(asked, ERROR_CONFLICT, "it failed while it was deleted; it can only be deleted");
    default:
        return refuse(asked, ERROR_CONFLICT, busy);
    }
}

static bool check_pools_idle(const struct asked *asked) {
    for (size_t i = 0; i < asked->cluster->pool_count; i++) {
        if (asked->cluster->pools[i].work.action != ACTION_NONE) {
            return refuse(asked, ERROR_CONFLICT, busy);
        }
    }
    return true;
}

static bool find_pool(const struct asked *asked, struct sim_group **ret_pool) {
    struct sim_group *pool = sim_cluster_pool(asked->cluster, asked->request->pool);
    if (!pool) {
        return error_set(&asked->outcome->error, ERROR_NOT_FOUND, "%s: there is no pool %s",
                         asked->request->target.id, asked->request->pool);
    }
    if (pool->work.action != ACTION_NONE) {
        return refuse(asked, ERROR_CONFLICT, busy);
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
static struct sim_cluster *add_cluster(const struct asked *asked) {
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

static struct sim_group *ask_create_cluster(struct asked *asked) {
    const struct provider_request *request = asked->request;
    struct kubernetes_version version;
    if (asked->cluster) {
        refuse(asked, ERROR_CONFLICT, "the name is taken by a cluster of another request");
        return NULL;
    }
    if (!read_version(asked, request->version, &version) || !check_count(asked, 0, SIM_MOST_CONTROL_PLANE) ||
        !check_quota(asked, 1, request->replicas)) {
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

static bool check_upgrade(const struct asked *asked, const struct kubernetes_version *to) {
    const struct sim_cluster *cluster = asked->cluster;
    const struct sim_group *group = &cluster->control_plane;
    struct kubernetes_version from = known_version(sim_group_oldest(group));
    struct kubernetes_version newest = from;
    for (uint32_t i = 0; i < group->machine_count; i++) {
        struct kubernetes_version version = known_version(group->machines[i].version);
        newest = kubernetes_version_compare(&version, &newest) > 0 ? version : newest;
    }
    if (to->minor < newest.minor || to->minor > from.minor + 1) {
        return error_set(
            &asked->outcome->error, ERROR_INVALID,
            "%s: a control plane of %s can't become %s: one minor version up at a time, never down",
            cluster->id, sim_group_oldest(group), asked->request->version);
    }
    for (size_t i = 0; i < cluster->pool_count; i++) {
        struct kubernetes_version pool = known_version(sim_group_oldest(&cluster->pools[i]));
        if (to->minor > pool.minor + MOST_POOL_LAG) {
            return error_set(&asked->outcome->error, ERROR_INVALID,
                             "%s: pool %s of %s would be more than %d minor versions behind %s", cluster->id,
                             cluster->pools[i].name, sim_group_oldest(&cluster->pools[i]), MOST_POOL_LAG,
                             asked->request->version);
        }
    }
    return true;
}

static struct sim_group *ask_upgrade_control_plane(struct asked *asked) {
    struct kubernetes_version version;
    struct sim_group *group = &asked->cluster->control_plane;
    if (!read_version(asked, asked->request->version, &version) || !check_active(asked) ||
        !check_pools_idle(asked) || !check_upgrade(asked, &version)) {
        return NULL;
    }
    return is_uniform(group, asked->request->version) ? NULL : group;
}

static struct sim_group *ask_scale_control_plane(struct asked *asked) {
    struct sim_group *group = &asked->cluster->control_plane;
    if (group->is_managed) {
        refuse(asked, ERROR_INVALID, "the cloud runs this control plane; it has no size");
        return NULL;
    }
    if (!check_count(asked, 1, SIM_MOST_CONTROL_PLANE) || !check_active(asked) || !check_pools_idle(asked) ||
        !check_quota(asked, 0, asked->request->replicas - nodes_of(group))) {
        return NULL;
    }
    return asked->request->replicas == group->replicas ? NULL : group;
}

// Of what both say: "1.31" may have any patch, and builds are the cloud's business.
static bool is_newer(const struct kubernetes_version *version, const struct kubernetes_version *than) {
    if (version->minor != than->minor) {
        return version->minor > than->minor;
    }
    return version->has_patch && than->has_patch && version->patch > than->patch;
}

static bool check_pool_version(const struct asked *asked) {
    struct kubernetes_version version;
    if (!read_version(asked, asked->request->version, &version)) {
        return false;
    }
    const char *oldest = sim_group_oldest(&asked->cluster->control_plane);
    struct kubernetes_version control_plane = known_version(oldest);
    if (is_newer(&version, &control_plane)) {
        return error_set(&asked->outcome->error, ERROR_INVALID,
                         "%s: pool %s can't have %s: the control plane has %s", asked->request->target.id,
                         asked->request->pool, asked->request->version, oldest);
    }
    return true;
}

static struct sim_group *ask_create_pool(struct asked *asked) {
    const struct provider_request *request = asked->request;
    if (!check_count(asked, 0, SIM_MOST_MACHINES) || !check_active(asked) || !check_pool_version(asked)) {
        return NULL;
    }
    if (sim_cluster_pool(asked->cluster, request->pool)) {
        error_set(&asked->outcome->error, ERROR_CONFLICT, "%s: there is a pool %s already",
                  request->target.id, request->pool);
        return NULL;
    }
    if (asked->cluster->pool_count >= SIM_MOST_POOLS) {
        refuse(asked, ERROR_LIMIT, "it has as many pools as a cluster can have");
        return NULL;
    }
    if (!check_quota(asked, 0, request->replicas)) {
        return NULL;
    }
    struct sim_group *pool = sim_cluster_add_pool(asked->cluster, request->pool);
    pool->version = sim_model_text(asked->model, request->version);
    pool->replicas = request->replicas;
    return pool;
}

static struct sim_group *ask_change_pool(struct asked *asked) {
    const struct provider_request *request = asked->request;
    struct sim_group *pool;
    if (!check_active(asked) || !find_pool(asked, &pool)) {
        return NULL;
    }
    if (request->action == ACTION_UPGRADE_POOL) {
        if (!check_pool_version(asked) || !check_quota(asked, 0, request->surge > 1 ? request->surge : 1)) {
            return NULL;
        }
        return is_uniform(pool, request->version) ? NULL : pool;
    }
    if (request->action == ACTION_SCALE_POOL) {
        if (!check_count(asked, 0, SIM_MOST_MACHINES) ||
            !check_quota(asked, 0, request->replicas - nodes_of(pool))) {
            return NULL;
        }
        return request->replicas == pool->replicas ? NULL : pool;
    }
    return pool;
}

static struct sim_group *ask_delete_cluster(struct asked *asked) {
    enum cloud_state state = sim_cluster_state(asked->cluster);
    if (state != CLOUD_ACTIVE && state != CLOUD_FAILED) {
        refuse(asked, ERROR_CONFLICT, busy);
        return NULL;
    }
    if (asked->cluster->pool_count > 0) {
        refuse(asked, ERROR_CONFLICT, "it has pools; they must be deleted first");
        return NULL;
    }
    return &asked->cluster->control_plane;
}

static struct sim_group *ask(struct asked *asked) {
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
        refuse(asked, ERROR_INVALID, "not an action");
        return NULL;
    }
}

// ---- tokens ----

// True: the token is known, and the outcome says all.
static bool repeat(const struct asked *asked, struct sim_cluster *kept, int64_t now_ms) {
    for (size_t i = kept->operation_count; i-- > 0;) {
        struct sim_operation *operation = &kept->operations[i];
        if (strcmp(operation->token, asked->request->token) != 0) {
            continue;
        }
        if (operation->action != asked->request->action) {
            refuse(asked, ERROR_INVALID, "the token belongs to another action");
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

static bool check_owner(const struct asked *asked, const struct sim_cluster *kept) {
    if (strcmp(kept->owner, asked->request->target.owner) == 0) {
        return true;
    }
    return kept->is_gone ? false : refuse(asked, ERROR_DENIED, "it carries the tag of another owner");
}

void sim_request_start(struct sim_model *model, const struct provider_request *request,
                       const struct sim_faults *faults, int64_t now_ms, struct sim_outcome *ret_outcome) {
    *ret_outcome = (struct sim_outcome){0};
    struct asked asked = {.model = model, .request = request, .outcome = ret_outcome};
    if (!check_texts(&asked)) {
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
