#include "tests/kube/fake_store.h"

#include "base/memory.h"

#include <string.h>

void fake_store_init(struct fake_store *store) {
    *store = (struct fake_store){.version = 90, .compacted = 90};
    pthread_mutex_init(&store->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void fake_store_clear(struct fake_store *store) {
    free(store->changes);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
}

void fake_store_change(struct fake_store *store, unsigned resources, uint64_t random) {
    pthread_mutex_lock(&store->mutex);
    struct fake_change change = {.resource = (unsigned)(random % resources),
                                 .name = (unsigned)(random / 64 % FAKE_NAMES)};
    struct fake_object *object = &store->objects[change.resource][change.name];
    bool removes = random / 4096 % 3 == 0;
    change.type = !object->uid ? 'A' : removes ? 'D' : 'M';
    store->version += 1 + random / 65536 % 3;
    change.object = (struct fake_object){object->uid ? object->uid : ++store->last_uid, store->version};
    *object = change.type == 'D' ? (struct fake_object){0} : change.object;
    store->changes = memory_realloc(store->changes, store->change_count + 1, sizeof(change));
    store->changes[store->change_count++] = change;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
}

void fake_store_compact(struct fake_store *store) {
    pthread_mutex_lock(&store->mutex);
    store->compacted = store->version;
    pthread_mutex_unlock(&store->mutex);
}

void fake_store_at(const struct fake_store *store, unsigned resource, uint64_t version,
                   struct fake_object ret_objects[FAKE_NAMES]) {
    memset(ret_objects, 0, FAKE_NAMES * sizeof(ret_objects[0]));
    for (size_t i = 0; i < store->change_count && store->changes[i].object.version <= version; i++) {
        const struct fake_change *change = &store->changes[i];
        if (change->resource == resource) {
            ret_objects[change->name] = change->type == 'D' ? (struct fake_object){0} : change->object;
        }
    }
}

void fake_object_json(struct buffer *json, unsigned resource, unsigned name,
                      const struct fake_object *object) {
    buffer_printf(
        json,
        "{\"apiVersion\":\"t.example/v1\",\"kind\":\"Thing%u\",\"metadata\":{\"name\":\"n-%u\","
        "\"namespace\":\"default\",\"uid\":\"u-%llu\",\"resourceVersion\":\"%llu\",\"managedFields\":[{}]},"
        "\"spec\":{\"padding\":\"",
        resource, name, (unsigned long long)object->uid, (unsigned long long)object->version);
    size_t padding = object->version % 17 == 0 ? 40000 : object->version % 300;
    for (size_t i = 0; i < padding; i++) {
        buffer_append_char(json, 'p');
    }
    buffer_append_text(json, "\"}}");
}
