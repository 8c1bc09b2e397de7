#include "kube/kube_event.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "kube/kube_time.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    MOST_REMEMBERED = 256,
    MOST_MESSAGE_BYTES = 1024, // as the API server has it
    MOST_KEY_BYTES = 8 * 1024,
    MOST_NAME_BYTES = 200, // of 253, so that the random part fits
    BURST = 25,
};
#define SECOND_NS UINT64_C(1000000000)
#define REPEAT_WITHIN_NS (600 * SECOND_NS)
#define TOKEN_EACH_NS SECOND_NS
#define PATIENCE_NS (5 * SECOND_NS)

static const struct kube_resource event_resource = {
    .group = "", .version = "v1", .plural = "events", .kind = "Event", .namespaced = true};

// One Event that was written lately.
struct remembered {
    char *key;        // NULL: free
    char *name;       // of the Event; NULL: not written yet
    int64_t first_us; // since 1970
    uint64_t last_ns; // CLOCK_MONOTONIC
    int64_t count;
};

struct kube_events {
    struct kube_client *client;
    char *component, *instance;
    struct remembered remembered[MOST_REMEMBERED];
    uint64_t tokens_ns; // the token bucket, as time: up to BURST * TOKEN_EACH_NS
    uint64_t filled_ns; // when it was filled last; 0: never
};

struct kube_events *kube_events_new(const struct kube_event_options *options) {
    struct kube_events *events = memory_calloc(1, sizeof(*events));
    events->client = options->client;
    events->component = memory_strdup(options->component);
    events->instance = memory_strdup(options->instance);
    events->tokens_ns = BURST * TOKEN_EACH_NS;
    return events;
}

static void remembered_clear(struct remembered *remembered) {
    free(remembered->key);
    free(remembered->name);
    *remembered = (struct remembered){0};
}

void kube_events_free(struct kube_events *events) {
    if (events) {
        for (size_t i = 0; i < MOST_REMEMBERED; i++) {
            remembered_clear(&events->remembered[i]);
        }
        free(events->component);
        free(events->instance);
        free(events);
    }
}

static const char *text_or_empty(const char *text) {
    return text ? text : "";
}

static char *key_of(const struct kube_event *event) {
    const char *const parts[] = {event->api_version, event->kind,   event->namespace, event->name,
                                 event->uid,         event->reason, event->message};
    CLEANUP(buffer_clear) struct buffer key;
    buffer_init(&key, MOST_KEY_BYTES);
    buffer_append_char(&key, event->warning ? 'W' : 'N');
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        buffer_append_char(&key, '\n');
        buffer_append_text(&key, text_or_empty(parts[i]));
    }
    return buffer_take(&key);
}

// The entry of this key, or a new one in the place of the one that was quiet for longest.
static struct remembered *remember(struct kube_events *events, const struct kube_event *event,
                                   uint64_t now_ns) {
    CLEANUP(free) char *key = key_of(event);
    struct remembered *oldest = &events->remembered[0];
    for (size_t i = 0; i < MOST_REMEMBERED; i++) {
        struct remembered *entry = &events->remembered[i];
        bool fresh = entry->key && now_ns - entry->last_ns < REPEAT_WITHIN_NS;
        if (fresh && strcmp(entry->key, key) == 0) {
            entry->last_ns = now_ns;
            return entry;
        }
        if (!entry->key || (oldest->key && entry->last_ns < oldest->last_ns)) {
            oldest = entry;
        }
    }
    remembered_clear(oldest);
    oldest->key = free_take(&key);
    oldest->last_ns = now_ns;
    return oldest;
}

static bool take_token(struct kube_events *events, uint64_t now_ns) {
    const uint64_t full = BURST * TOKEN_EACH_NS;
    uint64_t since = events->filled_ns ? now_ns - events->filled_ns : full;
    events->tokens_ns = since < full - events->tokens_ns ? events->tokens_ns + since : full;
    events->filled_ns = now_ns;
    if (events->tokens_ns < TOKEN_EACH_NS) {
        return false;
    }
    events->tokens_ns -= TOKEN_EACH_NS;
    return true;
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// "eu-7.18a3f0c2d1e4b567": the object's name as far as it may stand in a name, and something that is unique.
static char *name_of(const struct kube_event *event) {
    char stem[MOST_NAME_BYTES + 1];
    size_t length = strnlen(event->name, MOST_NAME_BYTES);
    for (size_t i = 0; i < length; i++) {
        char byte = event->name[i];
        bool fits = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                    (i > 0 && (byte == '-' || byte == '.'));
        stem[i] = fits ? byte : 'x';
    }
    while (length > 0 && (stem[length - 1] == '-' || stem[length - 1] == '.')) {
        length--;
    }
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
        random = (uint64_t)now_us();
    }
    CLEANUP(buffer_clear) struct buffer name;
    buffer_init(&name, MOST_NAME_BYTES + 64);
    buffer_append(&name, stem, length);
    buffer_printf(&name, "%s%016llx", length ? "." : "", (unsigned long long)random);
    return buffer_take(&name);
}

