#include "reconciler/status_draft.h"

#include <assert.h>
#include <string.h>

void status_draft_init(struct status_draft *draft, const struct status_question *question) {
    *draft = (struct status_draft){
        .question = question,
        .shape = status_shape_of(question->object),
        .facts = status_facts_of(question),
        .status = node_get(question->object, "status"),
        .arena = arena_new(),
        .fields = json_object_new_object(),
        .maybe = json_object_new_object(),
    };
}

void status_draft_clear(struct status_draft *draft) {
    json_object_put(draft->fields);
    json_object_put(draft->maybe);
    arena_free(draft->arena);
    *draft = (struct status_draft){0};
}

void status_draft_integer(struct status_draft *draft, const char *path, int64_t value) {
    json_set(draft->fields, path, json_object_new_int64(value));
}

void status_draft_boolean(struct status_draft *draft, const char *path, bool value) {
    json_set(draft->fields, path, json_object_new_boolean(value));
}

void status_draft_text(struct status_draft *draft, const char *path, const char *value) {
    json_set(draft->fields, path, json_text(value));
}

void status_draft_maybe(struct status_draft *draft, const char *path, struct json_object *value) {
    json_set(node_at(draft->status, path) ? draft->fields : draft->maybe, path, value);
}

void status_draft_latch(struct status_draft *draft, const char *path, bool value) {
    bool was = false;
    status_draft_boolean(draft, path, value || (node_boolean(node_at(draft->status, path), &was) && was));
}

void status_draft_condition(struct status_draft *draft, const struct condition *condition) {
    assert(draft->condition_count < DRAFT_MOST_CONDITIONS);
    draft->conditions[draft->condition_count++] = *condition;
}

static void put_conditions(struct status_draft *draft, const char *path, enum condition_form form) {
    bool any = false;
    for (size_t i = 0; i < draft->condition_count; i++) {
        any = any || (draft->conditions[i].forms & form);
    }
    if (!path || !any) {
        return;
    }
    struct condition_times times = {.generation = -1, .now_s = draft->question->now_s};
    const struct node *generation = node_at(draft->question->object, "metadata.generation");
    if (!node_integer(generation, &times.generation)) {
        times.generation = -1;
    }
    struct json_object *list =
        conditions_set(node_at(draft->status, path), draft->conditions, draft->condition_count, form, &times);
    // Before Cluster API 1.9 there was no status.v1beta2.
    bool may_be_dropped = strncmp(path, "v1beta2.", 8) == 0;
    if (may_be_dropped) {
        status_draft_maybe(draft, path, list);
    } else {
        json_set(draft->fields, path, list);
    }
}

static void merge(struct json_object *into, struct json_object *from) {
    struct json_object_iterator end = json_object_iter_end(from);
    for (struct json_object_iterator at = json_object_iter_begin(from); !json_object_iter_equal(&at, &end);
         json_object_iter_next(&at)) {
        const char *key = json_object_iter_peek_name(&at);
        struct json_object *value = json_object_iter_peek_value(&at);
        struct json_object *present = NULL;
        if (json_object_object_get_ex(into, key, &present) &&
            json_object_is_type(present, json_type_object)) {
            merge(present, value);
        } else {
            json_object_object_add(into, key, json_object_get(value));
        }
    }
}

static void copy_text(struct json_object *metadata, const struct node *object, const char *key) {
    const char *text = node_string(node_get(node_get(object, "metadata"), key));
    if (text) {
        json_object_object_add(metadata, key, json_text(text));
    }
}

void patch_preconditions(const struct node *object, bool with_version, struct json_object *metadata) {
    copy_text(metadata, object, "uid");
    if (with_version) {
        copy_text(metadata, object, "resourceVersion");
    }
}

bool status_draft_finish(struct status_draft *draft, struct buffer *ret_patch) {
    put_conditions(draft, draft->shape.new_conditions, CONDITION_METAV1);
    put_conditions(draft, draft->shape.old_conditions, CONDITION_V1BETA1);
    struct json_object *changes = json_changes(draft->fields, draft->status);
    if (!changes) {
        return false;
    }
    merge(changes, draft->maybe);
    CLEANUP(json_object_put) struct json_object *patch = json_object_new_object();
    struct json_object *metadata = json_object_new_object();
    patch_preconditions(draft->question->object, true, metadata);
    json_object_object_add(patch, "metadata", metadata);
    json_object_object_add(patch, "status", changes);
    buffer_append_text(ret_patch, json_object_to_json_string_ext(patch, JSON_C_TO_STRING_PLAIN |
                                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
    return true;
}
