// One immutable tree for JSON and YAML. Any thread may read it; nothing in it changes until document_free.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_type { NODE_NULL, NODE_BOOL, NODE_INTEGER, NODE_NUMBER, NODE_STRING, NODE_LIST, NODE_MAP };

// Nodes lie in one array in reading order: the first child follows its parent, a node's next sibling is
// node + node->span.
struct node {
    const char *key; // in a map: NUL-terminated, without NUL bytes inside; else NULL
    union {
        bool boolean;
        int64_t integer;
        double number;
        const char *string; // length bytes and a NUL; may hold NUL bytes inside
    } value;
    uint32_t key_length;
    uint32_t length; // bytes of a string, children of a list or map
    uint32_t span;   // nodes of this subtree, itself included
    uint8_t type;    // enum node_type
    // The value is not known: an unresolved ${VAR} or {{ template }}. type is NODE_STRING, the text is the
    // source's.
    bool unknown;
};

struct document;

void document_free(struct document *document);
DEFINE_CLEANUP(document_free, struct document *)

// Borrowed until document_free; never NULL.
const struct node *document_root(const struct document *document);
size_t document_node_count(const struct document *document);

// Where a node stands in its file: 1-based lines, 1-based columns in characters. The end is exclusive.
// For a member of a map, key_* is where its key stands (0 for list items and the root).
struct node_position {
    uint32_t line, column, end_line, end_column;
    uint32_t key_line, key_column;
};
// NULL for documents without positions (JSON requests). node must be of this document.
const struct node_position *document_position(const struct document *document, const struct node *node);

// Walking. All take NULL for node and then say "nothing there"; what they return is borrowed until
// document_free.
const struct node *node_first(const struct node *parent); // NULL when empty or not a list or map
const struct node *node_next(const struct node *parent, const struct node *child); // NULL after the last
const struct node *node_get(const struct node *map, const char *key);
const struct node *node_get_sized(const struct node *map, const char *key, size_t length);
const struct node *node_item(const struct node *list, size_t index); // 0-based

#define NODE_EACH(child, parent)                                                                             \
    for (const struct node *child = node_first(parent); child; child = node_next(parent, child))

// Reading. A node of another type gives NULL or false, and leaves the output alone.
const char *node_string(const struct node *node); // NULL also for a text with NUL bytes inside
// The string under key, "" where there is none.
const char *node_get_text(const struct node *map, const char *key);
bool node_integer(const struct node *node, int64_t *ret_value); // also a number like 3.0
bool node_boolean(const struct node *node, bool *ret_value);
bool node_is(const struct node *node, enum node_type type);
const char *node_type_name(const struct node *node); // "string", "list", ...; "nothing" for NULL

// Same type, same value, same members in any order. NULL equals only NULL.
bool node_equal(const struct node *a, const struct node *b);
