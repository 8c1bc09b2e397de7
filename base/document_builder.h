// Makes documents: the JSON reader and the YAML loader feed it values in reading order. One thread at a time.
#pragma once

#include "base/document.h"
#include "base/error.h"

struct document_limits {
    uint32_t depth; // nested lists and maps
    uint32_t nodes; // values in all
};
// Depth 128 and a million nodes (32 MB): more than an object that etcd takes (1.5 MB) can hold.
extern const struct document_limits document_default_limits;

struct document_builder;

// limits->depth is at most 1024. with_positions: every value is followed by document_builder_mark. Caller
// owns.
struct document_builder *document_builder_new(const struct document_limits *limits, bool with_positions);
void document_builder_free(struct document_builder *builder);
DEFINE_CLEANUP(document_builder_free, struct document_builder *)

// The document keeps this text and frees it; strings and keys may point into it. Takes ownership. Once.
void document_builder_adopt_text(struct document_builder *builder, char *text);
// Copies for the document; borrowed until the document is freed.
const char *document_builder_copy(struct document_builder *builder, const char *text, size_t length);

// About how many values will come; saves growing step by step.
void document_builder_expect(struct document_builder *builder, size_t values);
// NODE_LIST or NODE_MAP: what was opened last; NODE_NULL at the root.
enum node_type document_builder_inside(const struct document_builder *builder);
// Is what was opened last a member of a map under this key?
bool document_builder_inside_key(const struct document_builder *builder, const char *key);
// The key of the next value, which stands in a map; no NUL inside, one behind it. It must live as long as the
// document (adopted or copied).
void document_builder_key(struct document_builder *builder, const char *key, uint32_t length);
// Adds a value whose type, value, length (of a string) and unknown are set. Fails with LIMIT.
MUST_CHECK bool document_builder_add(struct document_builder *builder, const struct node *value,
                                     struct error *error);
// Fails with LIMIT.
MUST_CHECK bool document_builder_open(struct document_builder *builder, enum node_type list_or_map,
                                      struct error *error);
// Ends the innermost list or map. Fails with INVALID on a duplicate key; *ret_duplicate (may be NULL) is then
// the index of the second member for document_builder_position.
MUST_CHECK bool document_builder_close(struct document_builder *builder, uint32_t *ret_duplicate,
                                       struct error *error);

// Position of the value added last (a list or map: of its opening), or of the one closed last to set its end.
void document_builder_mark(struct document_builder *builder, const struct node_position *position);
void document_builder_mark_end(struct document_builder *builder, uint32_t end_line, uint32_t end_column);
// Borrowed until the next change.
const struct node_position *document_builder_position(const struct document_builder *builder, uint32_t index);

// Exactly one root must have been added and all be closed. Frees the builder's own memory; caller owns the
// document.
struct document *document_builder_finish(struct document_builder *builder);
