// What fleetgate did or refused, as Events beside the object: kubectl describe shows them. One thread at a
// time.
#pragma once

#include "kube/kube_client.h"

struct kube_event_options {
    struct kube_client *client; // borrowed until kube_events_free
    const char *component;      // "fleetgate"; copied
    const char *instance;       // this replica; copied
};

struct kube_events;

struct kube_events *kube_events_new(const struct kube_event_options *options); // caller owns
void kube_events_free(struct kube_events *events);
DEFINE_CLEANUP(kube_events_free, struct kube_events *)

// Texts are borrowed during the call.
struct kube_event {
    const char *api_version, *kind, *namespace, *name; // of the object; namespace NULL: cluster-scoped
    const char *uid, *resource_version;                // NULL: not known
    const char *reason;                                // "ClusterApproved": one word
    const char *message;                               // cut after 1024 bytes
    bool warning;
};

// The same object, reason and message within 10 minutes is one Event with a higher count. 25 at once, then
// one a second; over that it fails with LIMIT, and the next repeat tells the count. now_ns: CLOCK_MONOTONIC;
// waits 5 s for the server at most. Else fails as kube_create.
MUST_CHECK bool kube_events_write(struct kube_events *events, const struct kube_event *event, uint64_t now_ns,
                                  struct error *error);
