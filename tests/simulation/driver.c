#include "tests/simulation/driver.h"

#include "tests/simulation/manifest.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

#define PAUSED_ANNOTATION "cluster.x-k8s.io/paused"

#define NOTE(world, ...) trace_note(&(world)->trace, world_now_ms(world), __VA_ARGS__)

static struct declared_cluster *any_cluster(struct world *world) {
    return &world->clusters[random_below(&world->driver, (int64_t)world->cluster_count)];
}

static struct declared_object *any_pool(struct world *world, struct declared_cluster *cluster) {
    struct declared_object *pools[DECLARED_POOLS];
    int64_t count = 0;
    for (size_t i = 0; i < cluster->object_count; i++) {
        if (cluster->objects[i].role == ROLE_POOL && cluster->objects[i].wanted) {
            pools[count++] = &cluster->objects[i];
        }
    }
    return count ? pools[random_below(&world->driver, count)] : NULL;
}

static int64_t patch_of(const char *version) {
    const char *dot = strrchr(version, '.');
    return dot ? dot[1] - '0' : 0;
}

// ---- changes of what is there ----

// What holds the version, as it is now; NULL: there is no cluster.
static const struct content *version_of(struct declared_cluster *cluster) {
    struct declared_object *plane = declared_version_object(cluster);
    struct revision *latest = declared_latest(plane);
    return latest && plane->stored ? &latest->content : NULL;
}

static void write_version(struct world *world, struct declared_cluster *cluster,
                          const struct content *content) {
    struct declared_object *plane = declared_version_object(cluster);
    driver_write(world, cluster, plane, content);
    bool followed = strcmp(declared_latest(plane)->content.version, content->version) == 0;
    for (size_t i = 0; followed && i < cluster->object_count; i++) {
        struct declared_object *pool = &cluster->objects[i];
        if (pool->role == ROLE_POOL && pool->wanted && random_chance(&world->driver, 0.8)) {
            struct content next = declared_latest(pool)->content;
            memcpy(next.version, content->version, sizeof(next.version));
            next.allow_skip = content->allow_skip || random_chance(&world->driver, 0.5);
            driver_write(world, cluster, pool, &next);
        }
    }
}

static void upgrade(struct world *world, struct declared_cluster *cluster) {
    const struct content *now = version_of(cluster);
    if (!now) {
        return;
    }
    struct content content = *now;
    int64_t minor = version_minor(content.version), patch = patch_of(content.version);
    int64_t pick = random_below(&world->driver, 10);
    content.allow_skip = pick == 8;
    if (pick < 3) {
        driver_set_version(&content, minor, patch < 9 ? patch + 1 : 9);
    } else if (pick < 8) {
        driver_set_version(&content, minor + 1, random_below(&world->driver, DRIVER_MOST_PATCH));
    } else {
        driver_set_version(&content, pick == 9 && random_chance(&world->driver, 0.5) ? minor - 1 : minor + 2,
                           random_below(&world->driver, DRIVER_MOST_PATCH));
    }
    write_version(world, cluster, &content);
}

static void scale(struct world *world, struct declared_cluster *cluster) {
    struct declared_object *plane = declared_version_object(cluster);
    struct declared_object *pool = any_pool(world, cluster);
    bool has_machines = cluster->flavour == FLAVOUR_KUBEADM || cluster->flavour == FLAVOUR_TOPOLOGY;
    if (plane->stored && has_machines && (!pool || random_chance(&world->driver, 0.3))) {
        struct content content = declared_latest(plane)->content;
        content.replicas = 1 + 2 * random_below(&world->driver, 3);
        for (size_t i = 0; i < content.pool_count; i++) {
            content.pools[i].replicas = random_between(&world->driver, 0, 10);
        }
        driver_write(world, cluster, plane, &content);
    } else if (pool && pool->stored) {
        struct content content = declared_latest(pool)->content;
        content.replicas = random_between(&world->driver, 0, random_chance(&world->driver, 0.2) ? 20 : 8);
        driver_write(world, cluster, pool, &content);
    }
}

static void change_pools(struct world *world, struct declared_cluster *cluster) {
    struct declared_object *plane = declared_version_object(cluster);
    if (!plane->stored || !declared_latest(plane)) {
        return;
    }
    if (cluster->flavour == FLAVOUR_TOPOLOGY) {
        struct content content = declared_latest(plane)->content;
        content.pool_count = (size_t)random_between(&world->driver, 1, CONTENT_POOLS);
        for (size_t i = 0; i < content.pool_count; i++) {
            snprintf(content.pools[i].name, sizeof(content.pools[i].name), "md-%zu", i);
        }
        driver_write(world, cluster, plane, &content);
        return;
    }
    struct declared_object *pool = any_pool(world, cluster);
    if (pool && !pool->is_bare && random_chance(&world->driver, 0.4)) {
        NOTE(world, "user: deletes %s %s", pool->key.kind, pool->name);
        declared_delete(world, pool);
        return;
    }
    char name[2 * DECLARED_NAME_BYTES];
    snprintf(name, sizeof(name), "%s-md-%lld", cluster->name, (long long)random_below(&world->driver, 4));
    driver_write_pool(world, cluster, name);
}

