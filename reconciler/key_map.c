#include "reconciler/key_map.h"

#include "base/hash.h"
#include "base/memory.h"
#include "fleet/fragment.h"

#include <string.h>

enum { FIRST_BUCKETS = 64 };

// Of what fragment_key_matches compares, except the group: kinds tell it.
static uint64_t hash_key(const struct object_key *key) {
    uint64_t hash = hash_text(HASH_START, key->kind);
    hash = hash_text(hash, *key->namespace ? key->namespace : "default");
    hash = hash_text(hash, key->name);
    return hash ^ (hash >> 32);
}

static void grow(struct key_map *map) {
    size_t count = map->bucket_count ? map->bucket_count * 2 : FIRST_BUCKETS;
    struct key_map_node **buckets = memory_calloc(count, sizeof(struct key_map_node *));
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (struct key_map_node *node = map->buckets[i]; node;) {
            struct key_map_node *next = node->next;
            node->next = buckets[node->hash & (count - 1)];
            buckets[node->hash & (count - 1)] = node;
            node = next;
        }
    }
    free(map->buckets);
    map->buckets = buckets;
    map->bucket_count = count;
}

void key_map_clear(struct key_map *map) {
    for (size_t i = 0; i < map->bucket_count; i++) {
        while (map->buckets[i]) {
            struct key_map_node *next = map->buckets[i]->next;
            free(map->buckets[i]);
            map->buckets[i] = next;
        }
    }
    free(map->buckets);
    *map = (struct key_map){0};
}

void key_map_add(struct key_map *map, const struct object_key *key, void *value) {
    if (map->count == map->bucket_count) {
        grow(map);
    }
    struct key_map_node *node = memory_calloc(1, sizeof(*node));
    uint64_t hash = hash_key(key);
    struct key_map_node **bucket = &map->buckets[hash & (map->bucket_count - 1)];
    *node = (struct key_map_node){.hash = hash, .key = key, .value = value, .next = *bucket};
    *bucket = node;
    map->count++;
}

// Where the pointer to the node is, or to the NULL at the end.
static struct key_map_node **find_slot(const struct key_map *map, const struct object_key *key) {
    uint64_t hash = hash_key(key);
    struct key_map_node **slot = &map->buckets[hash & (map->bucket_count - 1)];
    while (*slot && !((*slot)->hash == hash && fragment_key_matches((*slot)->key, key))) {
        slot = &(*slot)->next;
    }
    return slot;
}

void *key_map_find(const struct key_map *map, const struct object_key *key) {
    struct key_map_node *node = map->count ? *find_slot(map, key) : NULL;
    return node ? node->value : NULL;
}

void *key_map_take(struct key_map *map, const struct object_key *key) {
    struct key_map_node **slot = map->count ? find_slot(map, key) : NULL;
    if (!slot || !*slot) {
        return NULL;
    }
    struct key_map_node *node = *slot;
    void *value = node->value;
    *slot = node->next;
    map->count--;
    free(node);
    return value;
}

void key_map_each(struct key_map *map, void (*each)(void *cookie, void *value), void *cookie) {
    for (size_t i = 0; i < map->bucket_count; i++) {
        for (struct key_map_node *node = map->buckets[i]; node;) {
            struct key_map_node *next = node->next;
            each(cookie, node->value);
            node = next;
        }
    }
}
