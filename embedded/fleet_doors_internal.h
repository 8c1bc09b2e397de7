// What fleet_doors.c, fleet_follow.c and fleet_removal.c share.
#pragma once

#include "base/arena.h"
#include "embedded/fleet_doors.h"
#include "embedded/fleet_entries.h"

struct fleet_round {
    struct fleet_entry **order;
    size_t count, at;
    bool moved; // in this pass something was stored or removed
};

// Hashes of problems that were told.
struct told_problems {
    uint64_t *hashes;
    size_t count, capacity;
};

struct fleet_doors {
    struct fleet_doors_options options;
    struct fleet_entries entries;
    struct fleet_round round;
    uint64_t number; // of the directory's state that was followed last
    event_timer timer;
    bool busy;        // a round is under way
    bool due;         // another one follows soon
    bool broken;      // nothing can be stored
    bool tells_again; // verdicts that differ are told though the question is the same
    bool keeps;
    bool has_read; // manifests, since memory was given back last
    size_t unreadable;
    struct told_problems problems, problems_before;
};

void fleet_doors_begin_round(struct fleet_doors *doors);
// What was refused or held, and what went, is asked in the next round.
void fleet_doors_mark(struct fleet_doors *doors);
// Why what is to be removed must stay for now; NULL: it can be asked. In arena.
const char *fleet_doors_why_kept(const struct fleet_doors *doors, struct arena *arena,
                                 const struct fleet_entry *entry);
