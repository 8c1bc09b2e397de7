#include "engine/lua_json.h"

#include "engine/evaluation.h"
#include "engine/lua_pairs.h"
#include "engine/lua_unknown.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

enum { DEEPEST = 64 };

const char lua_json_empty_list = 0;
const char lua_json_empty_map = 0;

void json_append_text(struct buffer *json, const char *text, size_t length) {
    buffer_append_char(json, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            buffer_append_char(json, '\\');
            buffer_append_char(json, text[i]);
        } else if (byte < 0x20) {
            buffer_printf(json, "\\u%04x", byte);
        } else {
            buffer_append_char(json, text[i]);
        }
    }
    buffer_append_char(json, '"');
}

static void append_number(struct buffer *json, double number) {
    char text[32];
    // 17 digits bring every double back; try the shorter forms that people write first.
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        double back = strtod(text, NULL);
        if (!(back < number) && !(back > number)) {
            break;
        }
    }
    buffer_append_text(json, text);
}

void json_append_node(struct buffer *json, const struct node *node) {
    switch ((enum node_type)node->type) {
    case NODE_NULL:
        buffer_append_text(json, "null");
        break;
    case NODE_BOOL:
        buffer_append_text(json, node->value.boolean ? "true" : "false");
        break;
    case NODE_INTEGER:
        buffer_printf(json, "%lld", (long long)node->value.integer);
        break;
    case NODE_NUMBER:
        append_number(json, node->value.number);
        break;
    case NODE_STRING:
        json_append_text(json, node->value.string, node->length);
        break;
    case NODE_LIST:
    case NODE_MAP: {
        bool map = node->type == NODE_MAP;
        buffer_append_char(json, map ? '{' : '[');
        NODE_EACH(child, node) {
            if (child != node_first(node)) {
                buffer_append_char(json, ',');
            }
            if (map) {
                json_append_text(json, child->key, child->key_length);
                buffer_append_char(json, ':');
            }
            json_append_node(json, child);
        }
        buffer_append_char(json, map ? '}' : ']');
        break;
    }
    }
}

static bool append_value(lua_State *state, int index, struct buffer *json, int depth, struct error *error);

static bool append_list(lua_State *state, int index, struct buffer *json, int depth, struct error *error) {
    lua_Integer length = luaL_len(state, index);
    buffer_append_char(json, '[');
    for (lua_Integer i = 1; i <= length && !json->cut; i++) {
        if (i > 1) {
            buffer_append_char(json, ',');
        }
        lua_geti(state, index, i);
        bool fine = append_value(state, lua_gettop(state), json, depth + 1, error);
        lua_pop(state, 1);
        if (!fine) {
            return error_wrap(error, "[%lld]", (long long)i);
        }
    }
    buffer_append_char(json, ']');
    return true;
}

static bool append_map(lua_State *state, int index, struct buffer *json, int depth, struct error *error) {
    // pairs sorts, so the text is always the same.
    int top = lua_gettop(state);
    lua_pushcfunction(state, lua_pairs);
    lua_pushvalue(state, index);
    lua_call(state, 1, 3);
    int iterator = top + 1;
    buffer_append_char(json, '{');
    for (bool first = true; !json->cut; first = false) {
        lua_pushvalue(state, iterator);
        lua_pushvalue(state, iterator + 1);
        lua_pushvalue(state, iterator + 2);
        lua_call(state, 2, 2);
        if (lua_isnil(state, -2)) {
            break;
        }
        if (lua_type(state, -2) != LUA_TSTRING) {
            lua_settop(state, top);
            return error_set(error, ERROR_INVALID, "a table has both texts and numbers as keys");
        }
        if (!first) {
            buffer_append_char(json, ',');
        }
        size_t length = 0;
        const char *key = lua_tolstring(state, -2, &length);
        json_append_text(json, key, length);
        buffer_append_char(json, ':');
        if (!append_value(state, lua_gettop(state), json, depth + 1, error)) {
            error_wrap(error, "%s", key);
            lua_settop(state, top);
            return false;
        }
        lua_pop(state, 1);
        lua_replace(state, iterator + 2);
    }
    lua_settop(state, top);
    buffer_append_char(json, '}');
    return true;
}

static bool append_light(lua_State *state, int index, struct buffer *json) {
    const void *value = lua_touserdata(state, index);
    buffer_append_text(json, value == &lua_json_empty_list  ? "[]"
                             : value == &lua_json_empty_map ? "{}"
                                                            : "null");
    return true;
}

static bool append_value(lua_State *state, int index, struct buffer *json, int depth, struct error *error) {
    luaL_checkstack(state, 12, "values nested too deeply");
    if (depth > DEEPEST) {
        return error_set(error, ERROR_INVALID, "nested deeper than %d", DEEPEST);
    }
    if (lua_is_unknown(state, index)) {
        lua_unknown_used(state);
    }
    switch (lua_type(state, index)) {
    case LUA_TSTRING: {
        size_t length = 0;
        const char *text = lua_tolstring(state, index, &length);
        json_append_text(json, text, length);
        return true;
    }
    case LUA_TBOOLEAN:
        buffer_append_text(json, lua_toboolean(state, index) ? "true" : "false");
        return true;
    case LUA_TNUMBER:
        if (lua_isinteger(state, index)) {
            buffer_printf(json, "%lld", (long long)lua_tointeger(state, index));
        } else if (isfinite(lua_tonumber(state, index))) {
            append_number(json, lua_tonumber(state, index));
        } else {
            return error_set(error, ERROR_INVALID, "a number that is not finite");
        }
        return true;
    case LUA_TLIGHTUSERDATA:
        return append_light(state, index, json);
    case LUA_TUSERDATA:
        json_append_node(json, lua_node_check(state, index));
        return true;
    case LUA_TTABLE:
        return luaL_len(state, index) > 0 ? append_list(state, index, json, depth, error)
                                          : append_map(state, index, json, depth, error);
    default:
        return error_set(error, ERROR_INVALID, "a %s can't be a value", luaL_typename(state, index));
    }
}

bool lua_json_append(lua_State *state, int index, struct buffer *json, struct error *error) {
    if (!append_value(state, lua_absindex(state, index), json, 0, error)) {
        return false;
    }
    return !json->cut || error_set(error, ERROR_LIMIT, "the value is larger than %zu bytes", json->maximum);
}

struct protected_append {
    struct buffer *json;
    struct error *error;
    bool fine;
};

static int append_protected(lua_State *state) {
    struct protected_append *call = lua_touserdata(state, 1);
    call->fine = lua_json_append(state, 2, call->json, call->error);
    return 0;
}

bool lua_json_append_safe(lua_State *state, int index, struct buffer *json, struct error *error) {
    struct protected_append call = {.json = json, .error = error};
    index = lua_absindex(state, index);
    lua_pushcfunction(state, append_protected);
    lua_pushlightuserdata(state, &call);
    lua_pushvalue(state, index);
    if (lua_pcall(state, 2, 0, 0) == LUA_OK) {
        return call.fine;
    }
    const char *message = lua_tostring(state, -1);
    error_set(error, ERROR_INVALID, "%s", message ? message : "a value that can't be read");
    lua_pop(state, 1);
    return false;
}
