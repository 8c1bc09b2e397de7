// What a pool's unset fields mean once all that is known of it has come together.
#include "fleet/cluster_pools.h"
#include "fleet/region.h"

#include <string.h>

// A regional GKE cluster spreads each pool over this many zones unless the pool names them.
enum { GKE_ZONES = 3 };

static void settle_replicas(struct pool_item *pool) {
    struct fact *replicas = &pool->view->facts[POOL_REPLICAS];
    const struct fact *min = &pool->view->facts[POOL_MIN];
    if (replicas->state != FACT_ABSENT) {
        return;
    }
    struct origin origin = replicas->origin;
    if (min->state == FACT_UNKNOWN) {
        *replicas = cluster_scope_unknown(min->why, min->unseen, origin);
        return;
    }
    int64_t count = min->state == FACT_KNOWN && !pool->rules.lone_annotation ? min->value.integer
                                                                             : pool->rules.default_replicas;
    *replicas =
        (struct fact){.state = FACT_KNOWN, .type = FACT_INTEGER, .value.integer = count, .origin = origin};
}

void cluster_surge_resolve(struct arena *arena, struct fact *surge, const struct fact *replicas) {
    if (surge->state != FACT_KNOWN || surge->type != FACT_TEXT) {
        return;
    }
    if (replicas->state != FACT_KNOWN) {
        const char *why = replicas->why ? replicas->why : "its replicas are not known";
        *surge = cluster_scope_unknown(
            arena_printf(arena, "it is %s of replicas that are not known: %s", surge->value.text, why),
            replicas->unseen, surge->origin);
        return;
    }
    // At most four digits: fact_read_surge.
    int64_t percent = strtol(surge->value.text, NULL, 10);
    int64_t count = replicas->value.integer > 0 ? replicas->value.integer : 0;
    surge->type = FACT_INTEGER;
    surge->value.integer = count > INT32_MAX ? count : (count * percent + 99) / 100;
}

static void settle_surge(struct arena *arena, struct pool_item *pool) {
    struct fact *surge = &pool->view->facts[POOL_SURGE];
    bool is_default = surge->state == FACT_ABSENT && pool->rules.default_surge > 0;
    if (pool->rules.surge_off || is_default) {
        surge->state = FACT_KNOWN;
        surge->type = FACT_INTEGER;
        surge->value.integer = pool->rules.surge_off ? 0 : pool->rules.default_surge;
        return;
    }
    cluster_surge_resolve(arena, surge, &pool->view->facts[POOL_REPLICAS]);
}

static void settle_limits(struct pool_item *pool) {
    struct fact *facts = pool->view->facts;
    if (pool->rules.limits_off) {
        facts[POOL_MIN].state = FACT_ABSENT;
        facts[POOL_MAX].state = FACT_ABSENT;
    }
    const struct fact *limit = facts[POOL_MIN].state == FACT_ABSENT || facts[POOL_MAX].state != FACT_ABSENT
                                   ? &facts[POOL_MAX]
                                   : &facts[POOL_MIN];
    // The cluster autoscaler leaves pools alone that have one annotation without the other.
    bool is_lone = pool->rules.lone_annotation &&
                   (facts[POOL_MIN].state == FACT_ABSENT || facts[POOL_MAX].state == FACT_ABSENT);
    struct fact autoscaled = *limit;
    if (limit->state != FACT_UNKNOWN || !limit->unseen) {
        autoscaled = (struct fact){.state = FACT_KNOWN,
                                   .type = FACT_BOOLEAN,
                                   .value.boolean = limit->state != FACT_ABSENT && !is_lone,
                                   .origin = limit->origin};
    }
    facts[POOL_AUTOSCALED] = autoscaled;
}

static void settle_kubeadm(const struct cluster_view *view, struct pool_item *pool) {
    const struct fact *flavour = &view->facts[CLUSTER_FLAVOUR];
    struct fact *kubeadm = &pool->view->facts[POOL_KUBEADM];
    if (kubeadm->state != FACT_ABSENT || !pool->rules.is_inside) {
        return;
    }
    *kubeadm = *flavour;
    if (flavour->state != FACT_UNKNOWN) {
        kubeadm->state = FACT_KNOWN;
        kubeadm->type = FACT_BOOLEAN;
        kubeadm->value.boolean = flavour->state == FACT_KNOWN && strcmp(flavour->value.text, "kubeadm") == 0;
    }
}

static void settle_zone_count(const struct cluster_scope *scope, struct pool_item *pool) {
    const struct cluster_slot *slot = &scope->control_plane;
    struct fact *count = &pool->view->facts[POOL_ZONE_COUNT];
    if (!slot->kind.entry || !kind_entry_path(slot->kind.entry, SAYS_LOCATION)) {
        return;
    }
    struct fact location = cluster_slot_fact(scope, slot, SAYS_LOCATION);
    char region[REGION_BYTES];
    if (location.state == FACT_KNOWN && region_of_zone("gcp", location.value.text, region)) {
        return;
    }
    *count = location;
    if (location.state == FACT_KNOWN) {
        count->type = FACT_INTEGER;
        count->value.integer = pool->view->zones.count > 0 ? (int64_t)pool->view->zones.count : GKE_ZONES;
    }
}

void cluster_pool_settle(const struct cluster_scope *scope, const struct cluster_view *view,
                         struct pool_item *pool) {
    settle_limits(pool);
    settle_replicas(pool);
    settle_surge(scope->arena, pool);
    settle_kubeadm(view, pool);
    settle_zone_count(scope, pool);
    struct fact *version = &pool->view->facts[POOL_VERSION];
    const struct fragment *cluster = scope->cluster;
    if (version->state == FACT_ABSENT && pool->rules.is_inside && cluster &&
        fragment_key_matches(&pool->view->object, &cluster->key)) {
        const struct noted_fact *noted = fragment_fact(cluster, SAYS_VERSION);
        *version = noted ? noted->fact : *version;
    }
}
