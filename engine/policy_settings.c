#include "engine/configuration_internal.h"

#include <string.h>

static const char *const mode_names[] = {"off", "audit", "warn", "deny"};
static const char *const deny_or_allow[] = {"deny", "allow"};
static const char *const allow_or_deny[] = {"allow", "deny"};
static const char *const door_keys[] = {"admission", "check", "reconcile"};
_Static_assert(sizeof(door_keys) / sizeof(door_keys[0]) == DOOR_COUNT, "a key for each door");
enum { MODE_NAMES = sizeof(mode_names) / sizeof(mode_names[0]) };

// One name for all doors, or a map that names each of them: a door left out would be a hole that nobody sees.
static bool read_modes(struct setting_reader *reader, const struct node *value,
                       struct policy_setting *setting) {
    int mode = MODE_DENY;
    if (!node_is(value, NODE_MAP)) {
        if (!setting_choice(reader, value, mode_names, MODE_NAMES, &mode)) {
            return false;
        }
        for (size_t door = 0; door < DOOR_COUNT; door++) {
            setting->modes[door] = (enum policy_mode)mode;
        }
        return true;
    }
    if (!setting_check_map(reader, value, door_keys, DOOR_COUNT)) {
        return false;
    }
    for (size_t door = 0; door < DOOR_COUNT; door++) {
        if (!node_get(value, door_keys[door])) {
            return setting_fail(reader, value,
                                "%s is missing: name admission, check and reconcile, or one mode for all",
                                door_keys[door]);
        }
        if (!setting_read_choice(reader, value, door_keys[door], mode_names, MODE_NAMES, &mode)) {
            return false;
        }
        setting->modes[door] = (enum policy_mode)mode;
    }
    return true;
}

static bool read_choices(struct setting_reader *reader, const struct node *map,
                         struct policy_setting *setting) {
    int on_error_allows = 0;
    int existing_denies = 0;
    if (!setting_read_choice(reader, map, "on_error", deny_or_allow, 2, &on_error_allows) ||
        !setting_read_choice(reader, map, "existing", allow_or_deny, 2, &existing_denies)) {
        return false;
    }
    setting->on_error_denies = !on_error_allows;
    setting->existing_denies = existing_denies;
    return true;
}

static bool read_setting(struct setting_reader *reader, const struct node *map,
                         struct policy_setting *setting) {
    static const char *const keys[] = {"mode", "on_error", "existing", "when", "params"};
    if (!setting_check_map(reader, map, keys, sizeof(keys) / sizeof(keys[0])) ||
        !read_choices(reader, map, setting)) {
        return false;
    }
    const struct node *mode = node_get(map, "mode");
    const struct node *when = node_get(map, "when");
    size_t mark = setting_enter_key(reader, "mode");
    if (mode && !read_modes(reader, mode, setting)) {
        return false;
    }
    setting_leave(reader, mark);
    setting_enter_key(reader, "when");
    if (when && !scope_read(reader, when, &setting->scope)) {
        return false;
    }
    setting_leave(reader, mark);
    setting_enter_key(reader, "params");
    setting->params = node_get(map, "params");
    if (setting->params && !node_is(setting->params, NODE_MAP)) {
        return setting_wrong_type(reader, setting->params, "a map");
    }
    setting_leave(reader, mark);
    setting->has_mode = mode != NULL;
    setting->line = setting_position(reader, map).line;
    return true;
}

static bool holds_everywhere(const struct scope *scope) {
    return scope->namespace_count == 0 && scope->excluded_namespace_count == 0 && !scope->labels;
}

static bool read_list(struct setting_reader *reader, const struct node *list,
                      struct policy_setting *settings) {
    if (list->length == 0) {
        return setting_fail(reader, list, "must hold at least one setting");
    }
    size_t count = 0;
    NODE_EACH(item, list) {
        size_t mark = setting_enter_index(reader, count);
        if (count > 0 && holds_everywhere(&settings[count - 1].scope)) {
            return setting_fail(reader, item, "is never reached: the one before it has no when");
        }
        if (!read_setting(reader, item, &settings[count++])) {
            return false;
        }
        setting_leave(reader, mark);
    }
    return true;
}

bool policy_settings_read(struct setting_reader *reader, const struct node *node,
                          struct policy_settings *ret_settings) {
    if (node_is(node, NODE_NULL)) {
        return setting_fail(reader, node, "is empty; write {} to use its defaults");
    }
    if (!node_is(node, NODE_LIST) && !node_is(node, NODE_MAP)) {
        return setting_wrong_type(reader, node, "a map or a list of maps");
    }
    bool list = node_is(node, NODE_LIST);
    size_t count = list ? node->length : 1;
    struct policy_setting *settings = arena_alloc(reader->arena, (count + 1) * sizeof(*settings));
    if (list ? !read_list(reader, node, settings) : !read_setting(reader, node, settings)) {
        return false;
    }
    struct node_position position = setting_position(reader, node);
    *ret_settings = (struct policy_settings){
        .policy = node->key,
        .settings = settings,
        .count = count,
        .line = position.key_line ? position.key_line : position.line,
        .column = position.key_line ? position.key_column : position.column,
    };
    return true;
}
