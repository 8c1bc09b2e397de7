#include "engine/lua_unknown.h"

#include "engine/evaluation.h"

#include <lauxlib.h>

const char lua_unknown_error = 0;

int lua_unknown_used(lua_State *state) {
    lua_pushlightuserdata(state, (void *)(uintptr_t)&lua_unknown_error);
    lua_error(state);
    __builtin_unreachable(); // lua_error is not declared to never return
}

bool lua_is_unknown(lua_State *state, int index) {
    const struct handle *handle = lua_touserdata(state, index);
    return handle && lua_type(state, index) == LUA_TUSERDATA && handle->kind == REFERENCE_UNKNOWN;
}

static int known(lua_State *state) {
    lua_pushboolean(state, !lua_isnoneornil(state, 1) && !lua_is_unknown(state, 1));
    return 1;
}

void lua_unknown_push(lua_State *state, const struct origin *origin, const char *why, bool unseen) {
    evaluation_add_unknown(evaluator_of(state)->current, origin, why, unseen);
    lua_rawgeti(state, LUA_REGISTRYINDEX, evaluator_of(state)->references[REFERENCE_UNKNOWN]);
}

void lua_unknown_open(struct evaluator *evaluator) {
    lua_State *state = evaluator->state;
    static const char *const events[] = {
        "__index", "__newindex", "__call", "__len",  "__concat", "__unm", "__add", "__sub",
        "__mul",   "__div",      "__idiv", "__mod",  "__pow",    "__lt",  "__le",  "__tostring",
        "__pairs", "__band",     "__bor",  "__bxor", "__bnot",   "__shl", "__shr"};
    struct handle *handle = lua_newuserdatauv(state, sizeof(*handle), 0);
    handle->epoch = 0;
    handle->kind = REFERENCE_UNKNOWN;
    lua_createtable(state, 0, 24);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        lua_pushcfunction(state, lua_unknown_used);
        lua_setfield(state, -2, events[i]);
    }
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_setmetatable(state, -2);
    lua_pushvalue(state, -1);
    evaluator->references[REFERENCE_UNKNOWN] = luaL_ref(state, LUA_REGISTRYINDEX);
    lua_setfield(state, -2, "unknown"); // the table of globals lies below
    lua_pushcfunction(state, known);
    lua_setfield(state, -2, "known");
}
