// Arguments of the functions that policies call: checked, with errors that name the function and the
// argument.
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

// All raise "text.glob: argument 1 must be a string, got nil" on a wrong type, and the unknown value's own
// error when the argument is unknown (engine/lua_unknown.h). function is "text.glob".

// The string at index; borrowed while it is on the stack. Numbers are no strings.
const char *lua_argument_text(lua_State *state, const char *function, int index, size_t *ret_length);
// The integer at index (1.0 counts), or fallback when it is nil or absent.
lua_Integer lua_argument_integer(lua_State *state, const char *function, int index, lua_Integer fallback);
// The length of the list (a table or a read-only proxy) at index; 0 for nil where may_be_nil. More than
// LUA_ARGUMENT_MOST_ITEMS is an error: a loop in C can't be interrupted.
enum { LUA_ARGUMENT_MOST_ITEMS = 100000 };
lua_Integer lua_argument_list(lua_State *state, const char *function, int index, bool may_be_nil);
// The string that item (1-based) of the list at index is, left on the stack. "argument 1: item 3 must be …".
// Sets *ret_unknown and gives NULL when it is unknown; with ret_unknown NULL that is raised.
const char *lua_argument_item(lua_State *state, const char *function, int index, lua_Integer item,
                              size_t *ret_length, bool *ret_unknown);

// What the value at index is, in words: "nil", "string", or its metatable's __name. Pushes nothing.
const char *lua_argument_type(lua_State *state, int index);
