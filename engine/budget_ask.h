// What policies ask of limits over the whole fleet, until all have run and the keeper is asked once.
#pragma once

#include "engine/decision.h"
#include "fleet/budget.h"

struct policy;

struct budget_ask {
    struct budget_demand demand;
    const struct policy *policy;
    size_t result; // index of the policy's result in the decision
    enum policy_mode mode;
    bool on_error_denies;
    struct origin origin;
    const char *going; // BUDGET_DELETES: the clusters that this delete takes, "prod/a, prod/b"; or NULL
    const char *message, *hint; // of the policy; NULL: the engine's own words
};

struct evaluation;
struct policy_set;

// Asks the review's keeper and adds what does not fit to the violations, what can't be judged to the
// unknowns, and a keeper that fails to the results. results are those of the policies that ran.
void budget_settle(const struct policy_set *set, struct evaluation *evaluation, struct policy_result *results,
                   size_t result_count);

// The words for a demand that does not fit: message, detail, hint and excess of *violation. Texts in arena.
void budget_explain(struct arena *arena, const struct budget_ask *ask, const struct budget_answer *answer,
                    struct violation *violation);
