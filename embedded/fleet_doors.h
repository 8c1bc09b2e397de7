// Takes a fleet directory's objects through the doors: creates, updates and deletes, in an order that makes
// sense, a few at a time, and asks again for what was refused.
#pragma once

#include "attest/key_ring.h"
#include "embedded/object_database.h"
#include "engine/engine.h"
#include "fleet/inventory.h"
#include "loop/event_loop.h"
#include "manifest/manifest.h"

struct fleet_doors;

enum door_report_kind {
    REPORT_STORED,     // created, updated, or deleted
    REPORT_DENIED,     // told once, however often it is asked again
    REPORT_FAILED,     // it can't be stored as it is
    REPORT_UNREADABLE, // a file, or a placeholder in it
    REPORT_KEPT,       // what is not in the directory any more is not deleted
};

// One thing that people are told. Borrowed during the call.
struct door_report {
    enum door_report_kind kind;
    enum operation operation;     // of STORED, DENIED and FAILED
    const struct object_key *key; // NULL where no object is meant
    const char *file;             // of the manifest; NULL: not known
    uint32_t line, column;        // 0: not known
    const char *text;             // of DENIED: as the doors say it, several lines; of the others: why, or ""
    const char *policies;         // that deny or warn
    const char *decision;         // what the text calls the decision
    const char *const *warnings;
    size_t warning_count;
    bool judged; // a policy looked at it
};

// Everything is borrowed until fleet_doors_free. Callbacks run on the loop's thread; reported also
// inside fleet_doors_follow.
struct fleet_doors_options {
    struct event_loop *loop;
    struct object_database *database;
    const struct inventory *inventory; // fed with all that the database stores, before its calls return
    const struct budget_keeper *keeper;
    struct policy_set *(*policies)(void *cookie); // a reference to what is in force
    struct key_ring *(*keys)(void *cookie);       // a reference; NULL: nothing is attested
    const char *user;
    const char *directory; // for messages
    int64_t ask_again_ms;  // 0: 60 s
    void (*reported)(void *cookie, const struct door_report *report);
    void (*failed)(void *cookie, const char *why); // nothing can be stored any more
    void *cookie;
};

// Remembers what was applied before. Fails as reading the database does. Caller owns.
MUST_CHECK bool fleet_doors_new(const struct fleet_doors_options *options, struct fleet_doors **ret_doors,
                                struct error *error);
void fleet_doors_free(struct fleet_doors *doors);
DEFINE_CLEANUP(fleet_doors_free, struct fleet_doors *)

// What the directory holds now. What can't be read deletes nothing, and so does a directory without any
// object. Takes ownership; it is not kept.
void fleet_doors_follow(struct fleet_doors *doors, struct manifest_set *manifests);
// Policies or keys have changed: what was refused is asked again.
void fleet_doors_reconsider(struct fleet_doors *doors);
// An object is gone from the database; may be called inside its calls.
void fleet_doors_removed(struct fleet_doors *doors, const struct object_key *key);

struct fleet_doors_state {
    bool busy;         // something is still to be asked in this round
    size_t objects;    // in the directory
    size_t refused;    // by policies
    size_t failed;     // can't be stored
    size_t held;       // wait for others to go
    size_t unreadable; // files, documents and objects
    bool keeps;        // deletes nothing, because of those or because the directory is empty
};
struct fleet_doors_state fleet_doors_state(const struct fleet_doors *doors);
