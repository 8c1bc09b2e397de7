#include "engine/lua_pairs.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

struct sort_key {
    int type;
    lua_Number number;
    const char *text;
    size_t length;
    lua_Integer position; // in the list of keys
};

static int compare_keys(const void *left, const void *right) {
    const struct sort_key *a = left;
    const struct sort_key *b = right;
    if (a->type != b->type) {
        return (a->type > b->type) - (a->type < b->type);
    }
    if (a->type == LUA_TNUMBER) {
        return (a->number > b->number) - (a->number < b->number);
    }
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, shorter);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static lua_Integer count_members(lua_State *state, int table) {
    lua_Integer count = 0;
    for (lua_pushnil(state); lua_next(state, table); lua_pop(state, 1)) {
        count++;
    }
    return count;
}

// Pushes a list of the table's keys, sorted.
static void push_sorted_keys(lua_State *state, int table) {
    lua_Integer count = count_members(state, table);
    struct sort_key *keys = lua_newuserdatauv(state, sizeof(*keys) * (size_t)(count + 1), 0);
    lua_createtable(state, (int)count, 0); // keeps the texts alive
    lua_Integer i = 0;
    for (lua_pushnil(state); lua_next(state, table); lua_pop(state, 1)) {
        struct sort_key *key = &keys[i++];
        *key = (struct sort_key){.type = lua_type(state, -2), .position = i};
        if (key->type == LUA_TSTRING) {
            key->text = lua_tolstring(state, -2, &key->length);
        } else if (key->type == LUA_TNUMBER) {
            key->number = lua_tonumber(state, -2);
        } else {
            luaL_error(state, "pairs: a key is a %s; keys must be texts or numbers",
                       luaL_typename(state, -2));
        }
        lua_pushvalue(state, -2);
        lua_rawseti(state, -4, i);
    }
    qsort(keys, (size_t)count, sizeof(*keys), compare_keys);
    lua_createtable(state, (int)count, 0);
    for (lua_Integer n = 0; n < count; n++) {
        lua_rawgeti(state, -2, keys[n].position);
        lua_rawseti(state, -2, n + 1);
    }
    lua_remove(state, -2);
    lua_remove(state, -2);
}

// Upvalues: the sorted keys, the next position.
static int next_member(lua_State *state) {
    lua_Integer position = lua_tointeger(state, lua_upvalueindex(2));
    for (;; position++) {
        if (lua_rawgeti(state, lua_upvalueindex(1), position) == LUA_TNIL) {
            return 1;
        }
        lua_pushvalue(state, -1);
        if (lua_rawget(state, 1) != LUA_TNIL) { // skips what the loop's body removed
            break;
        }
        lua_pop(state, 2);
    }
    lua_pushinteger(state, position + 1);
    lua_replace(state, lua_upvalueindex(2));
    return 2;
}

// A read-only table keeps its members in the table behind __index, which then takes its place at index 1, and
// their order in its metatable (on top), once it was asked for.
static void push_frozen_keys(lua_State *state) {
    lua_getfield(state, 2, "__index");
    lua_replace(state, 1);
    if (lua_getfield(state, 2, "__keys") == LUA_TNIL) {
        lua_pop(state, 1);
        push_sorted_keys(state, 1);
        lua_pushvalue(state, -1);
        lua_setfield(state, 2, "__keys");
    }
    lua_remove(state, 2);
}

int lua_pairs(lua_State *state) {
    luaL_checkany(state, 1);
    lua_settop(state, 1);
    if (luaL_getmetafield(state, 1, "__pairs") != LUA_TNIL) {
        lua_insert(state, 1);
        lua_call(state, 1, 3);
        return 3;
    }
    luaL_checktype(state, 1, LUA_TTABLE);
    if (lua_getmetatable(state, 1)) {
        push_frozen_keys(state);
    } else {
        push_sorted_keys(state, 1);
    }
    lua_pushinteger(state, 1);
    lua_pushcclosure(state, next_member, 2);
    lua_pushvalue(state, 1);
    lua_pushnil(state);
    return 3;
}
