// Fragments of the inventory, copied out.
#include "fleet/inventory_internal.h"

#include <string.h>

// Entries that are looked through under one hold of the lock.
enum { SLICE = 4096 };

const struct fragment *inventory_unpack(const struct store *store, struct arena *arena, uint32_t at) {
    struct packed_object object;
    fragment_unpack(store->pool, inventory_entry_at(store, at)->bytes, arena, &object);
    return object.fragment;
}

static const struct fragment *find(void *cookie, struct arena *arena, const struct object_key *key) {
    const struct store *store = cookie;
    struct key_ids ids;
    uint32_t at = inventory_key_find(store, key, &ids) ? inventory_find_entry(store, &ids) : 0;
    return at ? inventory_unpack(store, arena, at) : NULL;
}

static void add_of_cluster(void *cookie, struct arena *arena, const struct object_key *cluster,
                           struct fragment_list *list) {
    const struct store *store = cookie;
    struct key_ids ids;
    if (!inventory_key_find(store, cluster, &ids)) {
        return;
    }
    uint32_t hash = inventory_key_hash(&ids);
    for (uint32_t at = id_index_first(&store->clusters, hash); at; at = id_index_next(&store->clusters, at)) {
        uint32_t found = id_index_value(&store->clusters, at);
        const struct inventory_entry *entry = inventory_entry_at(store, found);
        if (entry->cluster_name == ids.name && entry->key.namespace == ids.namespace &&
            ids.kind == store->cluster_kind && ids.group == store->cluster_group) {
            fragment_list_add(arena, list, inventory_unpack(store, arena, found));
        }
    }
}

static bool refers_to(const struct fragment *fragment, const struct object_key *target) {
    for (size_t i = 0; i < fragment->link_count; i++) {
        if (fragment_key_matches(&fragment->links[i].target, target)) {
            return true;
        }
    }
    return false;
}

bool inventory_refers(const struct store *store, struct arena *arena, uint32_t at,
                      const struct object_key *target) {
    return refers_to(inventory_unpack(store, arena, at), target);
}

static void add_referrers(void *cookie, struct arena *arena, const struct object_key *target,
                          struct fragment_list *list) {
    const struct store *store = cookie;
    struct key_ids ids;
    if (!inventory_key_find(store, target, &ids)) {
        return;
    }
    uint32_t hash = inventory_key_hash(&ids);
    for (uint32_t at = id_index_first(&store->referrers, hash); at;
         at = id_index_next(&store->referrers, at)) {
        const struct fragment *fragment =
            inventory_unpack(store, arena, id_index_value(&store->referrers, at) / 2);
        if (refers_to(fragment, target)) {
            fragment_list_add(arena, list, fragment);
        }
    }
}

static bool is_labelled(const struct store *store, uint32_t at, struct arena *scratch, const char *label,
                        const char *value) {
    const struct inventory_entry *entry = inventory_entry_at(store, at);
    if (!entry || entry->role != KIND_CLUSTER || entry->is_template) {
        return false;
    }
    arena_reset(scratch);
    return fragment_pack_has_label(store->pool, entry->bytes, scratch, label, value);
}

static void add_slice(const struct store *store, uint32_t from, struct arena *arena, struct arena *scratch,
                      const char *const label[2], struct fragment_list *list) {
    for (uint32_t at = from; at < store->entries.used && at < from + SLICE; at++) {
        if (is_labelled(store, at, scratch, label[0], label[1])) {
            fragment_list_add(arena, list, inventory_unpack(store, arena, at));
        }
    }
}

static void add_labelled(void *cookie, struct arena *arena, const char *label, const char *value,
                         struct fragment_list *list) {
    const struct store *store = cookie;
    CLEANUP(arena_free) struct arena *scratch = arena_new();
    for (uint32_t from = 1; from < store->entries.used; from += SLICE) {
        add_slice(store, from, arena, scratch, (const char *const[]){label, value}, list);
    }
}

const struct view_source_methods inventory_inner_methods = {find, add_of_cluster, add_referrers,
                                                            add_labelled};

static const struct fragment *find_locked(void *cookie, struct arena *arena, const struct object_key *key) {
    inventory_read(cookie);
    const struct fragment *fragment = find(cookie, arena, key);
    inventory_unlock(cookie);
    return fragment;
}

static void add_of_cluster_locked(void *cookie, struct arena *arena, const struct object_key *cluster,
                                  struct fragment_list *list) {
    inventory_read(cookie);
    add_of_cluster(cookie, arena, cluster, list);
    inventory_unlock(cookie);
}

static void add_referrers_locked(void *cookie, struct arena *arena, const struct object_key *target,
                                 struct fragment_list *list) {
    inventory_read(cookie);
    add_referrers(cookie, arena, target, list);
    inventory_unlock(cookie);
}

static void add_labelled_locked(void *cookie, struct arena *arena, const char *label, const char *value,
                                struct fragment_list *list) {
    struct store *store = cookie;
    CLEANUP(arena_free) struct arena *scratch = arena_new();
    bool is_more = true;
    for (uint32_t from = 1; is_more; from += SLICE) {
        inventory_read(store);
        add_slice(store, from, arena, scratch, (const char *const[]){label, value}, list);
        is_more = from + SLICE < store->entries.used;
        inventory_unlock(store);
    }
}

static const struct view_source_methods locked_methods = {find_locked, add_of_cluster_locked,
                                                          add_referrers_locked, add_labelled_locked};

void inventory_source_open(struct inventory *inventory) {
    inventory->sources[0] = (struct view_source){&locked_methods, inventory->store, false};
    inventory->sources[1] = (struct view_source){&locked_methods, inventory->store, true};
    inventory->store->inner = (struct view_source){&inventory_inner_methods, inventory->store, true};
}

const struct view_source *inventory_source(const struct inventory *inventory) {
    inventory_read(inventory->store);
    bool is_complete = inventory->store->is_complete;
    inventory_unlock(inventory->store);
    return &inventory->sources[is_complete];
}

static int compare_keys(const void *a, const void *b) {
    const struct object_key *first = &(*(const struct fragment *const *)a)->key;
    const struct object_key *second = &(*(const struct fragment *const *)b)->key;
    int order = strcmp(first->namespace, second->namespace);
    return order ? order : strcmp(first->name, second->name);
}

void inventory_labelled(const struct inventory *inventory, struct arena *arena, const char *label,
                        const char *value, struct fragment_list *list) {
    add_labelled_locked(inventory->store, arena, label, value, list);
    if (list->count > 1) {
        qsort((void *)list->items, list->count, sizeof(*list->items), compare_keys);
    }
}
