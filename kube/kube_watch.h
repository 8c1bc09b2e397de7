// Follows kinds of objects: a list in pages, then a watch, for ever; one thread for all of them.
#pragma once

#include "kube/kube_client.h"

// Called from the watcher's thread, one at a time. Objects are borrowed during the call and always carry
// apiVersion and kind. A sink must not block for long.
struct kube_watch_sink {
    void (*list_begin)(void *cookie, const struct kube_resource *resource);
    void (*put)(void *cookie, const struct kube_resource *resource, const struct node *object);
    void (*removed)(void *cookie, const struct kube_resource *resource, const struct node *object);
    // What was not put since list_begin does not exist any more. Not called when the list was broken off:
    // then list_begin comes again.
    void (*list_end)(void *cookie, const struct kube_resource *resource);
    void *cookie;
};

struct kube_watcher_options {
    struct kube_client *client; // borrowed until kube_watcher_free
    unsigned page_limit;        // objects in a page; 0: 250
    unsigned quiet_s;     // a watch that says nothing for so long (not even a bookmark) is made anew; 0: 90
    uint64_t random_seed; // of the jitter; 0: from the system
};

struct kube_watcher;

struct kube_watcher *kube_watcher_new(const struct kube_watcher_options *options); // caller owns
// Before or after the start, any thread. Texts of resource and the sink are copied. A resource that is
// followed already is left as it is.
void kube_watcher_add(struct kube_watcher *watcher, const struct kube_resource *resource,
                      const struct kube_watch_sink *sink);
// Stops following; its sink gets list_begin and list_end once more if forget is set (everything is gone).
void kube_watcher_drop(struct kube_watcher *watcher, const char *group, const char *plural, bool forget);
MUST_CHECK bool kube_watcher_start(struct kube_watcher *watcher, struct error *error);
// Ends all streams and the thread.
void kube_watcher_free(struct kube_watcher *watcher);
DEFINE_CLEANUP(kube_watcher_free, struct kube_watcher *)

struct kube_watch_status {
    unsigned resources; // followed
    unsigned synced;    // of them, those that were listed completely at least once
    unsigned connected; // of them, those whose watch is open now
    uint64_t
        stale_ns; // how long ago the worst of them last heard from the server while not connected; 0: all are
    uint64_t relists, events, errors; // since the start
    char problem[256];                // the last error of the worst resource, "" when all is well
};
struct kube_watch_status kube_watcher_status(struct kube_watcher *watcher); // any thread
// Lists this resource again now (a new field is wanted, doubt about what is held).
void kube_watcher_relist(struct kube_watcher *watcher, const char *group, const char *plural);
