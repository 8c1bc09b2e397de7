// Makes what a policy file leaves behind unchangeable, so that every review starts from the same state.
#pragma once

#include "base/error.h"

#include <lua.h>

// Replaces the table on top of the stack by a read-only one that reads the same; tables inside are replaced
// too.
void freeze_table(lua_State *state);
// Freezes every table that the function at index can reach through local variables of its file, and refuses
// functions that assign to such variables. Fails with INVALID and "file:line: …".
MUST_CHECK bool freeze_function(lua_State *state, int index, struct error *error);
