// One change through the doors, as an API server with the gate in front would make it: defaults, attestation,
// judgement, and only then it is stored.
#pragma once

#include "attest/key_ring.h"
#include "embedded/fleet_entries.h"
#include "embedded/object_database.h"
#include "engine/engine.h"

// Everything is borrowed during the call.
struct doorway {
    struct object_database *database;
    const struct view_source *source; // of all that is stored
    const struct budget_keeper *keeper;
    struct policy_set *policies;
    const struct key_ring *keys; // NULL: nothing is attested
    const char *user;
    int64_t now_s;
};

enum door_outcome {
    DOOR_NOTHING, // it is so already
    DOOR_STORED,
    DOOR_DENIED,
    DOOR_WAITS,  // for an object of that name to be gone
    DOOR_FAILED, // what was asked for can't be stored; fatal is set when nothing can be
};

// Texts are in arena.
struct door_result {
    enum door_outcome outcome;
    enum operation operation;
    const char *text;     // of DENIED: as the doors say it; of WAITS and FAILED: why; else ""
    const char *policies; // that deny, or warned: "region-limits, node-counts"
    const char *decision; // what the text calls the decision
    const char *const *warnings;
    size_t warning_count;
    bool judged; // a policy looked at it
    bool going;  // of a delete: it is there until its finalizers are gone
    bool fatal;
};

// Stores what entry->manifest says. *ret_result is overwritten.
void door_apply(const struct doorway *door, const struct fleet_entry *entry, struct arena *arena,
                struct door_result *ret_result);
// Deletes the object. NOTHING: it is gone, or was on its way already.
void door_remove(const struct doorway *door, const struct fleet_entry *entry, struct arena *arena,
                 struct door_result *ret_result);
