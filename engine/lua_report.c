// report.deny and report.warn.
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

static void check_keys(lua_State *state, const char *function) {
    for (lua_pushnil(state); lua_next(state, 1); lua_pop(state, 1)) {
        const char *key = lua_type(state, -2) == LUA_TSTRING ? lua_tostring(state, -2) : "?";
        bool known = false;
        for (size_t i = 0; known_keys[i] && !known; i++) {
            known = strcmp(known_keys[i], key) == 0;
        }
        if (!known) {
            luaL_error(state, "report.%s: unknown key '%s'; it takes at, message, detail, hint, excess",
                       function, key);
        }
    }
}

// The text member, copied and cut; NULL when absent.
static const char *read_text(lua_State *state, const char *key, const char *function) {
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

static bool read_origin(lua_State *state, const char *function, struct origin *ret_origin) {
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
    check_keys(state, function);
    struct violation violation = {.policy = evaluation->policy->name,
                                  .severity = evaluation->policy->severity,
                                  .mode = kind == REPORT_DENY ? evaluation->mode : MODE_WARN,
                                  .docs = evaluation->policy->docs};
    if (kind == REPORT_WARN && evaluation->mode == MODE_AUDIT) {
        violation.mode = MODE_AUDIT;
    }
    violation.message = read_text(state, "message", function);
    violation.detail = read_text(state, "detail", function);
    violation.hint = read_text(state, "hint", function);
    if (!violation.message) {
        return luaL_error(state, "report.%s: message is missing", function);
    }
    read_excess(state, &violation, function);
    if (read_origin(state, function, &violation.origin) && evaluation->said++ < MOST_SAID) {
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
    static const luaL_Reg functions[] = {{"deny", report_deny}, {"warn", report_warn}, {NULL, NULL}};
    luaL_newlib(evaluator->state, functions);
    sandbox_seal(evaluator->state, "report");
    evaluator->references[REFERENCE_REPORT] = luaL_ref(evaluator->state, LUA_REGISTRYINDEX);
}
