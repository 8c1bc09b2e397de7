#include "fleet/cluster_amounts.h"

#include <string.h>

// 0 for what is absent; an unknown fact is noted.
static int64_t count_of(const struct fact *fact, const struct fact **unknown) {
    if (fact->state == FACT_UNKNOWN && !*unknown) {
        *unknown = fact;
    }
    return fact->state == FACT_KNOWN && fact->type == FACT_INTEGER ? fact->value.integer : 0;
}

static int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int64_t multiply(int64_t a, int64_t b) {
    int64_t product;
    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

// The most nodes that a pool may run: its maximum where it has one, and what comes on top while it rolls.
static int64_t pool_nodes(const struct pool_view *pool, const struct fact **unknown) {
    const struct fact *facts = pool->facts;
    bool has_maximum = facts[POOL_MAX].state != FACT_ABSENT;
    int64_t nodes = count_of(has_maximum ? &facts[POOL_MAX] : &facts[POOL_REPLICAS], unknown);
    if (has_maximum && facts[POOL_ZONE_COUNT].state == FACT_KNOWN) {
        nodes = multiply(nodes, facts[POOL_ZONE_COUNT].value.integer);
    }
    return add(nodes, count_of(&facts[POOL_SURGE], unknown));
}

void cluster_amounts_read(const struct cluster_view *view, struct cluster_amounts *ret_amounts) {
    *ret_amounts = (struct cluster_amounts){0};
    if (!view) {
        return;
    }
    const struct fact **worker_unknown = &ret_amounts->unknowns[AMOUNT_WORKER_NODES];
    const struct fact **control_unknown = &ret_amounts->unknowns[AMOUNT_CONTROL_PLANE_NODES];
    int64_t workers = 0;
    for (size_t i = 0; i < view->pool_count; i++) {
        workers = add(workers, pool_nodes(&view->pools[i], worker_unknown));
    }
    if (view->pools_known.state == FACT_UNKNOWN && !*worker_unknown) {
        *worker_unknown = &view->pools_known;
    }
    int64_t control = count_of(&view->facts[CLUSTER_CONTROL_PLANE_REPLICAS], control_unknown);
    if (control > 0) {
        control = add(control, count_of(&view->facts[CLUSTER_CONTROL_PLANE_SURGE], control_unknown));
    }
    ret_amounts->amounts[AMOUNT_CLUSTERS] = 1;
    ret_amounts->amounts[AMOUNT_WORKER_NODES] = workers;
    ret_amounts->amounts[AMOUNT_CONTROL_PLANE_NODES] = control;
    ret_amounts->amounts[AMOUNT_NODES] = add(workers, control);
    ret_amounts->unknowns[AMOUNT_NODES] = *worker_unknown ? *worker_unknown : *control_unknown;
}

const char *amount_name(enum amount_of of) {
    static const char *const names[] = {"clusters", "nodes", "worker_nodes", "control_plane_nodes"};
    return names[of];
}
