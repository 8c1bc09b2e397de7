// What the functions of report share: one table as the only argument.
#pragma once

#include "fleet/fact.h"

#include <lua.h>

// Names every key that the table at index 1 may have; another one is an error. keys ends with NULL.
void lua_report_check_keys(lua_State *state, const char *function, const char *const *keys);
// The text member, copied and cut; NULL when absent.
const char *lua_report_text(lua_State *state, const char *key, const char *function);
// Member at, or the object as a whole. false: it stands on an unknown value, which is noted.
bool lua_report_origin(lua_State *state, const char *function, struct origin *ret_origin);

// report.budget, report.unique and report.deletes.
int lua_report_budget(lua_State *state);
int lua_report_unique(lua_State *state);
int lua_report_deletes(lua_State *state);
