#include "reconciler/planner.h"

#include "reconciler/planner_model.h"

#include <string.h>

struct step_list {
    struct arena *arena;
    struct plan_step *items;
    size_t count, capacity;
};

static void add_step(struct step_list *list, const struct plan_step *step) {
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        struct plan_step *items = arena_alloc(list->arena, list->capacity * sizeof(*items));
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(*items));
        }
        list->items = items;
    }
    list->items[list->count++] = *step;
}

static bool is_settled(enum cloud_state state) {
    return state == CLOUD_ACTIVE || state == CLOUD_FAILED;
}

// What runs in the cloud now, or NULL.
static const char *what_runs(struct arena *arena, const struct cloud_cluster *cloud) {
    if (!is_settled(cloud->state)) {
        return arena_printf(arena, "the cluster is %s", cloud_state_name(cloud->state));
    }
    for (size_t i = 0; i < cloud->pool_count; i++) {
        if (!is_settled(cloud->pools[i].state)) {
            return arena_printf(arena, "pool %.80s is %s", cloud->pools[i].name,
                                cloud_state_name(cloud->pools[i].state));
        }
    }
    return NULL;
}

static int64_t drain_of(const struct cluster_spec *spec, const char *pool, int64_t unsaid_s) {
    for (size_t i = 0; spec && i < spec->pool_count; i++) {
        if (strcmp(spec->pools[i].name, pool) == 0) {
            return spec->pools[i].drain_s;
        }
    }
    return spec ? spec->drain_s : unsaid_s;
}

// Versions and failures don't matter to what is to be gone.
static void plan_delete(struct step_list *list, const struct plan_question *question) {
    enum { UNSAID_DRAIN_S = 300 };
    const struct cloud_cluster *cloud = question->cloud;
    for (size_t i = 0; i < cloud->pool_count && cloud->state != CLOUD_DELETING; i++) {
        const struct cloud_pool *pool = &cloud->pools[i];
        const struct plan_step step = {.action = ACTION_DELETE_POOL,
                                       .pool = pool->name,
                                       .drain_s = drain_of(question->spec, pool->name, UNSAID_DRAIN_S)};
        // The last place is the cluster's own.
        if (pool->state != CLOUD_DELETING && list->count < PLAN_MOST_STEPS - 1) {
            add_step(list, &step);
        }
    }
    const struct plan_step step = {.action = ACTION_DELETE_CLUSTER};
    add_step(list, &step);
}

// Why there is nothing to plan. NULL: there is.
static const char *what_forbids(struct arena *arena, const struct plan_question *question) {
    const struct cloud_cluster *cloud = question->cloud;
    if (question->spec && question->spec->paused) {
        return "paused";
    }
    if (question->deleting) {
        return NULL;
    }
    if (!question->spec) {
        return "no spec has been approved yet";
    }
    if (cloud && cloud->state == CLOUD_FAILED) {
        return arena_printf(arena, "the cluster has failed: %s",
                            cloud->failure ? cloud->failure : "the cloud does not say why");
    }
    return NULL;
}

// Whether it is there and has the tag of another Cluster, or none.
static bool is_foreign(const struct plan_question *question) {
    const struct cloud_cluster *cloud = question->cloud;
    return cloud && (!cloud->owner || !question->owner || strcmp(cloud->owner, question->owner) != 0);
}

void plan_make(struct arena *arena, const struct plan_question *question, struct plan *ret_plan) {
    struct step_list list = {.arena = arena};
    const char *runs = question->cloud ? what_runs(arena, question->cloud) : NULL;
    struct plan plan = {.is_running = runs != NULL};
    bool is_foreign_cluster = is_foreign(question);
    if (question->deleting && (!question->cloud || is_foreign_cluster)) {
        *ret_plan = (struct plan){.converged = true};
        return;
    }
    plan.waits = is_foreign_cluster ? "the name is taken by a cluster of another owner"
                                    : what_forbids(arena, question);
    if (plan.waits) {
        *ret_plan = plan;
        return;
    }
    struct plan_model model = {0};
    if (question->deleting) {
        plan_delete(&list, question);
    } else if (plan_model_read(arena, question, &model)) {
        struct plan_step step;
        while (list.count < PLAN_MOST_STEPS && plan_next_step(&model, &step)) {
            add_step(&list, &step);
            plan_model_apply(&model, &step);
        }
    }
    plan.steps = list.items;
    plan.count = list.count;
    plan.waits = runs ? runs : list.count == 0 ? model.blocked : NULL;
    plan.blocked = model.blocked;
    plan.converged = list.count == 0 && !plan.waits;
    *ret_plan = plan;
}

const char *plan_step_text(struct arena *arena, const struct plan_step *step) {
    switch (step->action) {
    case ACTION_CREATE_CLUSTER:
        return arena_printf(arena, "create cluster at %s", step->version);
    case ACTION_UPGRADE_CONTROL_PLANE:
        return arena_printf(arena, "upgrade control plane to %s", step->version);
    case ACTION_SCALE_CONTROL_PLANE:
        return arena_printf(arena, "scale control plane to %lld", (long long)step->replicas);
    case ACTION_CREATE_POOL:
        return arena_printf(arena, "create pool %s of %lld at %s", step->pool, (long long)step->replicas,
                            step->version);
    case ACTION_UPGRADE_POOL:
        return arena_printf(arena, "upgrade pool %s to %s", step->pool, step->version);
    case ACTION_SCALE_POOL:
        return arena_printf(arena, "scale pool %s to %lld", step->pool, (long long)step->replicas);
    case ACTION_DELETE_POOL:
        return arena_printf(arena, "delete pool %s", step->pool);
    case ACTION_DELETE_CLUSTER:
        return "delete cluster";
    case ACTION_NONE:
    case ACTION_COUNT:
        break;
    }
    return "nothing";
}
