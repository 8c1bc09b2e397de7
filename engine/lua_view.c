// Cluster views in Lua: facts by name, lists of facts, pools, and where each stands.
#include "engine/evaluation.h"
#include "engine/evaluator.h"

#include <lauxlib.h>
#include <string.h>

struct lua_cluster {
    struct handle handle;
    const struct cluster_view *view;
};

struct lua_pool {
    struct handle handle;
    const struct pool_view *pool;
};

struct lua_facts {
    struct handle handle;
    const struct fact_list *list;
};

struct lua_origin {
    struct handle handle;
    struct origin origin;
    const char *why; // of an unknown value that it stands on, else NULL
    bool unseen;
};

// More pools than this are made anew at each access, so that they don't fill the heap.
enum { MOST_KEPT_POOLS = 64 };

// Codes of names: facts from 0, then lists, then what is neither.
enum { CODE_LISTS = 100, CODE_LABELS = 200, CODE_ANNOTATIONS, CODE_POOLS, CODE_ORIGIN, CODE_ZONES };

static const struct field_name cluster_names[] = {
    {"name", CLUSTER_NAME},
    {"namespace", CLUSTER_NAMESPACE},
    {"provider", CLUSTER_PROVIDER},
    {"flavour", CLUSTER_FLAVOUR},
    {"region", CLUSTER_REGION},
    {"version", CLUSTER_VERSION},
    {"version_observed", CLUSTER_VERSION_OBSERVED},
    {"control_plane_replicas", CLUSTER_CONTROL_PLANE_REPLICAS},
    {"control_plane_surge", CLUSTER_CONTROL_PLANE_SURGE},
    {"external_etcd", CLUSTER_EXTERNAL_ETCD},
    {"version_set", CLUSTER_VERSION_SET},
    {"class", CLUSTER_CLASS},
    {"paused", CLUSTER_PAUSED},
    {"deleting", CLUSTER_DELETING},
    {"regions", CODE_LISTS + CLUSTER_REGIONS},
    {"zones", CODE_LISTS + CLUSTER_ZONES},
    {"pod_cidrs", CODE_LISTS + CLUSTER_POD_CIDRS},
    {"service_cidrs", CODE_LISTS + CLUSTER_SERVICE_CIDRS},
    {"network_cidrs", CODE_LISTS + CLUSTER_NETWORK_CIDRS},
    {"labels", CODE_LABELS},
    {"annotations", CODE_ANNOTATIONS},
    {"pools", CODE_POOLS},
    {"origin", CODE_ORIGIN},
    {NULL, 0},
};

static const struct field_name pool_names[] = {
    {"name", POOL_NAME},
    {"kind", POOL_KIND},
    {"version", POOL_VERSION},
    {"version_observed", POOL_VERSION_OBSERVED},
    {"replicas", POOL_REPLICAS},
    {"min", POOL_MIN},
    {"max", POOL_MAX},
    {"autoscaled", POOL_AUTOSCALED},
    {"managed_replicas", POOL_MANAGED_REPLICAS},
    {"surge", POOL_SURGE},
    {"kubeadm", POOL_KUBEADM},
    {"system", POOL_SYSTEM},
    {"zone_count", POOL_ZONE_COUNT},
    {"deleting", POOL_DELETING},
    {"zones", CODE_ZONES},
    {"origin", CODE_ORIGIN},
    {NULL, 0},
};

static int code_of(const struct field_name *names, const char *name) {
    for (; names->name; names++) {
        if (strcmp(names->name, name) == 0) {
            return names->code;
        }
    }
    return -1;
}

static void push_fact(lua_State *state, const struct fact *fact) {
    if (fact->state == FACT_UNKNOWN) {
        lua_unknown_push(state, &fact->origin, fact->why, fact->unseen);
    } else if (fact->state == FACT_ABSENT) {
        lua_pushnil(state);
    } else if (fact->type == FACT_TEXT) {
        lua_pushstring(state, fact->value.text);
    } else if (fact->type == FACT_INTEGER) {
        lua_pushinteger(state, fact->value.integer);
    } else {
        lua_pushboolean(state, fact->value.boolean);
    }
}

// A list that may be longer than what is known: the known part can still be judged.
static void note_incomplete(lua_State *state, const struct fact *whole) {
    if (whole->state == FACT_UNKNOWN) {
        evaluation_add_unknown(evaluator_of(state)->current, &whole->origin, whole->why, whole->unseen);
    }
}

static void push_facts(lua_State *state, const struct fact_list *list) {
    note_incomplete(state, &list->whole);
    struct lua_facts *pushed = evaluator_push(state, REFERENCE_FACTS, sizeof(*pushed), 0);
    pushed->list = list;
}

