#include "cli/fleet_side.h"

#include "base/memory.h"

#include <string.h>

struct root_entry {
    const struct node *root;
    const struct fleet_object *object;
};

struct fleet_side {
    const struct manifest_set *manifests;
    struct arena *arena;
    struct fleet_object *objects; // manifests' addresses rise
    size_t count;
    struct fragment_set *written, *stored; // stored: after fleet_side_settle
    struct root_entry *roots;              // by address
    size_t root_count;
    const struct fleet_object **by_key;
};

// The files at hand are the whole fleet.
static struct fragment_set *new_set(void) {
    struct fragment_set *set = fragment_set_new();
    fragment_set_complete(set, true);
    return set;
}

struct fleet_side *fleet_side_new(const struct manifest_set *manifests, const char *namespace) {
    struct fleet_side *side = memory_calloc(1, sizeof(*side));
    size_t count = manifests ? manifest_set_count(manifests) : 0;
    side->manifests = manifests;
    side->arena = arena_new();
    side->objects = memory_calloc(count + 1, sizeof(*side->objects));
    side->written = new_set();
    const char *own_namespace = arena_strdup(side->arena, namespace);
    for (size_t i = 0; i < count; i++) {
        const struct manifest *manifest = manifest_set_get(manifests, i);
        if (manifest->state != MANIFEST_OBJECT) {
            continue;
        }
        struct fleet_object *object = &side->objects[side->count++];
        object->manifest = manifest;
        object->stored = manifest->object;
        object_identity_read(side->arena, manifest->object, own_namespace, &object->identity);
        fragment_set_add_as(side->written, &object->identity.key, object->stored);
    }
    return side;
}

void fleet_side_free(struct fleet_side *side) {
    if (!side) {
        return;
    }
    fragment_set_free(side->written);
    fragment_set_free(side->stored);
    for (size_t i = 0; i < side->count; i++) {
        document_free(side->objects[i].patched);
    }
    free(side->objects);
    free(side->roots);
    free(side->by_key);
    arena_free(side->arena);
    free(side);
}

const struct manifest_set *fleet_side_manifests(const struct fleet_side *side) {
    return side->manifests;
}

size_t fleet_side_count(const struct fleet_side *side) {
    return side->count;
}

struct fleet_object *fleet_side_object(struct fleet_side *side, size_t index) {
    return &side->objects[index];
}

void fleet_object_patch(struct fleet_object *object, struct document *patched) {
    object->patched = patched;
    object->stored = document_root(patched);
}

static int compare_addresses(const void *a, const void *b) {
    uintptr_t left = (uintptr_t)a;
    uintptr_t right = (uintptr_t)b;
    return (left > right) - (left < right);
}

static int compare_roots(const void *left, const void *right) {
    const struct root_entry *a = left;
    const struct root_entry *b = right;
    return compare_addresses(a->root, b->root);
}

static int compare_keys(const struct object_key *a, const struct object_key *b) {
    int order = strcmp(a->name, b->name);
    order = order ? order : strcmp(a->kind, b->kind);
    order = order ? order : strcmp(a->namespace, b->namespace);
    return order ? order : strcmp(a->group, b->group);
}

static int compare_objects(const void *left, const void *right) {
    const struct fleet_object *const *a = left;
    const struct fleet_object *const *b = right;
    int order = compare_keys(&(*a)->identity.key, &(*b)->identity.key);
    return order ? order : compare_addresses(*a, *b);
}

void fleet_side_settle(struct fleet_side *side) {
    side->stored = new_set();
    side->roots = memory_calloc(2 * side->count + 1, sizeof(*side->roots));
    side->by_key = memory_calloc(side->count + 1, sizeof(struct fleet_object *));
    for (size_t i = 0; i < side->count; i++) {
        struct fleet_object *object = &side->objects[i];
        fragment_set_add_as(side->stored, &object->identity.key, object->stored);
        side->by_key[i] = object;
        side->roots[side->root_count++] = (struct root_entry){object->manifest->object, object};
        if (object->patched) {
            side->roots[side->root_count++] = (struct root_entry){object->stored, object};
        }
    }
    qsort(side->roots, side->root_count, sizeof(*side->roots), compare_roots);
    qsort(side->by_key, side->count, sizeof(struct fleet_object *), compare_objects);
}

const struct fragment_set *fleet_side_set(const struct fleet_side *side) {
    return side->stored ? side->stored : side->written;
}

const struct view_source *fleet_side_source(const struct fleet_side *side) {
    return fragment_set_source(fleet_side_set(side));
}

const struct fleet_object *fleet_side_find(const struct fleet_side *side, const struct object_key *key) {
    size_t low = 0;
    for (size_t high = side->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (compare_keys(&side->by_key[middle]->identity.key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < side->count && compare_keys(&side->by_key[low]->identity.key, key) == 0;
    return found ? side->by_key[low] : NULL;
}

static int compare_manifest(const void *key, const void *item) {
    const struct fleet_object *object = item;
    return compare_addresses(key, object->manifest);
}

struct fleet_object *fleet_side_of_manifest(struct fleet_side *side, const struct manifest *manifest) {
    return bsearch(manifest, side->objects, side->count, sizeof(*side->objects), compare_manifest);
}

const struct fleet_object *fleet_side_of_root(const struct fleet_side *side, const struct node *root) {
    const struct root_entry wanted = {.root = root};
    const struct root_entry *entry =
        bsearch(&wanted, side->roots, side->root_count, sizeof(*side->roots), compare_roots);
    return entry ? entry->object : NULL;
}
