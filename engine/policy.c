#include "engine/policy.h"

#include "base/json_reader.h"
#include "engine/lua_json.h"
#include "engine/nearest.h"
#include "engine/setting_reader.h"

#include <lauxlib.h>
#include <string.h>

enum { LARGEST_TABLE_BYTES = 256 * 1024, MOST_MATCHERS = 200 };

static const char *const policy_keys[] = {"name",     "title", "description", "severity",
                                          "category", "docs",  "mode",        "match"};
static const char *const match_keys[] = {"clusters", "operations", "objects"};
static const char *const matcher_keys[] = {"group",      "kind",   "operations", "subresource",
                                           "namespaces", "labels", "users",      "groups"};
static const char *const severities[] = {"low", "medium", "high", "critical"};
static const char *const modes[] = {"off", "audit", "warn", "deny"};
static const char *const operations[] = {"CREATE", "UPDATE", "DELETE"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool read_operations(struct setting_reader *reader, const struct node *map, unsigned *ret_operations) {
    const struct node *list = node_get(map, "operations");
    *ret_operations = OPERATIONS_ALL;
    if (!list) {
        return true;
    }
    size_t mark = setting_enter_key(reader, "operations");
    if (!node_is(list, NODE_LIST) || list->length == 0) {
        return setting_wrong_type(reader, list, "a list of CREATE, UPDATE, DELETE");
    }
    *ret_operations = 0;
    NODE_EACH(item, list) {
        int index = 0;
        if (!setting_choice(reader, item, operations, COUNT(operations), &index)) {
            return false;
        }
        *ret_operations |= 1U << index;
    }
    setting_leave(reader, mark);
    return true;
}

static bool read_list(struct setting_reader *reader, const struct node *map, const char *key,
                      struct text_list *ret_list) {
    return setting_read_texts(reader, map, key, &ret_list->items, &ret_list->count);
}

static bool read_labels(struct setting_reader *reader, const struct node *map,
                        struct object_matcher *matcher) {
    const struct node *labels = node_get(map, "labels");
    if (!labels) {
        return true;
    }
    size_t mark = setting_enter_key(reader, "labels");
    if (!node_is(labels, NODE_MAP)) {
        return setting_wrong_type(reader, labels, "a map of label to glob");
    }
    const char **names = arena_alloc(reader->arena, labels->length * sizeof(char *) + 1);
    const char **values = arena_alloc(reader->arena, labels->length * sizeof(char *) + 1);
    size_t count = 0;
    NODE_EACH(label, labels) {
        if (!node_string(label)) {
            return setting_wrong_type(reader, label, "a text");
        }
        names[count] = label->key;
        values[count++] = node_string(label);
    }
    matcher->label_names = (struct text_list){names, count};
    matcher->label_values = (struct text_list){values, count};
    setting_leave(reader, mark);
    return true;
}

// "" is the core group.
static bool read_group(struct setting_reader *reader, const struct node *map, const char **ret_group) {
    const char *group = node_string(node_get(map, "group"));
    if (group && *group == '\0') {
        *ret_group = group;
        return true;
    }
    return setting_read_text(reader, map, "group", true, ret_group);
}

static bool read_matcher(struct setting_reader *reader, const struct node *map,
                         struct object_matcher *matcher) {
    if (!node_is(map, NODE_MAP)) {
        return setting_wrong_type(reader, map, "a map with group or kind");
    }
    matcher->subresource = "";
    const char *subresource = NULL;
    if (!setting_check_map(reader, map, matcher_keys, COUNT(matcher_keys)) ||
        !read_group(reader, map, &matcher->group) ||
        !setting_read_text(reader, map, "kind", true, &matcher->kind) ||
        !setting_read_text(reader, map, "subresource", true, &subresource) ||
        !read_operations(reader, map, &matcher->operations) ||
        !read_list(reader, map, "namespaces", &matcher->namespaces) ||
        !read_list(reader, map, "users", &matcher->users) ||
        !read_list(reader, map, "groups", &matcher->groups) || !read_labels(reader, map, matcher)) {
        return false;
    }
    matcher->subresource = subresource ? subresource : "";
    return matcher->group || matcher->kind || setting_fail(reader, map, "group or kind must be there");
}

static bool read_objects(struct setting_reader *reader, const struct node *list, struct policy *policy) {
    size_t mark = setting_enter_key(reader, "objects");
    if (!node_is(list, NODE_LIST) || list->length == 0 || list->length > MOST_MATCHERS) {
        return setting_wrong_type(reader, list, "a list of matchers");
    }
    struct object_matcher *matchers = arena_alloc(reader->arena, list->length * sizeof(*matchers));
    size_t index = 0;
    NODE_EACH(item, list) {
        size_t inner = setting_enter_index(reader, index);
        if (!read_matcher(reader, item, &matchers[index++])) {
            return false;
        }
        setting_leave(reader, inner);
    }
    policy->objects = matchers;
    policy->object_count = index;
    setting_leave(reader, mark);
    return true;
}

static bool read_match(struct setting_reader *reader, const struct node *map, struct policy *policy) {
    size_t mark = setting_enter_key(reader, "match");
    if (!node_is(map, NODE_MAP)) {
        return setting_wrong_type(reader, map, "a map with clusters or objects");
    }
    if (!setting_check_map(reader, map, match_keys, COUNT(match_keys)) ||
        !read_operations(reader, map, &policy->cluster_operations)) {
        return false;
    }
    const struct node *clusters = node_get(map, "clusters");
    if (clusters && !node_boolean(clusters, &policy->match_clusters)) {
        return setting_wrong_type(reader, clusters, "true or false");
    }
    const struct node *objects = node_get(map, "objects");
    if (objects && !read_objects(reader, objects, policy)) {
        return false;
    }
    setting_leave(reader, mark);
    return policy->match_clusters || policy->object_count > 0 ||
           setting_fail(reader, map, "match: clusters = true or objects must be there");
}

static bool is_policy_name(const char *name) {
    size_t length = strlen(name);
    return length <= 63 && name[0] >= 'a' && name[0] <= 'z' && name[length - 1] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool read_texts(struct setting_reader *reader, const struct node *root, struct policy *policy) {
    int severity = -1;
    int mode = MODE_DENY;
    const struct node *description = node_get(root, "description");
    if (!setting_check_map(reader, root, policy_keys, COUNT(policy_keys)) ||
        !setting_read_text(reader, root, "name", false, &policy->name) ||
        !setting_read_text(reader, root, "title", false, &policy->title) ||
        !setting_read_text(reader, root, "category", false, &policy->category) ||
        !setting_read_text(reader, root, "docs", true, &policy->docs) ||
        !setting_read_choice(reader, root, "severity", severities, COUNT(severities), &severity) ||
        !setting_read_choice(reader, root, "mode", modes, COUNT(modes), &mode)) {
        return false;
    }
    if (description && !node_string(description)) {
        return setting_wrong_type(reader, description, "a text");
    }
    policy->description = description ? node_string(description) : NULL;
    if (severity < 0) {
        return setting_fail(reader, root, "severity: missing; one of low, medium, high, critical");
    }
    policy->severity = (enum severity)severity;
    policy->mode = (enum policy_mode)mode;
    if (!is_policy_name(policy->name)) {
        return setting_fail(reader, root, "name: must be lower-case letters, digits and dashes, at most 63");
    }
    if (!node_get(root, "match")) {
        return setting_fail(reader, root, "match: missing");
    }
    return read_match(reader, node_get(root, "match"), policy);
}

// Whether the table at index has a function under that key; any other value is an error.
static bool read_function(lua_State *state, int index, const char *key, bool *ret_there,
                          struct error *error) {
    int type = lua_getfield(state, index, key);
    lua_pop(state, 1);
    *ret_there = type == LUA_TFUNCTION;
    return type == LUA_TFUNCTION || type == LUA_TNIL ||
           error_set(error, ERROR_INVALID, "%s: must be a function, got %s", key, lua_typename(state, type));
}

// A function under another name is most likely a misspelt validate or mutate.
static bool refuse_function(const char *key, struct error *error) {
    static const char *const functions[] = {"validate", "mutate", "keeps"};
    const char *nearest = nearest_name(key, functions, COUNT(functions));
    return error_set(error, ERROR_INVALID, nearest ? "%s: unknown key; did you mean %s?" : "%s: unknown key",
                     key, nearest);
}

// The policy's data as a document: everything but the functions and the parameters.
static bool data_document(lua_State *state, int index, struct document **ret_document, struct error *error) {
    lua_newtable(state);
    for (lua_pushnil(state); lua_next(state, index);) {
        const char *key = lua_type(state, -2) == LUA_TSTRING ? lua_tostring(state, -2) : "";
        if (strcmp(key, "validate") == 0 || strcmp(key, "mutate") == 0 || strcmp(key, "keeps") == 0 ||
            strcmp(key, "params") == 0) {
            lua_pop(state, 1);
            continue;
        }
        if (lua_isfunction(state, -1)) {
            return refuse_function(key, error);
        }
        lua_pushvalue(state, -2);
        lua_insert(state, -2);
        lua_rawset(state, -4);
    }
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, LARGEST_TABLE_BYTES);
    bool fine = lua_json_append_safe(state, -1, &json, error);
    lua_pop(state, 1);
    return fine &&
           json_read_copy(buffer_text(&json), json.length, &document_default_limits, ret_document, error);
}

static bool read_data(lua_State *state, int index, struct arena *arena, struct policy *policy,
                      struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    if (!data_document(state, index, &document, error)) {
        return false;
    }
    struct setting_reader reader = {.file = "", .arena = arena, .error = error};
    buffer_init(&reader.path, SETTING_PATH_MAXIMUM);
    bool fine = read_texts(&reader, document_root(document), policy);
    buffer_clear(&reader.path);
    if (fine) {
        policy->data = document_free_take(&document);
    }
    return fine;
}

bool policy_read(lua_State *state, int index, const char *file, struct arena *arena,
                 struct policy *ret_policy, struct error *error) {
    index = lua_absindex(state, index);
    struct policy policy = {.file = arena_strdup(arena, file)};
    if (!lua_istable(state, index)) {
        return error_set(error, ERROR_INVALID, "%s: the file must end with return policy { … }", file);
    }
    if (!read_function(state, index, "validate", &policy.validates, error) ||
        !read_function(state, index, "mutate", &policy.mutates, error) ||
        !read_function(state, index, "keeps", &policy.keeps, error)) {
        return error_wrap(error, "%s", file);
    }
    if (!read_data(state, index, arena, &policy, error)) {
        return error_wrap(error, "%s", file);
    }
    if (!policy.validates && !policy.mutates) {
        policy_clear(&policy);
        return error_set(error, ERROR_INVALID, "%s: validate or mutate must be there", file);
    }
    lua_getfield(state, index, "params");
    bool fine = param_schema_read(state, lua_gettop(state), &policy.params, error);
    lua_pop(state, 1);
    if (!fine) {
        policy_clear(&policy);
        return error_wrap(error, "%s", file);
    }
    *ret_policy = policy;
    return true;
}

void policy_clear(struct policy *policy) {
    document_free(policy->data);
    param_schema_free(policy->params);
    policy->data = NULL;
    policy->params = NULL;
}
