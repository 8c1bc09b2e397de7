// Carries out approved specs: looks at every cluster it is asked to drive, judges what is new, and brings the
// cloud, step by step, to what was approved last.
#pragma once

#include "attest/key_ring.h"
#include "engine/engine.h"
#include "fleet/fleet_access.h"
#include "loop/event_loop.h"
#include "reconciler/object_store.h"
#include "reconciler/provider.h"
#include "reconciler/reconcile_settings.h"

// On a Cluster: the provider that drives it.
#define RECONCILER_LABEL "fleetgate.dev/provider"

struct named_provider {
    const char *name; // "sim"
    struct provider provider;
};

// What is going on with one cluster, for those who watch. Borrowed during the call.
struct cluster_progress {
    const char *namespace, *name;
    const char *phase;   // as in the Cluster's status; "" : gone
    const char *version; // of the control plane; "" where there is none
    const char *doing;   // step, wait, denial or problem; "" : nothing
    enum { PROGRESS_IDLE, PROGRESS_WORKING, PROGRESS_WAITING, PROGRESS_REFUSED, PROGRESS_FAILED } state;
    int64_t ready, wanted; // nodes
};

// Everything is borrowed until reconciler_free. Callbacks run on the loop's thread.
struct reconciler_options {
    struct event_loop *loop;
    struct object_store store;
    const struct named_provider *providers;
    size_t provider_count;
    const char *default_provider; // of Clusters without the label; NULL: they are left alone
    struct fleet_access fleet;    // everything that is stored, and who counts limits
    struct policy_set *(*policies)(
        void *cookie);                      // a reference to what is in force; NULL: nothing is judged now
    struct key_ring *(*keys)(void *cookie); // a reference; signs approvals
    bool attests;                           // admission attests specs with these keys
    const struct reconcile_settings *(*settings)(void *cookie); // borrowed until the next turn
    bool (*leads)(void *cookie); // asked before every call to a provider; NULL: always
    // What was judged, but for a repeat, and for what was allowed and changes only metadata or the endpoint.
    // May be NULL.
    void (*decided)(void *cookie, const struct review *review, const struct decision *decision);
    void (*progress)(void *cookie, const struct cluster_progress *progress); // may be NULL
    void *cookie;
    uint64_t random_seed; // of jitter and tokens; 0: from the system
};

struct reconciler;

struct reconciler *reconciler_new(const struct reconciler_options *options); // caller owns
// Calls under way are forgotten; nothing is lost, since all that matters was stored before.
void reconciler_free(struct reconciler *reconciler);
DEFINE_CLEANUP(reconciler_free, struct reconciler *)

// What is stored, as it changes; the loop's thread. Objects that say nothing of clusters are ignored; nothing
// is kept of object but a copy. The fleet that options.fleet shows must know of the change already.
void reconciler_put(struct reconciler *reconciler, const struct node *object);
void reconciler_removed(struct reconciler *reconciler, const struct object_key *key);
// All that is stored has been put at least once: from now on it acts. A new list: reconciler_relist, puts,
// synced.
void reconciler_synced(struct reconciler *reconciler);
// What is not put again until the next reconciler_synced is gone.
void reconciler_relist(struct reconciler *reconciler);
// Policies, settings or keys have changed: what was denied or held is judged again.
void reconciler_reconsider(struct reconciler *reconciler);

struct reconciler_stats {
    size_t clusters, converged, working, waiting, refused, failed;
    uint64_t passes, steps_started, steps_done, steps_failed, approvals, denials, holds, repairs;
};
struct reconciler_stats reconciler_stats(const struct reconciler *reconciler);
