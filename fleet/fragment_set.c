#include "fleet/fragment_set.h"

#include "base/hash.h"
#include "base/memory.h"

#include <string.h>

enum { FIRST_BUCKETS = 64 };

// One object; its fragment may be replaced by a later one of the same key.
struct entry {
    const struct fragment *fragment;
};

// What an index finds under one key.
struct index_node {
    uint64_t hash;
    const struct object_key *key;
    struct entry *entry;
    struct index_node *next;
};

struct index {
    struct index_node **buckets;
    size_t bucket_count;
    size_t count;
};

struct fragment_set {
    struct arena *arena;
    struct index objects;   // by key
    struct index clusters;  // by the Cluster they belong to
    struct index referrers; // by an object that they name
    size_t count;
    struct view_source source;
};

// Of what fragment_key_matches compares, except the group: kinds tell it.
static uint64_t hash_key(const struct object_key *key) {
    uint64_t hash = hash_text(HASH_START, key->kind);
    hash = hash_text(hash, *key->namespace ? key->namespace : "default");
    hash = hash_text(hash, key->name);
    return hash ^ (hash >> 32);
}

static void index_grow(struct index *index) {
    size_t count = index->bucket_count ? index->bucket_count * 2 : FIRST_BUCKETS;
    struct index_node **buckets = memory_calloc(count, sizeof(struct index_node *));
    for (size_t i = 0; i < index->bucket_count; i++) {
        for (struct index_node *node = index->buckets[i]; node;) {
            struct index_node *next = node->next;
            node->next = buckets[node->hash & (count - 1)];
            buckets[node->hash & (count - 1)] = node;
            node = next;
        }
    }
    free(index->buckets);
    index->buckets = buckets;
    index->bucket_count = count;
}

static void index_add(struct index *index, struct arena *arena, const struct object_key *key,
                      struct entry *entry) {
    if (index->count == index->bucket_count) {
        index_grow(index);
    }
    struct index_node *node = arena_alloc(arena, sizeof(*node));
    node->hash = hash_key(key);
    node->key = key;
    node->entry = entry;
    node->next = index->buckets[node->hash & (index->bucket_count - 1)];
    index->buckets[node->hash & (index->bucket_count - 1)] = node;
    index->count++;
}

// The first node under the key at or after node.
static const struct index_node *index_match(const struct index_node *node, uint64_t hash,
                                            const struct object_key *key) {
    while (node && !(node->hash == hash && fragment_key_matches(node->key, key))) {
        node = node->next;
    }
    return node;
}

static const struct index_node *index_first(const struct index *index, const struct object_key *key) {
    if (index->bucket_count == 0) {
        return NULL;
    }
    uint64_t hash = hash_key(key);
    return index_match(index->buckets[hash & (index->bucket_count - 1)], hash, key);
}

static const struct index_node *index_next(const struct index_node *node, const struct object_key *key) {
    return index_match(node->next, node->hash, key);
}

static bool belongs_to(const struct fragment *fragment, const struct object_key *cluster) {
    return fragment->kind.entry->role != KIND_CLUSTER && *fragment->cluster_key.name &&
           fragment_key_matches(&fragment->cluster_key, cluster);
}

static bool refers_to(const struct fragment *fragment, const struct object_key *target) {
    for (size_t i = 0; i < fragment->link_count; i++) {
        if (fragment_key_matches(&fragment->links[i].target, target)) {
            return true;
        }
    }
    return false;
}

static const struct fragment *find(void *cookie, struct arena *arena, const struct object_key *key) {
    (void)arena;
    const struct fragment_set *set = cookie;
    const struct index_node *node = index_first(&set->objects, key);
    return node ? node->entry->fragment : NULL;
}

static void add_of_cluster(void *cookie, struct arena *arena, const struct object_key *cluster,
                           struct fragment_list *list) {
    const struct fragment_set *set = cookie;
    for (const struct index_node *node = index_first(&set->clusters, cluster); node;
         node = index_next(node, cluster)) {
        // A replaced fragment may have belonged to another cluster.
        if (belongs_to(node->entry->fragment, cluster)) {
            fragment_list_add(arena, list, node->entry->fragment);
        }
    }
}