// metadata.labels or metadata.annotations of the Cluster.
static void push_metadata(lua_State *state, const struct cluster_view *view, const struct node *map,
                          const char *path) {
    if (map) {
        lua_node_push(state, map, view->cluster, &view->object);
    } else if (view->cluster) {
        lua_empty_map_push(state, &view->object);
    } else {
        struct evaluation *evaluation = evaluator_of(state)->current;
        struct origin origin = {.object = view->object, .path = path};
        lua_unknown_push(state, &origin,
                         arena_printf(evaluation->arena, "Cluster %s/%s has not been seen",
                                      view->object.namespace, *view->object.name ? view->object.name : "?"),
                         true);
    }
}

static const struct fact *read_fact(lua_State *state, const struct fact *facts, const struct fact_list *list,
                                    int code) {
    if (!list) {
        return &facts[code];
    }
    lua_Integer index = luaL_optinteger(state, 3, 0);
    if (index >= 1 && (lua_Unsigned)index <= list->count) {
        return &list->items[index - 1];
    }
    return &list->whole;
}

static int push_fact_origin(lua_State *state, const struct fact *fact) {
    struct lua_origin *pushed = evaluator_push(state, REFERENCE_ORIGIN, sizeof(*pushed), 0);
    pushed->origin = fact->origin;
    bool unknown = fact->state == FACT_UNKNOWN;
    pushed->why = unknown ? fact->why : NULL;
    pushed->unseen = unknown && fact->unseen;
    return 1;
}

// cluster:origin("region"), cluster:origin("regions", 2)
static int cluster_origin(lua_State *state) {
    const struct lua_cluster *self = evaluator_check(state, 1, REFERENCE_CLUSTER, "a cluster");
    const char *name = luaL_checkstring(state, 2);
    int code = code_of(cluster_names, name);
    if (code >= 0 && code < CLUSTER_FIELD_COUNT) {
        return push_fact_origin(state, read_fact(state, self->view->facts, NULL, code));
    }
    if (code >= CODE_LISTS && code < CODE_LISTS + CLUSTER_LIST_COUNT) {
        return push_fact_origin(state, read_fact(state, NULL, &self->view->lists[code - CODE_LISTS], code));
    }
    if (code == CODE_POOLS) {
        return push_fact_origin(state, &self->view->pools_known);
    }
    if (code == CODE_LABELS || code == CODE_ANNOTATIONS) {
        struct fact fact = {
            .state = FACT_KNOWN,
            .origin = {.object = self->view->object,
                       .path = code == CODE_LABELS ? "metadata.labels" : "metadata.annotations",
                       .root = self->view->cluster}};
        return push_fact_origin(state, &fact);
    }
    return luaL_error(state, "a cluster has no '%s' to point at", name);
}

// The list of pools is made once, and each pool once: all policies walk through them.
static void push_pools(lua_State *state, const struct cluster_view *view) {
    if (lua_getiuservalue(state, 1, 1) != LUA_TNIL) {
        return;
    }
    lua_pop(state, 1);
    struct lua_cluster *pools = evaluator_push(state, REFERENCE_POOLS, sizeof(*pools), 1);
    pools->view = view;
    size_t count = view->pool_count < MOST_KEPT_POOLS ? view->pool_count : MOST_KEPT_POOLS;
    lua_createtable(state, (int)count, 0);
    lua_setiuservalue(state, -2, 1);
    lua_pushvalue(state, -1);
    lua_setiuservalue(state, 1, 1);
}

static int cluster_index(lua_State *state) {
    const struct lua_cluster *self = evaluator_check(state, 1, REFERENCE_CLUSTER, "a cluster");
    const struct cluster_view *view = self->view;
    int code = evaluator_field_code(state);
    if (code >= 0 && code < CLUSTER_FIELD_COUNT) {
        push_fact(state, &view->facts[code]);
        return 1;
    }
    if (code >= CODE_LISTS && code < CODE_LISTS + CLUSTER_LIST_COUNT) {
        push_facts(state, &view->lists[code - CODE_LISTS]);
        return 1;
    }
    switch (code) {
    case CODE_LABELS:
        push_metadata(state, view, view->labels, "metadata.labels");
        return 1;
    case CODE_ANNOTATIONS:
        push_metadata(state, view, view->annotations, "metadata.annotations");
        return 1;
    case CODE_POOLS:
        note_incomplete(state, &view->pools_known);
        push_pools(state, view);
        return 1;
    case CODE_ORIGIN:
        lua_pushcfunction(state, cluster_origin);
        return 1;
    default:
        return luaL_error(state, "a cluster has no field '%s'", luaL_tolstring(state, 2, NULL));
    }
}

