// Finds things by the object that they belong to. Keys are compared as fragment_key_matches does.
#pragma once

#include "fleet/object_change.h"

#include <stddef.h>
#include <stdint.h>

struct key_map_node {
    uint64_t hash;
    const struct object_key *key; // of the value: borrowed as long as it is in the map
    void *value;
    struct key_map_node *next;
};

// All zero is an empty map.
struct key_map {
    struct key_map_node **buckets;
    size_t bucket_count, count;
};

void key_map_clear(struct key_map *map); // values are the caller's
// The key must not be in the map.
void key_map_add(struct key_map *map, const struct object_key *key, void *value);
void *key_map_find(const struct key_map *map, const struct object_key *key); // NULL: it is not there
void *key_map_take(struct key_map *map, const struct object_key *key);       // and is no more
// Any order; each may take its own value, and no other.
void key_map_each(struct key_map *map, void (*each)(void *cookie, void *value), void *cookie);
