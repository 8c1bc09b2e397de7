// How many clusters change at one time, and whose turn it is.
#include "tests/simulation/process.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

enum {
    BEHIND_GRACE_MS = 10000,          // until whoever begins an upgrade must have heard who comes first
    TWO_LEADERS_MS = 4 * 3600 * 1000, // until what two leaders began at one time is over
};

#define VIOLATED(world, invariant, ...)                                                                      \
    trace_violation(&(world)->trace, world_now_ms(world), invariant, __VA_ARGS__)

// ---- places ----

struct places {
    struct world *world;
    const char *owner; // who asks, and is not counted
    unsigned upgrades, deletes;
};

static bool is_being_upgraded(const struct cloud_cluster *cluster) {
    bool any = cluster->state == CLOUD_UPDATING && strcmp(cluster->version, cluster->target) != 0;
    for (size_t i = 0; i < cluster->pool_count; i++) {
        const struct cloud_pool *pool = &cluster->pools[i];
        any = any || (pool->state == CLOUD_UPDATING && strcmp(pool->version, pool->target) != 0);
    }
    return any;
}

static void count_place(void *cookie, const char *region, const char *id,
                        const struct cloud_cluster *cluster) {
    struct places *places = cookie;
    (void)region, (void)id;
    const struct life *life = checker_life(&places->world->checker, cluster->owner);
    if (!life || strcmp(cluster->owner, places->owner) == 0) {
        return;
    }
    places->deletes += cluster->state == CLOUD_DELETING;
    // What is to go has given its place away; its last upgrade may still run.
    places->upgrades += cluster->state != CLOUD_DELETING && !life->deleting && is_being_upgraded(cluster);
}

static void check_places(struct world *world, const struct provider_request *request) {
    if (world->took_over_ms >= 0 && world_now_ms(world) - world->took_over_ms < TWO_LEADERS_MS) {
        return; // neither knew what the other one began
    }
    struct places places = {.world = world, .owner = request->target.owner};
    sim_each(world->sim, count_place, &places);
    if (provider_action_upgrades(request->action) && places.upgrades >= world->settings.upgrades_at_once) {
        VIOLATED(world, "no more upgrades at one time than allowed", "%s is upgraded beside %u others, of %u",
                 request->target.id, places.upgrades, world->settings.upgrades_at_once);
    }
    if (request->action == ACTION_DELETE_CLUSTER && places.deletes >= world->settings.deletes_at_once) {
        VIOLATED(world, "no more deletes at one time than allowed", "%s goes beside %u others, of %u",
                 request->target.id, places.deletes, world->settings.deletes_at_once);
    }
}

// ---- waves ----

struct plane {
    const char *owner;
    char *version;
    bool is_there;
};

static void find_plane(void *cookie, const char *region, const char *id,
                       const struct cloud_cluster *cluster) {
    struct plane *plane = cookie;
    (void)region, (void)id;
    if (cluster->state != CLOUD_DELETING && strcmp(cluster->owner, plane->owner) == 0) {
        snprintf(plane->version, CHECKER_VERSION_BYTES, "%s", cluster->version);
        plane->is_there = true;
    }
}

bool checker_plane(const struct world *world, const char *owner, char ret_version[CHECKER_VERSION_BYTES]) {
    struct plane plane = {owner, ret_version, false};
    sim_each(world->sim, find_plane, &plane);
    return plane.is_there;
}

static bool wants_less(void *cookie, const struct revision *revision) {
    const int64_t *minor = cookie;
    return version_minor(revision->content.version) < *minor;
}

// Is it sure that it is to go there, and has not yet?
static bool is_behind(struct world *world, struct declared_cluster *cluster, int64_t minor) {
    const struct declared_object *object = &cluster->objects[0];
    const struct declared_object *version = declared_version_object(cluster);
    const struct declared_object *region = declared_region_object(cluster);
    bool is_whole = object->stored && !object->deleting && version->stored && !version->deleting &&
                    region->stored && !region->deleting && !declared_lacks_part(cluster);
    bool waits = cluster->annotation_pause || cluster->paused_since_ms >= 0 ||
                 declared_may_be_paused(object) || version->maybe_none;
    if (!is_whole || waits || (!cluster->driven && !world->default_provider)) {
        return false;
    }
    char plane[CHECKER_VERSION_BYTES];
    return checker_plane(world, object->uid, plane) && version_minor(plane) < minor &&
           declared_may_exist(version) && !declared_any(version, wants_less, &minor);
}

void checker_rollout_look(struct world *world) {
    for (size_t i = 0; i < world->cluster_count && world->settings.wave_count > 0; i++) {
        struct declared_cluster *cluster = &world->clusters[i];
        for (int64_t minor = 0; cluster->is_canary && minor < DECLARED_MINORS; minor++) {
            int64_t *since_ms = &cluster->behind_since_ms[minor];
            if (!is_behind(world, cluster, DECLARED_OLDEST_MINOR + minor)) {
                *since_ms = -1;
            } else if (*since_ms < 0) {
                *since_ms = world_now_ms(world);
            }
        }
    }
}

struct turn {
    const struct world *world;
    const struct provider_request *request;
    int64_t heard_ms; // what had been so then is known
};

static bool comes_first(const struct declared_cluster *canary, const struct turn *turn, int64_t minor) {
    int64_t index = minor - DECLARED_OLDEST_MINOR;
    int64_t since_ms = index >= 0 && index < DECLARED_MINORS ? canary->behind_since_ms[index] : -1;
    return canary->is_canary && since_ms >= 0 && since_ms < turn->heard_ms;
}

// Nobody stands in the way of a cluster that is to go there.
static bool may_go(void *cookie, const struct revision *revision) {
    const struct turn *turn = cookie;
    int64_t minor = version_minor(revision->content.version);
    bool may = minor >= version_minor(turn->request->version);
    for (size_t i = 0; i < turn->world->cluster_count; i++) {
        may = may && !comes_first(&turn->world->clusters[i], turn, minor);
    }
    return may;
}

void checker_rollout_arrives(struct world *world, const struct provider_request *request,
                             const struct record_version *record) {
    check_places(world, request);
    struct declared_cluster *cluster = record->cluster;
    if (!provider_action_upgrades(request->action) || world->settings.wave_count == 0 || cluster->is_canary) {
        return;
    }
    struct turn turn = {world, request, record->at_ms - BEHIND_GRACE_MS};
    struct declared_object *version = declared_version_object(cluster);
    if (!checker_any_since(record, version, may_go, &turn)) {
        VIOLATED(world, "canaries come first", "%s goes to %s, and a cluster of the first wave does not yet",
                 cluster->name, request->version);
    }
}
