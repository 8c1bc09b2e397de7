// The change in Lua: what validate and mutate get as their first argument.
#include "base/field_path.h"
#include "engine/evaluation.h"
#include "engine/evaluator.h"

#include <lauxlib.h>
#include <string.h>

enum change_field {
    CHANGE_OPERATION,
    CHANGE_GROUP,
    CHANGE_VERSION,
    CHANGE_KIND,
    CHANGE_RESOURCE,
    CHANGE_SUBRESOURCE,
    CHANGE_NAMESPACE,
    CHANGE_NAME,
    CHANGE_OBJECT,
    CHANGE_OLD_OBJECT,
    CHANGE_BEFORE,
    CHANGE_AFTER,
    CHANGE_USER,
    CHANGE_OPTIONS,
    CHANGE_DRY_RUN,
    CHANGE_DOOR,
    CHANGE_DELIVERS,
    CHANGE_ORIGIN,
};

static const struct field_name change_names[] = {
    {"operation", CHANGE_OPERATION},
    {"group", CHANGE_GROUP},
    {"version", CHANGE_VERSION},
    {"kind", CHANGE_KIND},
    {"resource", CHANGE_RESOURCE},
    {"subresource", CHANGE_SUBRESOURCE},
    {"namespace", CHANGE_NAMESPACE},
    {"name", CHANGE_NAME},
    {"object", CHANGE_OBJECT},
    {"old_object", CHANGE_OLD_OBJECT},
    {"before", CHANGE_BEFORE},
    {"after", CHANGE_AFTER},
    {"user", CHANGE_USER},
    {"options", CHANGE_OPTIONS},
    {"dry_run", CHANGE_DRY_RUN},
    {"door", CHANGE_DOOR},
    {"delivers", CHANGE_DELIVERS},
    {"origin", CHANGE_ORIGIN},
    {NULL, 0},
};

enum user_field { USER_NAME, USER_GROUPS };

static const struct field_name user_names[] = {{"name", USER_NAME}, {"groups", USER_GROUPS}, {NULL, 0}};

// What is made once in a review and then kept as a user value of the change.
enum change_value {
    VALUE_OBJECT = 1,
    VALUE_OLD_OBJECT,
    VALUE_BEFORE,
    VALUE_AFTER,
    VALUE_USER,
    VALUE_COUNT = VALUE_USER
};

static const struct review *review_of(lua_State *state) {
    return evaluator_of(state)->current->review;
}

static void push_optional(lua_State *state, const char *text) {
    lua_pushstring(state, text ? text : "");
}

static void push_text_field(lua_State *state, const struct object_change *change, enum change_field field) {
    switch (field) {
    case CHANGE_GROUP:
        push_optional(state, change->key.group);
        break;
    case CHANGE_VERSION:
        push_optional(state, change->version);
        break;
    case CHANGE_KIND:
        push_optional(state, change->key.kind);
        break;
    case CHANGE_RESOURCE:
        push_optional(state, change->resource);
        break;
    case CHANGE_SUBRESOURCE:
        push_optional(state, change->subresource);
        break;
    case CHANGE_NAMESPACE:
        push_optional(state, change->key.namespace);
        break;
    default:
        push_optional(state, change->key.name);
        break;
    }
}

static void make_value(lua_State *state, enum change_value value) {
    struct evaluation *evaluation = evaluator_of(state)->current;
    const struct node *node = NULL;
    switch (value) {
    case VALUE_OBJECT:
    case VALUE_OLD_OBJECT:
        node = value == VALUE_OBJECT ? evaluation_object(evaluation) : evaluation_old_object(evaluation);
        lua_node_push(state, node, node, &evaluation->review->change.key);
        break;
    case VALUE_BEFORE:
        lua_cluster_push(state, evaluation_cluster(evaluation)->before);
        break;
    case VALUE_AFTER:
        lua_cluster_push(state, evaluation->before_only ? evaluation_cluster(evaluation)->before
                                                        : evaluation_cluster(evaluation)->after);
        break;
    case VALUE_USER:
        evaluator_push(state, REFERENCE_USER, sizeof(struct handle), 0);
        break;
    }
}