static void change_note(struct world *world, struct declared_cluster *cluster) {
    size_t index = (size_t)random_below(&world->driver, (int64_t)cluster->object_count);
    struct declared_object *object = &cluster->objects[index];
    if (!object->stored || object->role == ROLE_POOL_INFRASTRUCTURE) {
        return;
    }
    struct content content = declared_latest(object)->content;
    if (object->role == ROLE_INFRASTRUCTURE && cluster->flavour != FLAVOUR_KUBEADM) {
        return; // it says nothing
    }
    snprintf(content.note, sizeof(content.note), "n%lld", (long long)random_below(&world->driver, 4));
    driver_write(world, cluster, object, &content);
}

static void pause(struct world *world, struct declared_cluster *cluster) {
    struct declared_object *object = &cluster->objects[0];
    if (!object->stored) {
        return;
    }
    if (random_chance(&world->driver, 0.5)) {
        cluster->annotation_pause = !cluster->annotation_pause;
        cluster->was_paused = true;
        NOTE(world, "user: %s %s by annotation", cluster->annotation_pause ? "pauses" : "goes on with",
             cluster->name);
        declared_annotate(world, object, PAUSED_ANNOTATION, cluster->annotation_pause ? "" : NULL);
        return;
    }
    struct content content = declared_latest(object)->content;
    content.paused = !content.paused;
    driver_write(world, cluster, object, &content);
}

static void move(struct world *world, struct declared_cluster *cluster) {
    struct declared_object *object = declared_region_object(cluster);
    if (object->stored) {
        struct content content = declared_latest(object)->content;
        snprintf(content.region, sizeof(content.region), "%s",
                 driver_regions[random_below(&world->driver, 4)]);
        driver_write(world, cluster, object, &content);
    }
}

// ---- the end of a cluster ----

static void delete_all(struct world *world, struct declared_cluster *cluster) {
    bool whole_folder = random_chance(&world->driver, 0.5); // as a prune does it
    NOTE(world, "user: deletes %s%s", cluster->name, whole_folder ? " and all its objects" : "");
    size_t first = (size_t)random_below(&world->driver, (int64_t)cluster->object_count);
    for (size_t i = 0; i < cluster->object_count; i++) {
        struct declared_object *object = &cluster->objects[(first + i) % cluster->object_count];
        if (object->stored && (whole_folder || object->role == ROLE_CLUSTER)) {
            declared_delete(world, object);
        }
        object->wanted = false;
    }
}

static void delete_cluster(struct world *world, struct declared_cluster *cluster) {
    struct declared_object *object = &cluster->objects[0];
    if (!object->stored) {
        driver_create(world, cluster);
        return;
    }
    if (object->deleting) {
        NOTE(world, "user: approves the delete of %s", cluster->name);
        declared_annotate(world, object, ALLOW_DELETE_ANNOTATION, "true");
        return;
    }
    for (size_t i = 0; i < cluster->object_count; i++) {
        if (cluster->objects[i].stored && cluster->objects[i].is_bare) {
            return;
        }
    }
    bool gate_is_down = random_chance(&world->driver, 0.3);
    if (!gate_is_down) {
        declared_annotate(world, object, ALLOW_DELETE_ANNOTATION, "true");
    }
    delete_all(world, cluster);
}

// What is held because nobody vouches for it is applied again through admission.
static void heal(struct world *world, struct declared_cluster *cluster) {
    for (size_t i = 0; i < cluster->object_count; i++) {
        struct declared_object *object = &cluster->objects[i];
        const struct revision *latest = declared_latest(object);
        if (!object->stored || object->deleting || !latest || latest->attested) {
            continue;
        }
        struct content content = latest->content;
        if (rules_allow(&world->rules, object->role, NULL, &content)) {
            driver_write_past(world, cluster, object, &content, ATTESTED_GOOD);
        }
    }
}

static void switch_policies(struct world *world) {
    world_set_rules(world, random_below(&world->driver, RULES_PROFILES));
    NOTE(world, "operator: other policies, at most %lld nodes", (long long)world->rules.most_replicas);
    for (struct process *process = world->processes; process; process = process->next) {
        if (!process->dead && process->reconciler) {
            reconciler_reconsider(process->reconciler);
        }
    }
    for (size_t i = 0; i < world->cluster_count; i++) {
        for (size_t j = 0; j < world->clusters[i].object_count; j++) {
            declared_judge(world, &world->clusters[i].objects[j]);
        }
    }
}

static void rotate_keys(struct world *world) {
    NOTE(world, "operator: another key signs");
    key_ring_unref(world->keys);
    world->keys = key_ring_ref(world->shared->next_keys);
}

