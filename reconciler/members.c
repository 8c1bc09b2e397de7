#include "reconciler/members.h"

#include "base/arena.h"
#include "reconciler/key_map.h"

#include <string.h>

// Pool → template, Cluster → class → template: nobody names over more steps.
enum { MOST_STEPS = 3 };

struct collection {
    struct arena *arena;
    const struct view_source *fleet;
    struct key_map seen;
    const struct fragment **items;
    size_t count, capacity;
    size_t most; // 0: no limit
    bool overflows;
};

static void add(struct collection *collection, const struct fragment *fragment) {
    if (!fragment || key_map_find(&collection->seen, &fragment->key)) {
        return;
    }
    if (collection->most > 0 && collection->count == collection->most) {
        collection->overflows = true;
        return;
    }
    if (collection->count == collection->capacity) {
        size_t capacity = collection->capacity ? 2 * collection->capacity : 32;
        const struct fragment **items = arena_alloc(collection->arena, capacity * sizeof(*items));
        if (collection->count > 0) {
            memcpy(items, collection->items, collection->count * sizeof(*items));
        }
        collection->items = items;
        collection->capacity = capacity;
    }
    collection->items[collection->count++] = fragment;
    key_map_add(&collection->seen, &fragment->key, (void *)fragment);
}

// Machines and MachineSets that a pool has made are its own business.
static bool is_made(const struct fragment *fragment) {
    return fragment->is_owned || fragment->is_control_plane_node;
}

static void add_linked(struct collection *collection, size_t from) {
    for (unsigned step = 0; step < MOST_STEPS; step++) {
        size_t end = collection->count;
        for (size_t i = from; i < end; i++) {
            const struct fragment *fragment = collection->items[i];
            for (size_t n = 0; n < fragment->link_count; n++) {
                const struct fragment_link *link = &fragment->links[n];
                if (link->kind != LINK_OWNER) {
                    add(collection, collection->fleet->methods->find(collection->fleet->cookie,
                                                                     collection->arena, &link->target));
                }
            }
        }
        from = end;
    }
}

static int rank(const struct fragment *fragment) {
    if (fragment->kind.is_template) {
        return 3;
    }
    switch (fragment->kind.entry->role) {
    case KIND_CLUSTER:
        return 0;
    case KIND_INFRASTRUCTURE_CLUSTER:
        return 1;
    case KIND_CONTROL_PLANE:
        return 2;
    case KIND_MACHINE_TEMPLATE:
    case KIND_CLASS:
        return 3;
    case KIND_INFRASTRUCTURE_POOL:
        return 4;
    default:
        return 5;
    }
}

static int compare(const void *left, const void *right) {
    const struct fragment *const *a = left;
    const struct fragment *const *b = right;
    int order = rank(*a) - rank(*b);
    order = order ? order : strcmp((*a)->key.kind, (*b)->key.kind);
    order = order ? order : strcmp((*a)->key.namespace, (*b)->key.namespace);
    return order ? order : strcmp((*a)->key.name, (*b)->key.name);
}

static void hand_over(struct collection *collection, struct member_list *ret_members) {
    key_map_clear(&collection->seen);
    *ret_members = (struct member_list){
        .keys = arena_alloc(collection->arena, (collection->count + 1) * sizeof(struct object_key *))};
    for (size_t i = 0; i < collection->count; i++) {
        ret_members->keys[ret_members->count++] = &collection->items[i]->key;
    }
}

bool members_collect(struct arena *arena, const struct view_source *fleet, const struct object_key *cluster,
                     struct member_list *ret_members) {
    struct collection collection = {.arena = arena, .fleet = fleet, .most = MEMBERS_MOST};
    add(&collection, fleet->methods->find(fleet->cookie, arena, cluster));
    struct fragment_list own = {0};
    fleet->methods->add_of_cluster(fleet->cookie, arena, cluster, &own);
    for (size_t i = 0; i < own.count; i++) {
        if (!is_made(own.items[i])) {
            add(&collection, own.items[i]);
        }
    }
    add_linked(&collection, 0);
    if (collection.count > 0) {
        qsort(collection.items, collection.count, sizeof(*collection.items), compare);
    }
    hand_over(&collection, ret_members);
    return !collection.overflows;
}

static void add_cluster_of(struct collection *clusters, const struct fragment *fragment) {
    const struct view_source *fleet = clusters->fleet;
    if (fragment->kind.entry && fragment->kind.entry->role == KIND_CLUSTER && !fragment->kind.is_template) {
        add(clusters, fragment);
    } else if (*fragment->cluster_key.name) {
        add(clusters, fleet->methods->find(fleet->cookie, clusters->arena, &fragment->cluster_key));
    }
}

void members_clusters(struct arena *arena, const struct view_source *fleet, const struct fragment *fragment,
                      struct member_list *ret_clusters) {
    struct collection clusters = {.arena = arena, .fleet = fleet};
    struct collection around = {.arena = arena, .fleet = fleet};
    add(&around, fragment);
    add_cluster_of(&clusters, fragment);
    size_t from = 0;
    for (unsigned step = 0; step < MOST_STEPS; step++) {
        size_t end = around.count;
        for (size_t i = from; i < end; i++) {
            struct fragment_list referrers = {0};
            fleet->methods->add_referrers(fleet->cookie, arena, &around.items[i]->key, &referrers);
            for (size_t n = 0; n < referrers.count; n++) {
                add(&around, referrers.items[n]);
                add_cluster_of(&clusters, referrers.items[n]);
            }
        }
        from = end;
    }
    key_map_clear(&around.seen);
    hand_over(&clusters, ret_clusters);
}
