#include "engine/setting_reader.h"

#include "base/field_path.h"
#include "engine/nearest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct node_position setting_position(const struct setting_reader *reader, const struct node *node) {
    const struct node_position *position =
        reader->document && node ? document_position(reader->document, node) : NULL;
    return position ? *position : (struct node_position){0};
}

static bool fail_at(struct setting_reader *reader, uint32_t line, uint32_t column, const char *what) {
    const char *file = reader->file ? reader->file : "configuration";
    const char *colon = reader->path.length > 0 ? ": " : "";
    if (*file == '\0') {
        return error_set(reader->error, ERROR_INVALID, "%s%s%s", buffer_text(&reader->path), colon, what);
    }
    if (line == 0) {
        return error_set(reader->error, ERROR_INVALID, "%s: %s%s%s", file, buffer_text(&reader->path), colon,
                         what);
    }
    return error_set(reader->error, ERROR_INVALID, "%s:%u:%u: %s%s%s", file, line, column,
                     buffer_text(&reader->path), colon, what);
}

bool setting_fail(struct setting_reader *reader, const struct node *node, const char *format, ...) {
    char what[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    struct node_position position = setting_position(reader, node);
    return fail_at(reader, position.line, position.column, what);
}

// Most bytes of a wrong value that an error shows, cut between characters.
static int shown_length(const char *text) {
    size_t length = strlen(text);
    size_t shown = length < 60 ? length : 60;
    while (shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80) {
        shown--;
    }
    return (int)shown;
}

bool setting_wrong_type(struct setting_reader *reader, const struct node *node, const char *wanted) {
    if (node && node->unknown) {
        return setting_fail(reader, node, "must be %s, but is a placeholder that nothing has filled in",
                            wanted);
    }
    if (node_is(node, NODE_NULL)) {
        const char *more = reader->path.length > 0 ? "; leave the key out for its default" : "";
        return setting_fail(reader, node, "must be %s, got null%s", wanted, more);
    }
    bool scalar = node_is(node, NODE_BOOL) || node_is(node, NODE_INTEGER) || node_is(node, NODE_NUMBER);
    const char *more = scalar && strcmp(wanted, "a string") == 0 ? "; put it in quotes" : "";
    return setting_fail(reader, node, "must be %s, got %s%s", wanted, node_type_name(node), more);
}

static void append_names(struct buffer *text, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        buffer_printf(text, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
}

bool setting_unknown_key(struct setting_reader *reader, const char *key, const struct node *child,
                         const char *const *known, size_t count) {
    size_t mark = setting_enter_key(reader, key);
    CLEANUP(buffer_clear) struct buffer what;
    buffer_init(&what, 300);
    const char *near = nearest_name(key, known, count);
    if (near) {
        buffer_printf(&what, "unknown key; did you mean %s?", near);
    } else if (count == 0) {
        buffer_append_text(&what, "unknown key; there are none here");
    } else {
        buffer_append_text(&what, "unknown key; known are ");
        append_names(&what, known, count);
    }
    struct node_position position = setting_position(reader, child);
    fail_at(reader, position.key_line ? position.key_line : position.line,
            position.key_line ? position.key_column : position.column, buffer_text(&what));
    setting_leave(reader, mark);
    return false;
}

size_t setting_enter_key(struct setting_reader *reader, const char *key) {
    size_t mark = reader->path.length;
    field_path_append_key(&reader->path, key, strlen(key));
    return mark;
}

size_t setting_enter_index(struct setting_reader *reader, size_t index) {
    size_t mark = reader->path.length;
    field_path_append_index(&reader->path, index);
    return mark;
}

void setting_leave(struct setting_reader *reader, size_t mark) {
    buffer_truncate(&reader->path, mark);
}

bool setting_check_map(struct setting_reader *reader, const struct node *map, const char *const *known,
                       size_t count) {
    if (!node_is(map, NODE_MAP)) {
        return setting_wrong_type(reader, map, "a map");
    }
    NODE_EACH(child, map) {
        bool found = false;
        for (size_t i = 0; i < count && !found; i++) {
            found = strcmp(child->key, known[i]) == 0;
        }
        if (!found) {
            return setting_unknown_key(reader, child->key, child, known, count);
        }
    }
    return true;
}

static bool read_line(struct setting_reader *reader, const struct node *node, const char **ret_text) {
    const char *text = node->unknown ? NULL : node_string(node);
    if (!text) {
        return setting_wrong_type(reader, node, "a string");
    }
    if (*text == '\0') {
        return setting_fail(reader, node, "must not be empty");
    }
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F) {
            return setting_fail(reader, node, "must be one line without control characters");
        }
    }
    *ret_text = text;
    return true;
}

bool setting_read_text(struct setting_reader *reader, const struct node *map, const char *key, bool optional,
                       const char **ret_text) {
    size_t mark = setting_enter_key(reader, key);
    const struct node *node = node_get(map, key);
    bool good = true;
    if (node) {
        good = read_line(reader, node, ret_text);
    } else if (optional) {
        *ret_text = NULL;
    } else {
        good = setting_fail(reader, map, "is required");
    }
    setting_leave(reader, mark);
    return good;
}

bool setting_read_texts(struct setting_reader *reader, const struct node *map, const char *key,
                        const char *const **ret_texts, size_t *ret_count) {
    const struct node *list = node_get(map, key);
    *ret_texts = NULL;
    *ret_count = 0;
    if (!list) {
        return true;
    }
    size_t mark = setting_enter_key(reader, key);
    if (!node_is(list, NODE_LIST)) {
        setting_wrong_type(reader, list, "a list of strings");
        setting_leave(reader, mark);
        return false;
    }
    const char **texts = arena_alloc(reader->arena, (list->length + 1) * sizeof(*texts));
    size_t count = 0;
    bool good = true;
    NODE_EACH(item, list) {
        size_t item_mark = setting_enter_index(reader, count);
        good = read_line(reader, item, &texts[count++]);
        setting_leave(reader, item_mark);
        if (!good) {
            break;
        }
    }
    setting_leave(reader, mark);
    *ret_texts = texts;
    *ret_count = count;
    return good;
}

bool setting_choice(struct setting_reader *reader, const struct node *value, const char *const *names,
                    size_t count, int *ret_index) {
    bool flag = true;
    const char *text = node_boolean(value, &flag) && !flag ? "off"
                       : value->unknown                    ? NULL
                                                           : node_string(value);
    for (size_t i = 0; text && i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_index = (int)i;
            return true;
        }
    }
    CLEANUP(buffer_clear) struct buffer wanted;
    buffer_init(&wanted, 200);
    buffer_append_text(&wanted, "one of ");
    append_names(&wanted, names, count);
    if (!text || !node_is(value, NODE_STRING)) {
        return setting_wrong_type(reader, value, buffer_text(&wanted));
    }
    const char *near = nearest_name(text, names, count);
    return setting_fail(reader, value, "must be %s, got \"%.*s\"%s%s%s", buffer_text(&wanted),
                        shown_length(text), text, near ? "; did you mean " : "", near ? near : "",
                        near ? "?" : "");
}

bool setting_read_choice(struct setting_reader *reader, const struct node *map, const char *key,
                         const char *const *names, size_t count, int *ret_index) {
    const struct node *value = node_get(map, key);
    if (!value) {
        return true;
    }
    size_t mark = setting_enter_key(reader, key);
    bool good = setting_choice(reader, value, names, count, ret_index);
    setting_leave(reader, mark);
    return good;
}
