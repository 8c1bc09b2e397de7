// A status on its way: fields and conditions are put into a draft, and what differs from the object becomes
// the patch.
#pragma once

#include "base/arena.h"
#include "reconciler/conditions.h"
#include "reconciler/status_facts.h"
#include "reconciler/status_shape.h"

enum { DRAFT_MOST_CONDITIONS = 32 }; // Cluster API takes no more in one list

struct status_draft {
    const struct status_question *question;
    struct status_shape shape;
    struct status_facts facts;
    const struct node *status; // of the object as it is, or NULL
    struct arena *arena;       // of texts
    struct json_object *fields;
    struct json_object *maybe; // that an older schema drops: being missing is alone no reason to write them
    struct condition conditions[DRAFT_MOST_CONDITIONS];
    size_t condition_count;
};

// shape.entry is NULL for an object that has no status of ours; no other call is allowed then.
void status_draft_init(struct status_draft *draft, const struct status_question *question);
void status_draft_clear(struct status_draft *draft);
static inline void status_draft_clear_cleanup(struct status_draft *draft) {
    status_draft_clear(draft);
}

// path is below status, with dots.
void status_draft_integer(struct status_draft *draft, const char *path, int64_t value);
void status_draft_boolean(struct status_draft *draft, const char *path, bool value);
void status_draft_text(struct status_draft *draft, const char *path, const char *value);
// For a field that an older schema of the kind drops. Takes ownership of value.
void status_draft_maybe(struct status_draft *draft, const char *path, struct json_object *value);
// True now, or already true in the object: for fields that never go back.
void status_draft_latch(struct status_draft *draft, const char *path, bool value);

// Texts are borrowed until the draft is finished (or are in its arena). Forms that the kind has not are left
// out.
void status_draft_condition(struct status_draft *draft, const struct condition *condition);
// The patch with the object's uid, and its resourceVersion, since lists are replaced as a whole; false:
// nothing changes.
bool status_draft_finish(struct status_draft *draft, struct buffer *ret_patch);

// Puts the object's uid, and its resourceVersion where with_version, into metadata of a patch.
void patch_preconditions(const struct node *object, bool with_version, struct json_object *metadata);

// One file for each: what an object of this role says.
void status_cluster_fill(struct status_draft *draft);
void status_control_plane_fill(struct status_draft *draft);
void status_infrastructure_fill(struct status_draft *draft);
void status_pool_fill(struct status_draft *draft);
// Conditions that all have.
void status_common_conditions(struct status_draft *draft);
// Ready, and Available of what has machines. why_not may be NULL.
void status_availability(struct status_draft *draft, bool is_available, const char *why_not);
// RollingOut, ScalingUp and ScalingDown of what has machines.
void status_machine_conditions(struct status_draft *draft, const struct status_counters *counters);
// Reconciled, and TopologyReconciled where there is a topology.
void status_progress_conditions(struct status_draft *draft);

// replicas, readyReplicas, … where the kind's version has them.
void status_machine_counters(struct status_draft *draft, const struct status_counters *counters);
// [{version, replicas}] of status.versions; NULL: there is none. Caller owns.
struct json_object *status_versions(const struct status_draft *draft, const struct status_counters *counters);
// "v1.31.2" or "1.31.2", as the kind writes it; in the draft's arena.
const char *status_version_text(const struct status_draft *draft, const char *version);

// Unknown as long as the provider has not answered.
enum condition_status status_when_known(const struct status_draft *draft, bool is_true);
const char *status_severity(const struct status_draft *draft); // "Error" when the cloud's cluster has failed
// Why what the cloud has is not there yet, or does not work: "control plane is creating". In the draft's
// arena.
const char *status_cloud_text(const struct status_draft *draft, const char *what);
const char *status_control_plane_text(const struct status_draft *draft);
