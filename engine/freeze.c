#include "engine/freeze.h"

#include "engine/bytecode.h"
#include "engine/evaluator.h"

#include <lauxlib.h>
#include <string.h>

// Registry table: original table or function → its frozen form (functions: themselves).
static const char visited_key = 0;

static void push_visited(lua_State *state) {
    if (lua_rawgetp(state, LUA_REGISTRYINDEX, &visited_key) == LUA_TTABLE) {
        return;
    }
    lua_pop(state, 1);
    lua_newtable(state);
    lua_pushvalue(state, -1);
    lua_rawsetp(state, LUA_REGISTRYINDEX, &visited_key);
}

static int refuse_write(lua_State *state) {
    if (lua_type(state, 2) == LUA_TSTRING) {
        return luaL_error(state, "'%s' can't be set: what the file made is read-only",
                          lua_tostring(state, 2));
    }
    return luaL_error(state, "the table can't be changed: what the file made is read-only");
}

static int length_of_original(lua_State *state) {
    luaL_getmetafield(state, 1, "__index");
    lua_pushinteger(state, (lua_Integer)lua_rawlen(state, -1));
    return 1;
}

static bool is_frozen(lua_State *state, int index) {
    bool frozen = lua_getmetatable(state, index) != 0;
    lua_pop(state, frozen ? 1 : 0);
    return frozen;
}

// Deeper tables than this are not data that a person wrote.
enum { DEEPEST = 100 };

static bool freeze_value(lua_State *state, int depth, struct error *error);
static bool freeze_reachable(lua_State *state, int index, int depth, struct error *error);

// Freezes the members of the table on top, in place.
static bool freeze_members(lua_State *state, int depth, struct error *error) {
    int table = lua_gettop(state);
    for (lua_pushnil(state); lua_next(state, table);) {
        if (!freeze_value(state, depth + 1, error)) {
            return false;
        }
        lua_pushvalue(state, -2);
        lua_insert(state, -2);
        lua_rawset(state, table); // an existing key: allowed while traversing
    }
    return true;
}

// table → proxy on top of the stack.
static void wrap_table(lua_State *state) {
    lua_newtable(state);
    lua_createtable(state, 0, 4);
    lua_pushvalue(state, -3);
    lua_setfield(state, -2, "__index");
    lua_pushcfunction(state, refuse_write);
    lua_setfield(state, -2, "__newindex");
    lua_pushcfunction(state, length_of_original);
    lua_setfield(state, -2, "__len");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_setmetatable(state, -2);
    push_visited(state);
    lua_pushvalue(state, -3);
    lua_pushvalue(state, -3);
    lua_rawset(state, -3);
    lua_pop(state, 1);
    lua_remove(state, -2);
}

static bool replace_by_visited(lua_State *state) {
    push_visited(state);
    lua_pushvalue(state, -2);
    if (lua_rawget(state, -2) == LUA_TNIL) {
        lua_pop(state, 2);
        return false;
    }
    lua_replace(state, -3);
    lua_pop(state, 1);
    return true;
}

// Replaces the value on top by its frozen form.
static bool freeze_value(lua_State *state, int depth, struct error *error) {
    if (depth > DEEPEST || !lua_checkstack(state, 16)) {
        return error_set(error, ERROR_LIMIT, "tables nested deeper than %d", DEEPEST);
    }
    int type = lua_type(state, -1);
    if (type == LUA_TFUNCTION) {
        return lua_iscfunction(state, -1) || freeze_reachable(state, lua_gettop(state), depth + 1, error);
    }
    if (type != LUA_TTABLE || is_frozen(state, -1) || replace_by_visited(state)) {
        return true;
    }
    lua_pushvalue(state, -1);
    wrap_table(state); // before its members, so that a cycle meets the proxy
    lua_insert(state, -2);
    bool frozen = freeze_members(state, depth, error);
    if (frozen) {
        lua_pop(state, 1);
    }
    return frozen;
}

void freeze_table(lua_State *state) {
    struct error error = {0};
    if (!freeze_value(state, 0, &error)) {
        luaL_error(state, "%s", error.message);
    }
}

static bool check_assignments(lua_State *state, int index, struct error *error) {
    int upvalue = bytecode_assigned_upvalue(state, index);
    if (upvalue == 0) {
        return true;
    }
    lua_Debug record = {0};
    lua_pushvalue(state, index);
    lua_getinfo(state, ">S", &record);
    if (upvalue < 0) {
        return error_set(error, ERROR_INVALID, "%s:%d: this Lua library's bytecode can't be checked",
                         record.short_src, record.linedefined);
    }
    const char *name = lua_getupvalue(state, index, upvalue);
    lua_pop(state, name ? 1 : 0);
    return error_set(
        error, ERROR_INVALID,
        "%s:%d: this function assigns to '%s', a local variable of the file; every review starts from the "
        "same state, so make it local to the function",
        record.short_src, record.linedefined, name ? name : "?");
}

static bool freeze_reachable(lua_State *state, int index, int depth, struct error *error) {
    struct evaluator *evaluator = evaluator_of(state);
    push_visited(state);
    lua_pushvalue(state, index);
    bool seen = lua_rawget(state, -2) != LUA_TNIL;
    lua_pop(state, 1);
    lua_pushvalue(state, index);
    lua_pushboolean(state, 1);
    lua_rawset(state, -3);
    lua_pop(state, 1);
    if (seen) {
        return true;
    }
    if (!check_assignments(state, index, error)) {
        return false;
    }
    lua_rawgeti(state, LUA_REGISTRYINDEX, evaluator->references[REFERENCE_ENVIRONMENT]);
    int environment = lua_gettop(state);
    for (int i = 1; lua_getupvalue(state, index, i); i++) {
        if (lua_rawequal(state, -1, environment)) {
            lua_pop(state, 1);
            continue;
        }
        if (!freeze_value(state, depth + 1, error)) {
            return false;
        }
        lua_setupvalue(state, index, i);
    }
    lua_pop(state, 1);
    return true;
}

bool freeze_function(lua_State *state, int index, struct error *error) {
    return freeze_reachable(state, index, 0, error);
}
