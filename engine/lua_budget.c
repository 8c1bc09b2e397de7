// report.budget, report.unique and report.deletes: what a policy asks of limits over the whole fleet.
#include "base/field_path.h"
#include "engine/evaluation.h"
#include "engine/glob.h"
#include "engine/lua_argument.h"
#include "engine/lua_report.h"
#include "engine/lua_unknown.h"
#include "engine/policy_wants.h"
#include "fleet/cluster_groups.h"
#include "fleet/kind_table.h"

#include <lauxlib.h>
#include <string.h>

// What one call asks, before groups and amounts are known.
struct question {
    lua_State *state;
    struct evaluation *evaluation;
    const char *function;
    struct budget_ask ask;
    bool has_origin; // the policy said at
    bool grows;      // something asked for grew
    struct cluster_groups before, after;
};

static const struct node *object_before(const struct question *question) {
    return question->evaluation->review->change.old_object;
}

static void read_origin(struct question *question, struct origin *ret_origin, bool *ret_known) {
    lua_getfield(question->state, 1, "at");
    question->has_origin = !lua_isnil(question->state, -1);
    lua_pop(question->state, 1);
    *ret_known = lua_report_origin(question->state, question->function, ret_origin);
}

// False: there is nothing to ask in this review.
static bool question_open(struct question *question, lua_State *state, const char *function,
                          const char *const *keys) {
    struct evaluation *evaluation = evaluator_of(state)->current;
    if (evaluation->mutating) {
        luaL_error(state, "report.%s is not there in mutate", function);
    }
    lua_report_check_keys(state, function, keys);
    *question = (struct question){.state = state, .evaluation = evaluation, .function = function};
    struct budget_ask *ask = &question->ask;
    ask->policy = evaluation->policy;
    ask->result = evaluation->result;
    ask->mode = evaluation->mode;
    ask->on_error_denies = evaluation->on_error_denies;
    ask->message = lua_report_text(state, "message", function);
    ask->hint = lua_report_text(state, "hint", function);
    bool known = false;
    read_origin(question, &ask->origin, &known);
    // In the second run, on the state before, nothing is new; before and after already say what was there.
    return known && !evaluation->before_only;
}

static void add(struct question *question, const struct budget_ask *ask) {
    if (!evaluation_add_ask(question->evaluation, ask)) {
        luaL_error(question->state, "report.%s: this review asks for more than 1000 limits",
                   question->function);
    }
}

static void note(struct question *question, const struct fact *fact) {
    evaluation_add_unknown(question->evaluation, &fact->origin, fact->why, fact->unseen);
}

// The integer member, or fallback when it is nil.
static int64_t read_integer(const struct question *question, const char *key, int64_t least, int64_t most,
                            int64_t fallback) {
    lua_State *state = question->state;
    int is_integer = 0;
    int type = lua_getfield(state, 1, key);
    if (lua_is_unknown(state, -1)) {
        lua_unknown_used(state);
    }
    lua_Integer value = type == LUA_TNUMBER ? lua_tointegerx(state, -1, &is_integer) : fallback;
    lua_pop(state, 1);
    if (type != LUA_TNIL && (!is_integer || value < least || value > most)) {
        luaL_error(state, "report.%s: %s must be an integer from %I to %I", question->function, key,
                   (LUAI_UACINT)least, (LUAI_UACINT)most);
    }
    return value;
}

static const char *required_text(const struct question *question, const char *key, const char *fallback) {
    const char *text = lua_report_text(question->state, key, question->function);
    text = text ? text : fallback;
    if (!text) {
        luaL_error(question->state, "report.%s: %s is missing", question->function, key);
    }
    return text;
}

static bool role_is(const struct question *question, enum kind_role role) {
    const struct object_key *key = &question->evaluation->review->change.key;
    struct kind_match match = kind_table_find(key->group, key->kind);
    return match.entry && !match.is_template && match.entry->role == role;
}

