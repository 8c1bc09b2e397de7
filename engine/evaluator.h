// One Lua state with all policies loaded. One thread uses it at a time; a policy set keeps several.
#pragma once

#include "engine/decision.h"
#include "engine/heap.h"
#include "engine/policy.h"
#include "engine/policy_set.h"

#include <lauxlib.h>
#include <lua.h>

// Metatables and shared values, as references into the Lua registry.
enum evaluator_reference {
    REFERENCE_NODE,
    REFERENCE_CHANGE,
    REFERENCE_CHANGE_VALUE, // the change of the review that runs
    REFERENCE_USER,
    REFERENCE_CLUSTER,
    REFERENCE_POOL,
    REFERENCE_POOLS,
    REFERENCE_FACTS,
    REFERENCE_ORIGIN,
    REFERENCE_DELIVERED,
    REFERENCE_UNKNOWN, // the value itself
    REFERENCE_REPORT,
    REFERENCE_PATCH,
    REFERENCE_ENVIRONMENT,
    REFERENCE_LIBRARIES, // loaded "lib/NAME" by name
    REFERENCE_COUNT,
};

// The functions of one policy in this state.
struct loaded_policy {
    int validate; // registry references, LUA_NOREF when absent
    int mutate;
    int keeps;
    int *params; // one reference for each setting, and one for "no setting"
    size_t params_count;
};

struct evaluation;

struct evaluator {
    lua_State *state;
    struct heap heap;
    size_t heap_at_rest; // after loading
    size_t heap_extra;   // what one review may add
    uint64_t epoch;      // of the current review; userdata of another one are refused
    bool loading;        // policy() and require() work only now
    bool blocked;        // the running policy called something that is not there
    bool heap_deep;      // the heap ran out while the stack was deep: recursion
    bool cover_lines;
    int references[REFERENCE_COUNT];
    struct loaded_policy *policies; // parallel to the set's
    size_t policy_count;
    struct evaluation *current;
    struct evaluator *next;              // free list of the set
    const struct policy_source *sources; // while loading, for require
    size_t source_count;
    struct line_coverage *coverage;
};

static inline struct evaluator *evaluator_of(lua_State *state) {
    return *(struct evaluator **)lua_getextraspace(state);
}

// An empty state with the sandbox in it. Caller owns.
struct evaluator *evaluator_new(size_t heap_extra);
void evaluator_free(struct evaluator *evaluator);
DEFINE_CLEANUP(evaluator_free, struct evaluator *)

// Runs one policy file and leaves its table on the stack. Fails with INVALID and "file:line: what".
MUST_CHECK bool evaluator_load_file(struct evaluator *evaluator, const struct policy_source *source,
                                    struct error *error);
// Turns the error value on top of the stack into a fault and pops it. ret_message is arena text or NULL.
enum policy_fault evaluator_fault(struct evaluator *evaluator, int status, struct arena *arena,
                                  const char **ret_message);

// Userdata that belongs to one review starts with this. Policies can't get hold of any other full userdata.
struct handle {
    uint64_t epoch;
    enum evaluator_reference kind;
};
// The userdata at index if it has that metatable and is of this review, else a Lua error.
void *evaluator_check(lua_State *state, int index, enum evaluator_reference metatable, const char *what);
// Pushes a new userdata of this review with size bytes and that metatable.
void *evaluator_push(lua_State *state, enum evaluator_reference metatable, size_t size, int values);

// Each makes its metatables or tables in a new state.
void lua_object_open(struct evaluator *evaluator);
void lua_view_open(struct evaluator *evaluator);
void lua_change_open(struct evaluator *evaluator);
void lua_delivers_open(struct evaluator *evaluator);
void lua_unknown_open(struct evaluator *evaluator);
void lua_report_open(struct evaluator *evaluator);
void lua_patch_open(struct evaluator *evaluator);

// Makes a metatable with these functions, protected, and stores it under reference.
void evaluator_metatable(struct evaluator *evaluator, enum evaluator_reference reference,
                         const luaL_Reg *functions);

// A member that Lua code reads by name.
struct field_name {
    const char *name; // NULL ends a list
    int code;
};
// Gives the metatable an __index that finds its code by evaluator_field_code.
void evaluator_name_index(struct evaluator *evaluator, enum evaluator_reference reference,
                          lua_CFunction index, const struct field_name *names);
// In such an __index: the code of the name at stack index 2, -1 for an unknown name.
int evaluator_field_code(lua_State *state);
