// What another decision changes about a recorded one.
#pragma once

#include "cli/replay_record.h"
#include "engine/decision.h"

enum replay_result {
    REPLAY_SAME,
    REPLAY_DENIED,    // it was allowed, and would be denied
    REPLAY_ALLOWED,   // it was denied, and would be allowed
    REPLAY_DIFFERENT, // the same verdict for other reasons, or another patch
    REPLAY_UNDECIDED, // a policy depends on what the record does not hold
    REPLAY_RESULTS,
};

enum replay_sign { REPLAY_LOST, REPLAY_NEW, REPLAY_UNKNOWN };

// One thing that is said now and was not (NEW), was said and is not (LOST), or is not known (UNKNOWN).
struct replay_note {
    enum replay_sign sign;
    bool denies;
    const char *policy, *path, *text; // path may be ""
};

struct replay_difference {
    enum replay_result result;
    struct replay_note *notes; // in the arena; texts of the record and the decision, not sanitised
    size_t note_count;
};

const char *replay_result_name(enum replay_result result); // "same", "newly denied", …

// Borrows from record and decision; notes lie in arena.
void replay_compare(const struct replay_record *record, const struct decision *decision, struct arena *arena,
                    struct replay_difference *ret_difference);
