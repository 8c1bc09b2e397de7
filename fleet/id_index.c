#include "fleet/id_index.h"

#include "base/memory.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 64 };

void id_index_clear(struct id_index *index) {
    free(index->nodes);
    free(index->buckets);
    *index = (struct id_index){0};
}

static void grow_buckets(struct id_index *index) {
    uint32_t count = index->bucket_count ? index->bucket_count * 2 : FIRST_BUCKETS;
    uint32_t *buckets = memory_calloc(count, sizeof(*buckets));
    for (uint32_t i = 0; i < index->bucket_count; i++) {
        for (uint32_t at = index->buckets[i]; at;) {
            struct id_node *node = &index->nodes[at];
            uint32_t next = node->next;
            node->next = buckets[node->hash & (count - 1)];
            buckets[node->hash & (count - 1)] = at;
            at = next;
        }
    }
    free(index->buckets);
    index->buckets = buckets;
    index->bucket_count = count;
}

static uint32_t take_node(struct id_index *index) {
    uint32_t at = index->free;
    if (at) {
        index->free = index->nodes[at].next;
        return at;
    }
    if (index->used == index->capacity) {
        index->capacity = index->capacity ? index->capacity + index->capacity / 2 : FIRST_BUCKETS;
        index->nodes = memory_realloc(index->nodes, index->capacity, sizeof(*index->nodes));
        index->used = index->used ? index->used : 1;
    }
    return index->used++;
}

void id_index_add(struct id_index *index, uint32_t hash, uint32_t value) {
    if (index->count >= index->bucket_count) {
        grow_buckets(index);
    }
    uint32_t at = take_node(index);
    uint32_t *bucket = &index->buckets[hash & (index->bucket_count - 1)];
    index->nodes[at] = (struct id_node){hash, value, *bucket};
    *bucket = at;
    index->count++;
}

bool id_index_remove(struct id_index *index, uint32_t hash, uint32_t value) {
    if (index->bucket_count == 0) {
        return false;
    }
    for (uint32_t *link = &index->buckets[hash & (index->bucket_count - 1)]; *link;
         link = &index->nodes[*link].next) {
        struct id_node *node = &index->nodes[*link];
        if (node->hash == hash && node->value == value) {
            uint32_t at = *link;
            *link = node->next;
            node->next = index->free;
            index->free = at;
            index->count--;
            return true;
        }
    }
    return false;
}

size_t id_index_bytes(const struct id_index *index) {
    return index->capacity * sizeof(*index->nodes) + index->bucket_count * sizeof(*index->buckets);
}
