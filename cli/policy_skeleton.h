// A policy to start from, and its tests.
#pragma once

#include "base/buffer.h"

#include <stdbool.h>

// Lower case letters, digits and "-"; it names the file and is written in configurations.
bool policy_name_is_good(const char *name);
void policy_skeleton_write(const char *name, struct buffer *ret_lua);
void policy_skeleton_test_write(const char *name, struct buffer *ret_lua);
