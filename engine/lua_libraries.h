// What policies may call besides Lua's own allow-list: linear-time helpers. Each pushes one plain table of
// functions.
#pragma once

#include <lua.h>

void lua_text_push(lua_State *state);     // text.glob, text.glob_any, text.starts_with, …
void lua_version_push(lua_State *state);  // version.parse, version.compare, version.minor_distance, …
void lua_quantity_push(lua_State *state); // quantity.parse, quantity.compare
void lua_cidr_push(lua_State *state);     // cidr.parse, cidr.contains, cidr.overlaps, cidr.size

// Wraps what of a standard library could go on for ever in C, where the watchdog can't end it. The library's
// table is on top.
void lua_bounded_wrap(lua_State *state, const char *library);
