// Objects in Lua: read-only, and a policy pays only for the fields that it reads.
#include "base/field_path.h"
#include "engine/evaluation.h"
#include "engine/evaluator.h"
#include "engine/lua_json.h"
#include "engine/sandbox.h"

#include <lauxlib.h>
#include <string.h>

struct lua_node {
    struct handle handle;
    const struct node *node;
    const struct node *root; // of the object, for the path of an unknown value
    const struct object_key *object;
    // Where the last item stands, so that walking a list by index is not quadratic.
    const struct node *last_item;
    size_t last_index;
};

static const struct node empty_map = {.type = NODE_MAP, .span = 1};

static void append_path(struct buffer *path, const struct node *root, const struct node *target) {
    for (const struct node *at = root; at != target;) {
        size_t index = 0;
        const struct node *child = node_first(at);
        while (child && target >= child + child->span) {
            child = node_next(at, child);
            index++;
        }
        if (!child) {
            return;
        }
        if (at->type == NODE_MAP) {
            field_path_append_key(path, child->key, child->key_length);
        } else {
            field_path_append_index(path, index);
        }
        at = child;
    }
}

static void push_unknown_node(lua_State *state, const struct node *node, const struct node *root,
                              const struct object_key *object) {
    enum { LONGEST_PATH = 1024 };
    struct evaluation *evaluation = evaluator_of(state)->current;
    struct buffer *path = evaluation_scratch(evaluation, SCRATCH_POINTER, LONGEST_PATH);
    append_path(path, root, node);
    struct origin origin = {
        .object = *object, .path = arena_strdup(evaluation->arena, buffer_text(path)), .root = root};
    const char *why = arena_printf(evaluation->arena, "%.60s is not resolved", node->value.string);
    lua_unknown_push(state, &origin, why, false);
}

void lua_node_push(lua_State *state, const struct node *node, const struct node *root,
                   const struct object_key *object) {
    if (!node) {
        lua_pushnil(state);
        return;
    }
    if (node->unknown) {
        push_unknown_node(state, node, root, object);
        return;
    }
    switch ((enum node_type)node->type) {
    case NODE_NULL:
        lua_pushlightuserdata(state, NULL);
        break;
    case NODE_BOOL:
        lua_pushboolean(state, node->value.boolean);
        break;
    case NODE_INTEGER:
        lua_pushinteger(state, node->value.integer);
        break;
    case NODE_NUMBER:
        lua_pushnumber(state, node->value.number);
        break;
    case NODE_STRING:
        lua_pushlstring(state, node->value.string, node->length);
        break;
    case NODE_LIST:
    case NODE_MAP: {
        struct lua_node *pushed = evaluator_push(state, REFERENCE_NODE, sizeof(*pushed), 0);
        pushed->node = node;
        pushed->root = root;
        pushed->object = object;
        pushed->last_item = NULL;
        pushed->last_index = 0;
        break;
    }
    }
}

static struct lua_node *check_node(lua_State *state, int index) {
    return evaluator_check(state, index, REFERENCE_NODE, "an object");
}

static const struct node *item_at(struct lua_node *list, lua_Integer index) {
    if (list->node->type != NODE_LIST || index < 1 || (lua_Unsigned)index > list->node->length) {
        return NULL;
    }
    size_t position = (size_t)index - 1;
    if (!list->last_item || position < list->last_index) {
        list->last_item = node_first(list->node);
        list->last_index = 0;
    }
    while (list->last_index < position) {
        list->last_item = node_next(list->node, list->last_item);
        list->last_index++;
    }
    return list->last_item;
}

static int node_at_path(lua_State *state) {
    if (lua_isnoneornil(state, 1)) {
        lua_pushnil(state);
        return 1;
    }
    const struct lua_node *self = check_node(state, 1);
    struct error error = {0};
    const struct node *found = NULL;
    if (!field_path_find(self->node, luaL_checkstring(state, 2), &found, &error)) {
        return luaL_error(state, "%s", error.message);
    }
    lua_node_push(state, found, self->root, self->object);
    return 1;
}

static int node_index(lua_State *state) {
    struct lua_node *self = check_node(state, 1);
    const struct node *found = NULL;
    if (lua_type(state, 2) == LUA_TSTRING) {
        size_t length = 0;
        const char *key = lua_tolstring(state, 2, &length);
        found = node_get_sized(self->node, key, length);
        if (!found && strcmp(key, "at") == 0) {
            lua_pushcfunction(state, node_at_path);
            return 1;
        }
    } else if (lua_isinteger(state, 2)) {
        found = item_at(self, lua_tointeger(state, 2));
    }
    lua_node_push(state, found, self->root, self->object);
    return 1;
}

static int node_length(lua_State *state) {
    lua_pushinteger(state, check_node(state, 1)->node->length);
    return 1;
}

