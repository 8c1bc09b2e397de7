// The policies that ship, built into the program (cmake/embed_policies.cmake writes the .c file).
#pragma once

#include "engine/policy_set.h"

extern const struct policy_source embedded_policies[];
extern const size_t embedded_policy_count;
