// The Markdown pages of docs/policies/, made from the policies themselves.
#pragma once

#include "engine/policy.h"
#include "engine/policy_set.h"

void policy_page_write(const struct policy *policy, struct buffer *ret_markdown);
// The list of all policies, by category.
void policy_index_write(const struct policy_set *set, struct buffer *ret_markdown);
