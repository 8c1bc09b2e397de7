#include "reconciler/cluster_spec.h"

#include "base/memory.h"

#include <string.h>

// Walks all texts of a spec: the first time to count their bytes, the second time to move them.
struct text_mover {
    char *at; // NULL: only counts
    size_t bytes;
};

static void move(struct text_mover *mover, const char **text) {
    if (!*text) {
        return;
    }
    size_t size = strlen(*text) + 1;
    if (mover->at) {
        memcpy(mover->at, *text, size);
        *text = mover->at;
        mover->at += size;
    }
    mover->bytes += size;
}

static void move_texts(struct text_mover *mover, struct cluster_spec *spec, struct pool_spec *pools) {
    const char **texts[] = {&spec->namespace, &spec->name,    &spec->provider, &spec->flavour,
                            &spec->region,    &spec->version, &spec->unread};
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        move(mover, texts[i]);
    }
    for (size_t i = 0; i < spec->pool_count; i++) {
        struct object_key *object = &pools[i].object;
        move(mover, &pools[i].name);
        move(mover, &pools[i].version);
        move(mover, &object->group);
        move(mover, &object->kind);
        move(mover, &object->namespace);
        move(mover, &object->name);
    }
}

struct cluster_spec *cluster_spec_copy(const struct cluster_spec *spec) {
    struct text_mover mover = {0};
    struct cluster_spec counted = *spec;
    // Counting changes nothing, so the list of another owner may be walked.
    move_texts(&mover, &counted, (struct pool_spec *)spec->pools);
    size_t pools_size = spec->pool_count * sizeof(struct pool_spec);
    struct cluster_spec *copy = memory_alloc(sizeof(*copy) + pools_size + mover.bytes);
    struct pool_spec *pools = (struct pool_spec *)(copy + 1);
    *copy = *spec;
    copy->pools = pools;
    if (pools_size > 0) {
        memcpy(pools, spec->pools, pools_size);
    }
    mover.at = (char *)pools + pools_size;
    move_texts(&mover, copy, pools);
    return copy;
}

static bool pool_equal(const struct pool_spec *a, const struct pool_spec *b) {
    return strcmp(a->name, b->name) == 0 && object_key_equal(&a->object, &b->object) &&
           strcmp(a->version, b->version) == 0 && a->replicas == b->replicas && a->minimum == b->minimum &&
           a->maximum == b->maximum && a->autoscaled == b->autoscaled && a->surge == b->surge &&
           a->drain_s == b->drain_s;
}

bool cluster_spec_equal(const struct cluster_spec *a, const struct cluster_spec *b) {
    bool same = strcmp(a->namespace, b->namespace) == 0 && strcmp(a->name, b->name) == 0 &&
                strcmp(a->provider, b->provider) == 0 && strcmp(a->flavour, b->flavour) == 0 &&
                strcmp(a->region, b->region) == 0 && strcmp(a->version, b->version) == 0 &&
                a->control_plane_replicas == b->control_plane_replicas &&
                a->control_plane_surge == b->control_plane_surge && a->drain_s == b->drain_s &&
                a->paused == b->paused && a->pool_count == b->pool_count && !a->unread == !b->unread &&
                (!a->unread || strcmp(a->unread, b->unread) == 0);
    for (size_t i = 0; same && i < a->pool_count; i++) {
        same = pool_equal(&a->pools[i], &b->pools[i]);
    }
    return same;
}
