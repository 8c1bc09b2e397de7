#include "kube/kube_event_memory.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "kube/kube_time.h"

#include <json-c/json.h>
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

static const struct kube_resource event_resource = {
    .group = "", .version = "v1", .plural = "events", .kind = "Event", .namespaced = true};

// One Event that was written lately.
struct remembered {
    char *key;         // NULL: free
    char *name;        // of the Event; NULL: not written yet
    char *name_on_way; // of the Event that is being written; NULL: none is
    bool is_on_way;    // a call was given out, and its end was not told yet
    uint64_t ticket;
    int64_t first_us; // since 1970
    uint64_t last_ns; // CLOCK_MONOTONIC
    int64_t count;
};

struct kube_event_memory {
    char *component, *instance;
    struct remembered remembered[MOST_REMEMBERED];
    uint64_t last_ticket;
    uint64_t tokens_ns; // the token bucket, as time: up to BURST * TOKEN_EACH_NS
    uint64_t filled_ns; // when it was filled last; 0: never
};

struct kube_event_memory *kube_event_memory_new(const char *component, const char *instance) {
    struct kube_event_memory *memory = memory_calloc(1, sizeof(*memory));
    memory->component = memory_strdup(component);
    memory->instance = memory_strdup(instance);
    memory->tokens_ns = BURST * TOKEN_EACH_NS;
    return memory;
}

static void remembered_clear(struct remembered *remembered) {
    free(remembered->key);
    free(remembered->name);
    free(remembered->name_on_way);
    *remembered = (struct remembered){0};
}

void kube_event_memory_free(struct kube_event_memory *memory) {
    if (memory) {
        for (size_t i = 0; i < MOST_REMEMBERED; i++) {
            remembered_clear(&memory->remembered[i]);
        }
        free(memory->component);
        free(memory->instance);
        free(memory);
    }
}

void kube_event_writing_clear(struct kube_event_writing *writing) {
    free(writing->namespace);
    free(writing->name);
    free(writing->body);
    *writing = (struct kube_event_writing){0};
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
static struct remembered *remember(struct kube_event_memory *memory, const struct kube_event *event,
                                   uint64_t now_ns) {
    CLEANUP(free) char *key = key_of(event);
    struct remembered *oldest = &memory->remembered[0];
    for (size_t i = 0; i < MOST_REMEMBERED; i++) {
        struct remembered *entry = &memory->remembered[i];
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
    oldest->ticket = ++memory->last_ticket;
    oldest->last_ns = now_ns;
    return oldest;
}

static bool take_token(struct kube_event_memory *memory, uint64_t now_ns) {
    const uint64_t full = BURST * TOKEN_EACH_NS;
    uint64_t since = memory->filled_ns ? now_ns - memory->filled_ns : full;
    memory->tokens_ns = since < full - memory->tokens_ns ? memory->tokens_ns + since : full;
    memory->filled_ns = now_ns;
    if (memory->tokens_ns < TOKEN_EACH_NS) {
        return false;
    }
    memory->tokens_ns -= TOKEN_EACH_NS;
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

static char *body_of(const struct kube_event_memory *memory, const struct kube_event *event,
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
    add_text(add_map(root, "source"), "component", memory->component);
    add_text(root, "reportingComponent", memory->component);
    add_text(root, "reportingInstance", memory->instance);
    add_text(root, "firstTimestamp", first);
    add_repeat(root, entry);
    return text_of(root);
}

static void begin_writing(struct remembered *entry, const struct kube_event *event, enum kube_verb verb,
                          struct kube_event_writing *writing) {
    writing->namespace = memory_strdup(event->namespace ? event->namespace : "default");
    writing->ticket = entry->ticket;
    writing->call = (struct kube_call){
        .verb = verb,
        .name = {&event_resource, writing->namespace, writing->name, NULL},
        .body = writing->body,
        .patch = {.type = KUBE_PATCH_MERGE, .body = writing->body},
    };
    entry->is_on_way = true;
}

static void create(const struct kube_event_memory *memory, struct remembered *entry,
                   const struct kube_event *event, struct kube_event_writing *ret_writing) {
    *ret_writing = (struct kube_event_writing){.name = name_of(event)};
    ret_writing->body = body_of(memory, event, entry, ret_writing->name);
    free(entry->name_on_way);
    entry->name_on_way = memory_strdup(ret_writing->name);
    begin_writing(entry, event, KUBE_VERB_CREATE, ret_writing);
}

static void count(struct remembered *entry, const struct kube_event *event,
                  struct kube_event_writing *ret_writing) {
    struct json_object *root = json_object_new_object();
    add_repeat(root, entry);
    *ret_writing = (struct kube_event_writing){.name = memory_strdup(entry->name), .body = text_of(root)};
    begin_writing(entry, event, KUBE_VERB_PATCH, ret_writing);
}

bool kube_event_memory_next(struct kube_event_memory *memory, const struct kube_event *event, uint64_t now_ns,
                            struct kube_event_writing *ret_writing, struct error *error) {
    struct remembered *entry = remember(memory, event, now_ns);
    entry->count++;
    entry->first_us = entry->first_us ? entry->first_us : now_us();
    if (entry->is_on_way || !take_token(memory, now_ns)) {
        return error_set(error, ERROR_LIMIT, "too many events at once; %s is counted for the next one",
                         event->reason);
    }
    if (entry->name) {
        count(entry, event, ret_writing);
    } else {
        create(memory, entry, event, ret_writing);
    }
    return true;
}

void kube_event_memory_anew(struct kube_event_memory *memory, const struct kube_event *event, uint64_t now_ns,
                            struct kube_event_writing *ret_writing) {
    create(memory, remember(memory, event, now_ns), event, ret_writing);
}

void kube_event_memory_told(struct kube_event_memory *memory, uint64_t ticket, enum error_kind outcome) {
    for (size_t i = 0; i < MOST_REMEMBERED; i++) {
        struct remembered *entry = &memory->remembered[i];
        if (entry->ticket != ticket || !entry->is_on_way) {
            continue;
        }
        bool is_gone = outcome == ERROR_NOT_FOUND; // Events live for an hour, or less
        if (is_gone || (entry->name_on_way && outcome == ERROR_NONE)) {
            free(entry->name);
            entry->name = is_gone ? NULL : free_take(&entry->name_on_way);
        }
        free(entry->name_on_way);
        entry->name_on_way = NULL;
        entry->is_on_way = false;
    }
}
