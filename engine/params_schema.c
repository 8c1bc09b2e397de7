#include "engine/params_internal.h"

#include "base/field_path.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

enum { MOST_PARAMS = 200 };

// The schema with what its texts and defaults lie in.
struct schema_storage {
    struct param_schema schema;
    struct arena *arena;
    struct document **defaults;
    size_t default_count;
};

struct schema_reader {
    struct setting_reader base;
    lua_State *state;
    struct schema_storage *storage;
};

static const char *const type_names[] = {
    [PARAM_STRING] = "string",   [PARAM_INTEGER] = "integer", [PARAM_NUMBER] = "number",
    [PARAM_BOOLEAN] = "boolean", [PARAM_LIST] = "list",       [PARAM_MAP] = "map",
};
enum { TYPE_COUNT = sizeof(type_names) / sizeof(type_names[0]), SCALAR_COUNT = PARAM_BOOLEAN + 1 };

// Text of the string on top of the stack, copied; NULL and an error when it is no text.
static const char *copy_text(struct schema_reader *reader) {
    lua_State *state = reader->state;
    if (lua_type(state, -1) != LUA_TSTRING) {
        param_wrong_lua_type(&reader->base, reader->state, -1, "a string");
        return NULL;
    }
    size_t length;
    const char *text = lua_tolstring(state, -1, &length);
    if (strlen(text) != length || !utf8_is_valid(text, length)) {
        setting_fail(&reader->base, NULL, "must be text in UTF-8");
        return NULL;
    }
    return arena_copy_text(reader->storage->arena, text, length);
}

