// What a policy says about itself, in the pieces that explain and the generated pages share.
#pragma once

#include "base/buffer.h"
#include "cli/options.h"
#include "engine/policy.h"
#include "engine/policy_set.h"

// How many matchers describe it, and one of them as a line: "Cluster in cluster.x-k8s.io, on CREATE or
// UPDATE".
size_t policy_matcher_count(const struct policy *policy);
void policy_matcher_text(const struct policy *policy, size_t index, struct buffer *ret_text);

// "list of string", "integer from 1 to 9", "string: protected, all or none".
void param_type_text(const struct param *param, struct buffer *ret_text);
// "default []", "optional", "required".
void param_default_text(const struct param *param, struct buffer *ret_text);

// A configuration that names every parameter: defaults as they are, optional ones commented out.
void policy_example(const struct policy *policy, struct buffer *ret_yaml);

// The policy of that name; NULL when there is none, which was said on stderr with the nearest name.
const struct policy *policy_lookup(const struct command *command, const struct policy_set *set,
                                   const char *name);
// The mode that the configuration gives it, "mixed" where that depends on the door or on the scope.
const char *policy_mode_text(const struct policy *policy);
