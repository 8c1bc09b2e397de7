// Looks at everything that is stored, asked of the cloud, and there in the cloud, and says when an invariant
// does not hold. It knows nothing of how the reconciler works but what its headers promise.
#pragma once

#include "engine/decision.h"
#include "reconciler/provider.h"
#include "tests/simulation/declared.h"

struct process;
struct world;

enum {
    CHECKER_LIVES = 64,
    CHECKER_TOKENS = 2048,
    CHECKER_TOKEN_BYTES = 80,
    CHECKER_RECORDS = 48,
    CHECKER_WHY_BYTES = 240,
    CHECKER_VERSION_BYTES = 48,
};

// One Cluster object, from its creation to its end.
struct life {
    char uid[DECLARED_UID_BYTES];
    struct declared_cluster *cluster;
    bool stored, deleting, delete_approved;
};
// What may have been in force when a record of a cluster was stored.
struct record_version {
    int64_t at_ms;
    char *text; // of the Secret, decoded
    struct declared_cluster *cluster;
    size_t lower[DECLARED_OBJECTS];
};

struct token {
    char text[CHECKER_TOKEN_BYTES], operation[CHECKER_TOKEN_BYTES];
    uint64_t request; // a hash of all that it asks
};

struct checker_counts {
    uint64_t starts[ACTION_COUNT]; // that the cloud began
    uint64_t approved, refused, crashes, repairs, changes;
};

struct checker {
    struct life lives[CHECKER_LIVES];
    size_t life_count;
    struct record_version records[CHECKER_RECORDS]; // a ring
    uint64_t record_count;
    struct token tokens[CHECKER_TOKENS];
    size_t token_count;
    struct checker_counts counts;
};

void checker_clear(struct checker *checker);
// Inside of every change of the database. object NULL: it is removed.
void checker_stored(struct world *world, const struct object_key *key, const struct node *object);
// A process has been told.
void checker_process_saw(struct world *world, struct process *process, const struct object_key *key,
                         const struct node *object);
void checker_decided(struct world *world, const struct review *review, const struct decision *decision);
// A process asks; the request comes to the cloud; the cloud has answered.
void checker_start_is_sent(struct world *world, struct process *process,
                           const struct provider_request *request);
void checker_start_arrives(struct world *world, const struct provider_request *request);
void checker_started(struct world *world, const struct provider_request *request,
                     const struct provider_answer *answer);
void checker_look_at_cloud(struct world *world);

// Whether everything is as it should be at the end; else what is not yet.
bool checker_is_settled(struct world *world, char ret_why[static CHECKER_WHY_BYTES]);

// Of budgets and waves: before what changes, and when a request comes to the cloud that has not begun yet.
void checker_rollout_look(struct world *world);
void checker_rollout_arrives(struct world *world, const struct provider_request *request,
                             const struct record_version *record);
// The version of the control plane of the cluster with this owner. False: there is none, or it is going.
bool checker_plane(const struct world *world, const char *owner, char ret_version[CHECKER_VERSION_BYTES]);
// Calls for each revision that may have been in force since that record. Ends as declared_any.
bool checker_any_since(const struct record_version *record, struct declared_object *object,
                       bool (*visit)(void *cookie, const struct revision *revision), void *cookie);

// The first record that names it; NULL: none does.
const struct record_version *checker_record_with(const struct checker *checker, const char *token);
struct life *checker_life(struct checker *checker, const char *uid);
