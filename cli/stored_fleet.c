#include "cli/stored_fleet.h"

#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "embedded/state_directory.h"
#include "fleet/cluster_view.h"
#include "fleet/fragment_set.h"
#include "kube/kube_client.h"
#include "manager/served_kinds.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { MOST_OBJECT_BYTES = 8 * 1024 * 1024 };

struct stored {
    struct object_key key; // texts are in the arena
    struct document *document;
};

struct stored_fleet {
    struct arena *arena;
    struct object_database *database;
    struct fragment_set *fragments;
    struct stored *objects; // by kind, namespace and name
    size_t count, capacity;
    size_t first_cluster, cluster_count;
};

void stored_fleet_free(struct stored_fleet *fleet) {
    if (!fleet) {
        return;
    }
    fragment_set_free(fleet->fragments);
    for (size_t i = 0; i < fleet->count; i++) {
        document_free(fleet->objects[i].document);
    }
    free(fleet->objects);
    object_database_close(fleet->database);
    arena_free(fleet->arena);
    free(fleet);
}

static bool keep(struct stored_fleet *fleet, const struct object_key *key, const struct node *object,
                 struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    struct document *document = NULL;
    buffer_init(&text, MOST_OBJECT_BYTES);
    json_canonical_append(&text, object);
    if (!json_read_copy(buffer_text(&text), text.length, &document_default_limits, &document, error)) {
        return error_wrap(error, "%s %s/%s", key->kind, key->namespace, key->name);
    }
    if (fleet->count == fleet->capacity) {
        fleet->capacity = fleet->capacity ? 2 * fleet->capacity : 256;
        fleet->objects = memory_realloc(fleet->objects, fleet->capacity, sizeof(*fleet->objects));
    }
    fleet->objects[fleet->count++] =
        (struct stored){.key = object_key_in_arena(fleet->arena, key), .document = document};
    return true;
}

static int compare_keys(const struct object_key *a, const struct object_key *b) {
    int order = strcmp(a->kind, b->kind);
    order = order ? order : strcmp(a->namespace, b->namespace);
    return order ? order : strcmp(a->name, b->name);
}

static int compare_stored(const void *left, const void *right) {
    const struct stored *a = left;
    const struct stored *b = right;
    int order = compare_keys(&a->key, &b->key);
    return order ? order : strcmp(a->key.group, b->key.group);
}

static bool is_cluster(const struct object_key *key) {
    return strcmp(key->kind, "Cluster") == 0 && strcmp(key->group, "cluster.x-k8s.io") == 0;
}

static void settle(struct stored_fleet *fleet) {
    if (fleet->count > 0) {
        qsort(fleet->objects, fleet->count, sizeof(*fleet->objects), compare_stored);
    }
    fleet->fragments = fragment_set_new();
    for (size_t i = 0; i < fleet->count; i++) {
        const struct stored *stored = &fleet->objects[i];
        (void)fragment_set_add_as(fleet->fragments, &stored->key, document_root(stored->document));
        fleet->first_cluster =
            is_cluster(&stored->key) && fleet->cluster_count == 0 ? i : fleet->first_cluster;
        fleet->cluster_count += is_cluster(&stored->key);
    }
    fragment_set_complete(fleet->fragments, true);
}

static struct stored_fleet *make(void) {
    struct stored_fleet *fleet = memory_calloc(1, sizeof(*fleet));
    fleet->arena = arena_new();
    return fleet;
}

// ---- the state of run ----

struct reading {
    struct stored_fleet *fleet;
    const char *namespace;
    const struct kube_resource *resource;
    struct error *error;
    bool failed;
};

static bool take_stored(void *cookie, const struct object_key *key, const struct node *object) {
    struct reading *reading = cookie;
    reading->failed =
        cluster_view_knows(key->group, key->kind) && !keep(reading->fleet, key, object, reading->error);
    return !reading->failed;
}

static bool read_state(const char *state, struct stored_fleet **ret_fleet, struct error *error) {
    CLEANUP(stored_fleet_free) struct stored_fleet *fleet = make();
    char path[PATH_MAX + sizeof("/" STATE_OBJECTS_FILE)];
    snprintf(path, sizeof(path), "%s/" STATE_OBJECTS_FILE, state);
    const struct object_database_options options = {.path = path, .read_only = true};
    if (!object_database_open(&options, &fleet->database, error)) {
        return error->kind == ERROR_NOT_FOUND ? state_options_missing(state, error) : false;
    }
    struct reading reading = {.fleet = fleet, .error = error};
    if (!object_database_each(fleet->database, take_stored, &reading, error) || reading.failed) {
        return false;
    }
    settle(fleet);
    *ret_fleet = stored_fleet_free_take(&fleet);
    return true;
}

