// Looks into compiled Lua code for what a policy must not do: change variables that outlive a review.
#pragma once

#include "base/error.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

// The chunk on top of the stack must not set globals nor get hold of _ENV, so that the table of globals needs
// no protection at run time. Fails with INVALID and "file:line: what".
MUST_CHECK bool bytecode_check_globals(lua_State *state, struct error *error);

// The 1-based index of an upvalue of the Lua function at index that it, or a function inside it, assigns to;
// 0 if none. -1 if the bytecode is not of the version that this reads (Lua 5.4).
int bytecode_assigned_upvalue(lua_State *state, int index);

// Marks the lines of a Lua source text that functions of the file can run (not those that run while it
// loads). Nothing is marked when it does not compile.
void bytecode_lines(const char *text, size_t length, unsigned char *ret_lines, size_t size);