// Templates and classes serve many clusters and take no place themselves.
static bool takes_a_place(const struct question *question) {
    const struct object_key *key = &question->evaluation->review->change.key;
    struct kind_match match = kind_table_find(key->group, key->kind);
    return match.entry && !match.is_template && match.entry->role != KIND_CLASS;
}

static void read_per(struct question *question) {
    const char *per = required_text(question, "per", "fleet");
    if (!cluster_groups_has(per)) {
        luaL_error(question->state,
                   "report.%s: per must be fleet, region, provider, namespace, version or label:NAME, got %s",
                   question->function, per);
    }
    if (strncmp(per, "label:", 6) == 0 && !policy_wants_label(question->evaluation->set, per + 6)) {
        luaL_error(question->state,
                   "report.%s: label %s is not counted; let keeps of the policy name it among its labels",
                   question->function, per + 6);
    }
    question->ask.demand.per = per;
}

static void read_groups(struct question *question) {
    struct evaluation *evaluation = question->evaluation;
    const struct cluster_change *views = evaluation_cluster(evaluation);
    const char *per = question->ask.demand.per;
    if (!cluster_groups_read(evaluation->arena, views->before, per, &question->before) ||
        !cluster_groups_read(evaluation->arena, views->after, per, &question->after)) {
        luaL_error(question->state, "report.%s: per %s", question->function, per);
    }
}

