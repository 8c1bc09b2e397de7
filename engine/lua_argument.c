#include "engine/lua_argument.h"

#include "engine/lua_unknown.h"

#include <lauxlib.h>

const char *lua_argument_type(lua_State *state, int index) {
    const char *name = luaL_typename(state, index);
    if (lua_isnone(state, index)) {
        return "nothing";
    }
    if (luaL_getmetafield(state, index, "__name") == LUA_TNIL) {
        return name;
    }
    // The metatable keeps the string alive after the pop.
    name = lua_type(state, -1) == LUA_TSTRING ? lua_tostring(state, -1) : name;
    lua_pop(state, 1);
    return name;
}

static int wrong_type(lua_State *state, const char *function, int index, const char *wanted) {
    if (lua_is_unknown(state, index)) {
        return lua_unknown_used(state);
    }
    return luaL_error(state, "%s: argument %d must be %s, got %s", function, index, wanted,
                      lua_argument_type(state, index));
}

const char *lua_argument_text(lua_State *state, const char *function, int index, size_t *ret_length) {
    if (lua_type(state, index) != LUA_TSTRING) {
        wrong_type(state, function, index, "a string");
    }
    return lua_tolstring(state, index, ret_length);
}

lua_Integer lua_argument_integer(lua_State *state, const char *function, int index, lua_Integer fallback) {
    if (lua_isnoneornil(state, index)) {
        return fallback;
    }
    int is_integer = 0;
    lua_Integer value = lua_type(state, index) == LUA_TNUMBER ? lua_tointegerx(state, index, &is_integer) : 0;
    if (!is_integer) {
        wrong_type(state, function, index, "an integer");
    }
    return value;
}

lua_Integer lua_argument_list(lua_State *state, const char *function, int index, bool may_be_nil) {
    if (may_be_nil && lua_isnoneornil(state, index)) {
        return 0;
    }
    bool proxy = lua_type(state, index) == LUA_TUSERDATA && !lua_is_unknown(state, index) &&
                 luaL_getmetafield(state, index, "__len") != LUA_TNIL;
    if (proxy) {
        lua_pop(state, 1);
    } else if (lua_type(state, index) != LUA_TTABLE) {
        wrong_type(state, function, index, "a list");
    }
    lua_Integer length = luaL_len(state, index);
    if (length > LUA_ARGUMENT_MOST_ITEMS) {
        luaL_error(state, "%s: argument %d has %I items, the most is %d", function, index,
                   (LUAI_UACINT)length, LUA_ARGUMENT_MOST_ITEMS);
    }
    return length;
}

const char *lua_argument_item(lua_State *state, const char *function, int index, lua_Integer item,
                              size_t *ret_length, bool *ret_unknown) {
    lua_geti(state, index, item);
    if (lua_type(state, -1) == LUA_TSTRING) {
        return lua_tolstring(state, -1, ret_length);
    }
    if (lua_is_unknown(state, -1)) {
        if (!ret_unknown) {
            lua_unknown_used(state);
        }
        *ret_unknown = true;
        return NULL;
    }
    luaL_error(state, "%s: argument %d: item %I must be a string, got %s", function, index, (LUAI_UACINT)item,
               lua_argument_type(state, -1));
    return NULL;
}