static int node_same(lua_State *state) {
    const struct lua_node *a = lua_touserdata(state, 1);
    const struct lua_node *b = lua_touserdata(state, 2);
    lua_pushboolean(state, a->handle.kind == REFERENCE_NODE && b->handle.kind == REFERENCE_NODE &&
                               node_equal(check_node(state, 1)->node, check_node(state, 2)->node));
    return 1;
}

static int node_text(lua_State *state) {
    lua_pushstring(state, node_type_name(check_node(state, 1)->node));
    return 1;
}

// Upvalues: the parent, the next child (light), its index.
static int next_child(lua_State *state) {
    const struct lua_node *parent = check_node(state, lua_upvalueindex(1));
    const struct node *child = lua_touserdata(state, lua_upvalueindex(2));
    if (!child) {
        lua_pushnil(state);
        return 1;
    }
    lua_Integer index = lua_tointeger(state, lua_upvalueindex(3));
    lua_pushlightuserdata(state, (void *)(uintptr_t)node_next(parent->node, child));
    lua_replace(state, lua_upvalueindex(2));
    lua_pushinteger(state, index + 1);
    lua_replace(state, lua_upvalueindex(3));
    if (child->key) {
        lua_pushlstring(state, child->key, child->key_length);
    } else {
        lua_pushinteger(state, index);
    }
    lua_node_push(state, child, parent->root, parent->object);
    return 2;
}

static int node_pairs(lua_State *state) {
    const struct lua_node *self = check_node(state, 1);
    lua_pushvalue(state, 1);
    lua_pushlightuserdata(state, (void *)(uintptr_t)node_first(self->node));
    lua_pushinteger(state, 1);
    lua_pushcclosure(state, next_child, 3);
    lua_pushvalue(state, 1);
    lua_pushnil(state);
    return 3;
}

// object.kind_of(x)
static int kind_of(lua_State *state) {
    if (lua_isnoneornil(state, 1)) {
        lua_pushliteral(state, "nothing");
    } else if (lua_islightuserdata(state, 1)) {
        lua_pushliteral(state, "null");
    } else if (lua_type(state, 1) == LUA_TUSERDATA) {
        return node_text(state);
    } else {
        lua_pushstring(state, lua_isinteger(state, 1) ? "integer" : luaL_typename(state, 1));
    }
    return 1;
}

// object.keys(x): names of the members of a map, in order.
static int keys(lua_State *state) {
    lua_newtable(state);
    if (lua_isnoneornil(state, 1) || lua_islightuserdata(state, 1)) {
        return 1;
    }
    const struct node *map = check_node(state, 1)->node;
    lua_Integer count = 0;
    NODE_EACH(child, map) {
        if (child->key) {
            lua_pushlstring(state, child->key, child->key_length);
            lua_rawseti(state, -2, ++count);
        }
    }
    return 1;
}

static int null_text(lua_State *state) {
    const void *value = lua_touserdata(state, 1);
    lua_pushstring(state, value == &lua_json_empty_list  ? "[]"
                          : value == &lua_json_empty_map ? "{}"
                                                         : "null");
    return 1;
}

// null, and what stands for [] and {} in values of patches and tests.
static void open_constants(lua_State *state) {
    lua_pushlightuserdata(state, NULL);
    lua_createtable(state, 0, 2);
    lua_pushcfunction(state, null_text);
    lua_setfield(state, -2, "__tostring");
    lua_pushboolean(state, 0);
    lua_setfield(state, -2, "__metatable");
    lua_setmetatable(state, -2);
    lua_setfield(state, -2, "null");
    lua_pushlightuserdata(state, (void *)(uintptr_t)&lua_json_empty_list);
    lua_setfield(state, -2, "empty_list");
    lua_pushlightuserdata(state, (void *)(uintptr_t)&lua_json_empty_map);
    lua_setfield(state, -2, "empty_map");
}

void lua_object_open(struct evaluator *evaluator) {
    static const luaL_Reg metamethods[] = {{"__index", node_index},   {"__len", node_length},
                                           {"__eq", node_same},       {"__pairs", node_pairs},
                                           {"__tostring", node_text}, {NULL, NULL}};
    static const luaL_Reg library[] = {
        {"at", node_at_path}, {"kind_of", kind_of}, {"keys", keys}, {NULL, NULL}};
    evaluator_metatable(evaluator, REFERENCE_NODE, metamethods);
    open_constants(evaluator->state);
    luaL_newlib(evaluator->state, library);
    sandbox_seal(evaluator->state, "object");
    lua_setfield(evaluator->state, -2, "object");
}

void lua_empty_map_push(lua_State *state, const struct object_key *object) {
    lua_node_push(state, &empty_map, &empty_map, object);
}

const struct node *lua_node_check(lua_State *state, int index) {
    return check_node(state, index)->node;
}
