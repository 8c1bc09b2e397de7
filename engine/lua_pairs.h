// pairs for policies: always in the same order.
#pragma once

#include <lua.h>

// pairs(x): members of an object in the document's order; of a plain table sorted by key (Lua's own order
// changes from one state to the next).
int lua_pairs(lua_State *state);