static bool is_among(const struct cluster_groups *groups, const char *name) {
    for (size_t i = 0; i < groups->count; i++) {
        if (strcmp(groups->names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

// only: a glob or a list of globs that a group must match.
static bool is_asked(const struct question *question, const char *group) {
    lua_State *state = question->state;
    bool matches = false;
    if (lua_getfield(state, 1, "only") == LUA_TNIL) {
        matches = true;
    } else if (lua_type(state, -1) == LUA_TSTRING) {
        matches = glob_match(lua_tostring(state, -1), group);
    } else {
        lua_Integer length = lua_argument_list(state, "report.budget: only", lua_gettop(state), false);
        for (lua_Integer i = 1; i <= length && !matches; i++) {
            matches = glob_match(
                lua_argument_item(state, "report.budget: only", lua_gettop(state), i, NULL, NULL), group);
            lua_pop(state, 1);
        }
    }
    lua_pop(state, 1);
    return matches;
}

// Where the cluster says that it is in this region.
static const struct fact *region_fact(const struct question *question, const struct cluster_view *view,
                                      const char *group) {
    const struct fact_list *regions = &view->lists[CLUSTER_REGIONS];
    for (size_t i = 0; i < regions->count; i++) {
        const struct fact *fact = &regions->items[i];
        const char *name = fact->state == FACT_KNOWN
                               ? cluster_group_region(question->evaluation->arena, fact->value.text)
                               : NULL;
        if (name && strcmp(name, group) == 0) {
            return fact;
        }
    }
    return NULL;
}

// A new cluster is made of many objects, and each is reviewed: what they all ask for points to one place, so
// that it is told once.
static struct origin origin_of(const struct question *question, const char *group) {
    const struct cluster_view *view = evaluation_cluster(question->evaluation)->after;
    const struct budget_ask *ask = &question->ask;
    if (question->has_origin || !view || ask->demand.kind != BUDGET_AMOUNT) {
        return ask->origin;
    }
    bool is_place = strcmp(ask->demand.per, "region") == 0 && strcmp(ask->demand.name, "clusters") == 0;
    const struct fact *region = is_place ? region_fact(question, view, group) : NULL;
    if (region) {
        return region->origin;
    }
    bool is_new = question->evaluation->review->change.operation == OPERATION_CREATE && view->cluster;
    return is_new ? (struct origin){.object = view->object, .path = "", .root = view->cluster} : ask->origin;
}

static void ask_amount(struct question *question, int64_t before, int64_t after) {
    for (size_t i = 0; i < question->after.count; i++) {
        struct budget_ask ask = question->ask;
        ask.demand.group = question->after.names[i];
        ask.demand.before = is_among(&question->before, ask.demand.group) ? before : 0;
        ask.demand.after = after;
        if (budget_demand_grows(&ask.demand) && is_asked(question, ask.demand.group)) {
            ask.origin = origin_of(question, ask.demand.group);
            add(question, &ask);
        }
    }
    // What can't be known, and was so before, is not this change's where nothing grows.
    bool was_unknown = question->before.unknown.state == FACT_UNKNOWN;
    if (question->after.unknown.state == FACT_UNKNOWN && (after > before || !was_unknown)) {
        note(question, &question->after.unknown);
    }
}

// Whether the account held a place before: a view of nothing but unknown values does not say so.
static bool was_there(const struct question *question) {
    const struct review *review = question->evaluation->review;
    const struct cluster_view *view = evaluation_cluster(question->evaluation)->before;
    if (!view || review->change.operation != OPERATION_CREATE) {
        return view != NULL;
    }
    return *view->object.name && review->before &&
           review->before->methods->find(review->before->cookie, question->evaluation->arena, &view->object);
}

static void budget_of_amount(struct question *question, enum amount_of of) {
    const struct cluster_change *views = evaluation_cluster(question->evaluation);
    if (!views->after || !takes_a_place(question)) {
        return;
    }
    struct cluster_amounts before;
    struct cluster_amounts after;
    cluster_amounts_read(views->before, &before);
    cluster_amounts_read(views->after, &after);
    before.amounts[AMOUNT_CLUSTERS] = was_there(question) ? 1 : 0;
    question->ask.demand.kind = BUDGET_AMOUNT;
    read_groups(question);
    ask_amount(question, before.amounts[of], after.amounts[of]);
    bool grows = after.amounts[of] > before.amounts[of];
    if (after.unknowns[of] && (grows || !before.unknowns[of])) {
        note(question, after.unknowns[of]);
    }
}

// 0 for what is absent. False: it is no integer, which is noted.
static bool read_field(struct question *question, const struct node *object, int64_t *ret_value) {
    struct evaluation *evaluation = question->evaluation;
    const char *path = question->ask.demand.name;
    const struct node *found = NULL;
    struct error error = {0};
    *ret_value = 0;
    if (!field_path_find(object, path, &found, &error)) {
        luaL_error(question->state, "report.%s: of: %s", question->function, error.message);
    }
    if (!found || node_is(found, NODE_NULL) || node_integer(found, ret_value)) {
        return true;
    }
    const struct fact fact = {
        .origin = {.object = evaluation->review->change.key, .path = path, .root = object},
        .why = found->unknown
                   ? arena_printf(evaluation->arena, "%.60s is not resolved", found->value.string)
                   : arena_printf(evaluation->arena, "it is a %s, not an integer", node_type_name(found))};
    note(question, &fact);
    return false;
}

static void check_field(struct question *question) {
    const struct object_change *change = &question->evaluation->review->change;
    const char *path = question->ask.demand.name;
    const struct inventory_field field = {change->key.group, change->key.kind, path};
    if (!policy_wants_field(question->evaluation->set, &field)) {
        luaL_error(
            question->state,
            "report.%s: field %s of %s is not counted; let keeps of the policy name it among its fields",
            question->function, path, change->key.kind);
    }
}

static void budget_of_field(struct question *question) {
    const struct object_change *change = &question->evaluation->review->change;
    question->ask.demand.kind = BUDGET_FIELD;
    check_field(question);
    if (!change->object || *change->subresource != '\0') {
        return;
    }
    int64_t before = 0;
    int64_t after = 0;
    read_groups(question);
    if (read_field(question, change->object, &after) &&
        (!object_before(question) || read_field(question, object_before(question), &before))) {
        ask_amount(question, before, after);
    }
}

int lua_report_budget(lua_State *state) {
    static const char *const keys[] = {"of", "per", "max", "only", "at", "message", "hint", NULL};
    struct question question;
    bool asks = question_open(&question, state, "budget", keys);
    struct budget_demand *demand = &question.ask.demand;
    demand->name = required_text(&question, "of", NULL);
    read_per(&question);
    demand->maximum = read_integer(&question, "max", 0, INT64_MAX, -1);
    int of = 0;
    while (of < AMOUNT_COUNT && strcmp(amount_name((enum amount_of)of), demand->name) != 0) {
        of++;
    }
    if (of == AMOUNT_COUNT && !strchr(demand->name, '.')) {
        return luaL_error(state,
                          "report.budget: of must be clusters, nodes, worker_nodes, control_plane_nodes or a "
                          "field path, got %s",
                          demand->name);
    }
    // Without a maximum nothing is asked; a delete only gives back.
    if (!asks || demand->maximum < 0 || question.evaluation->review->change.operation == OPERATION_DELETE) {
        return 0;
    }
    if (of < AMOUNT_COUNT) {
        budget_of_amount(&question, (enum amount_of)of);
    } else {
        budget_of_field(&question);
    }
    return 0;
}

// --- unique ---

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
    bool is_cluster = role_is(question, KIND_CLUSTER);
    if (strcmp(name, "endpoint") == 0) {
        if (is_cluster || role_is(question, KIND_INFRASTRUCTURE_CLUSTER) ||
            role_is(question, KIND_CONTROL_PLANE)) {
            field_values(question, "spec.controlPlaneEndpoint.host", values);
        }
    } else if (strcmp(name, "name") == 0) {
        if (is_cluster) {
            field_values(question, "metadata.name", values);
        }
    } else if (strchr(name, '.')) {
        check_field(question);
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
        if (!(held && is_among(&question->before, ask.demand.group))) {
            add(question, &ask);
        }
    }
}

int lua_report_unique(lua_State *state) {
    static const char *const keys[] = {"of", "per", "values", "at", "message", "hint", NULL};
    struct question question;
    bool asks = question_open(&question, state, "unique", keys);
    question.ask.demand.kind = BUDGET_UNIQUE;
    question.ask.demand.name = required_text(&question, "of", NULL);
    read_per(&question);
    struct values values;
    read_values(&question, &values);
    bool are_given = given_values(&question, &values);
    if (!asks || question.evaluation->review->change.operation == OPERATION_DELETE ||
        !takes_a_place(&question)) {
        return 0;
    }
    read_groups(&question);
    bool asked = false;
    for (size_t i = 0; i < values.after.count; i++) {
        const struct fact *fact = &values.after.items[i];
        if (fact->state == FACT_UNKNOWN) {
            note(&question, fact);
        } else if (fact->state == FACT_KNOWN) {
            ask_value(&question, fact, was_held(&values.before, fact->value.text));
            asked = true;
        }
    }
    if (!are_given && values.after.whole.state == FACT_UNKNOWN && values.before.whole.state != FACT_UNKNOWN) {
        note(&question, &values.after.whole);
    }
    if (asked && question.after.unknown.state == FACT_UNKNOWN &&
        question.before.unknown.state != FACT_UNKNOWN) {
        note(&question, &question.after.unknown);
    }
    return 0;
}

// --- deletes ---

// How many clusters go: a number, or the list of them.
static int64_t read_clusters(const struct question *question) {
    lua_State *state = question->state;
    int type = lua_getfield(state, 1, "clusters");
    bool is_list = type == LUA_TTABLE || type == LUA_TUSERDATA;
    int64_t count =
        is_list ? lua_argument_list(state, "report.deletes: clusters", lua_gettop(state), false) : 0;
    lua_pop(state, 1);
    return is_list ? count : read_integer(question, "clusters", 0, INT32_MAX, 1);
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
    demand->group = required_text(&question, "by", question.evaluation->review->user);
    demand->maximum = read_integer(&question, "max", 0, INT32_MAX, -1);
    demand->percent = (uint32_t)read_integer(&question, "percent", 1, 100, 0);
    demand->window_s = (uint32_t)read_integer(&question, "window", 1, LONGEST_WINDOW_S, DEFAULT_WINDOW_S);
    demand->after = read_clusters(&question);
    if (asks && demand->maximum >= 0 && demand->after > 0) {
        add(&question, &question.ask);
    }
    return 0;
}
