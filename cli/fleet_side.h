// The fleet before or after a change: every object of the files, as the API server would store it.
#pragma once

#include "fleet/fragment_set.h"
#include "fleet/object_identity.h"
#include "manifest/manifest.h"

struct fleet_object {
    const struct manifest *manifest;
    struct object_identity identity;
    struct document *patched;  // with its defaults filled in; NULL: none were
    const struct node *stored; // the root of patched, or manifest->object
};

struct fleet_side;

// manifests (NULL: no files) is borrowed until fleet_side_free, with no more added; namespace is for objects
// that name none. The files are the whole fleet: a cluster has the pools that are among them. Caller owns.
struct fleet_side *fleet_side_new(const struct manifest_set *manifests, const char *namespace);
void fleet_side_free(struct fleet_side *side);
DEFINE_CLEANUP(fleet_side_free, struct fleet_side *)

const struct manifest_set *fleet_side_manifests(const struct fleet_side *side); // may be NULL
// In the order of the files.
size_t fleet_side_count(const struct fleet_side *side);
struct fleet_object *fleet_side_object(struct fleet_side *side, size_t index);

// Once: the defaults of object; takes ownership of patched.
void fleet_object_patch(struct fleet_object *object, struct document *patched);
// After the last patch: from now on views and lookups know the objects as they are stored.
void fleet_side_settle(struct fleet_side *side);

// What views read: the objects of the files, after fleet_side_settle those that are stored.
const struct view_source *fleet_side_source(const struct fleet_side *side);

// The same as a set: for what counts over all objects.
const struct fragment_set *fleet_side_set(const struct fleet_side *side);

// NULL when there is none. After fleet_side_settle.
const struct fleet_object *fleet_side_find(const struct fleet_side *side, const struct object_key *key);
struct fleet_object *fleet_side_of_manifest(struct fleet_side *side, const struct manifest *manifest);
// By the root of its object, as in the file or as stored.
const struct fleet_object *fleet_side_of_root(const struct fleet_side *side, const struct node *root);
