// Field paths as Kubernetes users read them in errors: spec.workers[0].replicas,
// metadata.annotations["a.b/c"].
#pragma once

#include "base/buffer.h"
#include "base/document.h"
#include "base/error.h"

enum field_step_kind { FIELD_END, FIELD_KEY, FIELD_INDEX, FIELD_EACH };

// One step: a key, an index, or [] (every item; only where a caller allows it). A key points into the path
// (length bytes, borrowed as long as the path is) as it stands there: in quotes, \" and \\ are escaped.
struct field_step {
    enum field_step_kind kind;
    const char *key;
    size_t length;
    size_t index;
};

// Reads the next step at *cursor and moves it on; FIELD_END at the end. Fails with INVALID.
MUST_CHECK bool field_path_next(const char **cursor, struct field_step *ret_step, struct error *error);
// The child that a key or index names; NULL when it is missing. Borrowed from node's document.
const struct node *field_step_into(const struct node *node, const struct field_step *step);
// Adds "/key" or "/index" (RFC 6901) for a key or index.
void field_step_append_pointer(struct buffer *pointer, const struct field_step *step);

// The node at path below root, borrowed from its document; NULL when it is missing. Fails with INVALID on a
// path that can't be parsed.
MUST_CHECK bool field_path_find(const struct node *root, const char *path, const struct node **ret_node,
                                struct error *error);
// As far as the path exists: the deepest node on the way to it, to point at where a missing field would be.
const struct node *field_path_deepest(const struct node *root, const char *path);

// Adds ".key" (or "key" at the start), or "["key"]" when the key is not [A-Za-z0-9_-]+; "[index]". What was
// appended is found again, whatever bytes the key has.
void field_path_append_key(struct buffer *path, const char *key, size_t length);
void field_path_append_index(struct buffer *path, size_t index);
// Appends the same field as a JSON pointer (RFC 6901). Fails with INVALID.
MUST_CHECK bool field_path_to_pointer(const char *path, struct buffer *pointer, struct error *error);
