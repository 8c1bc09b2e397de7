#include "kube/kube_watch_stream.h"

#include "base/buffer.h"
#include "base/json_reader.h"
#include "base/memory.h"

#include <string.h>

// A line's memory is kept for the next one up to this size: most objects are smaller, and 40 streams keep it.
enum { KEPT_BYTES = 64 * 1024 };

struct kube_watch_stream {
    kube_watch_handler handler;
    void *cookie;
    struct buffer line; // the beginning of an event whose end has not come yet
    bool broken;
};

static const struct {
    const char *name;
    enum kube_watch_event_type type;
} types[] = {
    {"ADDED", KUBE_WATCH_ADDED},       {"MODIFIED", KUBE_WATCH_MODIFIED}, {"DELETED", KUBE_WATCH_DELETED},
    {"BOOKMARK", KUBE_WATCH_BOOKMARK}, {"ERROR", KUBE_WATCH_ERROR},
};

struct kube_watch_stream *kube_watch_stream_new(kube_watch_handler handler, void *cookie) {
    struct kube_watch_stream *stream = memory_calloc(1, sizeof(*stream));
    stream->handler = handler;
    stream->cookie = cookie;
    buffer_init(&stream->line, KUBE_WATCH_LARGEST_EVENT_BYTES);
    return stream;
}

void kube_watch_stream_free(struct kube_watch_stream *stream) {
    if (stream) {
        buffer_clear(&stream->line);
        free(stream);
    }
}

static bool find_type(const char *name, enum kube_watch_event_type *ret_type) {
    for (size_t i = 0; name && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].name, name) == 0) {
            *ret_type = types[i].type;
            return true;
        }
    }
    return false;
}

static bool read_event(const struct node *root, struct kube_watch_event *ret_event, struct error *error) {
    struct kube_watch_event event = {.object = node_get(root, "object"), .resource_version = ""};
    const char *type = node_string(node_get(root, "type"));
    if (!find_type(type, &event.type)) {
        return error_set(error, ERROR_INVALID, "an event of a watch has the type \"%.32s\"",
                         type ? type : "");
    }
    if (!node_is(event.object, NODE_MAP)) {
        return error_set(error, ERROR_INVALID, "an event %s has no object", type);
    }
    if (event.type != KUBE_WATCH_ERROR) {
        const struct node *metadata = node_get(event.object, "metadata");
        const char *version = node_string(node_get(metadata, "resourceVersion"));
        const char *name = node_string(node_get(metadata, "name"));
        if (!version || !*version || strlen(version) > KUBE_LONGEST_VERSION_BYTES) {
            return error_set(error, ERROR_INVALID, "an event %s has no usable metadata.resourceVersion",
                             type);
        }
        if (event.type != KUBE_WATCH_BOOKMARK && (!name || !*name)) {
            return error_set(error, ERROR_INVALID, "an event %s has no metadata.name", type);
        }
        event.resource_version = version;
    }
    *ret_event = event;
    return true;
}

static bool is_blank(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!strchr(" \t\r\n", text[i]) || !text[i]) {
            return false;
        }
    }
    return true;
}

static bool take_line(struct kube_watch_stream *stream, const char *text, size_t length,
                      struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    struct kube_watch_event event;
    if (is_blank(text, length)) {
        return true;
    }
    if (!json_read_objects(text, length, &document_default_limits, &document, error)) {
        return error_wrap(error, "an event of a watch");
    }
    return read_event(document_root(document), &event, error) &&
           stream->handler(stream->cookie, &event, error);
}

static bool too_long(struct error *error) {
    return error_set(error, ERROR_LIMIT, "an event of a watch is longer than %d MiB",
                     KUBE_WATCH_LARGEST_EVENT_BYTES / (1024 * 1024));
}

// The end of the line that began in bytes that came before.
static bool finish_line(struct kube_watch_stream *stream, const char *bytes, size_t length,
                        struct error *error) {
    buffer_append(&stream->line, bytes, length);
    if (stream->line.cut) {
        return too_long(error);
    }
    bool good = take_line(stream, stream->line.data, stream->line.length, error);
    if (stream->line.capacity > KEPT_BYTES) {
        buffer_clear(&stream->line);
    } else {
        buffer_truncate(&stream->line, 0);
    }
    return good;
}

static bool take_bytes(struct kube_watch_stream *stream, const char *bytes, size_t length,
                       struct error *error) {
    const char *end = bytes + length;
    const char *newline;
    while (bytes < end && (newline = memchr(bytes, '\n', (size_t)(end - bytes)))) {
        size_t line_length = (size_t)(newline - bytes);
        if (line_length > KUBE_WATCH_LARGEST_EVENT_BYTES) {
            return too_long(error);
        }
        if (!(stream->line.length ? finish_line(stream, bytes, line_length, error)
                                  : take_line(stream, bytes, line_length, error))) {
            return false;
        }
        bytes = newline + 1;
    }
    if (bytes < end) {
        buffer_append(&stream->line, bytes, (size_t)(end - bytes));
    }
    return stream->line.cut ? too_long(error) : true;
}

bool kube_watch_stream_feed(struct kube_watch_stream *stream, const char *bytes, size_t length,
                            struct error *error) {
    if (stream->broken) {
        return error_set(error, ERROR_INVALID, "the stream of a watch was broken before");
    }
    stream->broken = !take_bytes(stream, bytes, length, error);
    return !stream->broken;
}

bool kube_watch_stream_end(const struct kube_watch_stream *stream, struct error *error) {
    if (stream->broken) {
        return error_set(error, ERROR_INVALID, "the stream of a watch was broken before");
    }
    if (!is_blank(buffer_text(&stream->line), stream->line.length)) {
        return error_set(error, ERROR_INVALID, "the stream of a watch ended in the middle of an event");
    }
    return true;
}
