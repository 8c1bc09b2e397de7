// report.unique and report.deletes.
#include "base/field_path.h"
#include "engine/lua_argument.h"
#include "engine/lua_question.h"
#include "engine/lua_report.h"

#include <lauxlib.h>
#include <string.h>

struct values {
    struct fact_list before, after;
};

static void add_value(struct arena *arena, struct fact_list *list, const struct origin *origin,
                      const struct node *node) {
    if (!node || node_is(node, NODE_NULL)) {
        return;
    }
    struct fact fact = {.state = FACT_KNOWN, .type = FACT_TEXT, .origin = *origin};
    int64_t integer = 0;
    if (node->unknown || (!node_string(node) && !node_integer(node, &integer))) {
        fact.state = FACT_UNKNOWN;
        fact.why = node->unknown ? arena_printf(arena, "%.60s is not resolved", node->value.string)
                                 : arena_printf(arena, "it is a %s, not a text", node_type_name(node));
    } else {
        fact.value.text =
            node_string(node) ? node_string(node) : arena_printf(arena, "%lld", (long long)integer);
    }
    struct fact *items = arena_alloc(arena, sizeof(*items));
    items[0] = fact;
    *list = (struct fact_list){.items = items, .count = *fact.value.text || fact.state == FACT_UNKNOWN};
}

static void field_values(struct question *question, const char *path, struct values *values) {
    struct arena *arena = question->evaluation->arena;
    const struct object_change *change = &question->evaluation->review->change;
    const struct node *const objects[] = {change->old_object, change->object};
    struct fact_list *const lists[] = {&values->before, &values->after};
    for (size_t i = 0; i < 2 && *change->subresource == '\0'; i++) {
        const struct node *found = NULL;
        struct error error = {0};
        if (!field_path_find(objects[i], path, &found, &error)) {
            luaL_error(question->state, "report.unique: of: %s", error.message);
        }
        const struct origin origin = {.object = change->key, .path = path, .root = objects[i]};
        add_value(arena, lists[i], &origin, found);
    }
}

static void list_values(const struct question *question, enum cluster_list list, struct values *values) {
    const struct cluster_change *views = evaluation_cluster(question->evaluation);
    values->after = views->after ? views->after->lists[list] : (struct fact_list){0};
    values->before = views->before ? views->before->lists[list] : (struct fact_list){0};
}

static void read_values(struct question *question, struct values *values) {
    static const struct {
        const char *name;
        enum cluster_list list;
    } lists[] = {{"pod_cidrs", CLUSTER_POD_CIDRS},
                 {"service_cidrs", CLUSTER_SERVICE_CIDRS},
                 {"network_cidrs", CLUSTER_NETWORK_CIDRS}};
    const char *name = question->ask.demand.name;
    *values = (struct values){0};
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        if (strcmp(lists[i].name, name) == 0) {
            list_values(question, lists[i].list, values);
            return;
        }
    }
    bool is_cluster = question_role_is(question, KIND_CLUSTER);
    if (strcmp(name, "endpoint") == 0) {
        if (is_cluster || question_role_is(question, KIND_INFRASTRUCTURE_CLUSTER) ||
            question_role_is(question, KIND_CONTROL_PLANE)) {
            field_values(question, "spec.controlPlaneEndpoint.host", values);
        }
    } else if (strcmp(name, "name") == 0) {
        if (is_cluster) {
            field_values(question, "metadata.name", values);
        }
    } else if (strchr(name, '.')) {
        question_check_field(question);
        field_values(question, name, values);
    } else {
        luaL_error(question->state,
                   "report.unique: of must be pod_cidrs, service_cidrs, network_cidrs, endpoint, name or a "
                   "field path, got %s",
                   name);
    }
}

// values = { … } of the policy, in place of what the views or the object hold.
static bool given_values(struct question *question, struct values *values) {
    lua_State *state = question->state;
    struct arena *arena = question->evaluation->arena;
    if (lua_getfield(state, 1, "values") == LUA_TNIL) {
        lua_pop(state, 1);
        return false;
    }
    int index = lua_gettop(state);
    lua_Integer length = lua_argument_list(state, "report.unique: values", index, false);
    values->after = (struct fact_list){0};
    struct fact *items = arena_alloc(arena, ((size_t)length + 1) * sizeof(*items));
    for (lua_Integer i = 0; i < length; i++) {
        const char *text = lua_argument_item(state, "report.unique: values", index, i + 1, NULL, NULL);
        items[i] = (struct fact){.state = FACT_KNOWN, .type = FACT_TEXT, .origin = question->ask.origin};
        items[i].value.text = arena_strdup(arena, text);
        lua_pop(state, 1);
    }
    values->after.items = items;
    values->after.count = (size_t)length;
    lua_pop(state, 1);
    return true;
}

static bool was_held(const struct fact_list *list, const char *value) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].state == FACT_KNOWN && strcmp(list->items[i].value.text, value) == 0) {
            return true;
        }
    }
    return false;
}