static int find_name(const char *name, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool read_type_name(struct schema_reader *reader, size_t count, enum param_type *ret_type) {
    const char *name = copy_text(reader);
    if (!name) {
        return false;
    }
    int found = find_name(name, type_names, count);
    if (found < 0) {
        const char *wanted = count == TYPE_COUNT ? "string, integer, number, boolean, list or map"
                                                 : "string, integer, number or boolean";
        return setting_fail(&reader->base, NULL, "must be %s, got \"%s\"", wanted, name);
    }
    *ret_type = (enum param_type)found;
    return true;
}

static bool read_bound(struct schema_reader *reader, bool *ret_has, double *ret_value) {
    double value = lua_tonumber(reader->state, -1);
    if (lua_type(reader->state, -1) != LUA_TNUMBER || !isfinite(value)) {
        return param_wrong_lua_type(&reader->base, reader->state, -1, "a number");
    }
    *ret_has = true;
    *ret_value = value;
    return true;
}

static bool read_flag(struct schema_reader *reader, bool *ret_flag) {
    if (!lua_isboolean(reader->state, -1)) {
        return param_wrong_lua_type(&reader->base, reader->state, -1, "a boolean");
    }
    *ret_flag = lua_toboolean(reader->state, -1);
    return true;
}

static bool read_enum(struct schema_reader *reader, struct param *param) {
    lua_State *state = reader->state;
    lua_Integer count = lua_istable(state, -1) ? luaL_len(state, -1) : -1;
    if (count < 1 || count > PARAM_MOST_ITEMS) {
        return count < 0 ? param_wrong_lua_type(&reader->base, reader->state, -1, "a list of strings")
                         : setting_fail(&reader->base, NULL, "must hold 1 to %d strings", PARAM_MOST_ITEMS);
    }
    const char **allowed = arena_alloc(reader->storage->arena, (size_t)count * sizeof(*allowed));
    for (lua_Integer i = 0; i < count; i++) {
        size_t mark = setting_enter_index(&reader->base, (size_t)i);
        lua_geti(state, -1, i + 1);
        allowed[i] = copy_text(reader);
        lua_pop(state, 1);
        if (!allowed[i]) {
            return false;
        }
        setting_leave(&reader->base, mark);
    }
    param->allowed = allowed;
    param->allowed_count = (size_t)count;
    return true;
}

enum spec_key {
    KEY_TYPE,
    KEY_ITEMS,
    KEY_DESCRIPTION,
    KEY_DEFAULT,
    KEY_MINIMUM,
    KEY_MAXIMUM,
    KEY_ENUM,
    KEY_OPTIONAL
};

static const char *const spec_keys[] = {"type",    "items",   "description", "default",
                                        "minimum", "maximum", "enum",        "optional"};
enum { SPEC_KEY_COUNT = sizeof(spec_keys) / sizeof(spec_keys[0]) };

// The value is on top of the stack. The default is read when the type is known.
static bool read_spec_value(struct schema_reader *reader, enum spec_key key, struct param *param) {
    switch (key) {
    case KEY_TYPE:
        return read_type_name(reader, TYPE_COUNT, &param->type);
    case KEY_ITEMS:
        return read_type_name(reader, SCALAR_COUNT, &param->items);
    case KEY_DESCRIPTION:
        param->description = copy_text(reader);
        return param->description != NULL;
    case KEY_MINIMUM:
        return read_bound(reader, &param->has_minimum, &param->minimum);
    case KEY_MAXIMUM:
        return read_bound(reader, &param->has_maximum, &param->maximum);
    case KEY_ENUM:
        return read_enum(reader, param);
    case KEY_OPTIONAL:
        return read_flag(reader, &param->optional);
    case KEY_DEFAULT:
        break;
    }
    return true;
}

// Each key of the table on top of the stack must be a known string.
static bool check_spec_keys(struct schema_reader *reader) {
    lua_State *state = reader->state;
    for (lua_pushnil(state); lua_next(state, -2); lua_pop(state, 1)) {
        if (lua_type(state, -2) != LUA_TSTRING) {
            return setting_fail(&reader->base, NULL, "keys must be strings, got a %s",
                                luaL_typename(state, -2));
        }
        const char *key = lua_tostring(state, -2);
        if (find_name(key, spec_keys, SPEC_KEY_COUNT) < 0) {
            return setting_unknown_key(&reader->base, key, NULL, spec_keys, SPEC_KEY_COUNT);
        }
    }
    return true;
}

static bool check_combination(struct setting_reader *base, const struct param *param, bool has_items) {
    bool holds_items = param->type == PARAM_LIST || param->type == PARAM_MAP;
    enum param_type text_type = holds_items ? param->items : param->type;
    if (has_items && !holds_items) {
        return setting_fail(base, NULL, "items is for lists and maps only");
    }
    if (param->allowed_count > 0 && text_type != PARAM_STRING) {
        return setting_fail(base, NULL, "enum is for strings only");
    }
    if ((param->has_minimum || param->has_maximum) && param->type == PARAM_BOOLEAN) {
        return setting_fail(base, NULL, "a boolean has no minimum or maximum");
    }
    if (param->has_minimum && param->has_maximum && param->minimum > param->maximum) {
        return setting_fail(base, NULL, "minimum is more than maximum");
    }
    return true;
}

// The default is on top of the stack. It must pass the parameter's own check.
static bool read_default(struct schema_reader *reader, struct param *param) {
    struct schema_storage *storage = reader->storage;
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, PARAM_MOST_DEFAULT_BYTES);
    if (!param_write_default(&reader->base, reader->state, param, &json)) {
        return false;
    }
    if (json.cut) {
        return setting_fail(&reader->base, NULL, "is too long");
    }
    struct document *document;
    struct error problem;
    if (!json_read_copy(json.data, json.length, &document_default_limits, &document, &problem)) {
        return setting_fail(&reader->base, NULL, "%s", problem.message);
    }
    storage->defaults[storage->default_count++] = document;
    param->default_value = document_root(document);
    param->default_json = arena_copy_text(storage->arena, json.data, json.length);
    return param_check_value(&reader->base, param, param->default_value);
}

// Pushes the value of key from the table on top; false when it is absent, and nothing is pushed.
static bool push_spec_value(lua_State *state, enum spec_key key) {
    if (lua_getfield(state, -1, spec_keys[key]) != LUA_TNIL) {
        return true;
    }
    lua_pop(state, 1);
    return false;
}

