#include "engine/evaluator.h"

#include "base/memory.h"
#include "engine/bytecode.h"
#include "engine/lua_unknown.h"
#include "engine/sandbox.h"
#include "engine/watchdog.h"

#include <lauxlib.h>
#include <string.h>

// While policies load. A policy takes about 3 KiB.
enum { HEAP_WHILE_LOADING = 64 * 1024 * 1024 };
// Deeper than this when memory runs out: it was recursion.
enum { DEEP_STACK = 5000 };

static void *allocate(void *cookie, void *pointer, size_t old_size, size_t new_size) {
    struct evaluator *evaluator = cookie;
    void *memory = heap_allocate(&evaluator->heap, pointer, old_size, new_size);
    if (!memory && new_size > 0) {
        lua_Debug record;
        // Sticky: unwinding allocates too, when the stack is no longer deep.
        evaluator->heap_deep |= lua_getstack(evaluator->state, DEEP_STACK, &record) == 1;
    }
    return memory;
}

static int panic(lua_State *state) {
    (void)state;
    return 0; // Lua aborts after this: an error outside of every pcall is ours
}

struct evaluator *evaluator_new(size_t heap_extra) {
    struct evaluator *evaluator = memory_calloc(1, sizeof(*evaluator));
    evaluator->heap.maximum = SIZE_MAX; // no policy code runs yet
    evaluator->heap_extra = heap_extra;
    evaluator->state = lua_newstate(allocate, evaluator);
    if (!evaluator->state) {
        abort();
    }
    *(struct evaluator **)lua_getextraspace(evaluator->state) = evaluator;
    lua_atpanic(evaluator->state, panic);
    sandbox_open(evaluator);
    return evaluator;
}

void evaluator_free(struct evaluator *evaluator) {
    if (!evaluator) {
        return;
    }
    evaluator->heap.maximum = SIZE_MAX;
    lua_close(evaluator->state);
    heap_clear(&evaluator->heap);
    for (size_t i = 0; i < evaluator->policy_count; i++) {
        free(evaluator->policies[i].params);
    }
    free(evaluator->policies);
    free(evaluator);
}

// "\x1bLua" would be bytecode: mode "t" refuses it.
static bool load_chunk(struct evaluator *evaluator, const struct policy_source *source, struct error *error) {
    lua_State *state = evaluator->state;
    lua_pushfstring(state, "@%s", source->name);
    int status = luaL_loadbufferx(state, source->text, source->length, lua_tostring(state, -1), "t");
    lua_remove(state, -2);
    if (status != LUA_OK) {
        error_set(error, ERROR_INVALID, "%s", lua_tostring(state, -1));
        lua_pop(state, 1);
        return false;
    }
    if (!bytecode_check_globals(state, error)) {
        lua_pop(state, 1);
        return false;
    }
    lua_rawgeti(state, LUA_REGISTRYINDEX, evaluator->references[REFERENCE_ENVIRONMENT]);
    lua_setupvalue(state, -2, 1);
    return true;
}

