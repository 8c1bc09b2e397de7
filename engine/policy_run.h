// Calls the functions of one policy under its budgets.
#pragma once

#include "engine/evaluation.h"

struct policy_set;

struct policy_run {
    struct policy_set *set;
    struct evaluation *evaluation;
    size_t index;   // of the policy in the set
    size_t setting; // whose parameters hold
    enum policy_mode mode;
};

// false: it ended in a fault, which result then names. A run that ended because it used an unknown value is
// none.
bool policy_run_validate(const struct policy_run *run, struct policy_result *result);
bool policy_run_mutate(const struct policy_run *run, struct policy_result *result);
