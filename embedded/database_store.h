// The embedded management cluster as the reconciler sees it: an object store on an event loop.
#pragma once

#include "embedded/object_database.h"
#include "loop/event_loop.h"
#include "reconciler/object_store.h"

struct database_store;

typedef void store_event(void *cookie, const struct object_key *key, bool warning, const char *reason,
                         const char *message);

// Both are borrowed until database_store_free. event: where events go, may be NULL. Caller owns.
struct database_store *database_store_new(struct event_loop *loop, struct object_database *database,
                                          store_event *event, void *cookie);
void database_store_free(struct database_store *store);
DEFINE_CLEANUP(database_store_free, struct database_store *)
// Calls are carried out at once, in their order; answers come in the next turn of the loop. Answers that wait
// at database_store_free are dropped.
struct object_store database_store_get(struct database_store *store);
