// Does a change fit? What the inventory holds, what was promised, and what the change takes on top.
#pragma once

#include "manager/promise.h"

// All borrowed during the call. Asking for more than PROMISE_MOST_DELTAS demands fails with LIMIT.
struct usage_question {
    const struct inventory *inventory;
    struct promise_set *promises; // its shown marks are brought up to date
    const struct budget_request *request;
    // A create of what is stored already (it was read live): it takes nothing while that is there.
    bool exists;
};

struct usage_verdict {
    bool fits;                      // all demands that don't only count
    bool grows;                     // something is to be promised
    const struct promise *replaced; // the earlier promise of the same change, or NULL; borrowed
    struct promise_delta *deltas;   // in the arena
    size_t delta_count;
};

// Answers of BUDGET_DELETES are left alone. Fails with INVALID (an unknown amount) or LIMIT.
MUST_CHECK bool usage_judge(const struct usage_question *question, struct arena *arena,
                            struct budget_answer *ret_answers, struct usage_verdict *ret_verdict,
                            struct error *error);
// The promise of this change; caller owns. id, until_ms, until_ns and replica are the caller's to set.
struct promise *usage_promise(const struct usage_question *question, const struct usage_verdict *verdict,
                              const char *replica);
