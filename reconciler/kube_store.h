// The API server as an object store: every call is one request on the event loop.
#pragma once

#include "kube/kube_client.h"
#include "loop/event_loop.h"
#include "reconciler/object_store.h"

struct kube_store;

// Borrowed until kube_store_free, but for the texts.
struct kube_store_options {
    struct event_loop *loop;
    struct kube_client *client;
    // Where a kind of cluster objects is served; NULL: nowhere. Borrowed until the next call. Secrets and
    // Events need not be known.
    const struct kube_resource *(*resource)(void *cookie, const struct object_key *key);
    // Hears of every event, also of those that are left out because they are too many. May be NULL.
    void (*event)(void *cookie, const struct object_key *key, bool warning, const char *reason,
                  const char *message);
    void *cookie;
    const char *component, *instance; // who writes events: "fleetgate", this replica; copied
    int64_t timeout_ms;               // of a call with its retries; 0: 20 s
};

// Fails with LIMIT: no thread for the kubeconfig's credential plugin. Caller owns.
MUST_CHECK bool kube_store_new(const struct kube_store_options *options, struct kube_store **ret_store,
                               struct error *error);
// What was sent may be carried out all the same. Not inside a callback; may wait for a credential plugin.
void kube_store_free(struct kube_store *store);
DEFINE_CLEANUP(kube_store_free, struct kube_store *)

struct object_store kube_store_get(struct kube_store *store);
