#include "reconciler/json_node.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

static struct json_object *container_from_node(const struct node *node) {
    bool is_list = node_is(node, NODE_LIST);
    struct json_object *copy = is_list ? json_object_new_array() : json_object_new_object();
    NODE_EACH(child, node) {
        if (is_list) {
            json_object_array_add(copy, json_from_node(child));
        } else {
            json_object_object_add(copy, child->key, json_from_node(child));
        }
    }
    return copy;
}

struct json_object *json_from_node(const struct node *node) {
    if (!node) {
        return NULL;
    }
    switch ((enum node_type)node->type) {
    case NODE_BOOL:
        return json_object_new_boolean(node->value.boolean);
    case NODE_INTEGER:
        return json_object_new_int64(node->value.integer);
    case NODE_NUMBER:
        return json_object_new_double(node->value.number);
    case NODE_STRING:
        return json_object_new_string_len(node->value.string, (int)node->length);
    case NODE_LIST:
    case NODE_MAP:
        return container_from_node(node);
    case NODE_NULL:
        break;
    }
    return NULL;
}

struct json_object *json_text(const char *text) {
    CLEANUP(free) char *copy = memory_strdup(text);
    utf8_scrub(copy, strlen(copy));
    return json_object_new_string(copy);
}

static bool list_equals(struct json_object *json, const struct node *node) {
    size_t count = json_object_array_length(json);
    if (!node_is(node, NODE_LIST) || node->length != count) {
        return false;
    }
    const struct node *item = node_first(node);
    for (size_t i = 0; i < count; i++, item = node_next(node, item)) {
        if (!json_equals_node(json_object_array_get_idx(json, i), item)) {
            return false;
        }
    }
    return true;
}

static bool map_equals(struct json_object *json, const struct node *node) {
    if (!node_is(node, NODE_MAP) || node->length != (uint32_t)json_object_object_length(json)) {
        return false;
    }
    NODE_EACH(child, node) {
        struct json_object *member = NULL;
        if (!json_object_object_get_ex(json, child->key, &member) || !json_equals_node(member, child)) {
            return false;
        }
    }
    return true;
}

bool json_equals_node(struct json_object *json, const struct node *node) {
    bool boolean;
    int64_t integer;
    switch (json_object_get_type(json)) {
    case json_type_null:
        return !node || node_is(node, NODE_NULL);
    case json_type_boolean:
        return node_boolean(node, &boolean) && boolean == (json_object_get_boolean(json) != 0);
    case json_type_int:
        return node_integer(node, &integer) && integer == json_object_get_int64(json);
    case json_type_double:
        return node_is(node, NODE_NUMBER) && node->value.number == json_object_get_double(json);
    case json_type_string:
        return node_is(node, NODE_STRING) && node->length == (uint32_t)json_object_get_string_len(json) &&
               memcmp(node->value.string, json_object_get_string(json), node->length) == 0;
    case json_type_array:
        return list_equals(json, node);
    case json_type_object:
        return map_equals(json, node);
    }
    return false;
}

struct json_object *json_changes(struct json_object *wanted, const struct node *have) {
    struct json_object *changes = json_object_new_object();
    struct json_object_iterator end = json_object_iter_end(wanted);
    for (struct json_object_iterator at = json_object_iter_begin(wanted); !json_object_iter_equal(&at, &end);
         json_object_iter_next(&at)) {
        const char *key = json_object_iter_peek_name(&at);
        struct json_object *value = json_object_iter_peek_value(&at);
        const struct node *present = node_get(have, key);
        if (json_object_is_type(value, json_type_object) && node_is(present, NODE_MAP)) {
            struct json_object *inner = json_changes(value, present);
            if (inner) {
                json_object_object_add(changes, key, inner);
            }
        } else if (!json_equals_node(value, present)) {
            json_object_object_add(changes, key, json_object_get(value));
        }
    }
    if (json_object_object_length(changes) == 0) {
        json_object_put(changes);
        return NULL;
    }
    return changes;
}

enum { MOST_KEY_BYTES = 64 }; // of the keys in this room's own paths

static bool next_key(const char **path, char ret_key[MOST_KEY_BYTES]) {
    size_t length = strcspn(*path, ".");
    if (length == 0 || length >= MOST_KEY_BYTES) {
        return false;
    }
    memcpy(ret_key, *path, length);
    ret_key[length] = '\0';
    *path += length + ((*path)[length] == '.');
    return true;
}

void json_set(struct json_object *root, const char *path, struct json_object *value) {
    char key[MOST_KEY_BYTES];
    struct json_object *map = root;
    while (next_key(&path, key) && *path != '\0') {
        struct json_object *inner = NULL;
        if (!json_object_object_get_ex(map, key, &inner)) {
            inner = json_object_new_object();
            json_object_object_add(map, key, inner);
        }
        map = inner;
    }
    json_object_object_add(map, key, value);
}

const struct node *node_at(const struct node *root, const char *path) {
    char key[MOST_KEY_BYTES];
    while (root && next_key(&path, key)) {
        root = node_get(root, key);
    }
    return root;
}

const char *node_text_at(const struct node *root, const char *path) {
    const char *text = node_string(node_at(root, path));
    return text ? text : "";
}