static int pools_index(lua_State *state) {
    const struct lua_cluster *self = evaluator_check(state, 1, REFERENCE_POOLS, "a list of pools");
    lua_Integer index = luaL_checkinteger(state, 2);
    if (index < 1 || (lua_Unsigned)index > self->view->pool_count) {
        return 0;
    }
    lua_getiuservalue(state, 1, 1);
    if (lua_rawgeti(state, -1, index) != LUA_TNIL) {
        return 1;
    }
    struct lua_pool *pushed = evaluator_push(state, REFERENCE_POOL, sizeof(*pushed), 0);
    pushed->pool = &self->view->pools[index - 1];
    if (index <= MOST_KEPT_POOLS) {
        lua_pushvalue(state, -1);
        lua_rawseti(state, 3, index);
    }
    return 1;
}

static int pools_length(lua_State *state) {
    const struct lua_cluster *self = evaluator_check(state, 1, REFERENCE_POOLS, "a list of pools");
    lua_pushinteger(state, (lua_Integer)self->view->pool_count);
    return 1;
}

static int pool_origin(lua_State *state) {
    const struct lua_pool *self = evaluator_check(state, 1, REFERENCE_POOL, "a pool");
    const char *name = luaL_checkstring(state, 2);
    int code = code_of(pool_names, name);
    if (code >= 0 && code < POOL_FIELD_COUNT) {
        return push_fact_origin(state, &self->pool->facts[code]);
    }
    if (code == CODE_ZONES) {
        return push_fact_origin(state, read_fact(state, NULL, &self->pool->zones, code));
    }
    return luaL_error(state, "a pool has no '%s' to point at", name);
}

static int pool_index(lua_State *state) {
    const struct lua_pool *self = evaluator_check(state, 1, REFERENCE_POOL, "a pool");
    int code = evaluator_field_code(state);
    if (code >= 0 && code < POOL_FIELD_COUNT) {
        push_fact(state, &self->pool->facts[code]);
        return 1;
    }
    if (code == CODE_ZONES) {
        push_facts(state, &self->pool->zones);
        return 1;
    }
    if (code == CODE_ORIGIN) {
        lua_pushcfunction(state, pool_origin);
        return 1;
    }
    return luaL_error(state, "a pool has no field '%s'", luaL_tolstring(state, 2, NULL));
}

static int facts_index(lua_State *state) {
    const struct lua_facts *self = evaluator_check(state, 1, REFERENCE_FACTS, "a list");
    lua_Integer index = luaL_checkinteger(state, 2);
    if (index < 1 || (lua_Unsigned)index > self->list->count) {
        return 0;
    }
    push_fact(state, &self->list->items[index - 1]);
    return 1;
}

static int facts_length(lua_State *state) {
    const struct lua_facts *self = evaluator_check(state, 1, REFERENCE_FACTS, "a list");
    lua_pushinteger(state, (lua_Integer)self->list->count);
    return 1;
}

void lua_cluster_push(lua_State *state, const struct cluster_view *view) {
    if (!view) {
        lua_pushnil(state);
        return;
    }
    struct lua_cluster *pushed = evaluator_push(state, REFERENCE_CLUSTER, sizeof(*pushed), 1);
    pushed->view = view;
}

void lua_origin_push(lua_State *state, const struct origin *origin) {
    struct lua_origin *pushed = evaluator_push(state, REFERENCE_ORIGIN, sizeof(*pushed), 0);
    pushed->origin = *origin;
    pushed->why = NULL;
    pushed->unseen = false;
}

bool lua_origin_read(lua_State *state, int index, struct origin *ret_origin) {
    const struct lua_origin *self = evaluator_check(state, index, REFERENCE_ORIGIN, "an origin");
    *ret_origin = self->origin;
    if (self->why) {
        evaluation_add_unknown(evaluator_of(state)->current, &self->origin, self->why, self->unseen);
    }
    return !self->why;
}

void lua_view_open(struct evaluator *evaluator) {
    static const luaL_Reg plain[] = {{NULL, NULL}};
    static const luaL_Reg pools[] = {{"__index", pools_index}, {"__len", pools_length}, {NULL, NULL}};
    static const luaL_Reg facts[] = {{"__index", facts_index}, {"__len", facts_length}, {NULL, NULL}};
    evaluator_metatable(evaluator, REFERENCE_CLUSTER, plain);
    evaluator_name_index(evaluator, REFERENCE_CLUSTER, cluster_index, cluster_names);
    evaluator_metatable(evaluator, REFERENCE_POOL, plain);
    evaluator_name_index(evaluator, REFERENCE_POOL, pool_index, pool_names);
    evaluator_metatable(evaluator, REFERENCE_POOLS, pools);
    evaluator_metatable(evaluator, REFERENCE_FACTS, facts);
    evaluator_metatable(evaluator, REFERENCE_ORIGIN, plain);
}
