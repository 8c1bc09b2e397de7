// What policies may call: a function-level allow-list, with everything read-only.
#pragma once

#include <lua.h>

struct evaluator;

// Fills a new state with the environment that policy files run in.
void sandbox_open(struct evaluator *evaluator);
// Replaces the table on top by a read-only one for which reading a name that is not there is an error that
// begins with the library's name.
void sandbox_seal(lua_State *state, const char *library);
