#include "tests/kube/held_objects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void held_objects_init(struct held_objects *held) {
    memset(held, 0, sizeof(*held));
    pthread_mutex_init(&held->mutex, NULL);
}

void held_objects_clear(struct held_objects *held) {
    pthread_mutex_destroy(&held->mutex);
}

static void require(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "a sink was told what can't be: %s\n", what);
        abort();
    }
}

static unsigned index_of(const struct kube_resource *resource) {
    unsigned index = FAKE_RESOURCES;
    require(sscanf(resource->plural, "things%u", &index) == 1 && index < FAKE_RESOURCES, "the resource");
    return index;
}

static unsigned read_object(const struct kube_resource *resource, const struct node *object,
                            struct fake_object *ret_object) {
    const struct node *metadata = node_get(object, "metadata");
    const char *name = node_string(node_get(metadata, "name"));
    unsigned index = FAKE_NAMES;
    require(name && sscanf(name, "n-%u", &index) == 1 && index < FAKE_NAMES, "the name");
    require(strcmp(node_string(node_get(object, "kind")), resource->kind) == 0, "the kind");
    require(strcmp(node_string(node_get(object, "apiVersion")), "t.example/v1") == 0, "the apiVersion");
    require(!node_get(metadata, "managedFields"), "managedFields");
    ret_object->uid = strtoull(node_string(node_get(metadata, "uid")) + 2, NULL, 10);
    ret_object->version = strtoull(node_string(node_get(metadata, "resourceVersion")), NULL, 10);
    return index;
}

static void list_begin(void *cookie, const struct kube_resource *resource) {
    struct held_objects *held = cookie;
    unsigned index = index_of(resource);
    pthread_mutex_lock(&held->mutex);
    held->in_list[index] = true;
    memset(held->listed[index], 0, sizeof(held->listed[index]));
    pthread_mutex_unlock(&held->mutex);
}

static void put(void *cookie, const struct kube_resource *resource, const struct node *object) {
    struct held_objects *held = cookie;
    struct fake_object read = {0};
    unsigned index = index_of(resource);
    unsigned name = read_object(resource, object, &read);
    pthread_mutex_lock(&held->mutex);
    held->objects[index][name] = read;
    held->listed[index][name] = true;
    pthread_mutex_unlock(&held->mutex);
}

static void removed(void *cookie, const struct kube_resource *resource, const struct node *object) {
    struct held_objects *held = cookie;
    struct fake_object read = {0};
    unsigned index = index_of(resource);
    unsigned name = read_object(resource, object, &read);
    pthread_mutex_lock(&held->mutex);
    require(!held->in_list[index], "a removal in mid list");
    held->objects[index][name] = (struct fake_object){0};
    pthread_mutex_unlock(&held->mutex);
}

static void list_end(void *cookie, const struct kube_resource *resource) {
    struct held_objects *held = cookie;
    unsigned index = index_of(resource);
    pthread_mutex_lock(&held->mutex);
    require(held->in_list[index], "the end of a list that did not begin");
    held->in_list[index] = false;
    held->lists[index]++;
    for (unsigned name = 0; name < FAKE_NAMES; name++) {
        if (!held->listed[index][name]) {
            held->objects[index][name] = (struct fake_object){0};
        }
    }
    pthread_mutex_unlock(&held->mutex);
}

struct kube_watch_sink held_objects_sink(struct held_objects *held) {
    return (struct kube_watch_sink){list_begin, put, removed, list_end, held};
}

void held_objects_follow(struct held_objects *held, struct kube_watcher *watcher, unsigned count) {
    struct kube_watch_sink sink = held_objects_sink(held);
    for (unsigned i = 0; i < count; i++) {
        char plural[32], kind[32];
        snprintf(plural, sizeof(plural), "things%u", i);
        snprintf(kind, sizeof(kind), "Thing%u", i);
        struct kube_resource resource = {"t.example", "v1", plural, kind, true};
        kube_watcher_add(watcher, &resource, &sink);
    }
}

unsigned held_objects_count(struct held_objects *held, unsigned resource) {
    unsigned count = 0;
    pthread_mutex_lock(&held->mutex);
    for (unsigned name = 0; name < FAKE_NAMES; name++) {
        count += held->objects[resource][name].uid != 0;
    }
    pthread_mutex_unlock(&held->mutex);
    return count;
}

bool held_objects_equal(struct held_objects *held, struct fake_store *store, unsigned resources) {
    pthread_mutex_lock(&store->mutex);
    pthread_mutex_lock(&held->mutex);
    bool equal = memcmp(held->objects, store->objects, resources * sizeof(held->objects[0])) == 0;
    for (unsigned i = 0; i < resources; i++) {
        equal = equal && !held->in_list[i] && held->lists[i] > 0;
    }
    pthread_mutex_unlock(&held->mutex);
    pthread_mutex_unlock(&store->mutex);
    return equal;
}

static void tell_difference(struct held_objects *held, struct fake_store *store, unsigned resources) {
    for (unsigned i = 0; i < resources * FAKE_NAMES; i++) {
        struct fake_object has = held->objects[i / FAKE_NAMES][i % FAKE_NAMES];
        struct fake_object is = store->objects[i / FAKE_NAMES][i % FAKE_NAMES];
        if (has.uid != is.uid || has.version != is.version) {
            fprintf(stderr, "things%u n-%u: held u-%llu %llu, on the server u-%llu %llu\n", i / FAKE_NAMES,
                    i % FAKE_NAMES, (unsigned long long)has.uid, (unsigned long long)has.version,
                    (unsigned long long)is.uid, (unsigned long long)is.version);
        }
    }
}

bool held_objects_settle(struct held_objects *held, struct fake_store *store, unsigned resources) {
    for (unsigned i = 0; i < 6000; i++) {
        if (held_objects_equal(held, store, resources)) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    tell_difference(held, store, resources);
    return false;
}
