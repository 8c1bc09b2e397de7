// report.deny and report.warn.
#include "engine/lua_report.h"
#include "base/field_path.h"
#include "engine/evaluation.h"
#include "engine/evaluator.h"
#include "engine/lua_unknown.h"
#include "engine/sandbox.h"

#include <lauxlib.h>
#include <string.h>

// A policy that says more than this about one review is cut: nobody reads on.
enum { MOST_SAID = 200, LONGEST_TEXT = 2048 };

enum report_kind { REPORT_DENY, REPORT_WARN };

static const char *const known_keys[] = {"at", "message", "detail", "hint", "excess", NULL};

static const char *key_list(lua_State *state, const char *const *keys) {
    luaL_Buffer list;
    luaL_buffinit(state, &list);
    for (size_t i = 0; keys[i]; i++) {
        luaL_addstring(&list, i > 0 ? ", " : "");
        luaL_addstring(&list, keys[i]);
    }
    luaL_pushresult(&list);
    return lua_tostring(state, -1);
}

void lua_report_check_keys(lua_State *state, const char *function, const char *const *keys) {
    luaL_checktype(state, 1, LUA_TTABLE);
    for (lua_pushnil(state); lua_next(state, 1); lua_pop(state, 1)) {
        const char *key = lua_type(state, -2) == LUA_TSTRING ? lua_tostring(state, -2) : "?";
        bool known = false;
        for (size_t i = 0; keys[i] && !known; i++) {
            known = strcmp(keys[i], key) == 0;
        }
        if (!known) {
            luaL_error(state, "report.%s: unknown key '%s'; it takes %s", function, key,
                       key_list(state, keys));
        }
    }
}

const char *lua_report_text(lua_State *state, const char *key, const char *function) {
    const char *copy = NULL;
    int type = lua_getfield(state, 1, key);
    if (lua_is_unknown(state, -1)) {
        lua_unknown_used(state);
    }
    if (type == LUA_TSTRING) {
        size_t length = 0;
        const char *text = lua_tolstring(state, -1, &length);
        copy = arena_copy_text(evaluator_of(state)->current->arena, text,
                               length < LONGEST_TEXT ? length : LONGEST_TEXT);
    } else if (type != LUA_TNIL) {
        luaL_error(state, "report.%s: %s must be a text, got %s", function, key, lua_typename(state, type));
    }
    lua_pop(state, 1);
    return copy;
}

// false: it stands on an unknown value.
static bool read_path_origin(lua_State *state, const char *path, const char *function,
                             struct origin *ret_origin) {
    struct evaluation *evaluation = evaluator_of(state)->current;
    const struct node *object = evaluation_object(evaluation);
    object = object ? object : evaluation_old_object(evaluation);
    const struct node *found = NULL;
    struct error error = {0};
    if (!field_path_find(object, path, &found, &error)) {
        luaL_error(state, "report.%s: at: %s", function, error.message);
    }
    *ret_origin = (struct origin){.object = evaluation->review->change.key,
                                  .path = arena_strdup(evaluation->arena, path),
                                  .root = object};
    if (found && found->unknown) {
        evaluation_add_unknown(evaluation, ret_origin,
                               arena_printf(evaluation->arena, "%.60s is not resolved", found->value.string),
                               false);
        return false;
    }
    return true;
}

bool lua_report_origin(lua_State *state, const char *function, struct origin *ret_origin) {
    bool fine;
    if (lua_getfield(state, 1, "at") == LUA_TNIL) {
        fine = read_path_origin(state, "", function, ret_origin);
    } else if (lua_type(state, -1) == LUA_TSTRING) {
        fine = read_path_origin(state, lua_tostring(state, -1), function, ret_origin);
    } else {
        fine = lua_origin_read(state, -1, ret_origin);
    }
    lua_pop(state, 1);
    return fine;
}

static void read_excess(lua_State *state, struct violation *violation, const char *function) {
    int type = lua_getfield(state, 1, "excess");
    if (lua_is_unknown(state, -1)) {
        lua_unknown_used(state);
    }
    if (type == LUA_TNUMBER) {
        violation->has_excess = true;
        violation->excess = lua_tonumber(state, -1);
    } else if (type != LUA_TNIL) {
        luaL_error(state, "report.%s: excess must be a number, got %s", function, lua_typename(state, type));
    }
    lua_pop(state, 1);
}

static int report(lua_State *state, enum report_kind kind, const char *function) {
    struct evaluation *evaluation = evaluator_of(state)->current;
    luaL_checktype(state, 1, LUA_TTABLE);
    if (evaluation->mutating) {
        return luaL_error(state, "report.%s is not there in mutate", function);
    }
    lua_report_check_keys(state, function, known_keys);
    struct violation violation = {.policy = evaluation->policy->name,
                                  .severity = evaluation->policy->severity,
                                  .mode = kind == REPORT_DENY ? evaluation->mode : MODE_WARN,
                                  .docs = evaluation->policy->docs};
    if (kind == REPORT_WARN && evaluation->mode == MODE_AUDIT) {
        violation.mode = MODE_AUDIT;
    }
    violation.message = lua_report_text(state, "message", function);
    violation.detail = lua_report_text(state, "detail", function);
    violation.hint = lua_report_text(state, "hint", function);
    if (!violation.message) {
        return luaL_error(state, "report.%s: message is missing", function);
    }
    read_excess(state, &violation, function);
    if (lua_report_origin(state, function, &violation.origin) && evaluation->said++ < MOST_SAID) {
        evaluation_add_violation(evaluation, &violation);
    }
    return 0;
}

static int report_deny(lua_State *state) {
    return report(state, REPORT_DENY, "deny");
}

static int report_warn(lua_State *state) {
    return report(state, REPORT_WARN, "warn");
}

void lua_report_open(struct evaluator *evaluator) {
    static const luaL_Reg functions[] = {{"deny", report_deny},           {"warn", report_warn},
                                         {"budget", lua_report_budget},   {"unique", lua_report_unique},
                                         {"deletes", lua_report_deletes}, {NULL, NULL}};
    luaL_newlib(evaluator->state, functions);
    sandbox_seal(evaluator->state, "report");
    evaluator->references[REFERENCE_REPORT] = luaL_ref(evaluator->state, LUA_REGISTRYINDEX);
}
