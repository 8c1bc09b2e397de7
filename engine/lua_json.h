// Lua values as JSON text.
#pragma once

#include "base/buffer.h"
#include "base/document.h"
#include "base/error.h"

#include <lua.h>

// Appends the value at index: texts, numbers, booleans, null, tables (1..n: a list; texts as keys: a map; an
// empty one: a map), objects of a review. Fails with INVALID (functions, mixed keys, NaN, nesting over 64)
// and LIMIT (the buffer).
MUST_CHECK bool lua_json_append(lua_State *state, int index, struct buffer *json, struct error *error);
// The same for callers outside of every protected call: a Lua error on the way is INVALID too.
MUST_CHECK bool lua_json_append_safe(lua_State *state, int index, struct buffer *json, struct error *error);
// Appends a text in quotes.
void json_append_text(struct buffer *json, const char *text, size_t length);
void json_append_node(struct buffer *json, const struct node *node);

// Values in Lua that stand for [] and {}; compared by address.
extern const char lua_json_empty_list;
extern const char lua_json_empty_map;
