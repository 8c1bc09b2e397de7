// Parameters of a policy: a schema in its file, values in the configuration.
#pragma once

#include "base/buffer.h"
#include "base/document.h"
#include "base/error.h"

#include <lua.h>

enum param_type { PARAM_STRING, PARAM_INTEGER, PARAM_NUMBER, PARAM_BOOLEAN, PARAM_LIST, PARAM_MAP };

// { type = "list", items = "string", description = "…", default = {…}, minimum = 1, maximum = 9, enum = {"a",
// "b"},
//   optional = true }. A parameter has a default, or is optional, or is required.
struct param {
    const char *name;
    const char *description;
    enum param_type type;
    enum param_type items; // of a list's items or a map's values
    bool optional;
    bool has_minimum, has_maximum;
    double minimum, maximum;    // of numbers; of a string, list or map its length
    const char *const *allowed; // enum: texts; of a list: of its items
    size_t allowed_count;
    const char *default_json;         // the default as JSON text, NULL: none
    const struct node *default_value; // the same as a node
};

struct param_schema {
    const struct param *params; // sorted by name
    size_t count;
};

// Reads the schema from the table at index (nil: no parameters; frozen tables may be in it). Unknown keys,
// bad types, a default that the schema itself refuses are INVALID: "params.allowed.typ: unknown key; did you
// mean type?". Caller frees.
MUST_CHECK bool param_schema_read(lua_State *state, int index, struct param_schema **ret_schema,
                                  struct error *error);
void param_schema_free(struct param_schema *schema);

// Checks values (a map, or NULL for none) against the schema; unknown parameters are refused with the nearest
// name. Fails with INVALID and "FILE:line:column: policies.NAME.params.allowed[2]: …" when document has
// positions.
MUST_CHECK bool param_schema_check(const struct param_schema *schema, const struct node *values,
                                   const struct document *document, const char *file, const char *policy,
                                   struct error *error);
// Pushes a plain Lua table with the values and, where they are absent, the defaults. values passed the check.
void param_schema_push(lua_State *state, const struct param_schema *schema, const struct node *values);
