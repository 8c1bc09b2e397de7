#include "base/buffer.h"
#include "base/document_builder.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "engine/engine.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_POINTER = 4096 };

struct copy {
    const struct document *source; // for positions; of the nodes that are copied from the object
    const struct decision *decision;
    struct document_builder *builder;
    struct document **values; // parsed values of the operations
    struct buffer pointer;
    const struct node_position *position; // of the nearest node that has one
    struct error *error;
};

static void append_token(struct buffer *pointer, const char *key, size_t length) {
    buffer_append_char(pointer, '/');
    for (size_t i = 0; i < length; i++) {
        buffer_append_text(pointer, key[i] == '~' ? "~0" : key[i] == '/' ? "~1" : (char[]){key[i], '\0'});
    }
}

// The last operation at the present pointer: a later one replaces what an earlier one added.
static const struct node *patched_value(const struct copy *copy) {
    for (size_t i = copy->decision->patch_count; i > 0; i--) {
        if (strcmp(copy->decision->patch[i - 1].path, buffer_text(&copy->pointer)) == 0) {
            return document_root(copy->values[i - 1]);
        }
    }
    return NULL;
}

static bool copy_node(struct copy *copy, const struct node *node, bool from_source);

static void mark(struct copy *copy, const struct node *node, bool from_source) {
    const struct node_position *position =
        from_source && copy->source ? document_position(copy->source, node) : NULL;
    if (position) {
        copy->position = position;
    }
    static const struct node_position nowhere = {0};
    document_builder_mark(copy->builder, copy->position ? copy->position : &nowhere);
}

static bool copy_member(struct copy *copy, const struct node *child, const char *key, size_t key_length,
                        bool from_source) {
    size_t length = copy->pointer.length;
    const struct node_position *position = copy->position;
    append_token(&copy->pointer, key, key_length);
    const struct node *patched = patched_value(copy);
    if (!child || child->key) {
        document_builder_key(copy->builder, document_builder_copy(copy->builder, key, key_length),
                             (uint32_t)key_length);
    }
    bool fine = copy_node(copy, patched ? patched : child, patched ? false : from_source);
    buffer_truncate(&copy->pointer, length);
    copy->position = position;
    return fine;
}

// Members that operations add to this map and that it does not have.
static bool copy_additions(struct copy *copy, const struct node *map) {
    const char *prefix = buffer_text(&copy->pointer);
    size_t length = copy->pointer.length;
    for (size_t i = 0; i < copy->decision->patch_count; i++) {
        const char *path = copy->decision->patch[i].path;
        if (strncmp(path, prefix, length) != 0 || path[length] != '/' || strchr(path + length + 1, '/')) {
            continue;
        }
        char key[LONGEST_POINTER];
        size_t key_length = 0;
        for (const char *p = path + length + 1; *p && key_length < sizeof(key) - 1; p++) {
            bool escaped = *p == '~' && (p[1] == '0' || p[1] == '1');
            key[key_length++] = !escaped ? *p : p[1] == '0' ? '~' : '/';
            p += escaped;
        }
        bool first = true;
        for (size_t n = 0; n < i && first; n++) {
            first = strcmp(copy->decision->patch[n].path, path) != 0;
        }
        if (first && !node_get_sized(map, key, key_length) &&
            !copy_member(copy, NULL, key, key_length, false)) {
            return false;
        }
    }
    return true;
}

static bool copy_container(struct copy *copy, const struct node *node, bool from_source) {
    if (!document_builder_open(copy->builder, (enum node_type)node->type, copy->error)) {
        return false;
    }
    mark(copy, node, from_source);
    size_t index = 0;
    NODE_EACH(child, node) {
        char digits[24];
        snprintf(digits, sizeof(digits), "%zu", index++);
        if (!copy_member(copy, child, child->key ? child->key : digits,
                         child->key ? child->key_length : strlen(digits), from_source)) {
            return false;
        }
    }
    if (node->type == NODE_MAP && !copy_additions(copy, node)) {
        return false;
    }
    return document_builder_close(copy->builder, NULL, copy->error);
}

static bool copy_node(struct copy *copy, const struct node *node, bool from_source) {
    if (node->type == NODE_LIST || node->type == NODE_MAP) {
        return copy_container(copy, node, from_source);
    }
    struct node value = *node;
    if (node->type == NODE_STRING) {
        value.value.string = document_builder_copy(copy->builder, node->value.string, node->length);
    }
    if (!document_builder_add(copy->builder, &value, copy->error)) {
        return false;
    }
    mark(copy, node, from_source);
    return true;
}

static bool parse_values(struct copy *copy) {
    for (size_t i = 0; i < copy->decision->patch_count; i++) {
        const char *text = copy->decision->patch[i].value;
        if (!json_read_copy(text, strlen(text), &document_default_limits, &copy->values[i], copy->error)) {
            return error_wrap(copy->error, "patch %s", copy->decision->patch[i].path);
        }
    }
    return true;
}

bool engine_apply_patch(const struct document *document, const struct node *object,
                        const struct decision *decision, struct document **ret_document,
                        struct error *error) {
    struct copy copy = {.source = document, .decision = decision, .error = error};
    copy.values = memory_calloc(decision->patch_count + 1, sizeof(struct document *));
    copy.builder = document_builder_new(&document_default_limits, true);
    buffer_init(&copy.pointer, LONGEST_POINTER);
    bool fine = parse_values(&copy) && copy_node(&copy, object, true);
    if (fine) {
        *ret_document = document_builder_finish(copy.builder);
        copy.builder = NULL;
    }
    for (size_t i = 0; i < decision->patch_count; i++) {
        document_free(copy.values[i]);
    }
    free(copy.values);
    buffer_clear(&copy.pointer);
    document_builder_free(copy.builder);
    return fine;
}
