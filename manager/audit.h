// What is stored already, judged as if it came today: page by page, in bounded memory.
#pragma once

#include "engine/engine.h"
#include "fleet/fleet_access.h"
#include "kube/kube_client.h"

// One object and what the policies say of it, valid during the call.
struct audit_finding {
    const struct review *review;
    const struct decision *decision;
    const char *api_version; // "cluster.x-k8s.io/v1beta1"
    const char *uid;
};

struct audit_options {
    struct kube_client *client;
    struct policy_set *policies;
    struct fleet_knowledge fleet; // the other objects; methods may be NULL
    unsigned page_limit;          // objects in a page; 0: 250
    const char *namespace;        // only this one; NULL: all
    // Every object that some policy looked at. False breaks off with its error.
    bool (*found)(void *cookie, const struct audit_finding *finding, struct error *error);
    bool (*stop)(void *cookie); // asked between objects; may be NULL
    void *cookie;
};

enum { AUDIT_MOST_POLICIES = 256 };

// By policy, in the set's order.
struct audit_count {
    const char *policy;
    uint64_t denied, warned, unknown, faults; // objects, not findings
};

struct audit_summary {
    uint64_t objects;        // judged
    uint64_t denied_objects; // that would be denied today
    unsigned kinds;
    struct audit_count counts[AUDIT_MOST_POLICIES];
    size_t count;
    uint64_t duration_ns;
};

// Kinds that no policy looks at when they are created are not read. Fails as kube_list does, and with LIMIT
// when it was stopped. Texts in the summary are the policy set's.
MUST_CHECK bool audit_run(const struct audit_options *options, struct audit_summary *ret_summary,
                          struct error *error);
