// The one step that comes next. A plan is made by asking for it again and again.
#include "reconciler/planner_model.h"

#include <string.h>

// Kubelets may be three minors older than the API server since 1.28, two before.
enum { SKEW = 3, OLD_SKEW = 2, SKEW_GREW_IN = 28 };

static void note_blocked(struct plan_model *model, const char *why) {
    model->blocked = model->blocked ? model->blocked : why;
}

static bool is_older_minor(const struct model_version *a, const struct model_version *b) {
    return a->number.major < b->number.major ||
           (a->number.major == b->number.major && a->number.minor < b->number.minor);
}

// May a kubelet of this version talk to an API server of that minor?
static bool is_within_skew(const struct model_version *pool, uint32_t major, uint32_t minor) {
    uint32_t most = minor >= SKEW_GREW_IN ? SKEW : OLD_SKEW;
    return pool->number.major == major && pool->number.minor + most >= minor;
}

// What a step to this minor asks for, on the way to goal: written in goal's manner.
static struct model_version between(struct plan_model *model, const struct model_version *goal,
                                    uint32_t minor) {
    const struct plan_question *question = model->question;
    uint32_t major = goal->number.major;
    struct model_version version = {0};
    version.text = question->patch_of ? question->patch_of(question->cookie, major, minor) : NULL;
    if (version.text && kubernetes_version_parse(version.text, &version.number) == VERSION_OK &&
        version.number.major == major && version.number.minor == minor) {
        version.text += *version.text == 'v';
        return version;
    }
    // "+rke2r1" and "+k3s1" are there for every patch; what comes after a dash counts by itself.
    const char *build = *goal->number.suffix == '+' ? goal->number.suffix : "";
    version.text =
        arena_printf(model->arena, "%u.%u%s%s", major, minor, goal->number.has_patch ? ".0" : "", build);
    (void)!kubernetes_version_parse(version.text, &version.number);
    return version;
}

// The next version from have towards aim, one minor at most. An upgrade that was begun is brought to its end.
static const char *next_version(struct plan_model *model, const struct model_version *have,
                                const struct model_version *begun, const struct model_version *aim) {
    uint32_t minor = have->number.minor + 1;
    if (minor >= aim->number.minor) {
        return version_reached(begun, aim) && version_is_past(begun, have) ? begun->text : aim->text;
    }
    struct model_version next = between(model, aim, minor);
    bool goes_on = begun->number.minor == minor && version_is_past(begun, &next);
    return goes_on ? begun->text : next.text;
}

// The newest version that the pool may have now.
static struct model_version pool_aim(const struct plan_model *model, const struct model_pool *pool) {
    const struct kubernetes_version *goal = &pool->goal.number;
    const struct kubernetes_version *present = &model->version.number;
    bool is_any_patch = !goal->has_patch && goal->major == present->major && goal->minor == present->minor;
    return is_any_patch || version_is_past(&pool->goal, &model->version) ? model->version : pool->goal;
}

static int64_t pool_number(const struct model_pool *pool) {
    const struct pool_spec *wanted = pool->wanted;
    if (!wanted->autoscaled) {
        return wanted->replicas;
    }
    int64_t number = pool->replicas;
    number = wanted->maximum >= 0 && number > wanted->maximum ? wanted->maximum : number;
    return number < wanted->minimum ? wanted->minimum : number;
}

static bool create_cluster(struct plan_model *model, struct plan_step *step) {
    *step = (struct plan_step){.action = ACTION_CREATE_CLUSTER,
                               .version = model->goal.text,
                               .replicas = model->question->spec->control_plane_replicas};
    return true;
}

static bool scale_control_plane(struct plan_model *model, struct plan_step *step) {
    int64_t wanted = model->question->spec->control_plane_replicas;
    if (wanted == 0 || wanted == model->control_plane_replicas) {
        return false;
    }
    // One more that leaves may be the one that etcd's majority hangs on.
    if (wanted < model->control_plane_replicas &&
        model->control_plane_ready < model->control_plane_replicas) {
        note_blocked(model, arena_printf(model->arena, "the control plane has %lld of %lld machines ready",
                                         (long long)model->control_plane_ready,
                                         (long long)model->control_plane_replicas));
        return false;
    }
    *step = (struct plan_step){.action = ACTION_SCALE_CONTROL_PLANE, .replicas = wanted};
    return true;
}

