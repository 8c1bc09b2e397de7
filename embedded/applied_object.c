#include "embedded/applied_object.h"

#include "base/json_canonical.h"
#include "base/json_reader.h"

#include <string.h>

// More than an API server takes.
enum { MOST_BYTES = 4 * 1024 * 1024 };

enum place { AT_ROOT, AT_METADATA, INSIDE };

// One value under its three views; each may be NULL.
struct views {
    const struct node *file, *applied, *stored;
};

static bool is_one_of(const char *key, const char *const *names) {
    for (; *names; names++) {
        if (strcmp(key, *names) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_servers(enum place place, const char *key) {
    static const char *const of_root[] = {"status", NULL};
    static const char *const of_metadata[] = {"uid",
                                              "resourceVersion",
                                              "generation",
                                              "creationTimestamp",
                                              "deletionTimestamp",
                                              "managedFields",
                                              "deletionGracePeriodSeconds",
                                              "selfLink",
                                              NULL};
    return place == AT_ROOT ? is_one_of(key, of_root) : place == AT_METADATA && is_one_of(key, of_metadata);
}

static bool is_set(enum place place, const char *key) {
    static const char *const sets[] = {"finalizers", "ownerReferences", NULL};
    return place == AT_METADATA && is_one_of(key, sets);
}

static void append_value(struct buffer *out, const struct views *views, enum place place);

// What did not fit stays known.
static void take_back(struct buffer *out, size_t length) {
    if (!out->cut) {
        buffer_truncate(out, length);
    }
}

static bool has_item(const struct node *list, const struct node *item) {
    NODE_EACH(other, list) {
        if (node_equal(item, other)) {
            return true;
        }
    }
    return false;
}

static void append_item(struct buffer *out, const struct node *item, bool *first) {
    buffer_append_text(out, *first ? "" : ",");
    *first = false;
    json_canonical_append(out, item);
}

// The file's items, and those that others have added.
static void append_set(struct buffer *out, const struct views *views) {
    bool first = true;
    buffer_append_char(out, '[');
    NODE_EACH(item, views->stored) {
        if (has_item(views->file, item) || !has_item(views->applied, item)) {
            append_item(out, item, &first);
        }
    }
    NODE_EACH(item, views->file) {
        if (!has_item(views->stored, item)) {
            append_item(out, item, &first);
        }
    }
    buffer_append_char(out, ']');
}

// False: nothing was appended, because the field goes.
static bool append_member(struct buffer *out, const struct node *member, const struct views *views,
                          enum place place) {
    bool set = is_set(place, member->key);
    bool removed = node_is(views->file, NODE_NULL) || (!views->file && views->applied);
    bool maps = node_is(views->stored, NODE_MAP) && node_is(views->applied, NODE_MAP) && !views->file;
    if (removed && !set && !maps) {
        return false;
    }
    size_t before = out->length;
    json_string_append(out, member->key, member->key_length);
    buffer_append_char(out, ':');
    size_t value = out->length;
    if (set) {
        append_set(out, views);
    } else {
        append_value(out, views,
                     place == AT_ROOT && strcmp(member->key, "metadata") == 0 ? AT_METADATA : INSIDE);
    }
    // What only the file had put into a map takes the map along.
    bool is_empty = removed && out->length == value + 2;
    if (is_empty) {
        take_back(out, before);
    }
    return !is_empty;
}

static void append_map(struct buffer *out, const struct views *views, enum place place) {
    size_t start = out->length;
    buffer_append_char(out, '{');
    const struct node *maps[] = {views->stored, views->file};
    for (size_t i = 0; i < 2; i++) {
        NODE_EACH(member, maps[i]) {
            const char *key = member->key;
            bool servers = is_servers(place, key);
            if (i == 1 && (node_get(views->stored, key) || servers)) {
                continue;
            }
            const struct views inner = {servers ? NULL : node_get(views->file, key),
                                        servers ? NULL : node_get(views->applied, key),
                                        node_get(views->stored, key)};
            size_t before = out->length;
            buffer_append_text(out, out->length > start + 1 ? "," : "");
            if (!append_member(out, member, &inner, place)) {
                take_back(out, before);
            }
        }
    }
    buffer_append_char(out, '}');
}

static void append_value(struct buffer *out, const struct views *views, enum place place) {
    bool stays = !views->file && !views->applied;
    if (stays || !(views->file || views->stored)) {
        json_canonical_append(out, views->stored);
    } else if (node_is(views->file, NODE_MAP) || (!views->file && node_is(views->stored, NODE_MAP))) {
        bool was_map = node_is(views->stored, NODE_MAP);
        const struct views inner = {views->file, views->applied, was_map ? views->stored : NULL};
        append_map(out, &inner, place);
    } else {
        json_canonical_append(out, views->file);
    }
}

bool applied_object_merge(const struct applied_object *question, struct document **ret_document,
                          struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, MOST_BYTES);
    const struct views views = {question->file, question->applied, question->stored};
    append_value(&text, &views, AT_ROOT);
    if (text.cut) {
        return error_set(error, ERROR_LIMIT, "larger than %d bytes", MOST_BYTES);
    }
    return json_read_copy(buffer_text(&text), text.length, &document_default_limits, ret_document, error);
}