static int push_value(lua_State *state, enum change_value value) {
    if (lua_getiuservalue(state, 1, (int)value) != LUA_TNIL) {
        return 1;
    }
    lua_pop(state, 1);
    make_value(state, value);
    lua_pushvalue(state, -1);
    lua_setiuservalue(state, 1, (int)value);
    return 1;
}

// change:origin("spec.prune")
static int change_origin(lua_State *state) {
    evaluator_check(state, 1, REFERENCE_CHANGE, "the change");
    const char *path = luaL_checkstring(state, 2);
    struct evaluation *evaluation = evaluator_of(state)->current;
    const struct node *found = NULL;
    struct error error = {0};
    const struct node *object = evaluation_object(evaluation);
    if (!object) {
        object = evaluation_old_object(evaluation);
    }
    if (!field_path_find(object, path, &found, &error)) {
        return luaL_error(state, "%s", error.message);
    }
    struct origin origin = {.object = evaluation->review->change.key,
                            .path = arena_strdup(evaluation->arena, path),
                            .root = object};
    lua_origin_push(state, &origin);
    return 1;
}

static int change_index(lua_State *state) {
    evaluator_check(state, 1, REFERENCE_CHANGE, "the change");
    const struct review *review = review_of(state);
    int code = evaluator_field_code(state);
    switch (code) {
    case CHANGE_OPERATION:
        lua_pushstring(state, evaluator_of(state)->current->before_only
                                  ? "UPDATE"
                                  : operation_name(review->change.operation));
        return 1;
    case CHANGE_OBJECT:
        return push_value(state, VALUE_OBJECT);
    case CHANGE_OLD_OBJECT:
        return push_value(state, VALUE_OLD_OBJECT);
    case CHANGE_BEFORE:
        return push_value(state, VALUE_BEFORE);
    case CHANGE_AFTER:
        return push_value(state, VALUE_AFTER);
    case CHANGE_USER:
        return push_value(state, VALUE_USER);
    case CHANGE_DELIVERS:
        lua_delivers_push(state); // a table that policies could write: each gets its own
        return 1;
    case CHANGE_OPTIONS:
        lua_node_push(state, review->options, review->options, &review->change.key);
        return 1;
    case CHANGE_DRY_RUN:
        lua_pushboolean(state, review->dry_run);
        return 1;
    case CHANGE_DOOR:
        lua_pushstring(state, door_name(review->door));
        return 1;
    case CHANGE_ORIGIN:
        lua_pushcfunction(state, change_origin);
        return 1;
    case -1:
        return luaL_error(state, "a change has no field '%s'", luaL_tolstring(state, 2, NULL));
    default:
        push_text_field(state, &review->change, (enum change_field)code);
        return 1;
    }
}

static int user_index(lua_State *state) {
    evaluator_check(state, 1, REFERENCE_USER, "the user");
    const struct review *review = review_of(state);
    evaluator_of(state)->current->read_user = true;
    switch (evaluator_field_code(state)) {
    case USER_NAME:
        push_optional(state, review->user);
        return 1;
    case USER_GROUPS:
        lua_createtable(state, (int)review->group_count, 0);
        for (size_t i = 0; i < review->group_count; i++) {
            lua_pushstring(state, review->groups[i]);
            lua_rawseti(state, -2, (lua_Integer)i + 1);
        }
        return 1;
    default:
        return luaL_error(state, "a user has no field '%s'", luaL_tolstring(state, 2, NULL));
    }
}

void lua_change_push(lua_State *state) {
    evaluator_push(state, REFERENCE_CHANGE, sizeof(struct handle), VALUE_COUNT);
}

void lua_change_open(struct evaluator *evaluator) {
    static const luaL_Reg plain[] = {{NULL, NULL}};
    lua_pushboolean(evaluator->state, 0);
    evaluator->references[REFERENCE_CHANGE_VALUE] = luaL_ref(evaluator->state, LUA_REGISTRYINDEX);
    evaluator_metatable(evaluator, REFERENCE_CHANGE, plain);
    evaluator_name_index(evaluator, REFERENCE_CHANGE, change_index, change_names);
    evaluator_metatable(evaluator, REFERENCE_USER, plain);
    evaluator_name_index(evaluator, REFERENCE_USER, user_index, user_names);
    lua_delivers_open(evaluator);
}