static bool create_pool(struct plan_model *model, const struct model_pool *pool, struct plan_step *step) {
    struct model_version aim = pool_aim(model, pool);
    if (!is_within_skew(&aim, model->version.number.major, model->version.number.minor)) {
        model->is_short = true;
        note_blocked(model, arena_printf(model->arena,
                                         "pool %.80s can't be made at %s: too old for control plane %s",
                                         pool->name, aim.text, model->version.text));
        return false;
    }
    *step = (struct plan_step){.action = ACTION_CREATE_POOL,
                               .pool = pool->name,
                               .version = aim.text,
                               .replicas = pool->wanted->replicas};
    return true;
}

static bool upgrade_pool(const struct model_pool *pool, const char *version, struct plan_step *step) {
    *step = (struct plan_step){.action = ACTION_UPGRADE_POOL,
                               .pool = pool->name,
                               .version = version,
                               .surge = pool->wanted->surge,
                               .drain_s = pool->wanted->drain_s};
    return true;
}

static bool scale_pool(const struct model_pool *pool, struct plan_step *step) {
    *step = (struct plan_step){.action = ACTION_SCALE_POOL,
                               .pool = pool->name,
                               .replicas = pool_number(pool),
                               .drain_s = pool->wanted->drain_s};
    return true;
}

static bool delete_pool(const struct plan_model *model, const struct model_pool *pool,
                        struct plan_step *step) {
    *step = (struct plan_step){
        .action = ACTION_DELETE_POOL, .pool = pool->name, .drain_s = model->question->spec->drain_s};
    return true;
}

// It may hold workloads, so it is never made anew: the cloud is asked again for what it should be.
static bool retry_pool(const struct plan_model *model, const struct model_pool *pool,
                       struct plan_step *step) {
    struct model_version aim = pool_aim(model, pool);
    bool was_upgrading = kubernetes_version_compare(&pool->version.number, &pool->begun.number) < 0 &&
                         !version_is_past(&pool->begun, &aim) &&
                         pool->begun.number.minor <= pool->version.number.minor + 1;
    return was_upgrading ? upgrade_pool(pool, pool->begun.text, step) : scale_pool(pool, step);
}

static bool add_machines(struct plan_model *model, struct plan_step *step) {
    for (size_t i = 0; i < model->pool_count; i++) {
        const struct model_pool *pool = &model->pools[i];
        if (pool->wanted && !pool->exists && create_pool(model, pool, step)) {
            return true;
        }
    }
    for (size_t i = 0; i < model->pool_count; i++) {
        const struct model_pool *pool = &model->pools[i];
        if (!pool->wanted || !pool->exists) {
            continue;
        }
        if (pool->failed) {
            return retry_pool(model, pool, step);
        }
        if (pool->replicas < pool_number(pool)) {
            return scale_pool(pool, step);
        }
    }
    return false;
}

// Older than it should be, or its nodes are of two versions since an upgrade was given up.
static bool is_behind(const struct model_pool *pool, const struct model_version *aim) {
    bool is_mixed = version_is_past(&pool->begun, &pool->version) && !version_is_past(&pool->begun, aim);
    bool is_older = version_is_past(aim, &pool->version) && !version_reached(&pool->version, &pool->goal);
    return is_mixed || is_older;
}

