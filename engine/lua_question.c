#include "engine/lua_question.h"

#include "engine/lua_report.h"
#include "engine/lua_unknown.h"
#include "engine/policy_wants.h"

#include <lauxlib.h>
#include <string.h>

static void read_origin(struct question *question, struct origin *ret_origin, bool *ret_known) {
    lua_getfield(question->state, 1, "at");
    question->has_origin = !lua_isnil(question->state, -1);
    lua_pop(question->state, 1);
    *ret_known = lua_report_origin(question->state, question->function, ret_origin);
}

bool question_open(struct question *question, lua_State *state, const char *function,
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

void question_add(struct question *question, const struct budget_ask *ask) {
    if (!evaluation_add_ask(question->evaluation, ask)) {
        luaL_error(question->state, "report.%s: this review asks for more than 1000 limits",
                   question->function);
    }
}

void question_note(struct question *question, const struct fact *fact) {
    evaluation_add_unknown(question->evaluation, &fact->origin, fact->why, fact->unseen);
}

int64_t question_integer(const struct question *question, const char *key, int64_t least, int64_t most,
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

const char *question_text(const struct question *question, const char *key, const char *fallback) {
    const char *text = lua_report_text(question->state, key, question->function);
    text = text ? text : fallback;
    if (!text) {
        luaL_error(question->state, "report.%s: %s is missing", question->function, key);
    }
    return text;
}

bool question_role_is(const struct question *question, enum kind_role role) {
    const struct object_key *key = &question->evaluation->review->change.key;
    struct kind_match match = kind_table_find(key->group, key->kind);
    return match.entry && !match.is_template && match.entry->role == role;
}

bool question_takes_a_place(const struct question *question) {
    const struct object_key *key = &question->evaluation->review->change.key;
    struct kind_match match = kind_table_find(key->group, key->kind);
    return match.entry && !match.is_template && match.entry->role != KIND_CLASS;
}

bool question_takes_cluster(const struct question *question) {
    const struct cluster_view *view = evaluation_cluster(question->evaluation)->after;
    const struct object_key *key = &question->evaluation->review->change.key;
    return view &&
           (*view->object.name || kind_entry_takes_place(kind_table_find(key->group, key->kind).entry));
}

void question_read_per(struct question *question) {
    const char *per = question_text(question, "per", "fleet");
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

void question_read_groups(struct question *question) {
    struct evaluation *evaluation = question->evaluation;
    const struct cluster_change *views = evaluation_cluster(evaluation);
    const char *per = question->ask.demand.per;
    if (!cluster_groups_read(evaluation->arena, views->before, per, &question->before) ||
        !cluster_groups_read(evaluation->arena, views->after, per, &question->after)) {
        luaL_error(question->state, "report.%s: per %s", question->function, per);
    }
}

void question_check_field(struct question *question) {
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
