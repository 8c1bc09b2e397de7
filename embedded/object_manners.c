#include "embedded/object_manners.h"

#include "base/json_canonical.h"
#include "embedded/object_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MEMBERS = 64, MOST_ANNOTATION_BYTES = 256 * 1024 };

// What a writer sets in metadata, beside the name.
static const char *const writers_own[] = {"annotations", "finalizers", "labels", "ownerReferences"};
enum { WRITERS_OWN = sizeof(writers_own) / sizeof(writers_own[0]) };

static const struct node *metadata_of(const struct node *object) {
    return node_get(object, "metadata");
}

// NULL for what says nothing: null, {} and [].
static const struct node *filled(const struct node *node) {
    bool empty = node_is(node, NODE_NULL) || (node && node->type >= NODE_LIST && node->length == 0);
    return empty ? NULL : node;
}

static bool is_being_deleted(const struct node *stored) {
    return node_string(node_get(metadata_of(stored), "deletionTimestamp")) != NULL;
}

bool object_has_status(const struct object_key *key) {
    static const char family[] = "cluster.x-k8s.io";
    size_t length = strlen(key->group);
    size_t suffix = sizeof(family) - 1;
    return length >= suffix && strcmp(key->group + length - suffix, family) == 0 &&
           (length == suffix || key->group[length - suffix - 1] == '.');
}

bool object_has_finalizers(const struct node *object) {
    return filled(node_get(metadata_of(object), "finalizers")) != NULL;
}

static void read_text(const struct node *metadata, const char *name, char *ret_text, size_t size) {
    const char *text = node_string(node_get(metadata, name));
    (void)snprintf(ret_text, size, "%s", text ? text : "");
}

void object_stamp_read(const struct node *stored, struct object_stamp *ret_stamp) {
    const struct node *metadata = metadata_of(stored);
    char version[24];
    *ret_stamp = (struct object_stamp){0};
    read_text(metadata, "uid", ret_stamp->uid, sizeof(ret_stamp->uid));
    read_text(metadata, "creationTimestamp", ret_stamp->created, sizeof(ret_stamp->created));
    read_text(metadata, "deletionTimestamp", ret_stamp->deleted, sizeof(ret_stamp->deleted));
    read_text(metadata, "resourceVersion", version, sizeof(version));
    ret_stamp->version = strtoll(version, NULL, 10);
    (void)node_integer(node_get(metadata, "generation"), &ret_stamp->generation);
}

// --- what is wrong with it ---

static bool check_identity(const struct object_write *write, struct error *error) {
    const struct node *metadata = metadata_of(write->object);
    const struct {
        const char *path, *expected;
        const struct node *actual;
    } texts[] = {
        {"kind", write->key->kind, node_get(write->object, "kind")},
        {"metadata.name", write->key->name, node_get(metadata, "name")},
        {"metadata.namespace", write->key->namespace, node_get(metadata, "namespace")},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *actual = node_string(texts[i].actual);
        if (filled(texts[i].actual) && (!actual || strcmp(actual, texts[i].expected) != 0)) {
            return error_set(error, ERROR_INVALID, "%s: must be \"%s\", as in the request, not %s%s%s",
                             texts[i].path, texts[i].expected, actual ? "\"" : "",
                             actual ? actual : node_type_name(texts[i].actual), actual ? "\"" : "");
        }
    }
    const char *version = node_string(node_get(write->object, "apiVersion"));
    if (!version || !version[0]) {
        return error_set(error, ERROR_INVALID, "apiVersion: must be set");
    }
    const char *slash = strchr(version, '/');
    size_t length = slash ? (size_t)(slash - version) : 0;
    if (strlen(write->key->group) != length || strncmp(version, write->key->group, length) != 0) {
        return error_set(error, ERROR_INVALID, "apiVersion: \"%s\" is not of the group \"%s\"", version,
                         write->key->group);
    }
    return true;
}

static bool check_texts(const struct node *map, const char *path, struct error *error) {
    if (!filled(map)) {
        return true;
    }
    if (map->type != NODE_MAP) {
        return error_set(error, ERROR_INVALID, "%s: must be a map, not %s", path, node_type_name(map));
    }
    NODE_EACH(member, map) {
        if (member->type != NODE_STRING) {
            return error_set(error, ERROR_INVALID, "%s[\"%s\"]: must be a string, not %s", path, member->key,
                             node_type_name(member));
        }
    }
    return true;
}

static bool check_annotation_size(const struct node *annotations, struct error *error) {
    size_t total = 0;
    NODE_EACH(member, annotations) {
        total += member->key_length + (size_t)member->length;
    }
    return total <= MOST_ANNOTATION_BYTES ||
           error_set(error, ERROR_LIMIT, "metadata.annotations: %zu bytes; %d are allowed", total,
                     MOST_ANNOTATION_BYTES);
}

