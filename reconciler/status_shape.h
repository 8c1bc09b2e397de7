// Which fields the status of each kind has: Cluster API's own kinds by their version, providers' kinds by
// what their CRDs say.
#pragma once

#include "base/document.h"
#include "fleet/kind_table.h"

struct status_shape {
    const struct kind_entry *entry;
    const char *kind;
    // The contract of Cluster API's v1beta2: status.initialization instead of status.ready and initialized.
    bool initialization;
    const char *old_conditions; // path in status of conditions with severity; NULL: there are none
    const char *new_conditions; // path in status of metav1 conditions; NULL: there are none
    // Paths in the object, NULL where the kind has no such field.
    const char *endpoint;        // {host, port} in spec
    const char *status_endpoint; // the same in status
    const char *current_version; // a second name of status.version
    bool core;                   // of Cluster API itself: observedGeneration, both forms of conditions
    bool machine_counters;       // replicas of its control plane or pool
    bool observed_generation;    // may be there
    bool version;                // status.version may be there
    bool version_prefix;         // written "v1.31.2"
    bool external;               // status.externalManagedControlPlane
};

// entry is NULL for an object that says nothing of clusters, or a template. Texts are borrowed from the
// object.
struct status_shape status_shape_of(const struct node *object);
