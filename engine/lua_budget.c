// report.budget: room for what a change adds.
#include "base/field_path.h"
#include "engine/glob.h"
#include "engine/lua_argument.h"
#include "engine/lua_question.h"
#include "engine/lua_report.h"
#include "fleet/view_source.h"

#include <lauxlib.h>
#include <string.h>

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
        ask.demand.before = cluster_groups_hold(&question->before, ask.demand.group) ? before : 0;
        ask.demand.after = after;
        if (budget_demand_grows(&ask.demand) && is_asked(question, ask.demand.group)) {
            ask.origin = origin_of(question, ask.demand.group);
            question_add(question, &ask);
        }
    }
    // What can't be known, and was so before, is not this change's where nothing grows.
    bool was_unknown = question->before.unknown.state == FACT_UNKNOWN;
    if (question->after.unknown.state == FACT_UNKNOWN && (after > before || !was_unknown)) {
        question_note(question, &question->after.unknown);
    }
}

// Whether the account held a place before: a view of nothing but unknown values does not say so.
static bool was_there(const struct question *question) {
    const struct review *review = question->evaluation->review;
    const struct cluster_view *view = evaluation_cluster(question->evaluation)->before;
    if (review->stored || !view || review->change.operation != OPERATION_CREATE) {
        return view && !review->stored;
    }
    return *view->object.name && review->before &&
           review->before->methods->find(review->before->cookie, question->evaluation->arena, &view->object);
}

static void budget_of_amount(struct question *question, enum amount_of of) {
    const struct cluster_change *views = evaluation_cluster(question->evaluation);
    if (!views->after || !question_takes_a_place(question)) {
        return;
    }
    struct cluster_amounts before;
    struct cluster_amounts after;
    cluster_amounts_read(question->evaluation->review->stored ? NULL : views->before, &before);
    cluster_amounts_read(views->after, &after);
    before.amounts[AMOUNT_CLUSTERS] = was_there(question) ? 1 : 0;
    after.amounts[AMOUNT_CLUSTERS] = question_takes_cluster(question) ? 1 : 0;
    question->ask.demand.kind = BUDGET_AMOUNT;
    question_read_groups(question);
    ask_amount(question, before.amounts[of], after.amounts[of]);
    bool grows = after.amounts[of] > before.amounts[of];
    if (after.unknowns[of] && (grows || !before.unknowns[of])) {
        question_note(question, after.unknowns[of]);
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
    question_note(question, &fact);
    return false;
}

static void budget_of_field(struct question *question) {
    const struct object_change *change = &question->evaluation->review->change;
    question->ask.demand.kind = BUDGET_FIELD;
    question_check_field(question);
    if (!change->object || *change->subresource != '\0') {
        return;
    }
    int64_t before = 0;
    int64_t after = 0;
    question_read_groups(question);
    if (read_field(question, change->object, &after) &&
        (!change->old_object || read_field(question, change->old_object, &before))) {
        ask_amount(question, before, after);
    }
}

int lua_report_budget(lua_State *state) {
    static const char *const keys[] = {"of", "per", "max", "only", "at", "message", "hint", NULL};
    struct question question;
    bool asks = question_open(&question, state, "budget", keys);
    struct budget_demand *demand = &question.ask.demand;
    demand->name = question_text(&question, "of", NULL);
    question_read_per(&question);
    demand->maximum = question_integer(&question, "max", 0, INT64_MAX, -1);
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
