#include "base/json_reader.h"
#include "manager/breaker.h"

#include <assert.h>
#include <json-c/json.h>
#include <string.h>

static const int64_t most_ms = (int64_t)1 << 53;

static void add_text(struct json_object *map, const char *key, const char *text) {
    json_object_object_add(map, key, json_object_new_string(text));
}

static void add_number(struct json_object *map, const char *key, int64_t number) {
    json_object_object_add(map, key, json_object_new_int64(number));
}

static struct json_object *identity_json(const struct breaker_identity *identity) {
    struct json_object *map = json_object_new_object();
    struct json_object *deletes = json_object_new_array();
    add_text(map, "name", identity->name);
    add_number(map, "windowSeconds", identity->window_s);
    if (identity->reference) {
        add_text(map, "reference", identity->reference);
        add_text(map, "refused", identity->refused);
        add_number(map, "trippedAt", identity->tripped_ms);
    }
    for (size_t i = 0; i < identity->delete_count; i++) {
        const struct breaker_delete *delete = &identity->deletes[i];
        struct json_object *item = json_object_new_object();
        add_text(item, "object", delete->object);
        add_text(item, "uid", delete->uid);
        add_number(item, "at", delete->at_ms);
        add_number(item, "clusters", delete->count);
        json_object_array_add(deletes, item);
    }
    json_object_object_add(map, "deletes", deletes);
    return map;
}

static struct json_object *approval_json(const struct breaker_approval *approval) {
    struct json_object *map = json_object_new_object();
    add_text(map, "reference", approval->reference);
    add_text(map, "identity", approval->identity);
    add_text(map, "owner", approval->owner);
    add_text(map, "reason", approval->reason);
    add_number(map, "at", approval->at_ms);
    return map;
}

void breaker_write(const struct breaker *breaker, struct buffer *ret_text) {
    struct json_object *root = json_object_new_object();
    struct json_object *identities = json_object_new_array();
    struct json_object *approvals = json_object_new_array();
    for (size_t i = 0; i < breaker->identity_count; i++) {
        json_object_array_add(identities, identity_json(&breaker->identities[i]));
    }
    for (size_t i = 0; i < breaker->approval_count; i++) {
        json_object_array_add(approvals, approval_json(&breaker->approvals[i]));
    }
    json_object_object_add(root, "identities", identities);
    json_object_object_add(root, "approvals", approvals);
    buffer_append_text(ret_text, json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
                                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}

static const char *read_text(struct breaker *breaker, const struct node *map, const char *key) {
    return arena_strdup(breaker->arena, node_string(node_get(map, key)));
}

// What no writer of ours writes could overflow where times are added.
static bool read_number(const struct node *node, int64_t most, int64_t *ret_number) {
    return node_integer(node, ret_number) && *ret_number >= 0 && *ret_number <= most;
}

static bool read_deletes(struct breaker *breaker, const struct node *list,
                         struct breaker_identity *identity) {
    if (!node_is(list, NODE_LIST) || list->length > BREAKER_MOST_DELETES) {
        return false;
    }
    identity->delete_capacity = list->length;
    identity->deletes = arena_alloc(breaker->arena, (list->length + 1) * sizeof(*identity->deletes));
    NODE_EACH(item, list) {
        struct breaker_delete delete = {.object = read_text(breaker, item, "object"),
                                        .uid = read_text(breaker, item, "uid")};
        if (!delete.object || !delete.uid || !read_number(node_get(item, "at"), most_ms, &delete.at_ms) ||
            !read_number(node_get(item, "clusters"), INT32_MAX, &delete.count)) {
            return false;
        }
        identity->deletes[identity->delete_count++] = delete;
    }
    return true;
}

static bool read_identities(struct breaker *breaker, const struct node *list) {
    if (!node_is(list, NODE_LIST) || list->length > BREAKER_MOST_IDENTITIES) {
        return false;
    }
    breaker->identity_capacity = list->length;
    breaker->identities = arena_alloc(breaker->arena, (list->length + 1) * sizeof(*breaker->identities));
    NODE_EACH(item, list) {
        struct breaker_identity identity = {.name = read_text(breaker, item, "name"),
                                            .reference = read_text(breaker, item, "reference"),
                                            .refused = read_text(breaker, item, "refused")};
        bool good =
            identity.name && read_number(node_get(item, "windowSeconds"), UINT32_MAX, &identity.window_s) &&
            (!identity.reference ||
             (identity.refused && read_number(node_get(item, "trippedAt"), most_ms, &identity.tripped_ms))) &&
            read_deletes(breaker, node_get(item, "deletes"), &identity);
        if (!good) {
            return false;
        }
        breaker->identities[breaker->identity_count++] = identity;
    }
    return true;
}

static bool read_approvals(struct breaker *breaker, const struct node *list) {
    if (!node_is(list, NODE_LIST) || list->length > BREAKER_MOST_APPROVALS) {
        return false;
    }
    breaker->approval_capacity = list->length;
    breaker->approvals = arena_alloc(breaker->arena, (list->length + 1) * sizeof(*breaker->approvals));
    NODE_EACH(item, list) {
        struct breaker_approval approval = {
            read_text(breaker, item, "reference"), read_text(breaker, item, "identity"),
            read_text(breaker, item, "owner"), read_text(breaker, item, "reason"), 0};
        if (!approval.reference || !approval.identity || !approval.owner || !approval.reason ||
            !read_number(node_get(item, "at"), most_ms, &approval.at_ms)) {
            return false;
        }
        breaker->approvals[breaker->approval_count++] = approval;
    }
    return true;
}

bool breaker_read(const char *text, struct breaker **ret_breaker, struct error *error) {
    CLEANUP(breaker_free) struct breaker *breaker = breaker_new();
    if (text) {
        CLEANUP(document_free) struct document *document = NULL;
        if (!json_read_copy(text, strlen(text), &document_default_limits, &document, error)) {
            return false;
        }
        const struct node *root = document_root(document);
        if (!read_identities(breaker, node_get(root, "identities"))) {
            return error_set(error, ERROR_INVALID, "identities can't be read");
        }
        if (!read_approvals(breaker, node_get(root, "approvals"))) {
            return error_set(error, ERROR_INVALID, "approvals can't be read");
        }
    }
    *ret_breaker = breaker_free_take(&breaker);
    return true;
}

struct breaker *breaker_copy(const struct breaker *breaker) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, SIZE_MAX / 2);
    breaker_write(breaker, &text);
    struct breaker *copy = NULL;
    struct error error;
    bool read = breaker_read(buffer_text(&text), &copy, &error);
    assert(read); // what is written can be read
    (void)read;
    return copy;
}
