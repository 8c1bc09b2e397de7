// What is to be there in the end.
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

struct seen {
    struct world *world;
    struct declared_cluster *cluster;
    struct cloud_cluster cloud; // pools are copied below
    struct cloud_pool pools[16];
    char texts[48][48];
    size_t text_count;
    char region[48];
    bool is_held_back; // by a pool that is to stay too old, or by another cluster that can't go on
    bool is_short;     // a pool can't be made, so nothing is taken away
    unsigned count;    // of clusters with its id or its uid
};

static const char *keep(struct seen *view, const char *text) {
    if (!text || view->text_count == sizeof(view->texts) / sizeof(*view->texts)) {
        return "";
    }
    char *kept = view->texts[view->text_count++];
    snprintf(kept, sizeof(view->texts[0]), "%s", text);
    return kept;
}

static void find_cloud(void *cookie, const char *region, const char *id,
                       const struct cloud_cluster *cluster) {
    struct seen *view = cookie;
    struct life *life = checker_life(&view->world->checker, cluster->owner);
    bool is_its = strcmp(id, view->cluster->id) == 0 || (life && life->cluster == view->cluster);
    if (!is_its || view->count++ > 0) {
        return;
    }
    view->cloud = *cluster;
    view->cloud.owner = keep(view, cluster->owner);
    view->cloud.version = keep(view, cluster->version);
    view->cloud.failure = cluster->failure ? keep(view, cluster->failure) : NULL;
    snprintf(view->region, sizeof(view->region), "%s", region);
    view->cloud.pools = view->pools;
    for (size_t i = 0; i < cluster->pool_count && i < sizeof(view->pools) / sizeof(*view->pools); i++) {
        view->pools[i] = cluster->pools[i];
        view->pools[i].name = keep(view, cluster->pools[i].name);
        view->pools[i].version = keep(view, cluster->pools[i].version);
    }
}

static bool visit_region(void *cookie, const struct revision *revision) {
    const struct seen *view = cookie;
    return strcmp(revision->content.region, view->region) == 0;
}

// A pool that is to stay where it is would be too old for the control plane (three minors, two before 1.28).
static bool is_held_back(const struct seen *view, const struct revision *revision) {
    int64_t wanted = version_minor(revision->content.version);
    int64_t next =
        version_minor(view->cloud.version) + 1 < wanted ? version_minor(view->cloud.version) + 1 : wanted;
    for (size_t i = 0; i < view->cloud.pool_count; i++) {
        if (version_minor(view->cloud.pools[i].version) + (next >= 28 ? 3 : 2) < next) {
            return true;
        }
    }
    return false;
}

static bool visit_as_new(void *cookie, const struct revision *revision) {
    const int64_t *minor = cookie;
    return version_minor(revision->content.version) >= *minor;
}

// A cluster of the first wave that is to go there and does not: it is held back itself, or paused.
static bool waits_for_canary(const struct seen *view, const struct revision *revision) {
    const struct world *world = view->world;
    int64_t minor = version_minor(revision->content.version);
    bool waits = false;
    for (size_t i = 0; i < world->cluster_count && world->settings.wave_count > 0; i++) {
        struct declared_cluster *canary = &view->world->clusters[i];
        char version[CHECKER_VERSION_BYTES];
        waits = waits || (canary->is_canary && !view->cluster->is_canary &&
                          checker_plane(world, canary->objects[0].uid, version) &&
                          version_order(version, revision->content.version) < 0 &&
                          declared_any(declared_version_object(canary), visit_as_new, &minor));
    }
    return waits;
}

// That it goes on was not approved.
static bool stays_paused(const struct declared_cluster *cluster) {
    const struct declared_object *object = &cluster->objects[0];
    return object->stored && object->said == SAID_REFUSED &&
           (cluster->was_paused || declared_may_be_paused(object));
}

