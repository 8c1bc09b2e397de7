// A line of the decision log as the review that it was.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "engine/review.h"

struct replay_record {
    struct document *line;  // the record as it stands there
    struct document *input; // object and old object; what was masked is unknown. NULL: it was dropped
    struct arena *arena;    // of the groups
    struct review review;   // of input
    bool mutates;
    bool allowed;
    const char *timestamp, *decision_id;
    const char *dropped; // why there is no input, or NULL
};

// Reads one line (copied). Fails with INVALID or LIMIT and says what is wrong with it; caller clears.
MUST_CHECK bool replay_record_read(const char *text, size_t length, struct replay_record *ret_record,
                                   struct error *error);
void replay_record_clear(struct replay_record *record);
static inline void replay_record_clear_cleanup(struct replay_record *record) {
    replay_record_clear(record);
}
