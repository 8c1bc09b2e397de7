#include "engine/policy_run.h"

#include "base/clock.h"

#include "engine/coverage.h"
#include "engine/lua_unknown.h"
#include "engine/policy_set_internal.h"
#include "engine/watchdog.h"

#include <string.h>

static bool ended_by_unknown(lua_State *state) {
    return lua_islightuserdata(state, -1) && lua_touserdata(state, -1) == &lua_unknown_error;
}

// All policies of a review get the same change, with the views and objects that were already made.
static void push_change(lua_State *state) {
    struct evaluator *evaluator = evaluator_of(state);
    int slot = evaluator->references[REFERENCE_CHANGE_VALUE];
    if (evaluator->current->has_change) {
        lua_rawgeti(state, LUA_REGISTRYINDEX, slot);
        return;
    }
    lua_change_push(state);
    lua_pushvalue(state, -1);
    lua_rawseti(state, LUA_REGISTRYINDEX, slot);
    evaluator->current->has_change = true;
}

// Runs on a stack of its own; pushing the change may need memory, so that happens inside the protected call.
static int call_policy(lua_State *state) {
    lua_settop(state, 3); // function, params, report or patch
    push_change(state);
    lua_insert(state, 2);
    lua_call(state, 3, 0);
    return 0;
}

// After a fault the state must be as it was: what the policy left is collected, and nothing else was changed,
// since policies can't reach anything that outlives the call.
static void recover(struct evaluator *evaluator) {
    evaluator->heap.maximum = SIZE_MAX;
    lua_settop(evaluator->state, 0);
    lua_gc(evaluator->state, LUA_GCCOLLECT);
    evaluator->heap.maximum = evaluator->heap_at_rest + evaluator->heap_extra;
}

static bool call(const struct policy_run *run, int function, int third, struct policy_result *result) {
    struct evaluation *evaluation = run->evaluation;
    struct evaluator *evaluator = evaluation->evaluator;
    lua_State *state = evaluator->state;
    const struct loaded_policy *loaded = &evaluator->policies[run->index];
    evaluation->policy = &run->set->policies[run->index];
    evaluation->mode = run->mode;
    evaluation->said = 0;
    evaluator->heap_deep = false;
    evaluator->blocked = false;
    uint64_t start = clock_now_ns();
    watchdog_next();
    if (evaluator->coverage) {
        line_coverage_watch(state);
    }
    lua_pushcfunction(state, call_policy);
    lua_rawgeti(state, LUA_REGISTRYINDEX, function);
    lua_rawgeti(state, LUA_REGISTRYINDEX, loaded->params[run->setting]);
    lua_rawgeti(state, LUA_REGISTRYINDEX, third);
    int status = lua_pcall(state, 3, 0, 0);
    result->duration_ns = clock_now_ns() - start;
    bool fine = status == LUA_OK;
    if (!fine && ended_by_unknown(state)) {
        lua_pop(state, 1);
        fine = true;
    } else if (!fine) {
        result->fault = evaluator_fault(evaluator, status, evaluation->arena, &result->fault_message);
        recover(evaluator);
    }
    return fine;
}

bool policy_run_validate(const struct policy_run *run, struct policy_result *result) {
    const struct evaluator *evaluator = run->evaluation->evaluator;
    return call(run, evaluator->policies[run->index].validate, evaluator->references[REFERENCE_REPORT],
                result);
}

bool policy_run_mutate(const struct policy_run *run, struct policy_result *result) {
    const struct evaluator *evaluator = run->evaluation->evaluator;
    return call(run, evaluator->policies[run->index].mutate, evaluator->references[REFERENCE_PATCH], result);
}
