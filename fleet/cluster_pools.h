// What the files that build a view's pools share.
#pragma once

#include "fleet/cluster_scope.h"

struct pool_item {
    struct pool_view *view;
    struct pool_rules rules;
    bool is_taken; // the topology's pool has become an object that is at hand
};

// Writes down what unset fields mean, percentages, and what the rest of the cluster says about the pool.
void cluster_pool_settle(const struct cluster_scope *scope, const struct cluster_view *view,
                         struct pool_item *pool);
