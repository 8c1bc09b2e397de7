// A cloud of one cluster in memory, that carries out plan steps and checks each against the rules.
#pragma once

#include "base/arena.h"
#include "reconciler/planner.h"
#include "tests/support/expect.h"

enum { MODEL_MOST_POOLS = 12, MODEL_SKEW = 3 };

struct model_cloud {
    struct arena *arena;
    bool exists;
    struct cloud_cluster cluster;
    struct cloud_pool pools[MODEL_MOST_POOLS];
    int64_t fewest; // replicas in all pools, ever since it was made
};

// How a step ends: at once, or half way with the pool failed or as if nothing was wrong.
enum model_end { MODEL_DONE, MODEL_HALF, MODEL_HALF_FAILED };

// The cluster as a provider shows it; NULL: none.
const struct cloud_cluster *model_cloud_show(struct model_cloud *cloud);
int64_t model_cloud_sum(const struct model_cloud *cloud);
// A pool that is there already.
void model_cloud_add(struct model_cloud *cloud, const char *name, const char *version, int64_t replicas);
// Fails the test where the step breaks a rule. spec NULL: the cluster is being deleted.
void model_cloud_apply(struct model_cloud *cloud, const char *name, const struct cluster_spec *spec,
                       const struct plan_step *step, enum model_end end);
// Minors behind the control plane, and patches; both must be numbers of three parts.
int64_t model_minors_behind(const char *version, const char *pool_version);