static void add_text(struct json_object *map, const char *key, const char *text) {
    if (text && *text) {
        json_object_object_add(map, key, json_object_new_string(text));
    }
}

static struct json_object *add_map(struct json_object *parent, const char *key) {
    struct json_object *map = json_object_new_object();
    json_object_object_add(parent, key, map);
    return map;
}

static void add_repeat(struct json_object *root, const struct remembered *entry) {
    char last[KUBE_TIME_BYTES];
    kube_time_format(now_us(), false, last);
    add_text(root, "lastTimestamp", last);
    json_object_object_add(root, "count", json_object_new_int64(entry->count));
}

static char *text_of(struct json_object *root) {
    char *text = memory_strdup(
        json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(root);
    return text;
}

static char *body_of(const struct kube_events *events, const struct kube_event *event,
                     const struct remembered *entry, const char *name) {
    struct json_object *root = json_object_new_object();
    struct json_object *metadata = add_map(root, "metadata"), *object = add_map(root, "involvedObject");
    const char *namespace = event->namespace ? event->namespace : "default";
    char first[KUBE_TIME_BYTES];
    kube_time_format(entry->first_us, false, first);
    add_text(root, "apiVersion", "v1");
    add_text(root, "kind", "Event");
    add_text(metadata, "name", name);
    add_text(metadata, "namespace", namespace);
    add_text(object, "apiVersion", event->api_version);
    add_text(object, "kind", event->kind);
    add_text(object, "namespace", event->namespace);
    add_text(object, "name", event->name);
    add_text(object, "uid", event->uid);
    add_text(object, "resourceVersion", event->resource_version);
    size_t length = utf8_cut(event->message, strlen(event->message), MOST_MESSAGE_BYTES);
    CLEANUP(free) char *message = memory_copy_text(event->message, length);
    add_text(root, "message", message);
    add_text(root, "reason", event->reason);
    add_text(root, "type", event->warning ? "Warning" : "Normal");
    add_text(add_map(root, "source"), "component", events->component);
    add_text(root, "reportingComponent", events->component);
    add_text(root, "reportingInstance", events->instance);
    add_text(root, "firstTimestamp", first);
    add_repeat(root, entry);
    return text_of(root);
}

static bool create_event(struct kube_events *events, const struct kube_event *event, struct remembered *entry,
                         uint64_t deadline_ns, struct error *error) {
    CLEANUP(free) char *name = name_of(event);
    CLEANUP(free) char *body = body_of(events, event, entry, name);
    const struct kube_name target = {&event_resource, event->namespace ? event->namespace : "default", name,
                                     NULL};
    if (!kube_create(events->client, &target, body, deadline_ns, NULL, error)) {
        return false;
    }
    free(entry->name);
    entry->name = free_take(&name);
    return true;
}

static bool count_event(struct kube_events *events, const struct kube_event *event,
                        const struct remembered *entry, uint64_t deadline_ns, struct error *error) {
    struct json_object *root = json_object_new_object();
    add_repeat(root, entry);
    CLEANUP(free) char *body = text_of(root);
    const struct kube_name target = {&event_resource, event->namespace ? event->namespace : "default",
                                     entry->name, NULL};
    const struct kube_patch patch = {.type = KUBE_PATCH_MERGE, .body = body};
    return kube_patch(events->client, &target, &patch, deadline_ns, NULL, error);
}

bool kube_events_write(struct kube_events *events, const struct kube_event *event, uint64_t now_ns,
                       struct error *error) {
    struct remembered *entry = remember(events, event, now_ns);
    entry->count++;
    entry->first_us = entry->first_us ? entry->first_us : now_us();
    if (!take_token(events, now_ns)) {
        return error_set(error, ERROR_LIMIT, "too many events at once; %s is counted for the next one",
                         event->reason);
    }
    uint64_t deadline_ns = now_ns + PATIENCE_NS;
    struct error problem = {0};
    if (entry->name && count_event(events, event, entry, deadline_ns, &problem)) {
        return true;
    }
    if (entry->name && problem.kind != ERROR_NOT_FOUND) { // Events live for an hour, or less
        return error_set(error, problem.kind, "%s", problem.message);
    }
    return create_event(events, event, entry, deadline_ns, error);
}
