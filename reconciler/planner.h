// What is to be done next, so that what is there becomes what was approved. A pure function.
#pragma once

#include "reconciler/cluster_spec.h"
#include "reconciler/provider.h"

// One step, as it would be asked of a provider now, and why.
struct plan_step {
    enum provider_action action;
    const char *pool;                 // name, or NULL
    const char *version;              // "1.30.4": the version of this step
    int64_t replicas, surge, drain_s; // 0 where the action does not use them
};

enum { PLAN_MOST_STEPS = 1000 }; // longer plans are cut: only the first step counts

struct plan {
    const struct plan_step
        *steps; // in order; only the first one may be started, and only where waits is NULL
    size_t count;
    const char *waits;   // why nothing can be started now although it is not as it should be, or NULL
    const char *blocked; // why it will not be all that it should be after these steps either, or NULL
    bool is_running;     // something is under way in the cloud
    bool converged;      // it is as it should be
};

struct plan_question {
    const struct cluster_spec *spec;   // NULL: only for deletes
    const struct cloud_cluster *cloud; // NULL: there is none (which is certain)
    const char *owner; // uid of the Cluster; a cluster with another tag is waited for, never touched. For
                       // a delete it is none of ours: converged
    bool deleting;     // the Cluster is being deleted, and that was approved
    // The versions that this cluster's minor may go through next, by minor: the patch to use for a step in
    // between. NULL: ".0" of each.
    const char *(*patch_of)(void *cookie, uint32_t major, uint32_t minor);
    void *cookie;
};

// Control plane before pools; one minor at a time, and all pools follow before the next one (those whose own
// version is older stay there, as far as the kubelet's skew allows); never a version down; pools are added
// before others are removed, and none is removed, nor the control plane upgraded, while one can't be read. A
// cluster that fails is not touched but deleted; a pool that fails is asked again for what it is to be, and
// deleted only where it is not wanted. In arena, borrowing from the question. The same question gives the
// same plan.
void plan_make(struct arena *arena, const struct plan_question *question, struct plan *ret_plan);

// For people: "upgrade control plane to 1.30.4", "scale pool eu-1-a to 5". In arena.
const char *plan_step_text(struct arena *arena, const struct plan_step *step);
