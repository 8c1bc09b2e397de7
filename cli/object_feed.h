// Objects of the fleet on their way from the thread of the watch to the reconciler's event loop.
#pragma once

#include "base/document.h"
#include "loop/event_loop.h"
#include "manager/fleet_listener.h"

struct object_feed;

enum feed_type { FEED_LIST_BEGIN, FEED_PUT, FEED_REMOVED, FEED_LIST_END };

// Borrowed during the call.
struct feed_item {
    enum feed_type type;
    struct object_key key;     // namespace and name are "" where a list begins or ends
    const struct node *object; // of FEED_PUT
};

struct object_feed_options {
    struct event_loop *loop; // borrowed until object_feed_free
    void (*take)(void *cookie, const struct feed_item *item);
    // The reader was too slow, and what waited was dropped: everything has to be listed again.
    void (*lost)(void *cookie);
    void *cookie;
    size_t most_bytes;    // that may wait; 0: 32 MiB
    unsigned patience_ms; // how long the watch's thread waits for room; 0: 5 s
};

// Closed at first: what comes is dropped. Caller owns.
struct object_feed *object_feed_new(const struct object_feed_options *options);
// The loop's thread; nobody tells it anything any more.
void object_feed_free(struct object_feed *feed);
DEFINE_CLEANUP(object_feed_free, struct object_feed *)

// To be told by the watch; valid until object_feed_free.
struct fleet_listener object_feed_listener(struct object_feed *feed);
// The loop's thread. Closing drops what waits; take and lost are not called any more.
void object_feed_open(struct object_feed *feed, bool is_open);
