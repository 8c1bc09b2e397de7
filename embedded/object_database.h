// The objects of an embedded management cluster, in SQLite (WAL), with the manners of an API server: uid,
// resourceVersion, generation, status apart from the rest, finalizers, and owners whose end takes what they
// own along.
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "fleet/object_change.h"

#include <stdint.h>

struct object_database;

struct object_database_options {
    const char *path; // NULL: in memory
    bool read_only;   // beside the process that writes; fails with NOT_FOUND when there is none
    int64_t (*wall_ms)(void *cookie); // NULL: the system's
    void *cookie;
    uint64_t uid_seed; // of uids; 0: from the system
};

// Fails with IO, INVALID (a database of something else, or of a newer version), LIMIT (another process has it
// open for writing). Caller owns. One thread at a time.
MUST_CHECK bool object_database_open(const struct object_database_options *options,
                                     struct object_database **ret_database, struct error *error);
void object_database_close(struct object_database *database);
DEFINE_CLEANUP(object_database_close, struct object_database *)

// Called after each change was stored, inside the call that made it. object: as it is now; removed: as it
// was. May change objects; of that, listeners hear when this call is over.
struct object_listener {
    void (*put)(void *cookie, const struct object_key *key, const struct node *object);
    void (*removed)(void *cookie, const struct object_key *key, const struct node *object);
    void *cookie;
};
void object_database_listen(struct object_database *database, const struct object_listener *listener);
// Valid during the call, which changes nothing in the database. false ends it (not a failure).
typedef bool object_visit(void *cookie, const struct object_key *key, const struct node *object);
// Every object, by kind, namespace and name. Fails with IO.
MUST_CHECK bool object_database_each(struct object_database *database, object_visit *each, void *cookie,
                                     struct error *error);
// What names this uid in its ownerReferences, in the same order; reads nothing else.
MUST_CHECK bool object_database_owned(struct object_database *database, const char *uid, object_visit *each,
                                      void *cookie, struct error *error);

// ret_document (may be NULL): the object as it is afterwards; caller owns. All are atomic; once they return,
// they survive the end of the process (kill -9), and Secrets, which hold approvals and intents, with all that
// was stored before them, also a power failure. Fail with NOT_FOUND, CONFLICT (exists already; other uid or
// resourceVersion), INVALID, LIMIT (an object over 1.5 MB), IO.
MUST_CHECK bool object_database_read(struct object_database *database, const struct object_key *key,
                                     struct document **ret_document, struct error *error);
// status is dropped, as for kinds with a status subresource (of the groups *.cluster.x-k8s.io). stringData of
// a Secret becomes data. What names only owners that are gone is created, and goes at once.
MUST_CHECK bool object_database_create(struct object_database *database, const struct object_key *key,
                                       const struct node *object, struct document **ret_document,
                                       struct error *error);
// All but status and what belongs to the server in metadata. What changes nothing changes no resourceVersion.
// An object that is being deleted and loses its last finalizer goes.
MUST_CHECK bool object_database_replace(struct object_database *database, const struct object_key *key,
                                        const struct node *object, struct document **ret_document,
                                        struct error *error);
// subresource NULL or "status". A merge patch (RFC 7386).
MUST_CHECK bool object_database_patch(struct object_database *database, const struct object_key *key,
                                      const char *subresource, const struct node *patch,
                                      struct document **ret_document, struct error *error);
// With finalizers: sets deletionTimestamp (and counts up generation, as API servers do), and *ret_document is
// the object; else it goes, and what it alone owns with it; *ret_document is what it was. uid NULL: any.
MUST_CHECK bool object_database_remove(struct object_database *database, const struct object_key *key,
                                       const char *uid, struct document **ret_document, struct error *error);

// Several changes that are stored together or not at all; listeners hear of them after the commit. Not
// nested. After a change that failed, the commit stores nothing and fails with its error. The tables beside
// the objects (decision_table.h and others) take part.
void object_database_begin(struct object_database *database);
MUST_CHECK bool object_database_commit(struct object_database *database, struct error *error);
void object_database_rollback(struct object_database *database);
