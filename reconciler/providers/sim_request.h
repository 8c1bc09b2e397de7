// What the embedded cloud is asked to do: checked, refused, or begun.
#pragma once

#include "reconciler/providers/sim_model.h"

struct sim_outcome {
    struct error error;
    int64_t retry_after_ms;              // of LIMIT
    const struct sim_operation *started; // NULL: it is done already; borrowed until the next call
    struct sim_cluster *cluster;         // that was changed, or NULL
};

// The cluster must have been advanced to now. faults decide how an operation ends. Fails (in the outcome)
// with INVALID, NOT_FOUND, CONFLICT, DENIED, LIMIT.
void sim_request_start(struct sim_model *model, const struct provider_request *request,
                       const struct sim_faults *faults, int64_t now_ms, struct sim_outcome *ret_outcome);
// Fails with INVALID: texts that are too long, empty, or of the wrong characters.
MUST_CHECK bool sim_request_check_target(const struct provider_target *target, struct error *error);
