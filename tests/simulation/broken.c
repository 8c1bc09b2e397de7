// What is made wrong on purpose on the way to the cloud.
#include "tests/simulation/world.h"

#include <string.h>

const char *const broken_names[BROKEN_COUNT] = {
    [BROKEN_NOTHING] = "nothing", [BROKEN_TOKENS] = "tokens",     [BROKEN_ORDER] = "order",
    [BROKEN_STEPS] = "steps",     [BROKEN_POLICIES] = "policies", [BROKEN_ATTESTATION] = "attestation",
    [BROKEN_DELETE] = "delete",   [BROKEN_SCALE] = "scale",       [BROKEN_RECORD] = "record",
    [BROKEN_PLACES] = "places",   [BROKEN_WAVES] = "waves",
};

static const char *raised(struct arena *arena, const char *version, int64_t minors) {
    return arena_printf(arena, "1.%lld.0", (long long)(version_minor(version) + minors));
}

struct pools {
    const struct provider_request *request;
    struct arena *arena;
    const char *first;
};

static void find_pool(void *cookie, const char *region, const char *id, const struct cloud_cluster *cluster) {
    struct pools *pools = cookie;
    if (strcmp(region, pools->request->target.region) == 0 && strcmp(id, pools->request->target.id) == 0 &&
        cluster->pool_count > 0) {
        pools->first = arena_strdup(pools->arena, cluster->pools[0].name);
    }
}

// The pool that should follow goes first.
static void turn_around(struct world *world, struct arena *arena, struct provider_request *request) {
    struct pools pools = {request, arena, NULL};
    sim_each(world->sim, find_pool, &pools);
    if (request->action == ACTION_UPGRADE_CONTROL_PLANE && pools.first) {
        request->action = ACTION_UPGRADE_POOL;
        request->pool = pools.first;
    }
}

void broken_request(struct world *world, struct arena *arena, struct provider_request *request) {
    switch (world->broken) {
    case BROKEN_TOKENS:
        request->token = arena_printf(arena, "%s-%lld", request->token, (long long)world->await_count);
        break;
    case BROKEN_ORDER:
        turn_around(world, arena, request);
        break;
    case BROKEN_STEPS:
        if (request->action == ACTION_UPGRADE_CONTROL_PLANE) {
            request->version = raised(arena, request->version, 1);
        }
        break;
    case BROKEN_DELETE:
        if (request->action == ACTION_SCALE_POOL) {
            request->action = ACTION_DELETE_CLUSTER;
        }
        break;
    case BROKEN_SCALE:
        request->replicas += request->action == ACTION_SCALE_POOL ? 1 : 0;
        break;
    default:
        break;
    }
}
