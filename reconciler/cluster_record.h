// What must survive the process: what was approved last, where the cluster runs, and the step that is under
// way. It is kept in a Secret beside the Cluster, signed, so that nobody approves by writing there.
#pragma once

#include "attest/key_ring.h"
#include "base/document.h"
#include "fleet/object_change.h"
#include "reconciler/planner.h"

// One object as it was approved last.
struct approved_object {
    struct object_key key; // texts are the approval's own
    const char *text;      // judged_text, of what is to be approved; NULL in a record
    const char *packed;    // the same in a record: approved_text
    size_t packed_length, length;
    int64_t generation; // that was approved
    int64_t attested;   // generation that its attestation named; 0: it had none
};

enum { RECORD_MOST_OBJECTS = 2000, RECORD_MOST_BYTES = 900 * 1024, RECORD_TOKEN_BYTES = 48 };

// The step that was decided on. It is stored before the provider is asked, and the operation before it is
// polled.
struct intent {
    enum provider_action action; // ACTION_NONE: none
    char *pool, *version;        // NULL where the step has none
    int64_t replicas, surge, drain_s;
    char token[RECORD_TOKEN_BYTES];
    char *operation;  // NULL: not known to have been started
    int64_t since_ms; // wall clock
};
void intent_clear(struct intent *intent);
void intent_set(struct intent *intent, const struct plan_step *step, const char *token, int64_t now_ms);
// Is this the step that the intent is about?
bool intent_matches(const struct intent *intent, const struct plan_step *step);
// Borrows from intent.
struct plan_step intent_step(const struct intent *intent);

struct cluster_record {
    char *provider, *region, *id; // NULL: nothing was ever started
    struct approved_object **approved;
    size_t approved_count;
    struct intent intent;
    int64_t revision;  // grows with each approval
    int64_t converged; // the revision that was reached last; 0: none was
    bool deleting;     // the Cluster's deletion was approved
    bool upgrading;    // holds a place among the upgrades of the fleet
    bool removing;     // the same among the deletes
    bool old_key;      // as read: it was signed by another key than the first, and is to be signed again
    bool released;     // nothing is left in the cloud: the Secret is written without finalizer
};

void cluster_record_clear(struct cluster_record *record); // usable again afterwards
static inline void cluster_record_clear_cleanup(struct cluster_record *record) {
    cluster_record_clear(record);
}

// The approval of this object, or NULL; borrowed until it changes.
const struct approved_object *cluster_record_find(const struct cluster_record *record,
                                                  const struct object_key *key);
// The text with its length; caller owns.
char *approved_text(const struct approved_object *object);
// Copies; replaces an earlier approval of the same object. Returns its index in approved.
size_t cluster_record_approve(struct cluster_record *record, const struct approved_object *object);
void cluster_record_withdraw(struct cluster_record *record, const struct object_key *key);

// The Secret's key: "NAME-fleetgate", beside the Cluster. In arena.
struct object_key cluster_record_key(struct arena *arena, const struct object_key *cluster);
// The Secret as JSON, signed by the first key. Once something was started in the cloud (id) it has a
// finalizer: who deletes it, or its namespace, does not make us forget what runs there. api_version and uid
// are the Cluster's; resource_version NULL: it is to be created. Fails with LIMIT.
MUST_CHECK bool cluster_record_write(const struct cluster_record *record, const struct object_key *cluster,
                                     const char *api_version, const char *uid, const char *resource_version,
                                     const struct key_ring *keys, struct buffer *ret_secret,
                                     struct error *error);
// Fails with DENIED (it was not signed by one of the keys, or is of another Cluster: somebody else wrote it),
// INVALID.
MUST_CHECK bool cluster_record_read(const struct node *secret, const struct object_key *cluster,
                                    const char *uid, const struct key_ring *keys,
                                    struct cluster_record *ret_record, struct error *error);
