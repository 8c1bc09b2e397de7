// A Lua state with our libraries, and expressions with what they give.
#pragma once

#include "engine/evaluator.h"
#include "engine/lua_libraries.h"
#include "engine/lua_unknown.h"
#include "tests/support/expect.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

// proxy { … }: a read-only userdata, as objects reach policies.
static inline int proxy_index(lua_State *state) {
    lua_getiuservalue(state, 1, 1);
    lua_pushvalue(state, 2);
    lua_gettable(state, -2);
    return 1;
}

static inline int proxy_length(lua_State *state) {
    lua_getiuservalue(state, 1, 1);
    lua_pushinteger(state, luaL_len(state, -1));
    return 1;
}

static inline int proxy_new(lua_State *state) {
    struct handle *handle = lua_newuserdatauv(state, sizeof(*handle), 1);
    *handle = (struct handle){.kind = REFERENCE_NODE};
    lua_pushvalue(state, 1);
    lua_setiuservalue(state, -2, 1);
    lua_createtable(state, 0, 2);
    lua_pushcfunction(state, proxy_index);
    lua_setfield(state, -2, "__index");
    lua_pushcfunction(state, proxy_length);
    lua_setfield(state, -2, "__len");
    lua_setmetatable(state, -2);
    return 1;
}

static inline lua_State *lua_state_with(const char *name, void (*push)(lua_State *)) {
    lua_State *state = luaL_newstate();
    luaL_openlibs(state);
    push(state);
    lua_setglobal(state, name);
    lua_pushcfunction(state, proxy_new);
    lua_setglobal(state, "proxy");
    struct handle *unknown = lua_newuserdatauv(state, sizeof(*unknown), 0);
    *unknown = (struct handle){.kind = REFERENCE_UNKNOWN};
    lua_setglobal(state, "unknown");
    return state;
}

struct lua_case {
    const char *name;
    const char *expression;
    const char *expected; // all results, comma separated; "error: …"; "unknown"
};

static inline void push_results(lua_State *state, int status) {
    if (status != LUA_OK) {
        if (lua_touserdata(state, -1) == (const void *)&lua_unknown_error) {
            lua_pushliteral(state, "unknown");
            return;
        }
        const char *message = lua_tostring(state, -1);
        const char *position = "t:1: ";
        bool has_position = strncmp(message, position, strlen(position)) == 0;
        lua_pushfstring(state, "error: %s", message + (has_position ? strlen(position) : 0));
        return;
    }
    int count = lua_gettop(state);
    luaL_Buffer buffer;
    luaL_buffinit(state, &buffer);
    for (int i = 1; i <= count; i++) {
        luaL_addstring(&buffer, i > 1 ? ", " : "");
        luaL_tolstring(state, i, NULL);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
}

static inline void expect_lua(lua_State *state, const struct lua_case *lua_case) {
    char chunk[4096];
    snprintf(chunk, sizeof(chunk), "local r = table.pack(%s) return table.unpack(r, 1, r.n)",
             lua_case->expression);
    lua_settop(state, 0);
    int status = luaL_loadbufferx(state, chunk, strlen(chunk), "=t", "t");
    status = status == LUA_OK ? lua_pcall(state, 0, LUA_MULTRET, 0) : status;
    push_results(state, status);
    expect_text(lua_case->name, lua_tostring(state, -1), lua_case->expected);
    lua_settop(state, 0);
}

static inline void expect_lua_cases(const char *library, void (*push)(lua_State *),
                                    const struct lua_case *cases, size_t count) {
    lua_State *state = lua_state_with(library, push);
    for (size_t i = 0; i < count; i++) {
        expect_lua(state, &cases[i]);
    }
    lua_close(state);
}
