#include "base/json_reader.h"
#include "manager/promise.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"amount", "field", "unique"};
enum { KIND_COUNT = sizeof(kind_names) / sizeof(kind_names[0]), ID_BYTES = 17 };

static void add_text(struct json_object *map, const char *key, const char *text) {
    json_object_object_add(map, key, json_object_new_string(text));
}

static void add_number(struct json_object *map, const char *key, int64_t number) {
    json_object_object_add(map, key, json_object_new_int64(number));
}

static struct json_object *key_json(const struct object_key *key) {
    const char *parts[] = {key->group, key->kind, key->namespace, key->name};
    struct json_object *list = json_object_new_array_ext(4);
    for (size_t i = 0; i < 4; i++) {
        json_object_array_add(list, json_object_new_string(parts[i]));
    }
    return list;
}

static struct json_object *outcome_json(const struct promise_outcome *outcome) {
    struct json_object *map = json_object_new_object();
    add_text(map, "uid", outcome->uid);
    add_number(map, "generation", outcome->generation);
    add_number(map, "replicas", outcome->replicas);
    if (outcome->removes) {
        json_object_object_add(map, "removes", json_object_new_boolean(true));
    }
    return map;
}

static struct json_object *delta_json(const struct promise_delta *delta) {
    struct json_object *map = json_object_new_object();
    add_text(map, "kind", kind_names[delta->kind]);
    add_text(map, "name", delta->name);
    add_text(map, "per", delta->per);
    add_text(map, "group", delta->group);
    if (delta->value) {
        add_text(map, "value", delta->value);
    }
    add_number(map, "delta", delta->delta);
    add_number(map, "before", delta->before);
    add_number(map, "after", delta->after);
    return map;
}

static struct json_object *promise_json(const struct promise *promise) {
    struct json_object *map = json_object_new_object();
    struct json_object *outcomes = json_object_new_array();
    struct json_object *deltas = json_object_new_array();
    struct json_object *parts = json_object_new_array();
    char id[ID_BYTES];
    snprintf(id, sizeof(id), "%016" PRIx64, promise->id);
    add_text(map, "id", id);
    add_text(map, "replica", promise->replica);
    add_number(map, "until", promise->until_ms);
    json_object_object_add(map, "object", key_json(&promise->object));
    json_object_object_add(map, "account", key_json(&promise->account));
    if (promise->by_amount) {
        json_object_object_add(map, "byAmount", json_object_new_boolean(true));
    }
    for (size_t i = 0; i < promise->outcome_count; i++) {
        json_object_array_add(outcomes, outcome_json(&promise->outcomes[i]));
    }
    for (size_t i = 0; i < promise->delta_count; i++) {
        json_object_array_add(deltas, delta_json(&promise->deltas[i]));
    }
    for (size_t i = 0; i < promise->part_count; i++) {
        json_object_array_add(parts, key_json(&promise->parts[i]));
    }
    json_object_object_add(map, "outcomes", outcomes);
    json_object_object_add(map, "deltas", deltas);
    json_object_object_add(map, "parts", parts);
    return map;
}