// One that was paused in the middle keeps its place.
static bool waits_for_place(const struct seen *view) {
    unsigned paused = 0;
    for (size_t i = 0; i < view->world->cluster_count; i++) {
        paused += stays_paused(&view->world->clusters[i]);
    }
    return paused >= view->world->settings.upgrades_at_once;
}

// Whichever of them is in force.
static bool visit_held_back(void *cookie, const struct revision *revision) {
    const struct seen *view = cookie;
    int order = version_order(view->cloud.version, revision->content.version);
    return (order < 0 && is_held_back(view, revision)) ||
           (order <= 0 && (waits_for_canary(view, revision) || waits_for_place(view)));
}

static bool visit_version(void *cookie, const struct revision *revision) {
    const struct seen *view = cookie;
    return version_order(view->cloud.version, revision->content.version) == 0;
}

static bool visit_replicas(void *cookie, const struct revision *revision) {
    const struct seen *view = cookie;
    return view->cloud.control_plane_replicas == revision->content.replicas;
}

struct seen_pool {
    const struct seen *view;
    const struct cloud_pool *pool;
};

// At most as new as the control plane; on the way, where that is held back.
static bool pool_version_fits(const struct seen_pool *pool, const char *wanted) {
    const char *plane = pool->view->cloud.version;
    return version_order(pool->pool->version, wanted) == 0 ||
           (version_order(wanted, plane) > 0 && version_order(pool->pool->version, plane) == 0) ||
           (pool->view->is_held_back && version_order(pool->pool->version, wanted) < 0);
}

static bool visit_pool(void *cookie, const struct revision *revision) {
    const struct seen_pool *pool = cookie;
    const struct content *content = &revision->content;
    int64_t replicas = content->replicas;
    if (content->is_topology) {
        replicas = -1;
        for (size_t i = 0; i < content->pool_count; i++) {
            replicas =
                strcmp(content->pools[i].name, pool->pool->name) == 0 ? content->pools[i].replicas : replicas;
        }
    }
    int64_t is = pool->pool->replicas;
    return (is == replicas || (pool->view->is_short && is > replicas)) && pool->pool->ready == is &&
           pool_version_fits(pool, content->version);
}

static bool visit_pool_count(void *cookie, const struct revision *revision) {
    const struct seen *view = cookie;
    return revision->content.pool_count == view->cloud.pool_count;
}

static struct declared_object *pool_object(struct declared_cluster *cluster, const char *name) {
    for (size_t i = 0; i < cluster->object_count; i++) {
        if (cluster->objects[i].role == ROLE_POOL && strcmp(cluster->objects[i].name, name) == 0) {
            return &cluster->objects[i];
        }
    }
    return cluster->flavour == FLAVOUR_TOPOLOGY ? &cluster->objects[0] : NULL;
}

static bool fails(char *why, const struct declared_cluster *cluster, const char *what, const char *detail) {
    snprintf(why, CHECKER_WHY_BYTES, "%s: %s%s%s", cluster->name, what, detail ? " " : "",
             detail ? detail : "");
    return false;
}

// ---- pools ----

// New nodes of it could not talk to the control plane.
static bool visit_too_old(void *cookie, const struct revision *revision) {
    const struct seen *view = cookie;
    int64_t plane = version_minor(view->cloud.version);
    return version_minor(revision->content.version) + (plane >= 28 ? 3 : 2) < plane;
}

static bool is_in_cloud(const struct seen *view, const char *pool) {
    bool is_there = false;
    for (size_t i = 0; i < view->cloud.pool_count; i++) {
        is_there = is_there || strcmp(view->cloud.pools[i].name, pool) == 0;
    }
    return is_there;
}

static bool is_short(struct seen *view) {
    bool any = false;
    for (size_t i = 0; i < view->cluster->object_count; i++) {
        const struct declared_object *object = &view->cluster->objects[i];
        any = any || (object->role == ROLE_POOL && object->stored && !object->deleting &&
                      !is_in_cloud(view, object->name) && declared_any(object, visit_too_old, view));
    }
    return any;
}