static void add_referrers(void *cookie, struct arena *arena, const struct object_key *target,
                          struct fragment_list *list) {
    const struct fragment_set *set = cookie;
    for (const struct index_node *node = index_first(&set->referrers, target); node;
         node = index_next(node, target)) {
        if (refers_to(node->entry->fragment, target)) {
            fragment_list_add(arena, list, node->entry->fragment);
        }
    }
}

static void add_labelled(void *cookie, struct arena *arena, const char *label, const char *value,
                         struct fragment_list *list) {
    const struct fragment_set *set = cookie;
    for (size_t i = 0; i < set->objects.bucket_count; i++) {
        for (const struct index_node *node = set->objects.buckets[i]; node; node = node->next) {
            const struct fragment *fragment = node->entry->fragment;
            const char *got = fragment->kind.entry->role == KIND_CLUSTER && !fragment->kind.is_template
                                  ? node_string(node_get(fragment->labels, label))
                                  : NULL;
            if (got && strcmp(got, value) == 0) {
                fragment_list_add(arena, list, fragment);
            }
        }
    }
}

static const struct view_source_methods methods = {find, add_of_cluster, add_referrers, add_labelled};

struct fragment_set *fragment_set_new(void) {
    struct fragment_set *set = memory_calloc(1, sizeof(*set));
    set->arena = arena_new();
    set->source = (struct view_source){&methods, set, false};
    return set;
}

void fragment_set_free(struct fragment_set *set) {
    if (!set) {
        return;
    }
    free(set->objects.buckets);
    free(set->clusters.buckets);
    free(set->referrers.buckets);
    arena_free(set->arena);
    free(set);
}

// Relations that the replaced fragment had already are in the index; others are added.
static void index_relations(struct fragment_set *set, struct entry *entry, const struct fragment *replaced) {
    const struct fragment *fragment = entry->fragment;
    if (belongs_to(fragment, &fragment->cluster_key) &&
        !(replaced && belongs_to(replaced, &fragment->cluster_key))) {
        index_add(&set->clusters, set->arena, &fragment->cluster_key, entry);
    }
    for (size_t i = 0; i < fragment->link_count; i++) {
        const struct object_key *target = &fragment->links[i].target;
        bool is_repeated = replaced && refers_to(replaced, target);
        for (size_t j = 0; j < i && !is_repeated; j++) {
            is_repeated = fragment_key_matches(&fragment->links[j].target, target);
        }
        if (!is_repeated) {
            index_add(&set->referrers, set->arena, target, entry);
        }
    }
}

bool fragment_set_add_as(struct fragment_set *set, const struct object_key *key, const struct node *object) {
    const struct fragment *fragment = fragment_read(set->arena, key, object);
    if (!fragment) {
        return false;
    }
    const struct index_node *known = index_first(&set->objects, key);
    struct entry *entry = known ? known->entry : arena_alloc(set->arena, sizeof(*entry));
    const struct fragment *replaced = entry->fragment;
    entry->fragment = fragment;
    if (!known) {
        index_add(&set->objects, set->arena, &fragment->key, entry);
        set->count++;
    }
    index_relations(set, entry, replaced);
    return true;
}

bool fragment_set_add(struct fragment_set *set, const struct node *object) {
    struct object_key key;
    return fragment_object_key(object, &key) && fragment_set_add_as(set, &key, object);
}

void fragment_set_list(const struct fragment_set *set, struct arena *arena, struct fragment_list *list) {
    for (size_t i = 0; i < set->objects.bucket_count; i++) {
        for (const struct index_node *node = set->objects.buckets[i]; node; node = node->next) {
            fragment_list_add(arena, list, node->entry->fragment);
        }
    }
}

size_t fragment_set_count(const struct fragment_set *set) {
    return set->count;
}

void fragment_set_complete(struct fragment_set *set, bool is_complete) {
    set->source.is_complete = is_complete;
}

const struct view_source *fragment_set_source(const struct fragment_set *set) {
    return &set->source;
}

void fragment_list_add(struct arena *arena, struct fragment_list *list, const struct fragment *fragment) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        const struct fragment **items = arena_alloc(arena, capacity * sizeof(const struct fragment *));
        if (list->count > 0) {
            memcpy(items, list->items, list->count * sizeof(const struct fragment *));
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = fragment;
}
