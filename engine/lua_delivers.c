// change.delivers: the Clusters that a Flux Kustomization or HelmRelease has applied.
#include "engine/evaluation.h"
#include "engine/evaluator.h"
#include "fleet/view_source.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DELIVERED = 10000 };

static const char cluster_group[] = "cluster.x-k8s.io";

struct delivered {
    struct object_key key;
    const struct fragment *fragment; // NULL: its labels are not known
};

struct delivery {
    struct evaluation *evaluation;
    const struct view_source *source; // the fleet before the change; may be NULL
    struct delivered *items;
    size_t count;
    bool is_listed; // status.inventory is there
};

static int compare_delivered(const void *left, const void *right) {
    const struct delivered *a = left;
    const struct delivered *b = right;
    int order = strcmp(a->key.namespace, b->key.namespace);
    order = order ? order : strcmp(a->key.name, b->key.name);
    // Of two of one name the one whose labels are known is kept.
    return order ? order : (a->fragment == NULL) - (b->fragment == NULL);
}

static void add(struct delivery *delivery, const struct object_key *key, const struct fragment *fragment) {
    if (delivery->count < MOST_DELIVERED) {
        delivery->items[delivery->count++] = (struct delivered){*key, fragment};
    }
}

// Ids of Flux: prod_eu-1_cluster.x-k8s.io_Cluster; none of the four parts may have an underscore here.
static bool read_id(struct arena *arena, const char *id, struct object_key *ret_key) {
    const char *end_of_namespace = strchr(id, '_');
    const char *end_of_name = end_of_namespace ? strchr(end_of_namespace + 1, '_') : NULL;
    if (!end_of_name || strcmp(end_of_name, "_cluster.x-k8s.io_Cluster") != 0) {
        return false;
    }
    *ret_key = (struct object_key){
        .group = cluster_group,
        .kind = "Cluster",
        .namespace = arena_copy_text(arena, id, (size_t)(end_of_namespace - id)),
        .name = arena_copy_text(arena, end_of_namespace + 1, (size_t)(end_of_name - end_of_namespace - 1))};
    return true;
}

static void add_of_status(struct delivery *delivery, const struct node *object) {
    struct arena *arena = delivery->evaluation->arena;
    const struct node *entries = node_get(node_get(node_get(object, "status"), "inventory"), "entries");
    delivery->is_listed |= node_is(entries, NODE_LIST);
    NODE_EACH(entry, entries) {
        const char *id = node_string(node_get(entry, "id"));
        struct object_key key;
        if (!id || !read_id(arena, id, &key)) {
            continue;
        }
        const struct view_source *source = delivery->source;
        const struct fragment *fragment = source ? source->methods->find(source->cookie, arena, &key) : NULL;
        // Where the whole fleet is known, what is not found is gone already.
        if (fragment || !source || !source->is_complete) {
            add(delivery, &key, fragment);
        }
    }
}

static void add_labelled(struct delivery *delivery, const char *label, const char *namespace_label) {
    const struct object_key *key = &delivery->evaluation->review->change.key;
    const struct view_source *source = delivery->source;
    struct fragment_list list = {0};
    if (source && source->methods->add_labelled) {
        source->methods->add_labelled(source->cookie, delivery->evaluation->arena, label, key->name, &list);
    }
    for (size_t i = 0; i < list.count; i++) {
        const char *namespace = node_string(node_get(list.items[i]->labels, namespace_label));
        if (namespace && strcmp(namespace, key->namespace) == 0) {
            add(delivery, &list.items[i]->key, list.items[i]);
        }
    }
}

static void drop_repeats(struct delivery *delivery) {
    size_t kept = 0;
    if (delivery->count > 1) {
        qsort(delivery->items, delivery->count, sizeof(*delivery->items), compare_delivered);
    }
    for (size_t i = 0; i < delivery->count; i++) {
        const struct delivered *last = kept > 0 ? &delivery->items[kept - 1] : NULL;
        if (!last || !fragment_key_matches(&last->key, &delivery->items[i].key)) {
            delivery->items[kept++] = delivery->items[i];
        }
    }
    delivery->count = kept;
}

enum delivered_field { DELIVERED_NAMESPACE, DELIVERED_NAME, DELIVERED_LABELS, DELIVERED_ANNOTATIONS };

