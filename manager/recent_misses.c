#include "manager/recent_misses.h"

#include "base/hash.h"
#include "base/memory.h"

#include <pthread.h>

enum { SLOTS = 512 };

struct slot {
    uint64_t hash, at_ns; // at_ns 0: empty
};

struct recent_misses {
    uint64_t life_ns;
    pthread_mutex_t lock;
    struct slot slots[SLOTS];
};

struct recent_misses *recent_misses_new(uint64_t life_ns) {
    struct recent_misses *misses = memory_calloc(1, sizeof(*misses));
    misses->life_ns = life_ns;
    pthread_mutex_init(&misses->lock, NULL);
    return misses;
}

void recent_misses_free(struct recent_misses *misses) {
    if (misses) {
        pthread_mutex_destroy(&misses->lock);
        free(misses);
    }
}

// Two keys of one hash: the second is not read for a second, and the watch shows it
// anyway.
static uint64_t hash_key(const struct object_key *key) {
    const char *const parts[] = {key->group, key->kind, key->namespace, key->name};
    uint64_t hash = HASH_START;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        hash = hash_text(hash, parts[i]);
    }
    return hash ^ hash >> 32;
}

void recent_misses_add(struct recent_misses *misses, const struct object_key *key, uint64_t now_ns) {
    uint64_t hash = hash_key(key);
    pthread_mutex_lock(&misses->lock);
    misses->slots[hash % SLOTS] = (struct slot){hash, now_ns};
    pthread_mutex_unlock(&misses->lock);
}

bool recent_misses_has(struct recent_misses *misses, const struct object_key *key, uint64_t now_ns) {
    uint64_t hash = hash_key(key);
    pthread_mutex_lock(&misses->lock);
    struct slot slot = misses->slots[hash % SLOTS];
    pthread_mutex_unlock(&misses->lock);
    return slot.at_ns != 0 && slot.hash == hash && now_ns - slot.at_ns < misses->life_ns;
}
