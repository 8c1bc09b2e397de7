#include "base/document.h"

#include "base/document_internal.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

void document_free(struct document *document) {
    if (!document) {
        return;
    }
    free(document->nodes);
    free(document->positions);
    free(document->text);
    arena_free(document->strings);
    free(document);
}

const struct node *document_root(const struct document *document) {
    return document->nodes;
}

size_t document_node_count(const struct document *document) {
    return document->count;
}

const struct node_position *document_position(const struct document *document, const struct node *node) {
    if (!document->positions || !node) {
        return NULL;
    }
    return &document->positions[node - document->nodes];
}

const struct node *node_first(const struct node *parent) {
    if (!parent || parent->type < NODE_LIST || parent->length == 0) {
        return NULL;
    }
    return parent + 1;
}

const struct node *node_next(const struct node *parent, const struct node *child) {
    const struct node *next = child + child->span;
    return next < parent + parent->span ? next : NULL;
}

const struct node *node_get_sized(const struct node *map, const char *key, size_t length) {
    if (!node_is(map, NODE_MAP)) {
        return NULL;
    }
    NODE_EACH(child, map) {
        if (child->key_length == length && memcmp(child->key, key, length) == 0) {
            return child;
        }
    }
    return NULL;
}

const struct node *node_get(const struct node *map, const char *key) {
    return node_get_sized(map, key, strlen(key));
}

const struct node *node_item(const struct node *list, size_t index) {
    if (!node_is(list, NODE_LIST) || index >= list->length) {
        return NULL;
    }
    const struct node *child = node_first(list);
    while (index-- > 0) {
        child += child->span;
    }
    return child;
}

const char *node_string(const struct node *node) {
    if (!node_is(node, NODE_STRING) || strlen(node->value.string) != node->length) {
        return NULL;
    }
    return node->value.string;
}

const char *node_get_text(const struct node *map, const char *key) {
    const char *text = node_string(node_get(map, key));
    return text ? text : "";
}

bool node_integer(const struct node *node, int64_t *ret_value) {
    if (node_is(node, NODE_INTEGER)) {
        *ret_value = node->value.integer;
        return true;
    }
    // 2^63 is the first double that int64_t can't hold.
    if (node_is(node, NODE_NUMBER) && node->value.number >= -0x1p63 && node->value.number < 0x1p63 &&
        (double)(int64_t)node->value.number == node->value.number) {
        *ret_value = (int64_t)node->value.number;
        return true;
    }
    return false;
}

bool node_boolean(const struct node *node, bool *ret_value) {
    if (!node_is(node, NODE_BOOL)) {
        return false;
    }
    *ret_value = node->value.boolean;
    return true;
}

bool node_is(const struct node *node, enum node_type type) {
    return node && node->type == type;
}

const char *node_type_name(const struct node *node) {
    static const char *const names[] = {"null", "boolean", "integer", "number", "string", "list", "map"};
    return node ? names[node->type] : "nothing";
}

int node_compare_keys(const void *left, const void *right) {
    const struct node *a = *(const struct node *const *)left;
    const struct node *b = *(const struct node *const *)right;
    size_t shorter = a->key_length < b->key_length ? a->key_length : b->key_length;
    int order = memcmp(a->key, b->key, shorter);
    return order ? order : (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

const struct node **node_sort_members(const struct node *map, const struct node *first, size_t *ret_count) {
    const struct node **members = memory_calloc(map->length, sizeof(struct node *));
    size_t count = 0;
    for (const struct node *member = first; member; member = node_next(map, member)) {
        members[count++] = member;
    }
    qsort(members, count, sizeof(struct node *), node_compare_keys);
    *ret_count = count;
    return members;
}

// The members from first_a and first_b on, of maps that are equal before. Sorted, so that a sender who picks
// the order can't make this quadratic.
static bool rest_equal(const struct node *a, const struct node *first_a, const struct node *b,
                       const struct node *first_b) {
    size_t count = 0;
    const struct node **left = node_sort_members(a, first_a, &count);
    const struct node **right = node_sort_members(b, first_b, &count);
    bool equal = true;
    for (size_t i = 0; i < count && equal; i++) {
        equal = node_same_key(left[i], right[i]) && node_equal(left[i], right[i]);
    }
    free(left);
    free(right);
    return equal;
}

static bool maps_equal(const struct node *a, const struct node *b) {
    const struct node *other = node_first(b);
    NODE_EACH(child, a) {
        if (!node_same_key(child, other)) {
            return rest_equal(a, child, b, other);
        }
        if (!node_equal(child, other)) {
            return false;
        }
        other = node_next(b, other);
    }
    return true;
}

static bool lists_equal(const struct node *a, const struct node *b) {
    const struct node *other = node_first(b);
    NODE_EACH(child, a) {
        if (!node_equal(child, other)) {
            return false;
        }
        other = node_next(b, other);
    }
    return true;
}

bool node_equal(const struct node *a, const struct node *b) {
    if (a == b) {
        return true;
    }
    if (!a || !b || a->type != b->type || a->unknown != b->unknown) {
        return false;
    }
    switch ((enum node_type)a->type) {
    case NODE_NULL:
        return true;
    case NODE_BOOL:
        return a->value.boolean == b->value.boolean;
    case NODE_INTEGER:
        return a->value.integer == b->value.integer;
    case NODE_NUMBER:
        return a->value.number == b->value.number || (isnan(a->value.number) && isnan(b->value.number));
    case NODE_STRING:
        return a->length == b->length && memcmp(a->value.string, b->value.string, a->length) == 0;
    case NODE_LIST:
        return a->length == b->length && lists_equal(a, b);
    case NODE_MAP:
        return a->length == b->length && maps_equal(a, b);
    }
    return false;
}
