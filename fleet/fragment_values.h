// Values that must be unique, and fields that are summed, over the files at hand.
#pragma once

#include "fleet/budget.h"
#include "fleet/fragment_accounts.h"

// The first other account that holds the demand's value (or a network that overlaps it) in its group, seen
// from the place where self is; NULL: nobody. Borrowed from accounts.
const struct object_key *fragment_values_holder(struct fragment_accounts *accounts,
                                                const struct budget_request *request,
                                                const struct budget_demand *demand);
// What other objects hold of a field, in the groups of their clusters.
int64_t fragment_values_sum(struct fragment_accounts *accounts, const struct budget_request *request,
                            const struct budget_demand *demand);
