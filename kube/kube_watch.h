// Follows kinds of objects: a list in pages, then a watch, for ever; one thread for all of them.
#pragma once

#include "kube/kube_client.h"

// Called from the watcher's thread, one at a time. Objects are borrowed during the call and always carry
// apiVersion and kind. A sink must not block for long; it may call the functions below but kube_watcher_free.
// What a list puts is the truth, even where its resourceVersion is lower than one seen before (a store that
// was restored from a backup).
struct kube_watch_sink {
    void (*list_begin)(void *cookie, const struct kube_resource *resource);
    void (*put)(void *cookie, const struct kube_resource *resource, const struct node *object);
    void (*removed)(void *cookie, const struct kube_resource *resource, const struct node *object);
    // What was not put since list_begin does not exist any more. Not called when the list was broken off:
    // then list_begin comes again.
    void (*list_end)(void *cookie, const struct kube_resource *resource);
    void *cookie; // borrowed until kube_watcher_free
};

// What a sink holds equals a fresh list as soon as the watch has caught up, whatever went wrong on the way:
// - a broken or silent stream goes on from the last resourceVersion that was seen, so nothing is left out;
// - versions only grow along one resource. A stream that goes back (a proxy that repeats or reorders) is not
//   believed any more: its resource is listed again. The same version twice is the same event and harmless;
// - 410, or a server that can't serve the version (five useless answers in a row): a new list;
// - what can't be seen, such as an event that a proxy swallowed, is mended by a list every relist_s.
// A resource that is not served (404) or not allowed (403) is asked for again at a slow pace, shown as a
// problem, and what is held of it is kept: kube_watcher_drop is for those who know that it is gone.
struct kube_watcher_options {
    struct kube_client *client; // borrowed until kube_watcher_free
    unsigned page_limit;        // objects in a page; 0: 250
    unsigned quiet_s; // a watch that says nothing for so long (not even a bookmark) is made anew; 0: 90
    unsigned longest_wait_ms; // between two tries (of what is refused: twice that); 0: 30 s
    unsigned relist_s;        // a full list at the end of a stream after so long, +- 20 %; 0: 6 h
    uint64_t random_seed;     // of the jitter; 0: from the system
};

struct kube_watcher;

struct kube_watcher *kube_watcher_new(const struct kube_watcher_options *options); // caller owns
// Before or after the start, any thread. Texts of resource and the sink are copied. A resource that is
// followed already is left as it is.
void kube_watcher_add(struct kube_watcher *watcher, const struct kube_resource *resource,
                      const struct kube_watch_sink *sink);
// Stops following; its sink gets list_begin and list_end once more if forget is set (everything is gone). Any
// thread; a call of the sink may still be under way after the return.
void kube_watcher_drop(struct kube_watcher *watcher, const char *group, const char *plural, bool forget);
MUST_CHECK bool kube_watcher_start(struct kube_watcher *watcher, struct error *error);
// Ends all streams and the thread.
void kube_watcher_free(struct kube_watcher *watcher);
DEFINE_CLEANUP(kube_watcher_free, struct kube_watcher *)

struct kube_watch_status {
    unsigned resources; // followed
    unsigned synced;    // of them, those that were listed completely at least once
    unsigned connected; // of them, those whose watch is open now
    // How long ago the worst of them last heard from the server (or was added) while it is not connected. An
    // open watch counts as heard now, so 0: all are connected.
    uint64_t stale_ns;
    uint64_t relists, events, errors; // since the start
    char problem[320]; // "PLURAL.GROUP: ", the last error of the worst resource; "" when all is well
};
struct kube_watch_status kube_watcher_status(struct kube_watcher *watcher); // any thread
// Lists this resource again now (a new field is wanted, doubt about what is held). Any thread.
void kube_watcher_relist(struct kube_watcher *watcher, const char *group, const char *plural);
