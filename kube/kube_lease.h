// Which of many replicas acts: leader election over a coordination.k8s.io/v1 Lease. One thread at a time.
#pragma once

#include "kube/kube_client.h"

struct kube_lease_options {
    struct kube_client *client;   // borrowed until kube_lease_free
    const char *namespace, *name; // of the Lease
    const char *identity;         // of this replica: its pod's name and something random
    unsigned duration_s;          // others take over so long after the last renewal; 0: 15
    unsigned renew_within_s;      // the leader steps down when it could not renew for so long; 0: 10
    unsigned retry_s;             // between two tries; 0: 2
};

struct kube_lease;

// Texts are copied. Caller owns. renew_within_s must be less than duration_s (assert).
struct kube_lease *kube_lease_new(const struct kube_lease_options *options);
// Does not release the lease: kube_lease_release does.
void kube_lease_free(struct kube_lease *lease);
DEFINE_CLEANUP(kube_lease_free, struct kube_lease *)

struct kube_lease_state {
    bool is_leader; // until is_leader_until_ns at the latest: the owner checks its clock before it acts
    uint64_t is_leader_until_ns; // CLOCK_MONOTONIC
    uint64_t next_step_ns;       // CLOCK_MONOTONIC: call kube_lease_step again at that time
    char holder[256];            // who leads as far as we know, "" for nobody
    struct error problem;        // of the last step; kind NONE: it went well
};

// Reads or renews the lease: at most three requests, which end within renew_within_s. now_ns:
// CLOCK_MONOTONIC. Whether another's lease has ended is judged by this clock, from when its last change was
// seen here, never by the times written in it.
struct kube_lease_state kube_lease_step(struct kube_lease *lease, uint64_t now_ns);
// Gives the lease up, so that another replica need not wait. Not the leader: true.
MUST_CHECK bool kube_lease_release(struct kube_lease *lease, struct error *error);
