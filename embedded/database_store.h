// The embedded management cluster as the reconciler sees it: an object store on an event loop.
#pragma once

#include "embedded/object_database.h"
#include "loop/event_loop.h"
#include "reconciler/object_store.h"

struct database_store;

// Both are borrowed until database_store_free. event: where events go, may be NULL. Caller owns.
struct database_store *database_store_new(struct event_loop *loop, struct object_database *database,
                                          void (*event)(void *cookie, const struct object_key *key,
                                                        bool warning, const char *reason,
                                                        const char *message),
                                          void *cookie);
void database_store_free(struct database_store *store);
DEFINE_CLEANUP(database_store_free, struct database_store *)
// Answers come in the next turn of the loop.
struct object_store database_store_get(struct database_store *store);
