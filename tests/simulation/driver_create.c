// How objects come into being, and the two ways in for all that is written.
#include "tests/simulation/driver.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

#define NOTE(world, ...) trace_note(&(world)->trace, world_now_ms(world), __VA_ARGS__)

const char *const driver_regions[DRIVER_REGIONS] = {"eu-1", "us-1", "asia-1", "mars-1"};

void driver_set_version(struct content *content, int64_t minor, int64_t patch) {
    minor = minor > DRIVER_NEWEST_MINOR     ? DRIVER_NEWEST_MINOR
            : minor < DECLARED_OLDEST_MINOR ? DECLARED_OLDEST_MINOR
                                            : minor;
    snprintf(content->version, sizeof(content->version), "v1.%lld.%lld", (long long)minor, (long long)patch);
}

// ---- the two ways in ----

static const char *const attested_names[ATTESTED_COUNT] = {"attested", "kept",   "none",
                                                           "forged",   "copied", "replayed"};

void driver_write_past(struct world *world, struct declared_cluster *cluster, struct declared_object *object,
                       const struct content *content, enum attested attested) {
    bool done = declared_write(world, cluster, object, content, attested);
    const struct revision *latest = declared_latest(object);
    NOTE(world, "user: %s %s version %s replicas %lld region %s%s, %s%s: generation %lld%s%s",
         object->key.kind, object->name, content->version, (long long)content->replicas, content->region,
         content->paused ? " paused" : "", attested_names[attested], done ? "" : " (not stored)",
         latest ? (long long)latest->generation : 0, latest && latest->possible ? " may" : " may not",
         latest && latest->certain ? ", must" : "");
}

// As kubectl does it: admission judges and attests, or refuses. With the gate down nobody judges.
void driver_write(struct world *world, struct declared_cluster *cluster, struct declared_object *object,
                  const struct content *content) {
    const struct revision *latest = declared_latest(object);
    bool gate_is_down = random_chance(&world->driver, 0.15);
    if (gate_is_down) {
        driver_write_past(world, cluster, object, content,
                          (enum attested)random_below(&world->driver, ATTESTED_COUNT));
        return;
    }
    const struct content *old = latest && object->stored ? &latest->content : NULL;
    if (!rules_allow(&world->rules, object->role, old, content)) {
        NOTE(world, "user: %s %s is refused by admission", object->key.kind, object->name);
        return;
    }
    bool by_scale = old && content_equal(old, content, false) && random_chance(&world->driver, 0.5);
    driver_write_past(world, cluster, object, content, by_scale ? ATTESTED_KEPT : ATTESTED_GOOD);
}

// ---- creation ----

void driver_write_pool(struct world *world, struct declared_cluster *cluster, const char *name) {
    struct declared_object *pool = declared_add_pool(cluster, name);
    if (!pool || pool->wanted || pool->stored) {
        return;
    }
    const struct revision *version = declared_latest(declared_version_object(cluster));
    struct content content = {.replicas = random_between(&world->driver, 0, 4)};
    memcpy(content.version, version->content.version, sizeof(content.version));
    bool has_infrastructure =
        pool + 1 < cluster->objects + cluster->object_count && pool[1].role == ROLE_POOL_INFRASTRUCTURE;
    if (has_infrastructure && !pool[1].stored) {
        struct content nothing = {.replicas = -1};
        driver_write_past(world, cluster, &pool[1], &nothing, ATTESTED_GOOD);
    } else if (has_infrastructure) {
        pool[1].wanted = true; // it is still there, and may go with an earlier cluster
    }
    driver_write(world, cluster, pool, &content);
}

static void write_topology(struct world *world, struct declared_cluster *cluster, struct content *content) {
    content->is_topology = true;
    content->replicas = 1 + 2 * random_below(&world->driver, 2);
    content->pool_count = (size_t)random_between(&world->driver, 1, CONTENT_POOLS);
    for (size_t i = 0; i < content->pool_count; i++) {
        snprintf(content->pools[i].name, sizeof(content->pools[i].name), "md-%zu", i);
        content->pools[i].replicas = random_between(&world->driver, 0, 4);
    }
    driver_write(world, cluster, &cluster->objects[0], content);
}

void driver_create(struct world *world, struct declared_cluster *cluster) {
    struct content where = {.replicas = -1};
    size_t region = random_chance(&world->driver, 0.06) ? 3 : (size_t)random_below(&world->driver, 3);
    snprintf(where.region, sizeof(where.region), "%s", driver_regions[region]);
    struct content which = {.replicas = -1};
    driver_set_version(&which, random_between(&world->driver, DECLARED_OLDEST_MINOR, DRIVER_NEWEST_MINOR - 3),
                       random_below(&world->driver, DRIVER_MOST_PATCH));
    if (cluster->flavour == FLAVOUR_TOPOLOGY) {
        memcpy(which.region, where.region, sizeof(which.region));
        write_topology(world, cluster, &which);
        return;
    }
    struct content nothing = {.replicas = -1};
    bool is_managed = cluster->flavour != FLAVOUR_KUBEADM;
    if (is_managed) {
        memcpy(which.region, where.region, sizeof(which.region));
        where = nothing;
    } else {
        which.replicas = 1 + 2 * random_below(&world->driver, 3);
    }
    const struct content *contents[3] = {&nothing, &where, &which};
    size_t first = (size_t)random_below(&world->driver, 3); // any of them may come first
    for (size_t i = 0; i < 3; i++) {
        size_t index = (first + i) % 3;
        driver_write(world, cluster, &cluster->objects[index], contents[index]);
    }
    int64_t pools = random_between(&world->driver, 1, 3);
    for (int64_t i = 0; i < pools && declared_latest(declared_version_object(cluster)); i++) {
        char name[2 * DECLARED_NAME_BYTES];
        snprintf(name, sizeof(name), "%s-md-%lld", cluster->name, (long long)i);
        driver_write_pool(world, cluster, name);
    }
}

void driver_begin(struct world *world) {
    int64_t size = random_below(&world->driver, 20);
    bool needs_many = world->broken == BROKEN_PLACES || world->broken == BROKEN_WAVES;
    world->cluster_count = needs_many  ? DECLARED_CLUSTERS
                           : size < 9  ? 1
                           : size < 15 ? 2
                           : size < 18 ? 3
                                       : DECLARED_CLUSTERS;
    for (size_t i = 0; i < world->cluster_count; i++) {
        int64_t pick = random_below(&world->driver, 100);
        enum flavour flavour = pick < 45   ? FLAVOUR_KUBEADM
                               : pick < 70 ? FLAVOUR_EKS
                               : pick < 90 ? FLAVOUR_AKS
                                           : FLAVOUR_TOPOLOGY;
        declared_cluster_init(&world->clusters[i], (unsigned)i + 1, flavour);
        world->clusters[i].is_canary = random_chance(&world->driver, 0.4);
        world->clusters[i].driven = world->default_provider || !random_chance(&world->driver, 0.08);
    }
    for (size_t i = 0; i < world->cluster_count; i++) {
        if (i == 0 || random_chance(&world->driver, 0.7)) {
            driver_create(world, &world->clusters[i]);
        }
    }
}
