// One review while policies judge it: what they see, and what they said so far.
#pragma once

#include "base/buffer.h"
#include "engine/budget_ask.h"
#include "engine/decision.h"
#include "engine/evaluator.h"

// A list that grows in the decision's arena.
#define ARENA_LIST(type)                                                                                     \
    struct {                                                                                                 \
        type *items;                                                                                         \
        size_t count, capacity;                                                                              \
    }

enum scratch { SCRATCH_VALUE, SCRATCH_POINTER, SCRATCH_COUNT };

struct evaluation {
    struct evaluator *evaluator;
    const struct review *review;
    struct arena *arena;
    struct cluster_change cluster; // built when first asked for
    bool cluster_built;
    bool before_only; // judging the state before the change: after is before, the object is the old one
    const struct policy *policy; // that runs now
    enum policy_mode mode;       // of that policy at this door
    bool mutating;
    bool has_change;      // REFERENCE_CHANGE_VALUE is of this evaluation
    size_t result;        // index of its result in the decision
    bool on_error_denies; // of its setting
    const struct policy_set *set;
    size_t said;    // violations, warnings and unknowns of this policy so far: capped
    bool read_user; // this policy did
    ARENA_LIST(struct violation) violations;
    ARENA_LIST(struct unknown_value) unknowns;
    ARENA_LIST(struct patch_operation) patch;
    ARENA_LIST(struct budget_ask) asks;
    struct buffer scratch[SCRATCH_COUNT];
};

// Borrows evaluator and review until evaluation_end. The decision's arena holds what is said.
void evaluation_begin(struct evaluation *evaluation, struct evaluator *evaluator, const struct review *review,
                      struct arena *arena);
void evaluation_end(struct evaluation *evaluation);
// After another evaluation ran on the same evaluator.
void evaluation_resume(struct evaluation *evaluation);
// An empty buffer that stays when a Lua error jumps; one of a kind at a time.
struct buffer *evaluation_scratch(struct evaluation *evaluation, enum scratch which, size_t maximum);

// The views, built once.
const struct cluster_change *evaluation_cluster(struct evaluation *evaluation);
// What change.object and change.old_object are.
const struct node *evaluation_object(const struct evaluation *evaluation);
const struct node *evaluation_old_object(const struct evaluation *evaluation);

void evaluation_add_violation(struct evaluation *evaluation, const struct violation *violation);
void evaluation_add_unknown(struct evaluation *evaluation, const struct origin *origin, const char *why,
                            bool unseen);
void evaluation_add_patch(struct evaluation *evaluation, const struct patch_operation *operation);
// False: the review has asked for too much already.
bool evaluation_add_ask(struct evaluation *evaluation, const struct budget_ask *ask);

// Pushes what Lua sees.
void lua_node_push(lua_State *state, const struct node *node, const struct node *root,
                   const struct object_key *object);
// The object at index, or a Lua error.
const struct node *lua_node_check(lua_State *state, int index);
void lua_empty_map_push(lua_State *state, const struct object_key *object);
void lua_change_push(lua_State *state);
void lua_delivers_push(lua_State *state);                                 // change.delivers
void lua_cluster_push(lua_State *state, const struct cluster_view *view); // nil for NULL
void lua_origin_push(lua_State *state, const struct origin *origin);
// Notes that the running policy depends on this unknown and pushes the value unknown.
void lua_unknown_push(lua_State *state, const struct origin *origin, const char *why, bool unseen);
// The origin at index. false: it stands on an unknown value, which is noted.
bool lua_origin_read(lua_State *state, int index, struct origin *ret_origin);
