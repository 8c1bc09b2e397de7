#include "engine/params_internal.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

bool param_wrong_lua_type(struct setting_reader *reader, lua_State *state, int index, const char *wanted) {
    return setting_fail(reader, NULL, "must be %s, got %s", wanted, luaL_typename(state, index));
}

bool param_push_table(lua_State *state, int index) {
    if (!lua_istable(state, index)) {
        return false;
    }
    index = lua_absindex(state, index);
    int behind = luaL_getmetafield(state, index, "__index");
    if (behind == LUA_TTABLE) {
        return true;
    }
    if (behind != LUA_TNIL) {
        lua_pop(state, 1);
    }
    lua_pushvalue(state, index);
    return true;
}

static void append_text(struct buffer *json, const char *text, size_t length) {
    buffer_append_char(json, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '"' || byte == '\\') {
            buffer_append_char(json, '\\');
        }
        if (byte < 0x20) {
            buffer_printf(json, "\\u%04x", byte);
        } else {
            buffer_append_char(json, text[i]);
        }
    }
    buffer_append_char(json, '"');
}

static bool append_string(struct setting_reader *reader, lua_State *state, struct buffer *json) {
    size_t length;
    const char *text = lua_tolstring(state, -1, &length);
    if (!utf8_is_valid(text, length)) {
        return setting_fail(reader, NULL, "must be text in UTF-8");
    }
    append_text(json, text, length);
    return true;
}

static bool append_number(struct setting_reader *reader, lua_State *state, struct buffer *json) {
    if (lua_isinteger(state, -1)) {
        buffer_printf(json, "%lld", (long long)lua_tointeger(state, -1));
    } else if (isfinite(lua_tonumber(state, -1))) {
        buffer_printf(json, "%.17g", lua_tonumber(state, -1));
    } else {
        return setting_fail(reader, NULL, "must be a finite number");
    }
    return true;
}

// The scalar on top of the stack by its own type; whether that is the wanted one is checked on the document.
static bool append_scalar(struct setting_reader *reader, lua_State *state, enum param_type wanted,
                          struct buffer *json) {
    switch (lua_type(state, -1)) {
    case LUA_TBOOLEAN:
        buffer_append_text(json, lua_toboolean(state, -1) ? "true" : "false");
        return true;
    case LUA_TNUMBER:
        return append_number(reader, state, json);
    case LUA_TSTRING:
        return append_string(reader, state, json);
    default:
        return param_wrong_lua_type(reader, state, -1, param_type_phrase(wanted));
    }
}

static bool append_list(struct setting_reader *reader, lua_State *state, const struct param *param,
                        struct buffer *json) {
    lua_Integer count = luaL_len(state, -1);
    if (count > PARAM_MOST_ITEMS) {
        return setting_fail(reader, NULL, "must hold at most %d items", PARAM_MOST_ITEMS);
    }
    buffer_append_char(json, '[');
    for (lua_Integer i = 1; i <= count; i++) {
        size_t mark = setting_enter_index(reader, (size_t)i - 1);
        buffer_append_text(json, i > 1 ? "," : "");
        lua_geti(state, -1, i);
        if (!append_scalar(reader, state, param->items, json)) {
            return false;
        }
        lua_pop(state, 1);
        setting_leave(reader, mark);
    }
    buffer_append_char(json, ']');
    return true;
}

static int compare_keys(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The keys of the table on top of the stack; they live as long as it does.
static bool read_keys(struct setting_reader *reader, lua_State *state, const char *ret_keys[PARAM_MOST_ITEMS],
                      size_t *ret_count) {
    size_t count = 0;
    for (lua_pushnil(state); lua_next(state, -2); lua_pop(state, 1)) {
        size_t length = 0;
        const char *key = lua_type(state, -2) == LUA_TSTRING ? lua_tolstring(state, -2, &length) : NULL;
        if (!key || strlen(key) != length || !utf8_is_valid(key, length)) {
            return setting_fail(reader, NULL, "keys must be strings, got %s", luaL_typename(state, -2));
        }
        if (count == PARAM_MOST_ITEMS) {
            return setting_fail(reader, NULL, "must hold at most %d entries", PARAM_MOST_ITEMS);
        }
        ret_keys[count++] = key;
    }
    qsort(ret_keys, count, sizeof(*ret_keys), compare_keys);
    *ret_count = count;
    return true;
}

static bool append_map(struct setting_reader *reader, lua_State *state, const struct param *param,
                       struct buffer *json) {
    const char *keys[PARAM_MOST_ITEMS];
    size_t count = 0;
    if (!read_keys(reader, state, keys, &count)) {
        return false;
    }
    buffer_append_char(json, '{');
    for (size_t i = 0; i < count; i++) {
        size_t mark = setting_enter_key(reader, keys[i]);
        buffer_append_text(json, i > 0 ? "," : "");
        append_text(json, keys[i], strlen(keys[i]));
        buffer_append_char(json, ':');
        lua_getfield(state, -1, keys[i]);
        if (!append_scalar(reader, state, param->items, json)) {
            return false;
        }
        lua_pop(state, 1);
        setting_leave(reader, mark);
    }
    buffer_append_char(json, '}');
    return true;
}

bool param_write_default(struct setting_reader *reader, lua_State *state, const struct param *param,
                         struct buffer *ret_json) {
    if (param->type != PARAM_LIST && param->type != PARAM_MAP) {
        return append_scalar(reader, state, param->type, ret_json);
    }
    if (!param_push_table(state, -1)) {
        return param_wrong_lua_type(reader, state, -1, param_type_phrase(param->type));
    }
    bool good = param->type == PARAM_LIST ? append_list(reader, state, param, ret_json)
                                          : append_map(reader, state, param, ret_json);
    lua_pop(state, good ? 1 : 0);
    return good;
}
