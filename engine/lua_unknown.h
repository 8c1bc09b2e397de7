// The value `unknown`: something that can't be known here. Using it ends the policy's run.
#pragma once

#include <lua.h>
#include <stdbool.h>

// Raises the error that makes the running policy's outcome unknown. An int, to be a lua_CFunction too.
int lua_unknown_used(lua_State *state) __attribute__((noreturn));
bool lua_is_unknown(lua_State *state, int index);

// The error value that it raises.
extern const char lua_unknown_error;
