// What objects say of themselves, as users of Cluster API expect it: phase, conditions of v1beta1 and
// v1beta2, counters, endpoint. Pure functions: from what is known now to merge patches.
#pragma once

#include "base/buffer.h"
#include "reconciler/cluster_spec.h"
#include "reconciler/provider.h"

// Of the object's own spec.
enum approval_state {
    APPROVAL_NONE,     // not judged yet
    APPROVAL_APPROVED, // what it says now is what is carried out
    APPROVAL_DENIED,   // by a policy; what was approved last stays in force
    APPROVAL_HELD,     // it waits: attestation is missing, or it could not be judged
};

struct status_question {
    const struct node *object; // as stored now: a Cluster, control plane, infrastructure cluster, pool or its
                               // infrastructure
    const struct node *cluster; // the Cluster, also where object is the Cluster
    enum approval_state approval;
    const char *approval_text; // of DENIED and HELD: which policy, which field ("[region-limits] Cluster …");
                               // else NULL
    const struct cluster_spec *spec;   // that is in force; NULL: none was approved yet
    const struct cloud_cluster *cloud; // NULL: there is none, or nothing is known (then is_known is false)
    bool is_known;                     // the provider has answered since the start
    bool unreachable;                  // its last answer was none: what is known is old
    const char *pool;                  // name of the pool that object is, or NULL
    const char *step;                  // what is being done: "upgrade pool md-0 to 1.31.2"; NULL: nothing
    const char *waits;   // why what is to be done is not done: "waits for canary cluster dev/eu-1"; NULL
    const char *problem; // why it can't be done: "name is taken by another cluster"; NULL
    const char *drift;   // what differs and is only reported; NULL
    bool deleting;       // its Cluster (or itself) is being deleted, and that was approved
    int64_t now_s;       // seconds since 1970
};

// The merge patch of the status subresource that brings object's status up to date; conditions of others
// stay, and lastTransitionTime changes only with the status. It names uid and resourceVersion, since lists
// are replaced as a whole: CONFLICT means that somebody else wrote meanwhile. False: nothing changes, and
// nothing is appended.
bool cluster_status_patch(const struct status_question *question, struct buffer *ret_patch);

// Conditions that are ours, beside those of Cluster API. Reconciled (of Clusters): what is approved is
// carried out; else why not, with what is being done as its message.
#define CONDITION_POLICY_APPROVED "PolicyApproved"
#define CONDITION_RECONCILED "Reconciled"

// The finalizer of what fleetgate drives.
#define RECONCILER_FINALIZER "fleetgate.dev/reconciler"
bool has_reconciler_finalizer(const struct node *object);

// The merge patch for all but status: finalizer (Cluster and pools; taken away where has_finalizer is false),
// labels and owner references that clusterctl describe needs, spec.controlPlaneEndpoint of Cluster and
// infrastructure. It names the uid, and the resourceVersion where it replaces a list. What is being deleted
// only loses its finalizer. False: nothing changes.
bool cluster_metadata_patch(const struct status_question *question, bool has_finalizer,
                            struct buffer *ret_patch);

// The Secret NAME-kubeconfig of this Cluster as JSON, with owner reference and labels.
void cluster_kubeconfig_secret(const struct node *cluster, const char *kubeconfig, struct buffer *ret_object);

// "Pending", "Provisioning", "Provisioned", "Deleting", … as cluster_status_patch writes it. Borrowed for
// ever.
const char *cluster_phase(const struct status_question *question);
