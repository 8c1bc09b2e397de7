// What params.c, params_schema.c and params_default.c share.
#pragma once

#include "engine/params.h"
#include "engine/setting_reader.h"

enum { PARAM_MOST_ITEMS = 1000, PARAM_MOST_DEFAULT_BYTES = 64 * 1024 };

// "a string", "an integer", …
const char *param_type_phrase(enum param_type type);
// Does value suit the parameter? The reader's path is the value's.
MUST_CHECK bool param_check_value(struct setting_reader *reader, const struct param *param,
                                  const struct node *value);

// "must be a list, got nil" about the value at index. Returns false.
bool param_wrong_lua_type(struct setting_reader *reader, lua_State *state, int index, const char *wanted);
// Pushes the table at index, or the one behind it when it is frozen. false: it is no table, nothing is
// pushed.
MUST_CHECK bool param_push_table(lua_State *state, int index);
// The Lua value on top of the stack, as the parameter's type has it, as JSON. Keys in order. May leave values
// on the stack when it fails.
MUST_CHECK bool param_write_default(struct setting_reader *reader, lua_State *state,
                                    const struct param *param, struct buffer *ret_json);
