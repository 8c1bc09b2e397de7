// A sink that holds what it is told and nothing else: it believes every call, so that it shows what the
// watcher guarantees.
#pragma once

#include "kube/kube_watch.h"
#include "tests/kube/fake_store.h"

struct held_objects {
    pthread_mutex_t mutex;
    struct fake_object objects[FAKE_RESOURCES][FAKE_NAMES];
    bool listed[FAKE_RESOURCES][FAKE_NAMES];
    bool in_list[FAKE_RESOURCES];
    unsigned lists[FAKE_RESOURCES]; // that came to their end
};

void held_objects_init(struct held_objects *held);
void held_objects_clear(struct held_objects *held);
struct kube_watch_sink held_objects_sink(struct held_objects *held);
// things0 to things(count - 1).
void held_objects_follow(struct held_objects *held, struct kube_watcher *watcher, unsigned count);
// The same as the server's, now?
bool held_objects_equal(struct held_objects *held, struct fake_store *store, unsigned resources);
// Waits until they are; false after a minute. Says on stderr what differs.
bool held_objects_settle(struct held_objects *held, struct fake_store *store, unsigned resources);
unsigned held_objects_count(struct held_objects *held, unsigned resource);
