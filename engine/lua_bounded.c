#include "engine/lua_libraries.h"

#include <lauxlib.h>
#include <string.h>

// No real table is as long within a review's heap; #t of one with holes may be 2^62.
enum { LONGEST_TABLE = 4 * 1024 * 1024 };

// Calls the function that is upvalue 1 with the same arguments.
static int call_original(lua_State *state) {
    int count = lua_gettop(state);
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, count, LUA_MULTRET);
    return lua_gettop(state);
}

// Nothing, repeated 2^62 times, takes no memory but all the time.
static int rep(lua_State *state) {
    size_t length = 0;
    size_t separator = 0;
    luaL_checklstring(state, 1, &length);
    luaL_checkinteger(state, 2);
    luaL_optlstring(state, 3, "", &separator);
    if (length == 0 && separator == 0) {
        lua_pushliteral(state, "");
        return 1;
    }
    return call_original(state);
}

// insert and remove move all items behind the place.
static int move_items(lua_State *state) {
    if (lua_istable(state, 1) && lua_rawlen(state, 1) > LONGEST_TABLE) {
        return luaL_error(state, "a list of more than %d items", LONGEST_TABLE);
    }
    return call_original(state);
}

void lua_bounded_wrap(lua_State *state, const char *library) {
    static const struct {
        const char *library, *name;
        lua_CFunction function;
    } functions[] = {
        {"string", "rep", rep}, {"table", "insert", move_items}, {"table", "remove", move_items}};
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (strcmp(functions[i].library, library) == 0) {
            lua_getfield(state, -1, functions[i].name);
            lua_pushcclosure(state, functions[i].function, 1);
            lua_setfield(state, -2, functions[i].name);
        }
    }
}
