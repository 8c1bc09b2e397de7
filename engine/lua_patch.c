// patch.default and patch.set: a minimal JSON patch (RFC 6902) for the reviewed object.
#include "base/field_path.h"
#include "engine/evaluation.h"
#include "engine/evaluator.h"
#include "engine/lua_json.h"
#include "engine/lua_unknown.h"
#include "engine/sandbox.h"

#include <lauxlib.h>
#include <string.h>

enum { LONGEST_POINTER = 1024, LARGEST_VALUE = 64 * 1024, MOST_OPERATIONS = 200 };

static const struct patch_operation *find_patched(const struct evaluation *evaluation, const char *pointer) {
    for (size_t i = 0; i < evaluation->patch.count; i++) {
        if (strcmp(evaluation->patch.items[i].path, pointer) == 0) {
            return &evaluation->patch.items[i];
        }
    }
    return NULL;
}

static void add_operation(struct evaluation *evaluation, bool replace, const char *pointer,
                          const char *value) {
    struct patch_operation operation = {.replace = replace,
                                        .path = arena_strdup(evaluation->arena, pointer),
                                        .value = arena_strdup(evaluation->arena, value)};
    evaluation_add_patch(evaluation, &operation);
}

static bool is_container(const struct node *node, const struct field_step *step) {
    return node_is(node, step->kind == FIELD_KEY ? NODE_MAP : NODE_LIST);
}

// Walks to the field, making parents on the way. Ends with the field's own pointer in *pointer and what is
// there now. false: the object has something on the way that the field can't be put into; the API server will
// say so.
static bool walk(lua_State *state, const char *path, struct buffer *pointer,
                 const struct node **ret_present) {
    struct evaluation *evaluation = evaluator_of(state)->current;
    const struct node *node = evaluation_object(evaluation);
    const char *cursor = path;
    struct field_step step;
    struct error error = {0};
    bool virtual_parent = false;
    if (!field_path_next(&cursor, &step, &error) || step.kind == FIELD_END || step.kind == FIELD_EACH) {
        luaL_error(state, "patch: '%s' names no field", path);
    }
    for (;;) {
        if (!virtual_parent && !is_container(node, &step)) {
            return false;
        }
        node = virtual_parent ? NULL : field_step_into(node, &step);
        field_step_append_pointer(pointer, &step);
        if (!node && step.kind != FIELD_KEY) {
            luaL_error(state, "patch: %s: a list item that is not there can't be set", path);
        }
        if (!field_path_next(&cursor, &step, &error)) {
            luaL_error(state, "patch: %s", error.message);
        }
        if (step.kind == FIELD_END) {
            *ret_present = node;
            return true;
        }
        const struct patch_operation *patched = find_patched(evaluation, buffer_text(pointer));
        // JSON null for a map is as good as none.
        if (!node || node_is(node, NODE_NULL)) {
            if (patched && strcmp(patched->value, "{}") != 0) {
                return false; // another policy set the whole parent: it stays as it is
            }
            if (!patched) {
                add_operation(evaluation, node != NULL, buffer_text(pointer), "{}");
            }
            virtual_parent = true;
        }
    }
}

// Lua errors jump over free(): texts are built in the evaluation's scratch buffers, which outlive them.
static const char *value_text(lua_State *state, const char *function) {
    struct error error = {0};
    struct evaluation *evaluation = evaluator_of(state)->current;
    struct buffer *json = evaluation_scratch(evaluation, SCRATCH_VALUE, LARGEST_VALUE);
    if (!lua_json_append(state, 2, json, &error)) {
        luaL_error(state, "patch.%s: %s", function, error.message);
    }
    return arena_strdup(evaluation->arena, buffer_text(json));
}

// NULL when it is too large to be written.
static const char *node_value(struct evaluation *evaluation, const struct node *node) {
    struct buffer *json = evaluation_scratch(evaluation, SCRATCH_VALUE, LARGEST_VALUE);
    json_append_node(json, node);
    return json->cut ? NULL : arena_strdup(evaluation->arena, buffer_text(json));
}

static struct evaluation *begin(lua_State *state, const char *function) {
    struct evaluation *evaluation = evaluator_of(state)->current;
    if (!evaluation->mutating) {
        luaL_error(state, "patch.%s is there only in mutate", function);
    }
    if (lua_isnoneornil(state, 2)) {
        luaL_error(state, "patch.%s: the value is nil", function);
    }
    if (lua_is_unknown(state, 2)) {
        lua_unknown_used(state);
    }
    if (++evaluation->said > MOST_OPERATIONS) {
        luaL_error(state, "patch: more than %d fields", MOST_OPERATIONS);
    }
    return evaluation;
}

// patch.default(path, value)
static int patch_default(lua_State *state) {
    struct evaluation *evaluation = begin(state, "default");
    const char *path = luaL_checkstring(state, 1);
    const char *value = value_text(state, "default");
    const struct node *present = NULL;
    struct error error = {0};
    if (!field_path_find(evaluation_object(evaluation), path, &present, &error)) {
        return luaL_error(state, "patch.default: %s", error.message);
    }
    if (present && !node_is(present, NODE_NULL)) {
        return 0;
    }
    // What was there before wins: a default must not change a field that an update merely leaves out.
    const struct node *old = NULL;
    if (evaluation_old_object(evaluation) &&
        field_path_find(evaluation_old_object(evaluation), path, &old, &error) && old &&
        !node_is(old, NODE_NULL)) {
        const char *before = node_value(evaluation, old);
        value = before ? before : value;
    }
    struct buffer *pointer = evaluation_scratch(evaluation, SCRATCH_POINTER, LONGEST_POINTER);
    if (walk(state, path, pointer, &present) && !pointer->cut &&
        !find_patched(evaluation, buffer_text(pointer))) {
        add_operation(evaluation, present != NULL, buffer_text(pointer), value);
    }
    return 0;
}

// patch.set(path, value)
static int patch_set(lua_State *state) {
    struct evaluation *evaluation = begin(state, "set");
    const char *path = luaL_checkstring(state, 1);
    const char *value = value_text(state, "set");
    const struct node *present = NULL;
    struct buffer *pointer = evaluation_scratch(evaluation, SCRATCH_POINTER, LONGEST_POINTER);
    if (walk(state, path, pointer, &present) && !pointer->cut &&
        !find_patched(evaluation, buffer_text(pointer))) {
        const char *now = present ? node_value(evaluation, present) : NULL;
        if (!now || strcmp(now, value) != 0) {
            add_operation(evaluation, present != NULL, buffer_text(pointer), value);
        }
    }
    return 0;
}

void lua_patch_open(struct evaluator *evaluator) {
    static const luaL_Reg functions[] = {{"default", patch_default}, {"set", patch_set}, {NULL, NULL}};
    lua_State *state = evaluator->state;
    luaL_newlib(state, functions);
    sandbox_seal(state, "patch");
    evaluator->references[REFERENCE_PATCH] = luaL_ref(state, LUA_REGISTRYINDEX);
}
