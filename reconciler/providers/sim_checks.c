#include "reconciler/providers/sim_checks.h"

#include <ctype.h>
#include <string.h>

enum { LEAST_MINOR = 20, MOST_MINOR = 40, QUOTA_RETRY_S = 60 };

bool sim_refuse(const struct sim_asked *asked, enum error_kind kind, const char *what) {
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

bool sim_check_texts(const struct sim_asked *asked) {
    const struct provider_request *request = asked->request;
    if (!sim_request_check_target(&request->target, &asked->outcome->error)) {
        return false;
    }
    if (!is_name(request->token, false)) {
        return sim_refuse(asked, ERROR_INVALID, "a request has a token of letters, digits and -");
    }
    if (is_pool_action(request->action) && !is_name(request->pool, false)) {
        return sim_refuse(asked, ERROR_INVALID, "not the name of a pool");
    }
    if (request->surge < 0 || request->surge > SIM_MOST_MACHINES) {
        return sim_refuse(asked, ERROR_INVALID, "too many machines on top");
    }
    return (request->drain_s >= 0 && request->drain_s <= SIM_MOST_DRAIN_S) ||
           sim_refuse(asked, ERROR_INVALID, "nodes are drained within a week");
}

bool sim_check_version(const struct sim_asked *asked, const char *text,
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
struct kubernetes_version sim_known_version(const char *text) {
    struct kubernetes_version version = {0};
    return kubernetes_version_parse(text, &version) == VERSION_OK ? version : (struct kubernetes_version){0};
}

bool sim_check_count(const struct sim_asked *asked, int64_t least, int64_t most) {
    if (asked->request->replicas >= least && asked->request->replicas <= most) {
        return true;
    }
    return error_set(&asked->outcome->error, ERROR_INVALID, "%s: %lld machines: must be from %lld to %lld",
                     asked->request->target.id, (long long)asked->request->replicas, (long long)least,
                     (long long)most);
}

// ---- versions and counts ----

// Of what both say: "1.31" may have any patch, and builds are the cloud's business.
bool sim_is_newer(const struct kubernetes_version *version, const struct kubernetes_version *than) {
    if (version->minor != than->minor) {
        return version->minor > than->minor;
    }
    return version->has_patch && than->has_patch && version->patch > than->patch;
}

// ---- quotas ----

int64_t sim_count_nodes(const struct sim_group *group) {
    int64_t most = group->replicas + (group->work.action == ACTION_UPGRADE_POOL ? group->work.surge : 0);
    return (int64_t)group->machine_count > most ? (int64_t)group->machine_count : most;
}

static void count_region(const struct sim_asked *asked, int64_t *ret_clusters, int64_t *ret_nodes) {
    *ret_clusters = 0;
    *ret_nodes = 0;
    for (size_t i = 0; i < asked->model->slot_count; i++) {
        const struct sim_cluster *cluster = asked->model->slots[i];
        if (!cluster || cluster->is_gone || strcmp(cluster->region, asked->request->target.region) != 0) {
            continue;
        }
        ++*ret_clusters;
        *ret_nodes += sim_count_nodes(&cluster->control_plane);
        for (size_t pool = 0; pool < cluster->pool_count; pool++) {
            *ret_nodes += sim_count_nodes(&cluster->pools[pool]);
        }
    }
}

bool sim_check_quota(const struct sim_asked *asked, int64_t more_clusters, int64_t more_nodes) {
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