// is_on_way: the control plane has minors to go, and pools need only its present minor.
static bool upgrade_pools(struct plan_model *model, bool is_on_way, struct plan_step *step) {
    for (size_t i = 0; i < model->pool_count; i++) {
        const struct model_pool *pool = &model->pools[i];
        if (!pool->wanted || !pool->exists) {
            continue;
        }
        struct model_version aim = pool_aim(model, pool);
        if (version_is_past(&pool->begun, &pool->goal)) {
            note_blocked(model, arena_printf(model->arena, "pool %.80s is at %s: %s would be a step back",
                                             pool->name, pool->begun.text, pool->goal.text));
        } else if (pool->version.number.major != aim.number.major) {
            note_blocked(model, arena_printf(model->arena, "pool %.80s can't go from %s to %s", pool->name,
                                             pool->version.text, aim.text));
        } else if (is_on_way ? is_older_minor(&pool->version, &aim) : is_behind(pool, &aim)) {
            return upgrade_pool(pool, next_version(model, &pool->version, &pool->begun, &aim), step);
        } else if (!is_on_way && version_is_past(&pool->goal, &model->version)) {
            note_blocked(model,
                         arena_printf(model->arena, "pool %.80s is to be at %s, newer than control plane %s",
                                      pool->name, pool->goal.text, model->version.text));
        }
    }
    return false;
}

static bool upgrade_control_plane(struct plan_model *model, struct plan_step *step) {
    int64_t surge = model->question->spec->control_plane_surge;
    *step = (struct plan_step){
        .action = ACTION_UPGRADE_CONTROL_PLANE,
        .version = next_version(model, &model->version, &model->begun, &model->goal),
        .surge = surge < 1 ? 1 : surge,
    };
    return true;
}

// Pools that would be too old for the control plane's next minor: those that are not wanted go before it.
static bool make_way(struct plan_model *model, struct plan_step *step) {
    uint32_t minor = model->version.number.minor + 1;
    for (size_t i = 0; i < model->pool_count; i++) {
        const struct model_pool *pool = &model->pools[i];
        if (!pool->exists || is_within_skew(&pool->version, model->version.number.major, minor)) {
            continue;
        }
        if (!pool->wanted && !model->is_short) {
            return delete_pool(model, pool, step);
        }
        note_blocked(model, arena_printf(model->arena, "pool %.80s at %s is too old for control plane %u.%u",
                                         pool->name, pool->version.text, model->version.number.major, minor));
    }
    return false;
}

static bool upgrade(struct plan_model *model, struct plan_step *step) {
    if (!is_older_minor(&model->version, &model->goal)) {
        bool is_patch = !model->question->spec->unread && (version_is_past(&model->goal, &model->version) ||
                                                           version_is_past(&model->begun, &model->version));
        return is_patch ? upgrade_control_plane(model, step) : upgrade_pools(model, false, step);
    }
    if (upgrade_pools(model, true, step)) {
        return true;
    }
    if (model->question->spec->unread) {
        return false; // that pool is to follow, too
    }
    const char *before = model->blocked;
    model->blocked = NULL;
    bool has_step = make_way(model, step);
    bool is_free = !has_step && !model->blocked;
    model->blocked = before ? before : model->blocked;
    return has_step || (is_free && upgrade_control_plane(model, step));
}

static bool remove_machines(const struct plan_model *model, struct plan_step *step) {
    for (size_t i = 0; i < model->pool_count && !model->is_short; i++) {
        const struct model_pool *pool = &model->pools[i];
        if (pool->wanted && pool->exists && pool->replicas > pool_number(pool)) {
            return scale_pool(pool, step);
        }
    }
    for (size_t i = 0; i < model->pool_count && !model->is_short; i++) {
        if (model->pools[i].exists && !model->pools[i].wanted) {
            return delete_pool(model, &model->pools[i], step);
        }
    }
    return false;
}

bool plan_next_step(struct plan_model *model, struct plan_step *ret_step) {
    model->blocked = model->question->spec->unread;
    model->is_short = model->blocked != NULL;
    if (!model->exists) {
        return create_cluster(model, ret_step);
    }
    if (version_is_past(&model->begun, &model->goal)) {
        note_blocked(model, arena_printf(model->arena, "the control plane is at %s: %s would be a step back",
                                         model->begun.text, model->goal.text));
        return false;
    }
    if (model->version.number.major != model->goal.number.major) {
        note_blocked(model, arena_printf(model->arena, "the control plane can't go from %s to %s",
                                         model->version.text, model->goal.text));
        return false;
    }
    return scale_control_plane(model, ret_step) || add_machines(model, ret_step) ||
           upgrade(model, ret_step) || remove_machines(model, ret_step);
}