static bool check_list(const struct node *list, const char *path, struct error *error) {
    return !filled(list) || list->type == NODE_LIST ||
           error_set(error, ERROR_INVALID, "%s: must be a list, not %s", path, node_type_name(list));
}

static bool check_owners(const struct node *owners, struct error *error) {
    static const char *const needed[] = {"apiVersion", "kind", "name", "uid"};
    size_t index = 0;
    NODE_EACH(owner, owners) {
        for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
            const char *text = node_string(node_get(owner, needed[i]));
            if (!text || !text[0]) {
                return error_set(error, ERROR_INVALID, "metadata.ownerReferences[%zu].%s: must be set", index,
                                 needed[i]);
            }
        }
        index++;
    }
    return true;
}

static bool holds_text(const struct node *list, const char *text) {
    NODE_EACH(item, list) {
        const char *other = node_string(item);
        if (other && strcmp(other, text) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_finalizers(const struct object_write *write, struct error *error) {
    const struct node *finalizers = node_get(metadata_of(write->object), "finalizers");
    const struct node *before = node_get(metadata_of(write->stored), "finalizers");
    size_t index = 0;
    NODE_EACH(finalizer, finalizers) {
        const char *text = node_string(finalizer);
        if (!text || !text[0]) {
            return error_set(error, ERROR_INVALID,
                             "metadata.finalizers[%zu]: must be a string that is not empty", index);
        }
        if (is_being_deleted(write->stored) && !holds_text(before, text)) {
            return error_set(error, ERROR_INVALID,
                             "metadata.finalizers[%zu]: \"%s\" can't be added to what is being deleted",
                             index, text);
        }
        index++;
    }
    return true;
}

static bool check_metadata(const struct object_write *write, struct error *error) {
    const struct node *metadata = metadata_of(write->object);
    const struct node *annotations = node_get(metadata, "annotations");
    const struct node *owners = node_get(metadata, "ownerReferences");
    return check_texts(node_get(metadata, "labels"), "metadata.labels", error) &&
           check_texts(annotations, "metadata.annotations", error) &&
           check_annotation_size(annotations, error) &&
           check_list(node_get(metadata, "finalizers"), "metadata.finalizers", error) &&
           check_finalizers(write, error) && check_list(owners, "metadata.ownerReferences", error) &&
           check_owners(owners, error);
}

// --- is it the one that the writer knows? ---

static bool check_same(const struct object_write *write, const char *name, struct error *error) {
    const struct node *wanted = filled(node_get(metadata_of(write->object), name));
    const char *actual = node_string(node_get(metadata_of(write->stored), name));
    const char *text = node_string(wanted);
    if (!wanted || (text && !text[0])) {
        return true;
    }
    if (!text) {
        return error_set(error, ERROR_INVALID, "metadata.%s: must be a string, not %s", name,
                         node_type_name(wanted));
    }
    return (actual && strcmp(text, actual) == 0) ||
           error_set(error, ERROR_CONFLICT,
                     "metadata.%s: the stored object has %s, not %s: it was changed since", name,
                     actual ? actual : "none", text);
}

static bool check_preconditions(const struct object_write *write, struct error *error) {
    if (write->stored) {
        return check_same(write, "uid", error) && check_same(write, "resourceVersion", error);
    }
    const char *version = node_string(node_get(metadata_of(write->object), "resourceVersion"));
    return !version || !version[0] ||
           error_set(error, ERROR_INVALID, "metadata.resourceVersion: may not be set on what is created");
}

bool object_write_check(const struct object_write *write, struct error *error) {
    const struct node *metadata = metadata_of(write->object);
    if (!node_is(write->object, NODE_MAP)) {
        return error_set(error, ERROR_INVALID, "an object must be a map, not %s",
                         node_type_name(write->object));
    }
    if (write->object->length > MOST_MEMBERS) {
        return error_set(error, ERROR_LIMIT, "an object with more than %d members", MOST_MEMBERS);
    }
    if (metadata && metadata->type != NODE_MAP) {
        return error_set(error, ERROR_INVALID, "metadata: must be a map, not %s", node_type_name(metadata));
    }
    if (!check_preconditions(write, error)) {
        return false;
    }
    if (!write->status_only) {
        return check_identity(write, error) && check_metadata(write, error);
    }
    if (!object_has_status(write->key)) {
        return error_set(error, ERROR_INVALID, "a %s has no status subresource", write->key->kind);
    }
    const struct node *status = node_get(write->object, "status");
    return !filled(status) || status->type == NODE_MAP ||
           error_set(error, ERROR_INVALID, "status: must be a map, not %s", node_type_name(status));
}

// --- what changes ---

// kind is the key's, whether the writer says it or not.
static bool is_apart(const struct object_write *write, const struct node *member) {
    return strcmp(member->key, "metadata") == 0 || strcmp(member->key, "kind") == 0 ||
           (strcmp(member->key, "status") == 0 && object_has_status(write->key));
}

static size_t count_members(const struct object_write *write, const struct node *object) {
    size_t count = 0;
    NODE_EACH(member, object) {
        count += !is_apart(write, member);
    }
    return count;
}

// As they are stored: a number may be 1.0 for the writer, and then is 1.
static bool is_same_value(const struct node *after, const struct node *before) {
    if (!after || !before || node_equal(after, before)) {
        return !after == !before;
    }
    CLEANUP(buffer_clear) struct buffer after_text;
    CLEANUP(buffer_clear) struct buffer before_text;
    buffer_init(&after_text, OBJECT_LARGEST_BYTES);
    buffer_init(&before_text, OBJECT_LARGEST_BYTES);
    json_canonical_append(&after_text, after);
    json_canonical_append(&before_text, before);
    return !after_text.cut && strcmp(buffer_text(&after_text), buffer_text(&before_text)) == 0;
}

static bool is_changed(const struct object_write *write) {
    NODE_EACH(member, write->object) {
        if (!is_apart(write, member) && !is_same_value(member, node_get(write->stored, member->key))) {
            return true;
        }
    }
    return count_members(write, write->object) != count_members(write, write->stored);
}

enum object_difference object_write_difference(const struct object_write *write) {
    if (write->status_only) {
        const struct node *status = filled(node_get(write->object, "status"));
        const struct node *before = filled(node_get(write->stored, "status"));
        return is_same_value(status, before) ? OBJECT_SAME : OBJECT_NOTED;
    }
    if (is_changed(write)) {
        return OBJECT_CHANGED;
    }
    for (size_t i = 0; i < WRITERS_OWN; i++) {
        const struct node *after = node_get(metadata_of(write->object), writers_own[i]);
        const struct node *before = node_get(metadata_of(write->stored), writers_own[i]);
        if (!is_same_value(filled(after), filled(before))) {
            return OBJECT_NOTED;
        }
    }
    return OBJECT_SAME;
}

// --- its text ---

static void begin_member(struct buffer *text, const char *name, size_t length) {
    buffer_append_text(text, text->data[text->length - 1] == '{' ? "" : ",");
    json_string_append(text, name, length);
    buffer_append_char(text, ':');
}

static void append_node(struct buffer *text, const char *name, const struct node *value) {
    if (value) {
        begin_member(text, name, strlen(name));
        json_canonical_append(text, value);
    }
}

static void append_text(struct buffer *text, const char *name, const char *value) {
    if (value[0] != '\0') {
        begin_member(text, name, strlen(name));
        json_string_append(text, value, strlen(value));
    }
}

static void append_integer(struct buffer *text, const char *name, int64_t value) {
    begin_member(text, name, strlen(name));
    json_integer_append(text, value);
}

static void append_metadata(struct buffer *text, const struct object_write *write,
                            const struct object_stamp *stamp) {
    char version[24];
    (void)snprintf(version, sizeof(version), "%" PRId64, stamp->version);
    const struct node *object = write->status_only ? write->stored : write->object;
    begin_member(text, "metadata", strlen("metadata"));
    buffer_append_char(text, '{');
    append_text(text, "name", write->key->name);
    append_text(text, "namespace", write->key->namespace);
    append_text(text, "uid", stamp->uid);
    append_text(text, "resourceVersion", version);
    append_integer(text, "generation", stamp->generation);
    append_text(text, "creationTimestamp", stamp->created);
    if (stamp->deleted[0] != '\0') {
        append_text(text, "deletionTimestamp", stamp->deleted);
        append_integer(text, "deletionGracePeriodSeconds", 0);
    }
    for (size_t i = 0; i < WRITERS_OWN; i++) {
        append_node(text, writers_own[i], filled(node_get(metadata_of(object), writers_own[i])));
    }
    buffer_append_char(text, '}');
}

bool object_write_text(const struct object_write *write, const struct object_stamp *stamp,
                       struct buffer *text, struct error *error) {
    const struct node *object = write->status_only ? write->stored : write->object;
    const struct node *status = node_get(write->status_only ? write->object : write->stored, "status");
    buffer_append_char(text, '{');
    append_node(text, "apiVersion", node_get(object, "apiVersion"));
    append_text(text, "kind", write->key->kind);
    append_metadata(text, write, stamp);
    NODE_EACH(member, object) {
        if (strcmp(member->key, "apiVersion") != 0 && !is_apart(write, member)) {
            append_node(text, member->key, member);
        }
    }
    if (object_has_status(write->key) && !node_is(status, NODE_NULL)) {
        append_node(text, "status", status);
    }
    buffer_append_char(text, '}');
    return !text->cut ||
           error_set(error, ERROR_LIMIT, "%s %s/%s is larger than %.1f MB", write->key->kind,
                     write->key->namespace, write->key->name, (double)OBJECT_LARGEST_BYTES / (1024 * 1024));
}