// The table of one parameter is on top of the stack.
static bool read_spec(struct schema_reader *reader, struct param *param) {
    lua_State *state = reader->state;
    if (!check_spec_keys(reader)) {
        return false;
    }
    bool given[SPEC_KEY_COUNT];
    for (size_t key = 0; key < SPEC_KEY_COUNT; key++) {
        size_t mark = setting_enter_key(&reader->base, spec_keys[key]);
        given[key] = push_spec_value(state, (enum spec_key)key);
        if (given[key] && !read_spec_value(reader, (enum spec_key)key, param)) {
            return false;
        }
        lua_pop(state, given[key] ? 1 : 0);
        setting_leave(&reader->base, mark);
    }
    if (!given[KEY_TYPE]) {
        return setting_fail(&reader->base, NULL, "type is required");
    }
    if (given[KEY_DEFAULT] && param->optional) {
        return setting_fail(&reader->base, NULL, "has a default, so it can't be optional too");
    }
    if (!check_combination(&reader->base, param, given[KEY_ITEMS])) {
        return false;
    }
    if (!given[KEY_DEFAULT]) {
        return true;
    }
    setting_enter_key(&reader->base, "default");
    push_spec_value(state, KEY_DEFAULT);
    return read_default(reader, param);
}

static bool is_identifier(const char *name) {
    static const char digits[] = "0123456789";
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return *name && !strchr(digits, *name) && name[strspn(name, characters)] == '\0';
}

static int compare_params(const void *a, const void *b) {
    return strcmp(((const struct param *)a)->name, ((const struct param *)b)->name);
}

// The table of parameters is on top of the stack.
static bool read_params(struct schema_reader *reader) {
    lua_State *state = reader->state;
    struct schema_storage *storage = reader->storage;
    struct param *params = arena_alloc(storage->arena, MOST_PARAMS * sizeof(*params));
    size_t count = 0;
    for (lua_pushnil(state); lua_next(state, -2); lua_pop(state, 1)) {
        const char *name = lua_type(state, -2) == LUA_TSTRING ? lua_tostring(state, -2) : NULL;
        if (!name || !is_identifier(name)) {
            return setting_fail(&reader->base, NULL, "parameter names are letters, digits and _; got %s",
                                name ? name : luaL_typename(state, -2));
        }
        if (count == MOST_PARAMS) {
            return setting_fail(&reader->base, NULL, "more than %d parameters", MOST_PARAMS);
        }
        size_t mark = setting_enter_key(&reader->base, name);
        struct param *param = &params[count++];
        param->name = arena_strdup(storage->arena, name);
        int top = lua_gettop(state);
        if (!param_push_table(state, -1)) {
            return param_wrong_lua_type(&reader->base, state, -1, "a table");
        }
        if (!read_spec(reader, param)) {
            return false;
        }
        lua_settop(state, top);
        setting_leave(&reader->base, mark);
    }
    qsort(params, count, sizeof(*params), compare_params);
    storage->schema = (struct param_schema){.params = params, .count = count};
    return true;
}

bool param_schema_read(lua_State *state, int index, struct param_schema **ret_schema, struct error *error) {
    struct schema_storage *storage = memory_calloc(1, sizeof(*storage));
    storage->arena = arena_new();
    storage->defaults = memory_calloc(MOST_PARAMS, sizeof(*storage->defaults));
    struct schema_reader reader = {
        .base = {.file = "", .arena = storage->arena, .error = error}, .state = state, .storage = storage};
    buffer_init(&reader.base.path, SETTING_PATH_MAXIMUM);
    setting_enter_key(&reader.base, "params");
    int top = lua_gettop(state);
    bool good = true;
    if (!lua_isnoneornil(state, index)) {
        luaL_checkstack(state, 20, "parameters");
        good = param_push_table(state, index) ? read_params(&reader)
                                              : param_wrong_lua_type(&reader.base, state, index, "a table");
    }
    lua_settop(state, top);
    buffer_clear(&reader.base.path);
    if (good) {
        *ret_schema = &storage->schema;
    } else {
        param_schema_free(&storage->schema);
    }
    return good;
}

void param_schema_free(struct param_schema *schema) {
    if (!schema) {
        return;
    }
    struct schema_storage *storage = (struct schema_storage *)schema; // its first member
    for (size_t i = 0; i < storage->default_count; i++) {
        document_free(storage->defaults[i]);
    }
    free(storage->defaults);
    arena_free(storage->arena);
    free(storage);
}