static void ask_value(struct question *question, const struct fact *fact, bool held) {
    for (size_t i = 0; i < question->after.count; i++) {
        struct budget_ask ask = question->ask;
        ask.demand.group = question->after.names[i];
        ask.demand.value = fact->value.text;
        ask.demand.after = 1;
        ask.origin = question->has_origin || !fact->origin.object.kind ? ask.origin : fact->origin;
        bool was = held && cluster_groups_hold(&question->before, ask.demand.group);
        if (!was || question->evaluation->review->stored) {
            question_add(question, &ask);
        }
    }
}

int lua_report_unique(lua_State *state) {
    static const char *const keys[] = {"of", "per", "values", "at", "message", "hint", NULL};
    struct question question;
    bool asks = question_open(&question, state, "unique", keys);
    question.ask.demand.kind = BUDGET_UNIQUE;
    question.ask.demand.name = question_text(&question, "of", NULL);
    question_read_per(&question);
    struct values values;
    read_values(&question, &values);
    bool are_given = given_values(&question, &values);
    if (!asks || question.evaluation->review->change.operation == OPERATION_DELETE ||
        !question_takes_a_place(&question)) {
        return 0;
    }
    question_read_groups(&question);
    bool asked = false;
    for (size_t i = 0; i < values.after.count; i++) {
        const struct fact *fact = &values.after.items[i];
        if (fact->state == FACT_UNKNOWN) {
            question_note(&question, fact);
        } else if (fact->state == FACT_KNOWN) {
            ask_value(&question, fact, was_held(&values.before, fact->value.text));
            asked = true;
        }
    }
    if (!are_given && values.after.whole.state == FACT_UNKNOWN && values.before.whole.state != FACT_UNKNOWN) {
        question_note(&question, &values.after.whole);
    }
    if (asked && question.after.unknown.state == FACT_UNKNOWN &&
        question.before.unknown.state != FACT_UNKNOWN) {
        question_note(&question, &question.after.unknown);
    }
    return 0;
}

// "prod/a" of a text, or of what has a namespace and a name (change.delivers).
static void append_cluster(lua_State *state, struct buffer *names) {
    if (lua_type(state, -1) == LUA_TSTRING) {
        buffer_append_text(names, lua_tostring(state, -1));
        return;
    }
    lua_getfield(state, -1, "namespace");
    lua_getfield(state, -2, "name");
    const char *namespace = lua_tostring(state, -2);
    const char *name = lua_tostring(state, -1);
    buffer_printf(names, "%s/%s", namespace ? namespace : "", name ? name : "");
    lua_pop(state, 2);
}

// The first of them, for the words of a denial.
static const char *name_clusters(const struct question *question, int64_t count) {
    enum { MOST_NAMES = 10, LONGEST_NAMES = 1024 };
    lua_State *state = question->state;
    struct buffer *names = evaluation_scratch(question->evaluation, SCRATCH_VALUE, LONGEST_NAMES);
    for (int64_t i = 1; i <= count && i <= MOST_NAMES; i++) {
        lua_geti(state, -1, i);
        buffer_append_text(names, i > 1 ? ", " : "");
        append_cluster(state, names);
        lua_pop(state, 1);
    }
    if (count > MOST_NAMES) {
        buffer_printf(names, " and %lld more", (long long)(count - MOST_NAMES));
    }
    return arena_strdup(question->evaluation->arena, buffer_text(names));
}

// How many clusters go: a number, or the list of them.
static int64_t read_clusters(struct question *question) {
    lua_State *state = question->state;
    int type = lua_getfield(state, 1, "clusters");
    bool is_list = type == LUA_TTABLE || type == LUA_TUSERDATA;
    int64_t count =
        is_list ? lua_argument_list(state, "report.deletes: clusters", lua_gettop(state), false) : 0;
    question->ask.going = count > 0 ? name_clusters(question, count) : NULL;
    lua_pop(state, 1);
    return is_list ? count : question_integer(question, "clusters", 0, INT32_MAX, 1);
}

int lua_report_deletes(lua_State *state) {
    enum { LONGEST_WINDOW_S = 30 * 24 * 3600, DEFAULT_WINDOW_S = 600 };
    static const char *const keys[] = {"max", "percent", "window", "by", "clusters",
                                       "at",  "message", "hint",   NULL};
    struct question question;
    bool asks = question_open(&question, state, "deletes", keys);
    struct budget_demand *demand = &question.ask.demand;
    demand->kind = BUDGET_DELETES;
    demand->name = "deletes";
    demand->per = "identity";
    demand->group = question_text(&question, "by", question.evaluation->review->user);
    demand->maximum = question_integer(&question, "max", 0, INT32_MAX, -1);
    demand->percent = (uint32_t)question_integer(&question, "percent", 1, 100, 0);
    demand->window_s = (uint32_t)question_integer(&question, "window", 1, LONGEST_WINDOW_S, DEFAULT_WINDOW_S);
    demand->after = read_clusters(&question);
    if (asks && demand->maximum >= 0 && demand->after > 0) {
        question_add(&question, &question.ask);
    }
    return 0;
}
