#include "engine/sandbox.h"

#include "engine/evaluator.h"
#include "engine/freeze.h"
#include "engine/lua_libraries.h"
#include "engine/lua_pairs.h"

#include <lauxlib.h>
#include <lualib.h>
#include <string.h>

struct library {
    const char *name;
    lua_CFunction open;
    const char *const *allowed;
};

static const char *const base_functions[] = {"assert", "error", "ipairs", "select", "tonumber", "type", NULL};
static const char *const string_functions[] = {"byte",    "char", "len",   "lower", "rep",
                                               "reverse", "sub",  "upper", NULL};
static const char *const table_functions[] = {"concat", "insert", "pack", "remove", "sort", "unpack", NULL};
static const char *const math_functions[] = {"abs", "acos",       "asin", "atan", "ceil", "cos", "deg",
                                             "exp", "floor",      "fmod", "huge", "log",  "max", "maxinteger",
                                             "min", "mininteger", "modf", "pi",   "rad",  "sin", "sqrt",
                                             "tan", "tointeger",  "type", "ult",  NULL};
static const char *const utf8_functions[] = {"char", "charpattern", "codepoint", "codes",
                                             "len",  "offset",      NULL};

static const struct library libraries[] = {
    {"string", luaopen_string, string_functions},
    {"table", luaopen_table, table_functions},
    {"math", luaopen_math, math_functions},
    {"utf8", luaopen_utf8, utf8_functions},
};

// What a policy may use in place of what the sandbox has not.
static const struct {
    const char *name, *instead;
} blocked_names[] = {
    {"pcall", "let the error end the policy; on_error decides what follows"},
    {"xpcall", "let the error end the policy; on_error decides what follows"},
    {"setmetatable", "use plain tables"},
    {"getmetatable", "use plain tables"},
    {"rawget", "index the table"},
    {"rawset", "assign to the table"},
    {"rawequal", "use =="},
    {"rawlen", "use #"},
    {"next", "use pairs"},
    {"coroutine", "use plain functions"},
    {"load", "put shared code into policies/lib"},
    {"loadstring", "put shared code into policies/lib"},
    {"loadfile", "use require \"lib/NAME\""},
    {"dofile", "use require \"lib/NAME\""},
    {"collectgarbage", "memory is the engine's concern"},
    {"os", "a policy has no clock, environment or files"},
    {"io", "a policy has no files"},
    {"debug", "use report.warn to say something"},
    {"package", "use require \"lib/NAME\""},
    {"print", "use report.warn to say something"},
    {"_G", "name the global itself"},
    {"string.find", "use text.find or text.glob"},
    {"string.match", "use text.split, text.find or text.glob"},
    {"string.gmatch", "use text.split"},
    {"string.gsub", "use text.replace"},
    {"string.dump", "bytecode is not accepted"},
    {"string.pack", "use string.byte"},
    {"string.unpack", "use string.byte"},
    {"string.packsize", "use string.byte"},
    {"table.move", "copy with a loop"},
    {"math.random", "a policy gives the same verdict every time"},
    {"math.randomseed", "a policy gives the same verdict every time"},
};

// __index of what lies behind the globals and behind each library: only names that are not there get here.
static int missing_name(lua_State *state) {
    const char *library = lua_tostring(state, lua_upvalueindex(1));
    const char *name = lua_type(state, 2) == LUA_TSTRING ? lua_tostring(state, 2) : NULL;
    if (!name) {
        return 0;
    }
    lua_pushfstring(state, *library ? "%s.%s" : "%s%s", library, name);
    const char *full = lua_tostring(state, -1);
    for (size_t i = 0; i < sizeof(blocked_names) / sizeof(blocked_names[0]); i++) {
        if (strcmp(blocked_names[i].name, full) == 0) {
            evaluator_of(state)->blocked = true;
            return luaL_error(state, "%s is not available in policies: %s", full, blocked_names[i].instead);
        }
    }
    return luaL_error(state, *library ? "there is no %s" : "unknown name '%s'; declare it with local", full);
}

static int refuse_write(lua_State *state) {
    return luaL_error(state, "libraries are read-only");
}

// Makes reading a name that the table on top does not have an error.
static void refuse_missing(lua_State *state, const char *library) {
    lua_createtable(state, 0, 2);
    lua_pushstring(state, library);
    lua_pushcclosure(state, missing_name, 1);
    lua_setfield(state, -2, "__index");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_setmetatable(state, -2);
}

// Replaces the table on top by a read-only one for which reading a name that is not there is an error.
void sandbox_seal(lua_State *state, const char *library) {
    refuse_missing(state, library);
    lua_newtable(state);
    lua_createtable(state, 0, 3);
    lua_pushvalue(state, -3);
    lua_setfield(state, -2, "__index");
    lua_pushcfunction(state, refuse_write);
    lua_setfield(state, -2, "__newindex");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_setmetatable(state, -2);
    lua_remove(state, -2);
}

static void copy_allowed(lua_State *state, int from, const char *const *allowed) {
    for (; *allowed; allowed++) {
        lua_getfield(state, from, *allowed);
        lua_setfield(state, -2, *allowed);
    }
}

// The text of a value without addresses, which would differ from run to run. Pushes it.
static void push_text(lua_State *state, int index) {
    int type = lua_type(state, index);
    if (type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TTHREAD) {
        lua_pushstring(state, lua_typename(state, type));
    } else {
        luaL_tolstring(state, index, NULL);
    }
}

static int text_of(lua_State *state) {
    luaL_checkany(state, 1);
    push_text(state, 1);
    return 1;
}