static const struct field_name delivered_names[] = {{"namespace", DELIVERED_NAMESPACE},
                                                    {"name", DELIVERED_NAME},
                                                    {"labels", DELIVERED_LABELS},
                                                    {"annotations", DELIVERED_ANNOTATIONS},
                                                    {NULL, 0}};

struct lua_delivered {
    struct handle handle;
    const struct delivered *item;
};

static void push_map(lua_State *state, const struct delivered *item, const struct node *map,
                     const char *path) {
    if (map) {
        lua_node_push(state, map, item->fragment->root ? item->fragment->root : map, &item->key);
    } else if (item->fragment) {
        lua_empty_map_push(state, &item->key);
    } else {
        struct arena *arena = evaluator_of(state)->current->arena;
        const struct origin origin = {.object = item->key, .path = path};
        lua_unknown_push(
            state, &origin,
            arena_printf(arena, "Cluster %s/%s has not been seen", item->key.namespace, item->key.name),
            true);
    }
}

// What is not known is noted when it is read.
static int delivered_index(lua_State *state) {
    const struct lua_delivered *self = evaluator_check(state, 1, REFERENCE_DELIVERED, "a delivered cluster");
    const struct fragment *fragment = self->item->fragment;
    switch (evaluator_field_code(state)) {
    case DELIVERED_NAMESPACE:
        lua_pushstring(state, self->item->key.namespace);
        return 1;
    case DELIVERED_NAME:
        lua_pushstring(state, self->item->key.name);
        return 1;
    case DELIVERED_LABELS:
        push_map(state, self->item, fragment ? fragment->labels : NULL, "metadata.labels");
        return 1;
    case DELIVERED_ANNOTATIONS:
        push_map(state, self->item, fragment ? fragment->annotations : NULL, "metadata.annotations");
        return 1;
    default:
        return luaL_error(state, "a delivered cluster has no field '%s'", luaL_tolstring(state, 2, NULL));
    }
}

void lua_delivers_open(struct evaluator *evaluator) {
    static const luaL_Reg plain[] = {{NULL, NULL}};
    evaluator_metatable(evaluator, REFERENCE_DELIVERED, plain);
    evaluator_name_index(evaluator, REFERENCE_DELIVERED, delivered_index, delivered_names);
}

static void push_items(lua_State *state, const struct delivery *delivery) {
    lua_createtable(state, (int)delivery->count, 0);
    for (size_t i = 0; i < delivery->count; i++) {
        struct lua_delivered *pushed = evaluator_push(state, REFERENCE_DELIVERED, sizeof(*pushed), 0);
        pushed->item = &delivery->items[i];
        lua_rawseti(state, -2, (lua_Integer)i + 1);
    }
}

void lua_delivers_push(lua_State *state) {
    struct evaluation *evaluation = evaluator_of(state)->current;
    const struct object_change *change = &evaluation->review->change;
    const struct node *object = change->old_object ? change->old_object : change->object;
    bool by_kustomize = strcmp(change->key.group, "kustomize.toolkit.fluxcd.io") == 0 &&
                        strcmp(change->key.kind, "Kustomization") == 0;
    bool by_helm = strcmp(change->key.group, "helm.toolkit.fluxcd.io") == 0 &&
                   strcmp(change->key.kind, "HelmRelease") == 0;
    if (!by_kustomize && !by_helm) {
        lua_pushnil(state);
        return;
    }
    struct delivery delivery = {.evaluation = evaluation, .source = evaluation->review->before};
    delivery.items = arena_alloc(evaluation->arena, MOST_DELIVERED * sizeof(*delivery.items));
    // What goes into another cluster is none of this fleet's.
    bool is_remote = node_get(node_get(object, "spec"), "kubeConfig") != NULL;
    if (!is_remote) {
        add_of_status(&delivery, object);
        add_labelled(&delivery, by_helm ? "helm.toolkit.fluxcd.io/name" : "kustomize.toolkit.fluxcd.io/name",
                     by_helm ? "helm.toolkit.fluxcd.io/namespace" : "kustomize.toolkit.fluxcd.io/namespace");
        drop_repeats(&delivery);
    }
    bool is_complete = delivery.source && delivery.source->is_complete;
    if (!is_remote && !delivery.is_listed && !is_complete && delivery.count == 0) {
        const struct origin origin = {.object = change->key, .path = "status.inventory", .root = object};
        lua_unknown_push(state, &origin, "the clusters that it delivers have not been seen", true);
        return;
    }
    push_items(state, &delivery);
}