// ---- an API server ----

static bool take_page(void *cookie, const struct node *list, struct error *error) {
    struct reading *reading = cookie;
    NODE_EACH(object, node_get(list, "items")) {
        const struct node *metadata = node_get(object, "metadata");
        const char *namespace = node_string(node_get(metadata, "namespace"));
        const char *name = node_string(node_get(metadata, "name"));
        const struct object_key key = {.group = reading->resource->group,
                                       .kind = reading->resource->kind,
                                       .namespace = namespace ? namespace : "",
                                       .name = name ? name : ""};
        if (!served_kinds_is_owned(reading->resource, object) && !keep(reading->fleet, &key, object, error)) {
            return false;
        }
    }
    return true;
}

// A list that begins anew brings everything again.
static void restart(void *cookie) {
    struct reading *reading = cookie;
    struct stored_fleet *fleet = reading->fleet;
    while (fleet->count > 0 &&
           strcmp(fleet->objects[fleet->count - 1].key.kind, reading->resource->kind) == 0 &&
           strcmp(fleet->objects[fleet->count - 1].key.group, reading->resource->group) == 0) {
        document_free(fleet->objects[--fleet->count].document);
    }
}

static bool list_all(struct stored_fleet *fleet, struct kube_client *client, const char *namespace,
                     struct served_kinds *served, struct error *error) {
    for (size_t i = 0; i < served_kinds_count(served); i++) {
        struct reading reading = {.fleet = fleet, .resource = served_kinds_resource(served, i)};
        const struct kube_list list = {.resource = reading.resource,
                                       .namespace = namespace,
                                       .page = take_page,
                                       .restart = restart,
                                       .cookie = &reading};
        if (!kube_list(client, &list, error)) {
            return error_wrap(error, "%s", reading.resource->plural);
        }
    }
    return true;
}

bool stored_fleet_read_kube(const struct cluster_options *options, const char *namespace,
                            struct stored_fleet **ret_fleet, struct error *error) {
    CLEANUP(stored_fleet_free) struct stored_fleet *fleet = make();
    CLEANUP(kube_client_free) struct kube_client *client = NULL;
    struct kube_client_options client_options = {.user_agent = "fleetgate-get/" FLEETGATE_VERSION};
    struct served_kinds *served = NULL;
    if (!cluster_options_load(options, &client_options.config, error) ||
        !kube_client_new(&client_options, &client, error) || !served_kinds_read(client, &served, error)) {
        return false;
    }
    bool done = list_all(fleet, client, namespace, served, error);
    served_kinds_unref(served);
    if (!done) {
        return false;
    }
    settle(fleet);
    *ret_fleet = stored_fleet_free_take(&fleet);
    return true;
}

bool stored_fleet_read(const struct state_options *state, const struct cluster_options *cluster,
                       const char *namespace, struct stored_fleet **ret_fleet, struct error *error) {
    char path[PATH_MAX];
    if (cluster_options_given(cluster)) {
        return stored_fleet_read_kube(cluster, namespace, ret_fleet, error);
    }
    return state_options_path(state, path, error) && read_state(path, ret_fleet, error);
}

// ---- what is there ----

const struct view_source *stored_fleet_source(const struct stored_fleet *fleet) {
    return fragment_set_source(fleet->fragments);
}

const struct node *stored_fleet_find(const struct stored_fleet *fleet, const struct object_key *key) {
    size_t low = 0;
    size_t high = fleet->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&fleet->objects[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < fleet->count && compare_keys(&fleet->objects[low].key, key) == 0; low++) {
        if (fragment_key_matches(&fleet->objects[low].key, key)) {
            return document_root(fleet->objects[low].document);
        }
    }
    return NULL;
}

const struct object_key *stored_fleet_cluster(const struct stored_fleet *fleet, size_t index) {
    return index < fleet->cluster_count ? &fleet->objects[fleet->first_cluster + index].key : NULL;
}

struct object_database *stored_fleet_database(const struct stored_fleet *fleet) {
    return fleet->database;
}
