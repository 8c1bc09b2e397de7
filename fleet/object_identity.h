// What a manifest's object is called in a review: as the API server would say it.
#pragma once

#include "base/arena.h"
#include "fleet/object_change.h"

struct object_identity {
    struct object_key key;
    const char *version; // "v1beta2"
};

// namespace is for objects that name none, as kubectl --namespace; kinds that have no namespace get "". Texts
// are in arena or borrowed from object. object must have apiVersion and kind as texts.
void object_identity_read(struct arena *arena, const struct node *object, const char *namespace,
                          struct object_identity *ret_identity);
// The resource that API servers make of a kind: "machinedeployments". A guess that holds for nearly all.
const char *object_resource(struct arena *arena, const char *kind);
