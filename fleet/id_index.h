// Numbers found by a hash, many under one: 16 bytes each. The caller compares what the numbers stand for.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_node {
    uint32_t hash;
    uint32_t value;
    uint32_t next; // 0: the last
};

// All zero is an empty index.
struct id_index {
    struct id_node *nodes; // the first is not used
    uint32_t *buckets;
    uint32_t bucket_count;
    uint32_t capacity, used, free;
    size_t count;
};

void id_index_clear(struct id_index *index); // frees the memory; usable again afterwards
void id_index_add(struct id_index *index, uint32_t hash, uint32_t value);
// One of this value; false when there is none.
bool id_index_remove(struct id_index *index, uint32_t hash, uint32_t value);
size_t id_index_bytes(const struct id_index *index);

static inline uint32_t id_index_match(const struct id_index *index, uint32_t node, uint32_t hash) {
    while (node && index->nodes[node].hash != hash) {
        node = index->nodes[node].next;
    }
    return node;
}
// Nodes of one hash, 0 behind the last; valid until the next change.
static inline uint32_t id_index_first(const struct id_index *index, uint32_t hash) {
    return index->bucket_count ? id_index_match(index, index->buckets[hash & (index->bucket_count - 1)], hash)
                               : 0;
}
static inline uint32_t id_index_next(const struct id_index *index, uint32_t node) {
    return id_index_match(index, index->nodes[node].next, index->nodes[node].hash);
}
static inline uint32_t id_index_value(const struct id_index *index, uint32_t node) {
    return index->nodes[node].value;
}
