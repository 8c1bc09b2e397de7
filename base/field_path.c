#include "base/field_path.h"

#include <string.h>

static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool bad_path(struct error *error, const char *at, const char *what) {
    return error_set(error, ERROR_INVALID, "field path: %s at \"%.40s\"", what, at);
}

// After a step: the end, a bracket, or a dot with a field name behind it, which is passed.
static bool end_step(const char **cursor, const char *at, struct error *error) {
    if (*at == '.' && is_plain(at[1])) {
        *cursor = at + 1;
        return true;
    }
    if (*at == '\0' || *at == '[') {
        *cursor = at;
        return true;
    }
    return bad_path(error, at, "expected a field name; quote others as [\"a.b/c\"]");
}

static bool read_quoted(const char **cursor, struct field_step *ret_step, struct error *error) {
    const char *start = *cursor + 2;
    const char *at = start;
    while (*at && *at != '"') {
        if (*at == '\\' && at[1] != '"' && at[1] != '\\') {
            return bad_path(error, at, "a backslash in quotes must stand before \" or \\");
        }
        at += *at == '\\' ? 2 : 1;
    }
    if (*at == '\0' || at[1] != ']') {
        return bad_path(error, start - 1, "a key in quotes must end with \"]");
    }
    if (!end_step(cursor, at + 2, error)) {
        return false;
    }
    *ret_step = (struct field_step){.kind = FIELD_KEY, .key = start, .length = (size_t)(at - start)};
    return true;
}

static bool read_index(const char **cursor, struct field_step *ret_step, struct error *error) {
    const char *digits = *cursor + 1;
    const char *at = digits;
    size_t index = 0;
    for (; *at >= '0' && *at <= '9' && at - digits < 9; at++) {
        index = index * 10 + (size_t)(*at - '0');
    }
    bool leading_zero = *digits == '0' && at - digits > 1;
    if (at == digits || leading_zero || *at != ']') {
        return bad_path(error, digits, "expected an index, a quoted key or ]");
    }
    if (!end_step(cursor, at + 1, error)) {
        return false;
    }
    *ret_step = (struct field_step){.kind = FIELD_INDEX, .index = index};
    return true;
}

static bool read_each(const char **cursor, struct field_step *ret_step, struct error *error) {
    if (!end_step(cursor, *cursor + 2, error)) {
        return false;
    }
    *ret_step = (struct field_step){.kind = FIELD_EACH};
    return true;
}

bool field_path_next(const char **cursor, struct field_step *ret_step, struct error *error) {
    const char *start = *cursor;
    if (*start == '\0') {
        *ret_step = (struct field_step){.kind = FIELD_END};
        return true;
    }
    if (*start == '[') {
        return start[1] == '"'   ? read_quoted(cursor, ret_step, error)
               : start[1] == ']' ? read_each(cursor, ret_step, error)
                                 : read_index(cursor, ret_step, error);
    }
    const char *at = start;
    while (is_plain(*at)) {
        at++;
    }
    if (at == start) {
        return bad_path(error, start, "expected a field name; quote others as [\"a.b/c\"]");
    }
    if (!end_step(cursor, at, error)) {
        return false;
    }
    *ret_step = (struct field_step){.kind = FIELD_KEY, .key = start, .length = (size_t)(at - start)};
    return true;
}

// The next byte of a step's key, without the backslash that may stand before it.
static char key_byte(const struct field_step *step, size_t *at) {
    *at += step->key[*at] == '\\';
    return step->key[(*at)++];
}

static bool has_key(const struct node *node, const struct field_step *step) {
    size_t at = 0;
    uint32_t i = 0;
    while (at < step->length && i < node->key_length && key_byte(step, &at) == node->key[i]) {
        i++;
    }
    return at == step->length && i == node->key_length;
}

static const struct node *get_escaped(const struct node *map, const struct field_step *step) {
    if (!node_is(map, NODE_MAP)) {
        return NULL;
    }
    NODE_EACH(child, map) {
        if (has_key(child, step)) {
            return child;
        }
    }
    return NULL;
}

const struct node *field_step_into(const struct node *node, const struct field_step *step) {
    switch (step->kind) {
    case FIELD_KEY:
        return memchr(step->key, '\\', step->length) ? get_escaped(node, step)
                                                     : node_get_sized(node, step->key, step->length);
    case FIELD_INDEX:
        return node_item(node, step->index);
    case FIELD_EACH:
    case FIELD_END:
        break;
    }
    return NULL;
}

bool field_path_find(const struct node *root, const char *path, const struct node **ret_node,
                     struct error *error) {
    const struct node *node = root;
    const char *cursor = path;
    for (;;) {
        struct field_step step = {0};
        if (!field_path_next(&cursor, &step, error)) {
            return false;
        }
        if (step.kind == FIELD_EACH) {
            return bad_path(error, path, "[] names no single field");
        }
        if (step.kind == FIELD_END) {
            *ret_node = node;
            return true;
        }
        node = field_step_into(node, &step);
    }
}

const struct node *field_path_deepest(const struct node *root, const char *path) {
    const struct node *node = root;
    const char *cursor = path;
    struct field_step step = {0};
    while (field_path_next(&cursor, &step, NULL) && step.kind != FIELD_END) {
        const struct node *next = field_step_into(node, &step);
        if (!next) {
            break;
        }
        node = next;
    }
    return node;
}

static void append_quoted(struct buffer *path, const char *key, size_t length) {
    buffer_append_text(path, "[\"");
    for (size_t i = 0; i < length; i++) {
        if (key[i] == '"' || key[i] == '\\') {
            buffer_append_char(path, '\\');
        }
        buffer_append_char(path, key[i]);
    }
    buffer_append_text(path, "\"]");
}

void field_path_append_key(struct buffer *path, const char *key, size_t length) {
    bool plain = length > 0;
    for (size_t i = 0; i < length && plain; i++) {
        plain = is_plain(key[i]);
    }
    if (!plain) {
        append_quoted(path, key, length);
        return;
    }
    if (path->length > 0) {
        buffer_append_char(path, '.');
    }
    buffer_append(path, key, length);
}

void field_path_append_index(struct buffer *path, size_t index) {
    buffer_printf(path, "[%zu]", index);
}

void field_step_append_pointer(struct buffer *pointer, const struct field_step *step) {
    buffer_append_char(pointer, '/');
    if (step->kind == FIELD_INDEX) {
        buffer_printf(pointer, "%zu", step->index);
        return;
    }
    for (size_t at = 0; at < step->length;) {
        char c = key_byte(step, &at);
        buffer_append_text(pointer, c == '~' ? "~0" : c == '/' ? "~1" : (char[]){c, '\0'});
    }
}

bool field_path_to_pointer(const char *path, struct buffer *pointer, struct error *error) {
    size_t length = pointer->length;
    const char *cursor = path;
    for (;;) {
        struct field_step step = {0};
        bool read = field_path_next(&cursor, &step, error);
        if (read && step.kind == FIELD_END) {
            return true;
        }
        if (!read || step.kind == FIELD_EACH) {
            buffer_truncate(pointer, length);
            return read ? bad_path(error, path, "[] names no single field") : false;
        }
        field_step_append_pointer(pointer, &step);
    }
}
