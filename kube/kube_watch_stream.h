// The body of a watch: bytes in, events out. One thread at a time.
#pragma once

#include "base/document.h"
#include "base/error.h"

#include <stddef.h>

enum { KUBE_WATCH_LARGEST_EVENT_BYTES = 16 * 1024 * 1024, KUBE_LONGEST_VERSION_BYTES = 128 };

enum kube_watch_event_type {
    KUBE_WATCH_ADDED,
    KUBE_WATCH_MODIFIED,
    KUBE_WATCH_DELETED,
    KUBE_WATCH_BOOKMARK,
    KUBE_WATCH_ERROR,
};

// Borrowed during the call of the handler.
struct kube_watch_event {
    enum kube_watch_event_type type;
    const struct node *object;    // without managedFields; a Status for ERROR
    const char *resource_version; // never empty, but for ERROR: ""
};

// False ends the stream with its error.
typedef bool (*kube_watch_handler)(void *cookie, const struct kube_watch_event *event, struct error *error);

struct kube_watch_stream;

struct kube_watch_stream *kube_watch_stream_new(kube_watch_handler handler, void *cookie); // caller owns
void kube_watch_stream_free(struct kube_watch_stream *stream);
DEFINE_CLEANUP(kube_watch_stream_free, struct kube_watch_stream *)

// Any number of bytes, cut anywhere. Fails with INVALID (no event), LIMIT (a longer line than
// KUBE_WATCH_LARGEST_EVENT_BYTES, too many values) or the handler's error; after that always with INVALID.
MUST_CHECK bool kube_watch_stream_feed(struct kube_watch_stream *stream, const char *bytes, size_t length,
                                       struct error *error);
// No more bytes come. Fails with INVALID when that is in the middle of an event.
MUST_CHECK bool kube_watch_stream_end(const struct kube_watch_stream *stream, struct error *error);
