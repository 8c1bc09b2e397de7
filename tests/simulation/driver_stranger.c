// Changes by those who have no business here.
#include "base/json_reader.h"
#include "reconciler/cluster_record.h"
#include "reconciler/cluster_status.h"
#include "tests/simulation/driver.h"
#include "tests/simulation/world.h"

#include <stdio.h>
#include <string.h>

#define NOTE(world, ...) trace_note(&(world)->trace, world_now_ms(world), __VA_ARGS__)
#define STRANGER_FINALIZER "stranger.test/keep"

static struct declared_object *any_object(struct world *world, struct declared_cluster **ret_cluster) {
    *ret_cluster = &world->clusters[random_below(&world->driver, (int64_t)world->cluster_count)];
    size_t index = (size_t)random_below(&world->driver, (int64_t)(*ret_cluster)->object_count);
    return &(*ret_cluster)->objects[index];
}

static void patch(struct world *world, const struct declared_object *object, const char *subresource,
                  const char *body) {
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    if (!json_read_copy(body, strlen(body), &document_default_limits, &document, &error)) {
        world_fail(world, &error);
    }
    if (!object_database_patch(world->database, &object->key, subresource, document_root(document), NULL,
                               &error) &&
        error.kind != ERROR_NOT_FOUND) {
        world_fail(world, &error);
    }
}

struct pick {
    struct world *world;
    int64_t left;
    char region[32], id[80], pool[80], version[32];
};

static void pick_cluster(void *cookie, const char *region, const char *id,
                         const struct cloud_cluster *cluster) {
    struct pick *pick = cookie;
    if (pick->left-- != 0 || cluster->state != CLOUD_ACTIVE || strncmp(cluster->owner, "foreign", 7) == 0) {
        return;
    }
    snprintf(pick->region, sizeof(pick->region), "%s", region);
    snprintf(pick->id, sizeof(pick->id), "%s", id);
    if (cluster->pool_count > 0) {
        int64_t index = random_below(&pick->world->driver, (int64_t)cluster->pool_count);
        snprintf(pick->pool, sizeof(pick->pool), "%s", cluster->pools[index].name);
        snprintf(pick->version, sizeof(pick->version), "%s", cluster->pools[index].version);
    }
}

// Somebody scales a pool in the cloud's console, or sets a pool back by one patch.
void driver_meddle(struct world *world) {
    struct pick pick = {.world = world, .left = random_below(&world->driver, (int64_t)world->cluster_count)};
    sim_each(world->sim, pick_cluster, &pick);
    if (!pick.pool[0]) {
        return;
    }
    int64_t replicas = random_below(&world->driver, 9);
    bool done = sim_meddle(world->sim, pick.region, pick.id, pick.pool, replicas, NULL);
    NOTE(world, "stranger: scales %s of %s to %lld%s", pick.pool, pick.id, (long long)replicas,
         done ? "" : " (in vain)");
}

void driver_write_status(struct world *world) {
    static const char *const bodies[] = {
        "{\"status\":{\"phase\":\"Failed\",\"readyReplicas\":77,\"ready\":true}}",
        "{\"status\":{\"conditions\":null,\"v1beta2\":null}}",
        "{\"status\":{\"infrastructureReady\":false,\"observedGeneration\":9000}}",
        "{\"status\":null}",
    };
    struct declared_cluster *cluster = NULL;
    struct declared_object *object = any_object(world, &cluster);
    if (object->stored) {
        NOTE(world, "stranger: writes the status of %s %s", object->key.kind, object->name);
        patch(world, object, "status",
              bodies[random_below(&world->driver, (int64_t)(sizeof(bodies) / sizeof(*bodies)))]);
    }
}

void driver_touch_finalizers(struct world *world) {
    struct declared_cluster *cluster = NULL;
    struct declared_object *object = any_object(world, &cluster);
    if (!object->stored || object->deleting) {
        return; // to take it from what is being deleted would be to delete it
    }
    bool adds = random_chance(&world->driver, 0.3) && object->role == ROLE_CLUSTER;
    NOTE(world, "stranger: %s finalizers of %s %s", adds ? "changes" : "strips", object->key.kind,
         object->name);
    patch(world, object, NULL,
          adds ? "{\"metadata\":{\"finalizers\":[\"" RECONCILER_FINALIZER "\",\"" STRANGER_FINALIZER "\"]}}"
               : "{\"metadata\":{\"finalizers\":null}}");
}

// "kubectl delete secrets --all", or a namespace that goes.
void driver_delete_record(struct world *world) {
    struct declared_cluster *cluster = NULL;
    (void)any_object(world, &cluster);
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct object_key key = cluster_record_key(arena, &cluster->objects[0].key);
    struct error error = {0};
    NOTE(world, "stranger: deletes Secret %s", key.name);
    if (!object_database_remove(world->database, &key, NULL, NULL, &error) && error.kind != ERROR_NOT_FOUND) {
        world_fail(world, &error);
    }
}

// A cluster of somebody else has the name already.
void driver_take_name(struct world *world) {
    struct declared_cluster *cluster =
        &world->clusters[random_below(&world->driver, (int64_t)world->cluster_count)];
    if (cluster->objects[0].stored) {
        return;
    }
    static const char *const regions[] = {"eu-1", "us-1", "asia-1"};
    char token[64];
    snprintf(token, sizeof(token), "foreign-%lld", (long long)world_now_ms(world));
    NOTE(world, "stranger: takes the name %s", cluster->id);
    for (size_t i = 0; i < sizeof(regions) / sizeof(*regions); i++) {
        const struct provider_request request = {
            .action = ACTION_CREATE_CLUSTER,
            .target = {regions[i], cluster->id, "foreign"},
            .token = token,
            .flavour = "eks",
            .version = "1.30.0",
        };
        world->cloud.methods->start(world->cloud.cookie, &request, world_ignore_answer, world);
    }
}

static void free_name(void *cookie, const char *region, const char *id, const struct cloud_cluster *cluster) {
    struct world *world = cookie;
    if (strcmp(cluster->owner, "foreign") != 0) {
        return;
    }
    char token[128];
    snprintf(token, sizeof(token), "foreign-free-%s-%s-%lld", region, id, (long long)world_now_ms(world));
    const struct provider_request request = {
        .action = ACTION_DELETE_CLUSTER, .target = {region, id, "foreign"}, .token = token};
    world->cloud.methods->start(world->cloud.cookie, &request, world_ignore_answer, world);
}

static bool has_finalizer(const struct node *metadata, const char *name) {
    NODE_EACH(item, node_get(metadata, "finalizers")) {
        const char *text = node_string(item);
        if (text && strcmp(text, name) == 0) {
            return true;
        }
    }
    return false;
}

// The stranger's own finalizer comes off; ours stays as it is.
static void let_go(struct world *world, const struct declared_object *object) {
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    if (!object->stored || !object_database_read(world->database, &object->key, &document, &error)) {
        return;
    }
    const struct node *metadata = node_get(document_root(document), "metadata");
    if (has_finalizer(metadata, STRANGER_FINALIZER)) {
        patch(world, object, NULL,
              has_finalizer(metadata, RECONCILER_FINALIZER)
                  ? "{\"metadata\":{\"finalizers\":[\"" RECONCILER_FINALIZER "\"]}}"
                  : "{\"metadata\":{\"finalizers\":null}}");
    }
}

void driver_free_names(struct world *world) {
    sim_each(world->sim, free_name, world);
    for (size_t i = 0; i < world->cluster_count; i++) {
        for (size_t j = 0; j < world->clusters[i].object_count; j++) {
            let_go(world, &world->clusters[i].objects[j]);
        }
    }
}