static void relist(struct world *world) {
    for (struct process *process = world->processes; process; process = process->next) {
        if (!process->dead && process->reconciler) {
            process_relist(process);
        }
    }
}

static void change_cluster(struct world *world, struct declared_cluster *cluster) {
    static const struct {
        int64_t weight;
        void (*change)(struct world *world, struct declared_cluster *cluster);
    } changes[] = {{28, upgrade}, {25, scale}, {14, change_pools},   {8, change_note},
                   {7, pause},    {3, move},   {12, delete_cluster}, {6, heal}};
    int64_t pick = random_below(&world->driver, 103);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        pick -= changes[i].weight;
        if (pick < 0) {
            changes[i].change(world, cluster);
            return;
        }
    }
}

// ---- the whole fleet ----

// All of them go to one version, a minor above the newest.
static void upgrade_all(struct world *world, bool canaries, bool others) {
    int64_t newest = DECLARED_OLDEST_MINOR;
    for (size_t i = 0; i < world->cluster_count; i++) {
        const struct content *now = version_of(&world->clusters[i]);
        newest = now && version_minor(now->version) > newest ? version_minor(now->version) : newest;
    }
    newest += canaries; // else it is the one that the canaries have got
    for (size_t i = 0; i < world->cluster_count; i++) {
        struct declared_cluster *cluster = &world->clusters[i];
        const struct content *now = version_of(cluster);
        if (now && (cluster->is_canary ? canaries : others)) {
            struct content content = *now;
            content.allow_skip = true;
            driver_set_version(&content, newest, 0);
            write_version(world, cluster, &content);
        }
    }
}

static void upgrade_others(void *cookie) {
    upgrade_all(cookie, false, true);
}

// In one merge, or in two: then it is known of the canaries when the others come.
static void change_all(struct world *world) {
    int64_t pick = random_below(&world->driver, 8);
    NOTE(world, "user: changes all clusters");
    if (pick == 0) {
        for (size_t i = 0; i < world->cluster_count; i++) {
            delete_cluster(world, &world->clusters[i]);
        }
    } else if (pick < 4) {
        upgrade_all(world, true, true);
    } else {
        upgrade_all(world, true, false);
        event_loop_after(world->loop, random_between(&world->driver, 11, 20) * 1000, upgrade_others, world);
    }
}

void driver_change(struct world *world) {
    static const struct {
        int64_t weight;
        void (*change)(struct world *world);
    } changes[] = {{8, driver_meddle},        {6, driver_write_status}, {4, driver_touch_finalizers},
                   {2, driver_take_name},     {3, switch_policies},     {3, relist},
                   {3, driver_delete_record}, {2, rotate_keys},         {7, change_all}};
    world->checker.counts.changes++;
    int64_t pick = random_below(&world->driver, 100);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        pick -= changes[i].weight;
        if (pick < 0) {
            changes[i].change(world);
            return;
        }
    }
    change_cluster(world, any_cluster(world));
    if (random_chance(&world->driver, 0.2)) {
        change_cluster(world, any_cluster(world)); // at the same time
    }
}

// What went with an earlier cluster of the name.
static void write_missing(struct world *world, struct declared_cluster *cluster) {
    for (size_t i = 0; i < cluster->object_count; i++) {
        struct declared_object *object = &cluster->objects[i];
        if (cluster->objects[0].deleting) {
            return; // they would go with it
        }
        bool is_wanted = object->wanted || (object->role == ROLE_POOL_INFRASTRUCTURE &&
                                            (object[-1].wanted || object[-1].stored));
        if (is_wanted && !object->stored && object->revision_count > 0) {
            struct content content = declared_latest(object)->content;
            driver_write_past(world, cluster, object, &content, ATTESTED_GOOD);
        }
    }
}

void driver_end_again(struct world *world) {
    driver_free_names(world);
    for (size_t i = 0; i < world->cluster_count; i++) {
        write_missing(world, &world->clusters[i]);
    }
}

void driver_end(struct world *world) {
    driver_free_names(world);
    for (size_t i = 0; i < world->cluster_count; i++) {
        struct declared_cluster *cluster = &world->clusters[i];
        struct declared_object *object = &cluster->objects[0];
        if (cluster->annotation_pause && object->stored) {
            declared_annotate(world, object, PAUSED_ANNOTATION, NULL);
            cluster->annotation_pause = false;
        }
        if (object->stored && !object->deleting && declared_latest(object)->content.paused) {
            struct content content = declared_latest(object)->content;
            content.paused = false;
            driver_write_past(world, cluster, object, &content, ATTESTED_GOOD);
        }
        write_missing(world, cluster);
        if (object->stored && object->deleting) {
            declared_resume(world, object);
        }
        if (random_chance(&world->driver, 0.7)) {
            heal(world, cluster);
        }
    }
}
