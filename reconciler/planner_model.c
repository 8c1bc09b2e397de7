#include "reconciler/planner_model.h"

#include <stdlib.h>
#include <string.h>

bool version_reached(const struct model_version *have, const struct model_version *want) {
    const struct kubernetes_version *a = &have->number;
    const struct kubernetes_version *b = &want->number;
    if (a->major != b->major || a->minor != b->minor) {
        return false;
    }
    bool is_any_patch = (!a->has_patch && !*a->suffix) || (!b->has_patch && !*b->suffix);
    bool is_any_build =
        a->patch == b->patch && b->suffix_kind == VERSION_PLAIN && a->suffix_kind != VERSION_PRERELEASE;
    return is_any_patch || is_any_build || kubernetes_version_compare(a, b) == 0;
}

bool version_is_past(const struct model_version *have, const struct model_version *want) {
    return !version_reached(have, want) && kubernetes_version_compare(&have->number, &want->number) > 0;
}

static bool read_version(struct plan_model *model, const char *text, const char *whose,
                         struct model_version *ret_version) {
    struct model_version version = {.text = text};
    if (kubernetes_version_parse(text, &version.number) != VERSION_OK) {
        model->blocked =
            arena_printf(model->arena, "version \"%.60s\" of %s can't be read", text ? text : "", whose);
        return false;
    }
    *ret_version = version;
    return true;
}

// What was begun counts where it is newer than what is there.
static bool read_begun(struct plan_model *model, const char *text, const char *whose,
                       const struct model_version *version, struct model_version *ret_begun) {
    struct model_version begun = *version;
    if (text && *text && !read_version(model, text, whose, &begun)) {
        return false;
    }
    *ret_begun = kubernetes_version_compare(&begun.number, &version->number) > 0 ? begun : *version;
    return true;
}

static bool read_cloud_pool(struct plan_model *model, const struct cloud_pool *cloud,
                            struct model_pool *pool) {
    pool->name = cloud->name;
    pool->exists = true;
    pool->failed = cloud->state == CLOUD_FAILED;
    pool->replicas = cloud->replicas;
    const char *whose = arena_printf(model->arena, "pool %.80s", cloud->name);
    return read_version(model, cloud->version, whose, &pool->version) &&
           read_begun(model, cloud->target, whose, &pool->version, &pool->begun);
}

static bool read_spec_pool(struct plan_model *model, const struct pool_spec *spec, struct model_pool *pool) {
    pool->name = spec->name;
    pool->wanted = spec;
    const char *whose = arena_printf(model->arena, "pool %.80s", spec->name);
    return read_version(model, spec->version, whose, &pool->goal);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct model_pool *)a)->name, ((const struct model_pool *)b)->name);
}

// Both sides of one name become one.
static void join_pools(struct plan_model *model) {
    qsort(model->pools, model->pool_count, sizeof(*model->pools), by_name);
    size_t count = 0;
    for (size_t i = 0; i < model->pool_count; i++) {
        struct model_pool *last = count > 0 ? &model->pools[count - 1] : NULL;
        const struct model_pool *pool = &model->pools[i];
        if (!last || strcmp(last->name, pool->name) != 0) {
            model->pools[count++] = *pool;
        } else if (pool->wanted && !last->wanted) {
            last->wanted = pool->wanted;
            last->goal = pool->goal;
        } else if (pool->exists && !last->exists) {
            struct model_pool joined = *pool;
            joined.wanted = last->wanted;
            joined.goal = last->goal;
            *last = joined;
        }
    }
    model->pool_count = count;
}

static bool read_pools(struct plan_model *model) {
    const struct cluster_spec *spec = model->question->spec;
    const struct cloud_cluster *cloud = model->question->cloud;
    size_t most = (spec ? spec->pool_count : 0) + (cloud ? cloud->pool_count : 0);
    model->pools = arena_alloc(model->arena, (most + 1) * sizeof(*model->pools));
    for (size_t i = 0; cloud && i < cloud->pool_count; i++) {
        // What is on its way out is as good as gone.
        if (cloud->pools[i].state != CLOUD_DELETING &&
            !read_cloud_pool(model, &cloud->pools[i], &model->pools[model->pool_count++])) {
            return false;
        }
    }
    for (size_t i = 0; spec && i < spec->pool_count; i++) {
        if (!read_spec_pool(model, &spec->pools[i], &model->pools[model->pool_count++])) {
            return false;
        }
    }
    join_pools(model);
    return true;
}

bool plan_model_read(struct arena *arena, const struct plan_question *question,
                     struct plan_model *ret_model) {
    const struct cloud_cluster *cloud = question->cloud;
    struct plan_model model = {.arena = arena, .question = question, .exists = cloud != NULL};
    bool good =
        (!question->spec || read_version(&model, question->spec->version, "the cluster", &model.goal));
    if (good && cloud) {
        model.control_plane_replicas = cloud->control_plane_replicas;
        model.control_plane_ready = cloud->control_plane_ready;
        good = read_version(&model, cloud->version, "the control plane", &model.version) &&
               read_begun(&model, cloud->target, "the control plane", &model.version, &model.begun);
    }
    good = good && read_pools(&model);
    *ret_model = model;
    return good;
}

static struct model_pool *find_pool(struct plan_model *model, const char *name) {
    const struct model_pool key = {.name = name};
    return bsearch(&key, model->pools, model->pool_count, sizeof(key), by_name);
}

// The planner made the text, from what it has read.
static struct model_version version_of(const char *text) {
    struct model_version version = {.text = text};
    (void)!kubernetes_version_parse(text, &version.number);
    return version;
}

static void apply_to_pool(struct model_pool *pool, const struct plan_step *step) {
    if (step->action == ACTION_DELETE_POOL) {
        pool->exists = false;
        return;
    }
    pool->failed = false;
    if (step->action == ACTION_SCALE_POOL || step->action == ACTION_CREATE_POOL) {
        pool->replicas = step->replicas;
    }
    if (step->action == ACTION_UPGRADE_POOL || step->action == ACTION_CREATE_POOL) {
        pool->exists = true;
        pool->version = pool->begun = version_of(step->version);
    }
}

void plan_model_apply(struct plan_model *model, const struct plan_step *step) {
    switch (step->action) {
    case ACTION_CREATE_CLUSTER:
        model->exists = true;
        model->version = model->begun = version_of(step->version);
        model->control_plane_replicas = model->control_plane_ready = step->replicas;
        break;
    case ACTION_UPGRADE_CONTROL_PLANE:
        model->version = model->begun = version_of(step->version);
        break;
    case ACTION_SCALE_CONTROL_PLANE:
        model->control_plane_replicas = model->control_plane_ready = step->replicas;
        break;
    case ACTION_CREATE_POOL:
    case ACTION_UPGRADE_POOL:
    case ACTION_SCALE_POOL:
    case ACTION_DELETE_POOL:
        apply_to_pool(find_pool(model, step->pool), step);
        break;
    case ACTION_DELETE_CLUSTER:
        model->exists = false;
        break;
    case ACTION_NONE:
    case ACTION_COUNT:
        break;
    }
}
