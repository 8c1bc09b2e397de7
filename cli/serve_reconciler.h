// The reconciler of serve: a thread with its own event loop, which carries out approved specs while this
// replica leads.
#pragma once

#include "attest/key_ring.h"
#include "base/buffer.h"
#include "cli/reconcile_options.h"
#include "engine/policy_set.h"
#include "manager/manager.h"

struct serve_reconciler;

// Borrowed until serve_reconciler_free, but for the texts of options.
struct serve_reconciler_options {
    const struct reconcile_options *options;
    const char *identity;                         // of this replica
    struct policy_set *(*policies)(void *cookie); // a reference to what is in force, or NULL; any thread
    struct key_ring *(*keys)(void *cookie);       // the same
    void *cookie;
};

// Opens nothing yet and starts no thread. Caller owns.
struct serve_reconciler *serve_reconciler_new(const struct serve_reconciler_options *options);
// For the manager's start; valid until serve_reconciler_free.
struct fleet_listener serve_reconciler_listener(struct serve_reconciler *reconciler);
// manager: borrowed until serve_reconciler_stop. Fails with LIMIT.
MUST_CHECK bool serve_reconciler_start(struct serve_reconciler *reconciler, struct manager *manager,
                                       struct error *error);
// Ends the thread; steps under way go on in the cloud, and whoever leads next follows them. Before the
// manager goes. NULL and one that never started are ignored.
void serve_reconciler_stop(struct serve_reconciler *reconciler);
// After the manager is gone, which tells its listener until then.
void serve_reconciler_free(struct serve_reconciler *reconciler);
DEFINE_CLEANUP(serve_reconciler_free, struct serve_reconciler *)

// As gate_companion wants it; any thread.
void serve_reconciler_write_metrics(struct serve_reconciler *reconciler, struct buffer *ret_text);
