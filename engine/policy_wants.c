#include "engine/policy_wants.h"

#include "base/field_path.h"
#include "base/json_reader.h"
#include "engine/lua_json.h"
#include "engine/policy_set_internal.h"
#include "engine/setting_reader.h"
#include "engine/watchdog.h"
#include "fleet/kind_table.h"

#include <string.h>

enum { MOST_WANTED = 64, LARGEST_ANSWER = 64 * 1024, LOAD_BUDGET_NS = 1000 * 1000 * 1000 };

const struct policy_wants *policy_set_wants(const struct policy_set *set) {
    return &set->wants;
}

bool policy_wants_label(const struct policy_set *set, const char *label) {
    for (size_t i = 0; i < set->wants.label_count; i++) {
        if (strcmp(set->wants.labels[i], label) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_field(const struct inventory_field *a, const struct inventory_field *b) {
    return strcmp(a->group, b->group) == 0 && strcmp(a->kind, b->kind) == 0 && strcmp(a->path, b->path) == 0;
}

bool policy_wants_field(const struct policy_set *set, const struct inventory_field *field) {
    for (size_t i = 0; i < set->wants.field_count; i++) {
        if (same_field(&set->wants.fields[i], field)) {
            return true;
        }
    }
    return false;
}

static bool too_many(const struct setting_reader *reader, const char *what) {
    return error_set(reader->error, ERROR_LIMIT, "%s: policies want more than %d %s counted", reader->file,
                     MOST_WANTED, what);
}

static bool add_label(struct policy_set *set, const struct setting_reader *reader, const char *label) {
    if (policy_wants_label(set, label)) {
        return true;
    }
    if (set->wants.label_count == MOST_WANTED) {
        return too_many(reader, "labels");
    }
    set->wanted_labels[set->wants.label_count++] = arena_strdup(set->arena, label);
    return true;
}

static bool add_field(struct policy_set *set, struct setting_reader *reader, const struct node *map) {
    static const char *const keys[] = {"group", "kind", "path"};
    struct inventory_field field = {0};
    if (!node_is(map, NODE_MAP)) {
        return setting_wrong_type(reader, map, "a table with group, kind and path");
    }
    if (!setting_check_map(reader, map, keys, 3) ||
        !setting_read_text(reader, map, "group", false, &field.group) ||
        !setting_read_text(reader, map, "kind", false, &field.kind) ||
        !setting_read_text(reader, map, "path", false, &field.path)) {
        return false;
    }
    struct error error = {0};
    const struct node *nothing = NULL;
    if (!field_path_find(NULL, field.path, &nothing, &error)) {
        return setting_fail(reader, map, "path: %s", error.message);
    }
    if (!strchr(field.path, '.')) {
        return setting_fail(reader, map, "path: must be a field inside of one, like spec.replicas");
    }
    if (!kind_table_find(field.group, field.kind).entry) {
        return setting_fail(reader, map,
                            "kind: only kinds that clusters are made of are counted, not %s of %s",
                            field.kind, field.group);
    }
    if (policy_wants_field(set, &field)) {
        return true;
    }
    if (set->wants.field_count == MOST_WANTED) {
        return too_many(reader, "fields");
    }
    set->wanted_fields[set->wants.field_count++] =
        (struct inventory_field){arena_strdup(set->arena, field.group), arena_strdup(set->arena, field.kind),
                                 arena_strdup(set->arena, field.path)};
    return true;
}

static bool read_answer(struct policy_set *set, struct setting_reader *reader, const struct node *answer) {
    static const char *const keys[] = {"labels", "fields"};
    const char *const *labels = NULL;
    size_t label_count = 0;
    if (!node_is(answer, NODE_MAP)) {
        return setting_wrong_type(reader, answer, "a table with labels or fields");
    }
    if (!setting_check_map(reader, answer, keys, 2) ||
        !setting_read_texts(reader, answer, "labels", &labels, &label_count)) {
        return false;
    }
    bool fine = true;
    for (size_t i = 0; i < label_count && fine; i++) {
        fine = add_label(set, reader, labels[i]);
    }
    const struct node *fields = node_get(answer, "fields");
    size_t mark = setting_enter_key(reader, "fields");
    bool is_empty = node_is(fields, NODE_MAP) && fields->length == 0; // an empty table in Lua
    if (fine && fields && !is_empty && !node_is(fields, NODE_LIST)) {
        return setting_wrong_type(reader, fields, "a list of tables with group, kind and path");
    }
    size_t index = 0;
    NODE_EACH(field, fields) {
        size_t inner = setting_enter_index(reader, index++);
        fine = fine && add_field(set, reader, field);
        setting_leave(reader, inner);
    }
    setting_leave(reader, mark);
    return fine;
}

// keeps(params), its answer as a document.
static bool call_keeps(struct evaluator *evaluator, const struct loaded_policy *loaded, size_t setting,
                       struct document **ret_document, struct error *error) {
    lua_State *state = evaluator->state;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    CLEANUP(buffer_clear) struct buffer json;
    buffer_init(&json, LARGEST_ANSWER);
    lua_rawgeti(state, LUA_REGISTRYINDEX, loaded->keeps);
    lua_rawgeti(state, LUA_REGISTRYINDEX, loaded->params[setting]);
    watchdog_start(state, LOAD_BUDGET_NS, 0);
    int status = lua_pcall(state, 1, 1, 0);
    watchdog_stop();
    if (status != LUA_OK) {
        const char *message = NULL;
        enum policy_fault fault = evaluator_fault(evaluator, status, arena, &message);
        return error_set(error, ERROR_INVALID, "keeps: %s", message ? message : policy_fault_name(fault));
    }
    bool fine =
        lua_json_append_safe(state, -1, &json, error) &&
        json_read_copy(buffer_text(&json), json.length, &document_default_limits, ret_document, error);
    lua_pop(state, 1);
    return fine || error_wrap(error, "keeps");
}

static bool read_policy(struct policy_set *set, struct evaluator *evaluator, size_t index,
                        struct error *error) {
    const struct loaded_policy *loaded = &evaluator->policies[index];
    for (size_t setting = 0; setting < loaded->params_count; setting++) {
        // A policy with settings is off where none of them holds.
        if (setting + 1 == loaded->params_count && setting > 0) {
            break;
        }
        CLEANUP(document_free) struct document *document = NULL;
        if (!call_keeps(evaluator, loaded, setting, &document, error)) {
            return false;
        }
        struct setting_reader reader = {.file = "", .arena = set->arena, .error = error};
        buffer_init(&reader.path, SETTING_PATH_MAXIMUM);
        setting_enter_key(&reader, "keeps");
        bool fine = read_answer(set, &reader, document_root(document));
        buffer_clear(&reader.path);
        if (!fine) {
            return false;
        }
    }
    return true;
}

bool policy_wants_read(struct policy_set *set, struct error *error) {
    set->wanted_labels = arena_alloc(set->arena, MOST_WANTED * sizeof(const char *));
    set->wanted_fields = arena_alloc(set->arena, MOST_WANTED * sizeof(*set->wanted_fields));
    set->wants = (struct policy_wants){.labels = set->wanted_labels, .fields = set->wanted_fields};
    struct evaluator *evaluator = policy_set_borrow(set);
    bool fine = true;
    for (size_t i = 0; i < set->count && fine; i++) {
        if (set->policies[i].keeps) {
            fine = read_policy(set, evaluator, i, error) || error_wrap(error, "%s", set->policies[i].file);
        }
    }
    policy_set_return(set, evaluator);
    return fine;
}
