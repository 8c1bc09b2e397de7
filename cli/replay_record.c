#include "cli/replay_record.h"

#include "base/buffer.h"
#include "base/document_builder.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "cli/timestamp.h"
#include "webhook/decision_record.h"

#include <stdio.h>
#include <string.h>

// Room for the pointer of any place that a record lists.
enum { LONGEST_PATH = 1024 * 1024, SECONDS_LENGTH = 19 };

void replay_record_clear(struct replay_record *record) {
    document_free(record->input);
    document_free(record->line);
    arena_free(record->arena);
    *record = (struct replay_record){0};
}

// --- what was masked becomes unknown ---

struct copy {
    struct document_builder *builder;
    struct buffer path;
    const char **places; // sorted
    size_t place_count;
    struct error *error;
};

static int compare_texts(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_listed(const struct copy *copy) {
    const char *path = buffer_text(&copy->path);
    return copy->place_count > 0 &&
           bsearch(&path, copy->places, copy->place_count, sizeof(*copy->places), compare_texts);
}

static void append_part(struct buffer *path, const struct node *child, size_t index) {
    buffer_append_char(path, '/');
    if (!child->key) {
        json_integer_append(path, (int64_t)index);
        return;
    }
    for (size_t i = 0; i < child->key_length; i++) {
        child->key[i] == '~'   ? buffer_append_text(path, "~0")
        : child->key[i] == '/' ? buffer_append_text(path, "~1")
                               : buffer_append_char(path, child->key[i]);
    }
}

static bool copy_node(struct copy *copy, const struct node *node, bool masked) {
    struct document_builder *builder = copy->builder;
    masked = masked || is_listed(copy);
    if (node->key && document_builder_inside(builder) == NODE_MAP) {
        document_builder_key(builder, node->key, node->key_length);
    }
    if (node->type != NODE_LIST && node->type != NODE_MAP) {
        struct node value = *node;
        value.unknown = masked && node->type == NODE_STRING && strcmp(node->value.string, "***") == 0;
        return document_builder_add(builder, &value, copy->error);
    }
    if (!document_builder_open(builder, (enum node_type)node->type, copy->error)) {
        return false;
    }
    size_t index = 0;
    NODE_EACH(child, node) {
        size_t mark = copy->path.length;
        append_part(&copy->path, child, index++);
        if (!copy_node(copy, child, masked)) {
            return false;
        }
        buffer_truncate(&copy->path, mark);
    }
    return document_builder_close(builder, NULL, copy->error);
}

// Texts stay those of the line's document, which lives as long.
static bool copy_input(const struct node *input, const struct node *masked, struct document **ret_document,
                       struct error *error) {
    CLEANUP(document_builder_free)
    struct document_builder *builder = document_builder_new(&document_default_limits, false);
    struct copy copy = {.builder = builder, .error = error};
    buffer_init(&copy.path, LONGEST_PATH);
    copy.places =
        memory_calloc((node_is(masked, NODE_LIST) ? masked->length : 0) + (size_t)1, sizeof(char *));
    NODE_EACH(place, masked) {
        const char *text = node_string(place);
        copy.places[copy.place_count] = text;
        copy.place_count += text != NULL;
    }
    qsort(copy.places, copy.place_count, sizeof(*copy.places), compare_texts);
    bool good = copy_node(&copy, input, false);
    free(copy.places);
    buffer_clear(&copy.path);
    if (good) {
        *ret_document = document_builder_finish(document_builder_free_take(&builder));
    }
    return good;
}

// --- the fields ---

static bool read_text(const struct node *root, const char *key, const char **ret_text, struct error *error) {
    const char *text = node_string(node_get(root, key));
    if (!text) {
        return error_set(error, ERROR_INVALID, "%s: want a string, got %s", key,
                         node_type_name(node_get(root, key)));
    }
    *ret_text = text;
    return true;
}

static bool read_flag(const struct node *root, const char *key, bool *ret_flag, struct error *error) {
    return node_boolean(node_get(root, key), ret_flag) ||
           error_set(error, ERROR_INVALID, "%s: want true or false, got %s", key,
                     node_type_name(node_get(root, key)));
}

static bool read_operation(const struct node *root, enum operation *ret_operation, struct error *error) {
    const char *text = NULL;
    if (!read_text(root, "operation", &text, error)) {
        return false;
    }
    for (int operation = OPERATION_CREATE; operation <= OPERATION_DELETE; operation++) {
        if (strcmp(text, operation_name((enum operation)operation)) == 0) {
            *ret_operation = (enum operation)operation;
            return true;
        }
    }
    return error_set(error, ERROR_INVALID, "operation: unknown %.50s", text);
}

static bool read_groups(const struct node *root, struct replay_record *record, struct error *error) {
    const struct node *groups = node_get(root, "groups");
    size_t most = node_is(groups, NODE_LIST) ? groups->length : 0;
    const char **texts = arena_alloc(record->arena, (most + 1) * sizeof(*texts));
    NODE_EACH(group, groups) {
        const char *text = node_string(group);
        if (!text) {
            return error_set(error, ERROR_INVALID, "groups: want strings");
        }
        texts[record->review.group_count++] = text;
    }
    record->review.groups = texts;
    return true;
}

// Exceptions hold as they did then.
static bool read_time(const struct node *root, struct replay_record *record, struct error *error) {
    if (!read_text(root, "timestamp", &record->timestamp, error)) {
        return false;
    }
    char seconds[SECONDS_LENGTH + 2];
    snprintf(seconds, sizeof(seconds), "%.*sZ", SECONDS_LENGTH, record->timestamp);
    return timestamp_parse(seconds, &record->review.now, error);
}

static bool read_question(const struct node *root, struct replay_record *record, struct error *error) {
    struct review *review = &record->review;
    struct object_change *change = &review->change;
    const char *webhook = NULL;
    review->door = DOOR_ADMISSION;
    if (!read_text(root, "uid", &review->uid, error) || !read_text(root, "webhook", &webhook, error) ||
        !read_text(root, "decision_id", &record->decision_id, error) || !read_time(root, record, error) ||
        !read_operation(root, &change->operation, error) ||
        !read_text(root, "group", &change->key.group, error) ||
        !read_text(root, "version", &change->version, error) ||
        !read_text(root, "kind", &change->key.kind, error) ||
        !read_text(root, "resource", &change->resource, error) ||
        !read_text(root, "subresource", &change->subresource, error) ||
        !read_text(root, "namespace", &change->key.namespace, error) ||
        !read_text(root, "name", &change->key.name, error) ||
        !read_text(root, "user", &review->user, error) || !read_groups(root, record, error) ||
        !read_flag(root, "dry_run", &review->dry_run, error) ||
        !read_flag(root, "allowed", &record->allowed, error)) {
        return false;
    }
    record->mutates = strcmp(webhook, "mutate") == 0;
    return record->mutates || strcmp(webhook, "validate") == 0 ||
           error_set(error, ERROR_INVALID, "webhook: unknown %.50s", webhook);
}

// The engine relies on it: an object where there is an after, an old one where there is a before.
static bool read_input(const struct node *root, struct replay_record *record, struct error *error) {
    const struct node *input = node_get(root, "input");
    const char *why = node_string(node_get(root, "input_dropped"));
    if (!input) {
        record->dropped = why ? why : "the record has none";
        return true;
    }
    if (!copy_input(input, node_get(root, "masked"), &record->input, error)) {
        return false;
    }
    struct object_change *change = &record->review.change;
    const struct node *copied = document_root(record->input);
    bool creates = change->operation == OPERATION_CREATE;
    bool deletes = change->operation == OPERATION_DELETE;
    change->object = deletes ? NULL : node_get(copied, "object");
    change->old_object = creates ? NULL : node_get(copied, "oldObject");
    record->review.options = node_get(copied, "options");
    if ((!deletes && !node_is(change->object, NODE_MAP)) ||
        (!creates && !node_is(change->old_object, NODE_MAP))) {
        return error_set(error, ERROR_INVALID, "input: want object%s, as %s has them",
                         creates ? "" : " and oldObject", operation_name(change->operation));
    }
    return true;
}

bool replay_record_read(const char *text, size_t length, struct replay_record *ret_record,
                        struct error *error) {
    CLEANUP(replay_record_clear) struct replay_record record = {0};
    if (!json_read_copy(text, length, &document_default_limits, &record.line, error)) {
        return error_wrap(error, "not JSON");
    }
    const struct node *root = document_root(record.line);
    const char *schema = node_string(node_get(root, "schema"));
    if (!schema || strcmp(schema, DECISION_RECORD_SCHEMA) != 0) {
        return error_set(error, ERROR_INVALID, "no decision record: schema is not " DECISION_RECORD_SCHEMA);
    }
    record.arena = arena_new();
    if (!read_question(root, &record, error) || !read_input(root, &record, error)) {
        return error_wrap(error, "no good decision record");
    }
    *ret_record = record;
    record = (struct replay_record){0};
    return true;
}
