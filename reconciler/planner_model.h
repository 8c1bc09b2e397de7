// The cluster as the planner thinks it through: what is there and what is wanted side by side, changed step
// by step.
#pragma once

#include "reconciler/planner.h"

struct model_version {
    const char *text; // NULL: none
    struct kubernetes_version number;
};

struct model_pool {
    const char *name;
    const struct pool_spec *wanted; // NULL: not wanted
    struct model_version goal;      // of wanted
    bool exists;
    bool failed;
    struct model_version version; // where it exists
    struct model_version begun;   // what some of its nodes may have already; else equals version
    int64_t replicas;
};

struct plan_model {
    struct arena *arena;
    const struct plan_question *question;
    bool exists;
    int64_t control_plane_replicas, control_plane_ready;
    struct model_version goal, version, begun;
    struct model_pool *pools; // sorted by name
    size_t pool_count;
    const char *blocked; // the first reason why something can't be done; NULL: none
    bool is_short;       // machines that are wanted can't be added: none are taken away
};

// False when a version can't be read: blocked says which.
MUST_CHECK bool plan_model_read(struct arena *arena, const struct plan_question *question,
                                struct plan_model *ret_model);
// As if the step was done.
void plan_model_apply(struct plan_model *model, const struct plan_step *step);

// False: nothing is left to be done, or blocked says what is in the way.
bool plan_next_step(struct plan_model *model, struct plan_step *ret_step);

// Is what is there as good as what is wanted? A version without a patch means any; a plain one, any build of
// it.
bool version_reached(const struct model_version *have, const struct model_version *want);
// It would be a step back.
bool version_is_past(const struct model_version *have, const struct model_version *want);