bool evaluator_load_file(struct evaluator *evaluator, const struct policy_source *source,
                         struct error *error) {
    enum { LOAD_BUDGET_NS = 1000 * 1000 * 1000 };
    lua_State *state = evaluator->state;
    if (!load_chunk(evaluator, source, error)) {
        return false;
    }
    bool outer = evaluator->loading;
    evaluator->loading = true;
    if (!outer) {
        evaluator->heap.maximum = evaluator->heap.used + HEAP_WHILE_LOADING;
        watchdog_start(state, LOAD_BUDGET_NS, 0);
    }
    int status = lua_pcall(state, 0, 1, 0);
    if (!outer) {
        watchdog_stop();
        evaluator->heap.maximum = SIZE_MAX;
    }
    evaluator->loading = outer;
    if (status == LUA_OK) {
        return true;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const char *message = NULL;
    enum policy_fault fault = evaluator_fault(evaluator, status, arena, &message);
    if (message) {
        return error_set(error, ERROR_INVALID, "%s", message);
    }
    return error_set(error, ERROR_INVALID, "%s: loading it ran out of its %s budget", source->name,
                     policy_fault_name(fault));
}

enum policy_fault evaluator_fault(struct evaluator *evaluator, int status, struct arena *arena,
                                  const char **ret_message) {
    lua_State *state = evaluator->state;
    enum policy_fault fault = FAULT_ERROR;
    *ret_message = NULL;
    bool deep = evaluator->heap_deep;
    if (status == LUA_ERRMEM) {
        fault = deep ? FAULT_STACK : FAULT_MEMORY;
    } else if (status == LUA_ERRERR) {
        fault = FAULT_STACK;
    } else if (lua_islightuserdata(state, -1) && lua_touserdata(state, -1) == &watchdog_error) {
        fault = watchdog_verdict() == WATCHDOG_DEADLINE ? FAULT_DEADLINE : FAULT_TIME;
    } else if (lua_type(state, -1) == LUA_TSTRING) {
        *ret_message = arena_strdup(arena, lua_tostring(state, -1));
        fault = strstr(*ret_message, "stack overflow") ? FAULT_STACK
                : evaluator->blocked                   ? FAULT_BLOCKED
                                                       : FAULT_ERROR;
    } else {
        *ret_message =
            arena_printf(arena, "an error value that is a %s, not a text", luaL_typename(state, -1));
    }
    lua_pop(state, 1);
    evaluator->blocked = false;
    evaluator->heap_deep = false;
    return fault;
}

void *evaluator_check(lua_State *state, int index, enum evaluator_reference metatable, const char *what) {
    struct handle *handle = lua_touserdata(state, index);
    if (!handle || lua_type(state, index) != LUA_TUSERDATA || handle->kind != metatable) {
        if (lua_is_unknown(state, index)) {
            lua_unknown_used(state);
        }
        luaL_error(state, "expected %s, got %s; call methods with a colon", what,
                   luaL_typename(state, index));
        return NULL;
    }
    if (handle->epoch != evaluator_of(state)->epoch) {
        luaL_error(state, "%s of an earlier review was kept and used", what);
    }
    return handle;
}

void *evaluator_push(lua_State *state, enum evaluator_reference metatable, size_t size, int values) {
    struct evaluator *evaluator = evaluator_of(state);
    struct handle *handle = lua_newuserdatauv(state, size, values);
    handle->epoch = evaluator->epoch;
    handle->kind = metatable;
    lua_rawgeti(state, LUA_REGISTRYINDEX, evaluator->references[metatable]);
    lua_setmetatable(state, -2);
    return handle;
}

static int refuse_write(lua_State *state) {
    return luaL_error(state, "objects and views are read-only");
}

void evaluator_metatable(struct evaluator *evaluator, enum evaluator_reference reference,
                         const luaL_Reg *functions) {
    lua_State *state = evaluator->state;
    lua_createtable(state, 0, 8);
    luaL_setfuncs(state, functions, 0);
    lua_pushcfunction(state, refuse_write);
    lua_setfield(state, -2, "__newindex");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    evaluator->references[reference] = luaL_ref(state, LUA_REGISTRYINDEX);
}

// Lua keeps one copy of each short text in a state, so names compare by address.
enum { FIELD_SLOTS = 64 };

struct field_slots {
    const char *names[FIELD_SLOTS];
    int codes[FIELD_SLOTS];
};

static size_t slot_of(const char *interned) {
    return ((uintptr_t)interned >> 4 ^ (uintptr_t)interned >> 10) % FIELD_SLOTS;
}

void evaluator_name_index(struct evaluator *evaluator, enum evaluator_reference reference,
                          lua_CFunction index, const struct field_name *names) {
    lua_State *state = evaluator->state;
    lua_rawgeti(state, LUA_REGISTRYINDEX, evaluator->references[reference]);
    struct field_slots *slots = lua_newuserdatauv(state, sizeof(*slots), 1);
    memset(slots, 0, sizeof(*slots));
    lua_newtable(state); // keeps the names where they are
    for (lua_Integer i = 1; names->name; names++, i++) {
        const char *interned = lua_pushstring(state, names->name);
        size_t slot = slot_of(interned);
        while (slots->names[slot]) {
            slot = (slot + 1) % FIELD_SLOTS;
        }
        slots->names[slot] = interned;
        slots->codes[slot] = names->code;
        lua_rawseti(state, -2, i);
    }
    lua_setiuservalue(state, -2, 1);
    lua_pushcclosure(state, index, 1);
    lua_setfield(state, -2, "__index");
    lua_pop(state, 1);
}

int evaluator_field_code(lua_State *state) {
    if (lua_type(state, 2) != LUA_TSTRING) {
        return -1;
    }
    const struct field_slots *slots = lua_touserdata(state, lua_upvalueindex(1));
    const char *name = lua_tostring(state, 2);
    for (size_t slot = slot_of(name); slots->names[slot]; slot = (slot + 1) % FIELD_SLOTS) {
        if (slots->names[slot] == name) {
            return slots->codes[slot];
        }
    }
    return -1;
}
