// One engine for three doors: the policies judge a review, or fill in its defaults.
#pragma once

#include "base/error.h"
#include "engine/decision.h"
#include "engine/policy_set.h"
#include "engine/review.h"

// Runs every policy that matches and collects all they say. Any thread; never fails: what goes wrong inside a
// policy is part of the decision. *ret_decision is overwritten; the caller clears it, before set and review
// go away.
void engine_evaluate(struct policy_set *set, const struct review *review, struct decision *ret_decision);

// Runs the mutate functions that match (CREATE and UPDATE only) and collects a minimal JSON patch.
void engine_mutate(struct policy_set *set, const struct review *review, struct decision *ret_decision);

// The object with the decision's patch applied, positions kept (new fields stand where their parent does). A
// decision without a patch gives a copy. Caller owns.
MUST_CHECK bool engine_apply_patch(const struct document *document, const struct node *object,
                                   const struct decision *decision, struct document **ret_document,
                                   struct error *error);