void promise_set_write(const struct promise_set *set, struct buffer *ret_text) {
    struct json_object *root = json_object_new_object();
    struct json_object *list = json_object_new_array();
    for (size_t i = 0; i < set->count; i++) {
        json_object_array_add(list, promise_json(set->items[i]));
    }
    json_object_object_add(root, "promises", list);
    buffer_append_text(ret_text, json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
                                                                          JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
}

static bool read_key(const struct node *list, struct object_key *ret_key) {
    ret_key->group = node_string(node_item(list, 0));
    ret_key->kind = node_string(node_item(list, 1));
    ret_key->namespace = node_string(node_item(list, 2));
    ret_key->name = node_string(node_item(list, 3));
    return ret_key->group && ret_key->kind && ret_key->namespace && ret_key->name;
}

static bool read_outcomes(const struct node *list, struct promise *promise) {
    NODE_EACH(item, list) {
        struct promise_outcome outcome = {.uid = node_string(node_get(item, "uid")), .replicas = -1};
        if (!outcome.uid || !node_integer(node_get(item, "generation"), &outcome.generation) ||
            !node_integer(node_get(item, "replicas"), &outcome.replicas) ||
            promise->outcome_count == PROMISE_MOST_OUTCOMES) {
            return false;
        }
        node_boolean(node_get(item, "removes"), &outcome.removes);
        promise->outcomes[promise->outcome_count++] = outcome;
    }
    return promise->outcome_count > 0;
}

static bool read_kind(const struct node *node, enum budget_kind *ret_kind) {
    const char *text = node_string(node);
    for (int i = 0; text && i < KIND_COUNT; i++) {
        if (strcmp(text, kind_names[i]) == 0) {
            *ret_kind = (enum budget_kind)i;
            return true;
        }
    }
    return false;
}

static bool read_deltas(const struct node *list, struct promise_delta *deltas, size_t *ret_count) {
    size_t count = 0;
    NODE_EACH(item, list) {
        struct promise_delta delta = {.name = node_string(node_get(item, "name")),
                                      .per = node_string(node_get(item, "per")),
                                      .group = node_string(node_get(item, "group")),
                                      .value = node_string(node_get(item, "value"))};
        if (!read_kind(node_get(item, "kind"), &delta.kind) || !delta.name || !delta.per || !delta.group ||
            (delta.kind == BUDGET_UNIQUE) != (delta.value != NULL) ||
            !node_integer(node_get(item, "delta"), &delta.delta) || delta.delta < 0 ||
            !node_integer(node_get(item, "before"), &delta.before) ||
            !node_integer(node_get(item, "after"), &delta.after) || count == PROMISE_MOST_DELTAS) {
            return false;
        }
        deltas[count++] = delta;
    }
    *ret_count = count;
    return true;
}

static bool read_id(const char *text, uint64_t *ret_id) {
    char *end = NULL;
    if (!text || strlen(text) != ID_BYTES - 1 || strspn(text, "0123456789abcdef") != ID_BYTES - 1) {
        return false;
    }
    *ret_id = strtoull(text, &end, 16);
    return true;
}

static struct promise *read_promise(const struct node *node) {
    struct promise_delta deltas[PROMISE_MOST_DELTAS];
    struct object_key parts[PROMISE_MOST_PARTS];
    struct promise promise = {
        .replica = node_string(node_get(node, "replica")), .deltas = deltas, .parts = parts};
    NODE_EACH(part, node_get(node, "parts")) {
        if (promise.part_count == PROMISE_MOST_PARTS || !read_key(part, &parts[promise.part_count++])) {
            return NULL;
        }
    }
    node_boolean(node_get(node, "byAmount"), &promise.by_amount);
    bool good = promise.replica && read_id(node_string(node_get(node, "id")), &promise.id) &&
                node_integer(node_get(node, "until"), &promise.until_ms) &&
                read_key(node_get(node, "object"), &promise.object) &&
                read_key(node_get(node, "account"), &promise.account) &&
                read_outcomes(node_get(node, "outcomes"), &promise) &&
                read_deltas(node_get(node, "deltas"), deltas, &promise.delta_count);
    return good ? promise_copy(&promise) : NULL;
}

bool promise_set_read(const char *text, struct promise_set *ret_set, struct error *error) {
    if (!text) {
        *ret_set = (struct promise_set){0};
        return true;
    }
    CLEANUP(document_free) struct document *document = NULL;
    if (!json_read_copy(text, strlen(text), &document_default_limits, &document, error)) {
        return false;
    }
    const struct node *list = node_get(document_root(document), "promises");
    if (!node_is(list, NODE_LIST)) {
        return error_set(error, ERROR_INVALID, "promises: want a list, got %s", node_type_name(list));
    }
    struct promise_set set = {0};
    size_t index = 0;
    NODE_EACH(item, list) {
        struct promise *promise = read_promise(item);
        if (!promise) {
            promise_set_clear(&set);
            return error_set(error, ERROR_INVALID, "promises[%zu] can't be read", index);
        }
        promise_set_add(&set, promise);
        index++;
    }
    *ret_set = set;
    return true;
}
