#include "engine/params_internal.h"

#include "base/memory.h"

#include <string.h>

const char *param_type_phrase(enum param_type type) {
    static const char *const phrases[] = {
        [PARAM_STRING] = "a string",   [PARAM_INTEGER] = "an integer", [PARAM_NUMBER] = "a number",
        [PARAM_BOOLEAN] = "a boolean", [PARAM_LIST] = "a list",        [PARAM_MAP] = "a map",
    };
    return phrases[type];
}

static bool has_type(const struct node *value, enum param_type type) {
    int64_t integer;
    switch (type) {
    case PARAM_STRING:
        return node_is(value, NODE_STRING) && !value->unknown;
    case PARAM_INTEGER:
        return node_integer(value, &integer);
    case PARAM_NUMBER:
        return node_is(value, NODE_INTEGER) || node_is(value, NODE_NUMBER);
    case PARAM_BOOLEAN:
        return node_is(value, NODE_BOOL);
    case PARAM_LIST:
        return node_is(value, NODE_LIST);
    case PARAM_MAP:
        return node_is(value, NODE_MAP);
    }
    return false;
}

static double characters(const struct node *text) {
    size_t count = 0;
    for (uint32_t i = 0; i < text->length; i++) {
        count += ((unsigned char)text->value.string[i] & 0xC0) != 0x80;
    }
    return (double)count;
}

// What minimum and maximum are about, and its unit.
static double measure(const struct node *value, const char **ret_unit) {
    switch ((enum node_type)value->type) {
    case NODE_INTEGER:
        *ret_unit = "";
        return (double)value->value.integer;
    case NODE_NUMBER:
        *ret_unit = "";
        return value->value.number;
    case NODE_STRING:
        *ret_unit = " characters";
        return characters(value);
    default:
        *ret_unit = value->type == NODE_LIST ? " items" : " entries";
        return value->length;
    }
}

static bool check_bounds(struct setting_reader *reader, const struct param *param, const struct node *value) {
    const char *unit = "";
    double size = param->has_minimum || param->has_maximum ? measure(value, &unit) : 0;
    const char *has = *unit ? "has " : "is ";
    if (param->has_minimum && size < param->minimum) {
        return setting_fail(reader, value, "%s%.15g%s, the least is %.15g", has, size, unit, param->minimum);
    }
    if (param->has_maximum && size > param->maximum) {
        return setting_fail(reader, value, "%s%.15g%s, the most is %.15g", has, size, unit, param->maximum);
    }
    return true;
}

static bool check_scalar(struct setting_reader *reader, const struct param *param, enum param_type type,
                         const struct node *value) {
    if (!has_type(value, type)) {
        return setting_wrong_type(reader, value, param_type_phrase(type));
    }
    int index;
    return type != PARAM_STRING || param->allowed_count == 0 ||
           setting_choice(reader, value, param->allowed, param->allowed_count, &index);
}

static bool check_members(struct setting_reader *reader, const struct param *param,
                          const struct node *value) {
    size_t index = 0;
    NODE_EACH(child, value) {
        size_t mark =
            child->key ? setting_enter_key(reader, child->key) : setting_enter_index(reader, index++);
        if (!check_scalar(reader, param, param->items, child)) {
            return false;
        }
        setting_leave(reader, mark);
    }
    return true;
}

bool param_check_value(struct setting_reader *reader, const struct param *param, const struct node *value) {
    if (!check_scalar(reader, param, param->type, value) || !check_bounds(reader, param, value)) {
        return false;
    }
    return (param->type != PARAM_LIST && param->type != PARAM_MAP) || check_members(reader, param, value);
}

static const struct param *find_param(const struct param_schema *schema, const char *name) {
    for (size_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->params[i].name, name) == 0) {
            return &schema->params[i];
        }
    }
    return NULL;
}

static bool refuse_unknown(struct setting_reader *reader, const struct param_schema *schema,
                           const struct node *value) {
    CLEANUP(free) char *memory = memory_calloc(schema->count + 1, sizeof(const char *));
    const char **names = (const char **)(void *)memory;
    for (size_t i = 0; i < schema->count; i++) {
        names[i] = schema->params[i].name;
    }
    return setting_unknown_key(reader, value->key, value, names, schema->count);
}

static bool check_values(struct setting_reader *reader, const struct param_schema *schema,
                         const struct node *values) {
    NODE_EACH(value, values) {
        const struct param *param = find_param(schema, value->key);
        if (!param) {
            return refuse_unknown(reader, schema, value);
        }
        size_t mark = setting_enter_key(reader, value->key);
        if (!param_check_value(reader, param, value)) {
            return false;
        }
        setting_leave(reader, mark);
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct param *param = &schema->params[i];
        if (!param->optional && !param->default_value && !node_get(values, param->name)) {
            setting_enter_key(reader, param->name);
            return setting_fail(reader, values, "is required");
        }
    }
    return true;
}

bool param_schema_check(const struct param_schema *schema, const struct node *values,
                        const struct document *document, const char *file, const char *policy,
                        struct error *error) {
    struct setting_reader reader = {.document = document, .file = file, .error = error};
    buffer_init(&reader.path, SETTING_PATH_MAXIMUM);
    setting_enter_key(&reader, "policies");
    setting_enter_key(&reader, policy);
    setting_enter_key(&reader, "params");
    bool good = !values || node_is(values, NODE_MAP) ? check_values(&reader, schema, values)
                                                     : setting_wrong_type(&reader, values, "a map");
    buffer_clear(&reader.path);
    return good;
}

static void push_scalar(lua_State *state, const struct node *value) {
    switch ((enum node_type)value->type) {
    case NODE_BOOL:
        lua_pushboolean(state, value->value.boolean);
        break;
    case NODE_INTEGER:
        lua_pushinteger(state, value->value.integer);
        break;
    case NODE_NUMBER:
        lua_pushnumber(state, value->value.number);
        break;
    case NODE_STRING:
        lua_pushlstring(state, value->value.string, value->length);
        break;
    case NODE_NULL:
    case NODE_LIST:
    case NODE_MAP:
        lua_pushnil(state);
        break;
    }
}

// A parameter of type integer is a Lua integer also when it was written as 3.0.
static void push_typed(lua_State *state, enum param_type type, const struct node *value) {
    int64_t integer;
    if (type == PARAM_INTEGER && node_integer(value, &integer)) {
        lua_pushinteger(state, integer);
    } else {
        push_scalar(state, value);
    }
}

static void push_value(lua_State *state, const struct param *param, const struct node *value) {
    if (param->type != PARAM_LIST && param->type != PARAM_MAP) {
        push_typed(state, param->type, value);
        return;
    }
    lua_newtable(state);
    lua_Integer index = 0;
    NODE_EACH(child, value) {
        push_typed(state, param->items, child);
        if (param->type == PARAM_LIST) {
            lua_rawseti(state, -2, ++index);
        } else {
            lua_setfield(state, -2, child->key);
        }
    }
}

void param_schema_push(lua_State *state, const struct param_schema *schema, const struct node *values) {
    lua_newtable(state);
    for (size_t i = 0; i < schema->count; i++) {
        const struct param *param = &schema->params[i];
        const struct node *given = node_get(values, param->name);
        const struct node *value = given ? given : param->default_value;
        if (value) {
            push_value(state, param, value);
            lua_setfield(state, -2, param->name);
        }
    }
}
