// What a review is about: one object is created, updated or deleted.
#pragma once

#include "base/arena.h"
#include "base/document.h"

#include <stdbool.h>

enum operation { OPERATION_CREATE, OPERATION_UPDATE, OPERATION_DELETE };

// Identity of an object. Group and kind without version, as owner and infrastructure references compare.
// No member is NULL; "" for the core group and for cluster-scoped objects.
struct object_key {
    const char *group;
    const char *kind;
    const char *namespace;
    const char *name;
};

bool object_key_equal(const struct object_key *a, const struct object_key *b);
// For a block that is to hold a key's texts: so many bytes, with a NUL behind each text.
size_t object_key_bytes(const struct object_key *key);
// Copies the texts to *at, which then is behind them. The copy is borrowed until that block is freed.
struct object_key object_key_copy_to(const struct object_key *key, char **at);
// In a block of its own that ret_key points into; caller owns (free).
char *object_key_copy(const struct object_key *key, struct object_key *ret_key);
struct object_key object_key_in_arena(struct arena *arena, const struct object_key *key);

// For a subresource, key is the parent's (MachineDeployment prod/md-0) and object is the subresource's body
// (autoscaling/v1 Scale). All members are borrowed from the review.
struct object_change {
    enum operation operation;
    struct object_key key;
    const char *version;           // "v1beta2"
    const char *resource;          // "machinedeployments"; "" where only the manifest is known
    const char *subresource;       // "" or "scale"
    const struct node *object;     // NULL on DELETE
    const struct node *old_object; // NULL on CREATE
};

const char *operation_name(enum operation operation); // "CREATE", "UPDATE", "DELETE"
