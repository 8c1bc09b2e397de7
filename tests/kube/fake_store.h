// What a fake API server holds: objects of a few resources, and everything that ever happened to them.
#pragma once

#include "base/buffer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { FAKE_RESOURCES = 40, FAKE_NAMES = 30, FAKE_NAME_BYTES = 16 };

// Of an object; uid 0: it does not exist.
struct fake_object {
    uint64_t uid, version;
};

struct fake_change {
    unsigned resource, name;
    char type; // A, M or D
    struct fake_object object;
};

struct fake_store {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct fake_change *changes; // in the order of their versions
    size_t change_count;
    uint64_t version, compacted, last_uid;
    struct fake_object objects[FAKE_RESOURCES][FAKE_NAMES];
};

void fake_store_init(struct fake_store *store);
void fake_store_clear(struct fake_store *store);

// Creates, updates or deletes something, as random says.
void fake_store_change(struct fake_store *store, unsigned resources, uint64_t random);
// Versions up to now can't be listed or watched any more.
void fake_store_compact(struct fake_store *store);
// The objects of one resource as they were at a version. The mutex must be held.
void fake_store_at(const struct fake_store *store, unsigned resource, uint64_t version,
                   struct fake_object ret_objects[FAKE_NAMES]);

// {"apiVersion":"t.example/v1","kind":"Thing0",...} of a size that depends on the version.
void fake_object_json(struct buffer *json, unsigned resource, unsigned name,
                      const struct fake_object *object);