// string.format without addresses; the original is upvalue 1.
static int format(lua_State *state) {
    size_t length = 0;
    const char *pattern = luaL_checklstring(state, 1, &length);
    for (size_t i = 0; i + 1 < length; i++) {
        if (pattern[i] == '%') {
            i++;
            while (i < length && strchr("-+ #0123456789.", pattern[i])) {
                i++;
            }
            if (pattern[i] == 'p') {
                return luaL_error(state, "string.format: %%p is not available in policies");
            }
        }
    }
    int count = lua_gettop(state);
    for (int i = 2; i <= count; i++) {
        if (lua_type(state, i) == LUA_TTABLE || lua_type(state, i) == LUA_TFUNCTION) {
            push_text(state, i);
            lua_replace(state, i);
        }
    }
    lua_pushvalue(state, lua_upvalueindex(1));
    lua_insert(state, 1);
    lua_call(state, count, 1);
    return 1;
}

// policy { … }: only marks what a policy file returns.
static int policy(lua_State *state) {
    luaL_checktype(state, 1, LUA_TTABLE);
    if (!evaluator_of(state)->loading) {
        return luaL_error(state, "policy is there only while the file loads");
    }
    lua_settop(state, 1);
    return 1;
}

static const struct policy_source *find_library(const struct evaluator *evaluator, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < evaluator->source_count; i++) {
        const struct policy_source *source = &evaluator->sources[i];
        size_t file_length = strlen(source->name);
        if (source->is_library && file_length >= length + 4 &&
            strcmp(source->name + file_length - 4, ".lua") == 0 &&
            strncmp(source->name + file_length - 4 - length, name, length) == 0 &&
            (file_length == length + 4 || source->name[file_length - 5 - length] == '/')) {
            return source;
        }
    }
    return NULL;
}

static int require(lua_State *state) {
    struct evaluator *evaluator = evaluator_of(state);
    const char *name = luaL_checkstring(state, 1);
    if (!evaluator->loading) {
        return luaL_error(state, "require is there only while the file loads");
    }
    lua_rawgeti(state, LUA_REGISTRYINDEX, evaluator->references[REFERENCE_LIBRARIES]);
    if (lua_getfield(state, -1, name) != LUA_TNIL) {
        return lua_toboolean(state, -1) ? 1 : luaL_error(state, "%s requires itself", name);
    }
    const struct policy_source *source = strncmp(name, "lib/", 4) == 0 ? find_library(evaluator, name) : NULL;
    if (!source) {
        return luaL_error(state, "require: there is no policies/%s.lua; only lib/NAME can be required", name);
    }
    lua_pushboolean(state, 0);
    lua_setfield(state, 2, name);
    struct error error = {0};
    if (!evaluator_load_file(evaluator, source, &error)) {
        return luaL_error(state, "%s", error.message);
    }
    if (!lua_istable(state, -1)) {
        return luaL_error(state, "%s: a library returns a table", source->name);
    }
    freeze_table(state);
    lua_pushvalue(state, -1);
    lua_setfield(state, 2, name);
    return 1;
}

static void open_library(lua_State *state, const struct library *library) {
    lua_pushcfunction(state, library->open);
    lua_call(state, 0, 1);
    lua_createtable(state, 0, 16);
    copy_allowed(state, lua_gettop(state) - 1, library->allowed);
    lua_bounded_wrap(state, library->name);
    if (library->open == luaopen_string) {
        lua_getfield(state, -2, "format");
        lua_pushcclosure(state, format, 1);
        lua_setfield(state, -2, "format");
    }
    lua_remove(state, -2);
    sandbox_seal(state, library->name);
    if (library->open == luaopen_string) {
        lua_pushliteral(state, "");
        lua_getmetatable(state, -1);
        lua_pushvalue(state, -3);
        lua_setfield(state, -2, "__index");
        lua_pushboolean(state, 0);
        lua_setfield(state, -2, "__metatable");
        lua_pop(state, 2);
    }
    lua_setfield(state, -2, library->name);
}

static void open_own_libraries(lua_State *state) {
    static const struct {
        const char *name;
        void (*push)(lua_State *state);
    } own[] = {{"text", lua_text_push},
               {"version", lua_version_push},
               {"quantity", lua_quantity_push},
               {"cidr", lua_cidr_push}};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        own[i].push(state);
        sandbox_seal(state, own[i].name);
        lua_setfield(state, -2, own[i].name);
    }
}

void sandbox_open(struct evaluator *evaluator) {
    lua_State *state = evaluator->state;
    lua_newtable(state);
    evaluator->references[REFERENCE_LIBRARIES] = luaL_ref(state, LUA_REGISTRYINDEX);
    lua_pushcfunction(state, luaopen_base);
    lua_call(state, 0, 1);
    lua_createtable(state, 0, 32);
    copy_allowed(state, lua_gettop(state) - 1, base_functions);
    lua_remove(state, -2);
    static const luaL_Reg own[] = {
        {"tostring", text_of}, {"policy", policy}, {"require", require}, {"pairs", lua_pairs}, {NULL, NULL}};
    luaL_setfuncs(state, own, 0);
    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        open_library(state, &libraries[i]);
    }
    open_own_libraries(state);
    // Each adds its globals to the table on top.
    lua_unknown_open(evaluator);
    lua_object_open(evaluator);
    lua_change_open(evaluator);
    lua_view_open(evaluator);
    lua_report_open(evaluator);
    lua_patch_open(evaluator);
    // A plain table: policy files that set globals or name _ENV are refused when they load.
    refuse_missing(state, "");
    evaluator->references[REFERENCE_ENVIRONMENT] = luaL_ref(state, LUA_REGISTRYINDEX);
    // What the standard library put into the real globals is out of reach, and goes.
    lua_newtable(state);
    lua_rawseti(state, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
