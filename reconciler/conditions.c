#include "reconciler/conditions.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>
#include <time.h>

enum { MOST_MESSAGE_BYTES = 4096 }; // of 10240 that the older form takes

const char *condition_status_name(enum condition_status status) {
    static const char *const names[] = {"False", "True", "Unknown"};
    return names[status];
}

static bool is_of_type(const struct node *item, const char *type) {
    const char *text = node_string(node_get(item, "type"));
    return text && strcmp(text, type) == 0;
}

const struct node *condition_find(const struct node *list, const char *type) {
    if (!node_is(list, NODE_LIST)) {
        return NULL;
    }
    NODE_EACH(item, list) {
        if (is_of_type(item, type)) {
            return item;
        }
    }
    return NULL;
}

static struct json_object *time_text(int64_t seconds) {
    char text[32];
    struct tm parts;
    time_t when = (time_t)seconds;
    if (!gmtime_r(&when, &parts) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
        return json_object_new_string("1970-01-01T00:00:00Z");
    }
    return json_object_new_string(text);
}

static struct json_object *transition_time(const struct node *had, const char *status, int64_t now_s) {
    const char *old_status = node_string(node_get(had, "status"));
    const char *old_time = node_string(node_get(had, "lastTransitionTime"));
    bool stays = old_status && old_time && strcmp(old_status, status) == 0;
    return stays ? json_object_new_string(old_time) : time_text(now_s);
}

static struct json_object *message_text(const char *message) {
    size_t length = strlen(message);
    CLEANUP(free) char *text = memory_copy_text(message, utf8_cut(message, length, MOST_MESSAGE_BYTES));
    return json_text(text);
}

static struct json_object *written(const struct condition *condition, const struct node *had,
                                   enum condition_form form, const struct condition_times *times) {
    const char *status = condition_status_name(condition->status);
    bool is_new = form == CONDITION_METAV1;
    bool says_why = is_new || condition->status != CONDITION_TRUE;
    struct json_object *json = json_object_new_object();
    json_object_object_add(json, "type", json_object_new_string(condition->type));
    json_object_object_add(json, "status", json_object_new_string(status));
    json_object_object_add(json, "lastTransitionTime", transition_time(had, status, times->now_s));
    if (says_why) {
        json_object_object_add(json, "reason", json_object_new_string(condition->reason));
    }
    if (!is_new && condition->status == CONDITION_FALSE) {
        const char *severity = condition->severity ? condition->severity : "Info";
        json_object_object_add(json, "severity", json_object_new_string(severity));
    }
    const char *message = condition->message ? condition->message : "";
    // The older form has a message of at least one byte or none; the newer one always has one.
    if (is_new || (says_why && message[0] != '\0')) {
        json_object_object_add(json, "message", message_text(message));
    }
    if (is_new && times->generation >= 0) {
        json_object_object_add(json, "observedGeneration", json_object_new_int64(times->generation));
    }
    return json;
}

static const struct condition *ours(const struct node *item, const struct condition *conditions, size_t count,
                                    enum condition_form form) {
    for (size_t i = 0; i < count; i++) {
        if ((conditions[i].forms & form) && !conditions[i].stays && is_of_type(item, conditions[i].type)) {
            return &conditions[i];
        }
    }
    return NULL;
}

struct json_object *conditions_set(const struct node *have, const struct condition *conditions, size_t count,
                                   enum condition_form form, const struct condition_times *times) {
    struct json_object *list = json_object_new_array();
    if (node_is(have, NODE_LIST)) {
        NODE_EACH(item, have) {
            const struct condition *condition = ours(item, conditions, count, form);
            json_object_array_add(list,
                                  condition ? written(condition, item, form, times) : json_from_node(item));
        }
    }
    for (size_t i = 0; i < count; i++) {
        if ((conditions[i].forms & form) && !condition_find(have, conditions[i].type)) {
            json_object_array_add(list, written(&conditions[i], NULL, form, times));
        }
    }
    return list;
}
