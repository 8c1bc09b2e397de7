// What document.c and document_builder.c share.
#pragma once

#include "base/arena.h"
#include "base/document.h"

#include <string.h>

struct document {
    struct node *nodes;
    struct node_position *positions; // parallel to nodes, or NULL
    char *text;                      // what the strings point into, or NULL
    struct arena *strings;           // copies, or NULL
    uint32_t count;
};

static inline bool node_same_key(const struct node *a, const struct node *b) {
    return a->key_length == b->key_length && memcmp(a->key, b->key, a->key_length) == 0;
}
// For qsort over const struct node *: by bytes.
int node_compare_keys(const void *left, const void *right);
// The members of map from first on, by key; caller owns (free).
const struct node **node_sort_members(const struct node *map, const struct node *first, size_t *ret_count);
