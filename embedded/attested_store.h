// The object store of the reconciler with /mutate in front, as on a management cluster: what it patches into
// an object that was attested is attested, too. What came in by no door stays as it is.
#pragma once

#include "attest/key_ring.h"
#include "embedded/object_database.h"
#include "reconciler/object_store.h"

struct attested_store;

// Everything is borrowed until attested_store_free. keys: a reference to what is in force. Caller owns.
struct attested_store *attested_store_new(const struct object_store *inner, struct object_database *database,
                                          struct key_ring *(*keys)(void *cookie), void *cookie);
void attested_store_free(struct attested_store *store);
DEFINE_CLEANUP(attested_store_free, struct attested_store *)
struct object_store attested_store_get(struct attested_store *store);
