// Any bytes: read or refused with a position; what was read is a sound tree, and comes back the same when it
// is written and read again.
#include "tests/fuzz/fuzz.h"

#include "base/buffer.h"
#include "base/field_path.h"
#include "base/json_reader.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

static void write_text(struct buffer *json, const char *text, size_t length) {
    buffer_append_char(json, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            buffer_printf(json, "\\u%04x", byte);
        } else {
            buffer_append_char(json, text[i]);
        }
    }
    buffer_append_char(json, '"');
}

static void write_number(struct buffer *json, double number) {
    char text[40];
    snprintf(text, sizeof(text), "%.17g", number);
    buffer_append_text(json, text);
    buffer_append_text(json, strpbrk(text, ".e") ? "" : ".0");
}

static void write_value(struct buffer *json, const struct node *node);

static void write_children(struct buffer *json, const struct node *parent) {
    bool map = parent->type == NODE_MAP;
    const char *separator = map ? "{" : "[";
    NODE_EACH(child, parent) {
        buffer_append_text(json, separator);
        if (map) {
            write_text(json, child->key, child->key_length);
            buffer_append_char(json, ':');
        }
        write_value(json, child);
        separator = ",";
    }
    buffer_append_text(json, *separator == ',' ? "" : separator);
    buffer_append_char(json, map ? '}' : ']');
}

static void write_value(struct buffer *json, const struct node *node) {
    switch ((enum node_type)node->type) {
    case NODE_NULL:
        buffer_append_text(json, "null");
        break;
    case NODE_BOOL:
        buffer_append_text(json, node->value.boolean ? "true" : "false");
        break;
    case NODE_INTEGER:
        buffer_printf(json, "%lld", (long long)node->value.integer);
        break;
    case NODE_NUMBER:
        write_number(json, node->value.number);
        break;
    case NODE_STRING:
        write_text(json, node->value.string, node->length);
        break;
    case NODE_LIST:
    case NODE_MAP:
        write_children(json, node);
        break;
    }
}

static void check_path(const struct node *root, const struct node *node, const struct buffer *path) {
    const struct node *found = NULL;
    struct error error = {0};
    require(field_path_find(root, buffer_text(path), &found, &error), "a path made by append is a path");
    require(found == node, "a path made by append leads back");
}

static void check_tree(const struct node *root, const struct node *node, struct buffer *path) {
    size_t length = path->length;
    uint32_t children = 0;
    uint32_t span = 1;
    check_path(root, node, path);
    if (node->type == NODE_STRING) {
        require(node->value.string[node->length] == '\0', "a text ends with NUL");
        require(utf8_is_valid(node->value.string, node->length), "a text is UTF-8");
    }
    NODE_EACH(child, node) {
        if (node->type == NODE_MAP) {
            require(strlen(child->key) == child->key_length, "a key has no NUL");
            require(utf8_is_valid(child->key, child->key_length), "a key is UTF-8");
            require(node_get(node, child->key) == child, "a key comes once");
            field_path_append_key(path, child->key, child->key_length);
        } else {
            require(!child->key, "an item has no key");
            field_path_append_index(path, children);
        }
        check_tree(root, child, path);
        buffer_truncate(path, length);
        span += child->span;
        children++;
    }
    require(span == node->span, "spans add up");
    require(node->type < NODE_LIST || children == node->length, "children are counted");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct error error = {0};
    CLEANUP(document_free) struct document *document = NULL;
    if (!json_read_copy((const char *)data, size, &document_default_limits, &document, &error)) {
        require(strncmp(error.message, "line ", 5) == 0, "an error says where");
        require(utf8_is_valid(error.message, strlen(error.message)), "an error is UTF-8");
        return 0;
    }
    const struct node *root = document_root(document);
    require(root->span == document_node_count(document), "the root holds everything");
    CLEANUP(buffer_clear) struct buffer path;
    buffer_init(&path, SIZE_MAX);
    check_tree(root, root, &path);

    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, SIZE_MAX);
    write_value(&json, root);
    CLEANUP(document_free) struct document *again = NULL;
    require(json_read_copy(json.data, json.length, &document_default_limits, &again, &error), "reads again");
    require(node_equal(root, document_root(again)), "comes back the same");
    return 0;
}
