// The part of text that is about names: what Kubernetes accepts as one, quoting, and "did you mean".
#pragma once

#include <lua.h>

// Adds is_dns_label, is_dns_subdomain, is_label_value, quote and nearest to the table on top of the stack.
void lua_text_names_add(lua_State *state);