static bool pools_fit(struct seen *view, char *why) {
    struct declared_cluster *cluster = view->cluster;
    view->is_short = is_short(view);
    for (size_t i = 0; i < view->cloud.pool_count; i++) {
        const struct cloud_pool *pool = &view->cloud.pools[i];
        struct declared_object *object = pool_object(cluster, pool->name);
        struct seen_pool question = {view, pool};
        if (!object || !object->stored || object->deleting) {
            if (view->is_short) {
                continue;
            }
            return fails(why, cluster, "nobody wants the pool", pool->name);
        }
        if (pool->state != CLOUD_ACTIVE || !declared_any(object, visit_pool, &question)) {
            return fails(why, cluster, "not as approved: pool", pool->name);
        }
    }
    if (cluster->flavour == FLAVOUR_TOPOLOGY && !declared_any(&cluster->objects[0], visit_pool_count, view)) {
        return fails(why, cluster, "has other pools than approved", NULL);
    }
    for (size_t i = 0; i < cluster->object_count; i++) {
        const struct declared_object *object = &cluster->objects[i];
        bool is_there = object->role != ROLE_POOL || !object->stored || object->deleting ||
                        declared_any(object, visit_too_old, view) || !declared_may_exist(object) ||
                        (object->maybe_none && object->said != SAID_APPROVED);
        if (!is_there && !is_in_cloud(view, object->name)) {
            return fails(why, cluster, "the cloud has no pool", object->name);
        }
    }
    return true;
}

// ---- what objects say ----

// Azure's managed infrastructure has no place for any.
static bool has_conditions(const struct declared_object *object) {
    return object->role != ROLE_POOL_INFRASTRUCTURE && object->role != ROLE_CLASS &&
           strcmp(object->key.kind, "AzureManagedCluster") != 0;
}

static bool said_fits(struct seen *view, char *why) {
    struct declared_cluster *cluster = view->cluster;
    for (size_t i = 0; i < cluster->object_count; i++) {
        struct declared_object *object = &cluster->objects[i];
        const struct revision *latest = declared_latest(object);
        if (!object->stored || object->deleting || !latest || !has_conditions(object)) {
            continue;
        }
        bool is_new = object->said != SAID_NOTHING && object->said_generation >= latest->generation;
        if (!is_new) {
            return fails(why, cluster, "PolicyApproved does not speak of what is stored:", object->key.kind);
        }
        if (latest->certain && object->said != SAID_APPROVED) {
            return fails(why, cluster, "must be approved, and is not:", object->key.kind);
        }
        if (!latest->possible && object->said != SAID_REFUSED) {
            return fails(why, cluster, "must not be approved, and is:", object->key.kind);
        }
        if (object->said == SAID_REFUSED && !object->said_text[0]) {
            return fails(why, cluster, "does not say why it is refused:", object->key.kind);
        }
    }
    return true;
}

// ---- a cluster that lives ----

static bool lives(struct seen *view, char *why) {
    struct declared_cluster *cluster = view->cluster;
    struct declared_object *version = declared_version_object(cluster);
    if (strcmp(view->cloud.owner, cluster->objects[0].uid) != 0) {
        return fails(why, cluster, "the cloud's cluster is of", view->cloud.owner);
    }
    if (view->cloud.state != CLOUD_ACTIVE) {
        return fails(why, cluster, "the cloud's cluster is", cloud_state_name(view->cloud.state));
    }
    if (!declared_any(declared_region_object(cluster), visit_region, view)) {
        return fails(why, cluster, "is in", view->region);
    }
    view->is_held_back = declared_any(version, visit_held_back, view);
    if (!view->is_held_back && !declared_any(version, visit_version, view)) {
        return fails(why, cluster, "is at", view->cloud.version);
    }
    bool has_machines = cluster->flavour == FLAVOUR_KUBEADM || cluster->flavour == FLAVOUR_TOPOLOGY;
    if (has_machines && !declared_any(version, visit_replicas, view)) {
        return fails(why, cluster, "has another number of control plane machines", NULL);
    }
    return pools_fit(view, why);
}

