// What the simulation has declared: clusters as objects of several kinds, everything that each object has
// said in its time, and which of that may be in force. Approval is worked out here by rules.h alone.
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "fleet/object_change.h"
#include "tests/simulation/rules.h"

struct world;

enum {
    DECLARED_CLUSTERS = 4,
    DECLARED_POOLS = 4,
    DECLARED_OBJECTS = 3 + 2 * DECLARED_POOLS,
    DECLARED_REVISIONS = 40,
    DECLARED_NAME_BYTES = 32,
    DECLARED_UID_BYTES = 64,
    DECLARED_TEXT_BYTES = 160,
    DECLARED_ATTESTATION_BYTES = 128,
    DECLARED_OLDEST_MINOR = 27,
    DECLARED_MINORS = 10, // that anybody may ask for, or a step lead through
};

enum flavour { FLAVOUR_KUBEADM, FLAVOUR_EKS, FLAVOUR_AKS, FLAVOUR_TOPOLOGY, FLAVOUR_COUNT };

// How the annotation came about that stands on the object.
enum attested {
    ATTESTED_GOOD,     // by admission
    ATTESTED_KEPT,     // whatever stands there: of an earlier spec
    ATTESTED_NONE,     // taken away
    ATTESTED_FORGED,   // made up
    ATTESTED_COPIED,   // from another object
    ATTESTED_REPLAYED, // what stood there with this spec before
    ATTESTED_COUNT,
};

struct revision {
    struct content content;
    int64_t generation;
    bool attested; // the annotation is good for it
    bool possible; // it may be what is in force
    bool certain;  // if it stays, it must be approved
    char attestation[DECLARED_ATTESTATION_BYTES];
};

struct declared_object {
    enum object_role role;
    struct object_key key; // name: below
    const char *api_version;
    char name[DECLARED_NAME_BYTES];
    bool wanted; // by the user; what was removed may still be stored
    bool stored, deleting, delete_approved;
    bool was_held; // it had our finalizer
    bool is_bare;  // somebody has taken our finalizer away: to delete it now is to delete it behind our back
    char uid[DECLARED_UID_BYTES];
    struct revision revisions[DECLARED_REVISIONS];
    size_t revision_count;
    size_t lower;    // no revision before this one is in force any more
    bool maybe_none; // it may be that nothing of it is in force
    bool ever_approved;
    int64_t said_generation; // that PolicyApproved speaks of; 0: not said
    enum { SAID_NOTHING, SAID_APPROVED, SAID_REFUSED } said;
    char said_text[DECLARED_TEXT_BYTES];
};

struct declared_cluster {
    char name[DECLARED_NAME_BYTES], id[2 * DECLARED_NAME_BYTES];
    const char *namespace;
    enum flavour flavour;
    bool is_old_api; // v1beta1
    bool driven;     // it has the label, or there is a default
    struct declared_object objects[DECLARED_OBJECTS];
    size_t object_count;
    bool has_record;         // its Secret is stored: what was approved is known
    bool ready_said;         // Ready (or Available) is true
    bool annotation_pause;   // paused by the annotation
    bool was_paused;         // so at some time: it may have been approved like this
    int64_t paused_since_ms; // as the processes have been told; -1: it is not
    bool is_canary;          // of the first wave, where there are waves
    // Since when it is sure that it has still to reach 1.27, 1.28 …; -1: it is not.
    int64_t behind_since_ms[DECLARED_MINORS];
};

struct declared_kind {
    const char *group, *kind;
};
extern const struct declared_kind declared_kinds[];
extern const size_t declared_kind_count;

void declared_cluster_init(struct declared_cluster *cluster, unsigned number, enum flavour flavour);
// Another pool, with the object of its infrastructure where there is one. NULL: no room.
struct declared_object *declared_add_pool(struct declared_cluster *cluster, const char *name);
// The object that holds the cluster's region or version.
struct declared_object *declared_region_object(struct declared_cluster *cluster);
struct declared_object *declared_version_object(struct declared_cluster *cluster);
// A part that is named and not there: what was made of the rest before stays in force.
bool declared_lacks_part(const struct declared_cluster *cluster);
struct declared_object *declared_find(struct world *world, const struct object_key *key,
                                      struct declared_cluster **ret_cluster);
static inline struct revision *declared_latest(struct declared_object *object) {
    return object->revision_count ? &object->revisions[object->revision_count - 1] : NULL;
}

// Writes the object as content says, and notes it. False: it can't be stored now (it is being deleted, or
// went).
bool declared_write(struct world *world, struct declared_cluster *cluster, struct declared_object *object,
                    const struct content *content, enum attested attested);
// What is being deleted can be let go on, too: spec.paused is taken away.
void declared_resume(struct world *world, struct declared_object *object);
// Only metadata: an annotation ("NULL": taken away).
void declared_annotate(struct world *world, struct declared_object *object, const char *name,
                       const char *value);
void declared_delete(struct world *world, struct declared_object *object);
// What all topologies share, through admission.
void declared_write_class(struct world *world);
// Rules have changed, or there is something new: may and must the latest revision be approved?
void declared_judge(struct world *world, struct declared_object *object);
// Nothing before it is in force any more.
void declared_settle(struct declared_object *object, size_t revision);
// The revision that has this generation; NULL: none.
struct revision *declared_revision_of(struct declared_object *object, int64_t generation);

// Calls for each revision that may be in force now. Ends when visit returns true, and returns that.
bool declared_any(const struct declared_object *object,
                  bool (*visit)(void *cookie, const struct revision *revision), void *cookie);
// May anything of it be in force, or something that says "paused"?
bool declared_may_exist(const struct declared_object *object);
bool declared_may_be_paused(const struct declared_object *object);
