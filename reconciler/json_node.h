// Between documents, which are read, and json-c trees, which are written: merge patches are made of both.
#pragma once

#include "base/document.h"

#include <json-c/json.h>

static inline void json_object_put_cleanup(struct json_object **object) {
    json_object_put(*object);
}

// A copy; NULL (JSON's null) for NULL. Caller owns (json_object_put).
struct json_object *json_from_node(const struct node *node);
// What a cloud says need not be UTF-8: bytes that are not become "?". Caller owns.
struct json_object *json_text(const char *text);
bool json_equals_node(struct json_object *json, const struct node *node);
// What of wanted is not in have, as a merge patch: maps are compared member by member, lists as a whole, and
// a null wants nothing to be there. NULL: all is there. Caller owns.
struct json_object *json_changes(struct json_object *wanted, const struct node *have);
// Sets the member that path leads to ("controlPlane.replicas": keys without dots), making maps on the way.
// Takes ownership of value.
void json_set(struct json_object *root, const char *path, struct json_object *value);
// What json_set would set, in a document; NULL when it is missing. Borrowed.
const struct node *node_at(const struct node *root, const char *path);
const char *node_text_at(const struct node *root, const char *path); // "" where there is no string