static bool is_stored(struct world *world, const char *name, const char *ending) {
    char full[96];
    snprintf(full, sizeof(full), "%s%s", name, ending);
    struct error error = {0};
    CLEANUP(document_free) struct document *secret = NULL;
    return object_database_read(world->database, &(struct object_key){"", "Secret", "fleet", full}, &secret,
                                &error);
}

static bool is_gone(struct seen *view, char *why) {
    struct declared_cluster *cluster = view->cluster;
    if (view->count > 0) {
        return fails(why, cluster, "is still in the cloud, in", view->region);
    }
    for (size_t i = 0; i < cluster->object_count; i++) {
        if (cluster->objects[i].stored && cluster->objects[i].deleting) {
            return fails(why, cluster, "the delete does not end:", cluster->objects[i].key.kind);
        }
    }
    if (is_stored(view->world, cluster->name, "-fleetgate") ||
        is_stored(view->world, cluster->name, "-kubeconfig")) {
        return fails(why, cluster, "its Secrets are left behind", NULL);
    }
    return true;
}

static bool is_certain(const struct declared_object *object) {
    return object->revision_count > 0 && object->revisions[object->revision_count - 1].certain;
}

static bool parts_may_exist(struct declared_cluster *cluster, bool *ret_must) {
    size_t parts = cluster->flavour == FLAVOUR_TOPOLOGY ? 1 : 3;
    bool may = true;
    *ret_must = true;
    for (size_t i = 0; i < parts; i++) {
        const struct declared_object *object = &cluster->objects[i];
        may = may && declared_may_exist(object);
        *ret_must = *ret_must && object->stored &&
                    (has_conditions(object) ? object->said == SAID_APPROVED : is_certain(object));
    }
    return may;
}

static bool is_settled(struct seen *view, char *why) {
    struct declared_cluster *cluster = view->cluster;
    struct declared_object *object = &cluster->objects[0];
    if (view->count > 1) {
        return fails(why, cluster, "is there twice", NULL);
    }
    if (!cluster->driven && !view->world->default_provider) {
        return view->count == 0 || fails(why, cluster, "is driven without being asked to", NULL);
    }
    if (!object->stored) {
        return is_gone(view, why);
    }
    if (object->deleting && object->delete_approved) {
        return fails(why, cluster, "the delete does not end", NULL);
    }
    if (stays_paused(cluster)) {
        return true;
    }
    bool must = false;
    bool may = parts_may_exist(cluster, &must);
    if (view->count > 0 && !may) {
        return fails(why, cluster, "is there and was never approved", NULL);
    }
    if (view->count == 0) {
        return !(must && !object->deleting) || fails(why, cluster, "is not there", NULL);
    }
    if (object->deleting) {
        return view->cloud.state != CLOUD_DELETING || fails(why, cluster, "goes without approval", NULL);
    }
    if (!lives(view, why) || !said_fits(view, why)) {
        return false;
    }
    if (!is_stored(view->world, cluster->name, "-kubeconfig")) {
        return fails(why, cluster, "has no kubeconfig", NULL);
    }
    return cluster->ready_said || fails(why, cluster, "is not Ready", NULL);
}

bool checker_is_settled(struct world *world, char ret_why[static CHECKER_WHY_BYTES]) {
    for (size_t i = 0; i < world->cluster_count; i++) {
        struct seen view = {.world = world, .cluster = &world->clusters[i]};
        sim_each(world->sim, find_cloud, &view);
        if (!is_settled(&view, ret_why)) {
            return false;
        }
    }
    return true;
}
