// What the policies of a set want counted besides what every cluster tells: labels as groups, and fields.
#pragma once

#include "base/error.h"
#include "fleet/inventory.h"

struct policy_set;

struct policy_wants {
    const char *const *labels; // each once
    size_t label_count;
    const struct inventory_field *fields;
    size_t field_count;
};

// Borrowed from the set; for inventory_configure before the set's first review.
const struct policy_wants *policy_set_wants(const struct policy_set *set);
bool policy_wants_label(const struct policy_set *set, const char *label);
bool policy_wants_field(const struct policy_set *set, const struct inventory_field *field);

// Calls keeps(params) of every policy for each of its settings, once the evaluators are there. Fails with
// INVALID and "file: keeps: what", and with LIMIT over 64 labels or fields.
MUST_CHECK bool policy_wants_read(struct policy_set *set, struct error *error);
