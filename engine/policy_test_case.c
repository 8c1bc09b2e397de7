#include "engine/policy_test_case.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const keys[] = {
    "name",          "params",        "operation", "object",  "old_object", "user",    "subresource",
    "parent",        "unseen_parent", "options",   "dry_run", "door",       "objects", "objects_before",
    "objects_after", "expect",        "at",        "message", "count",      "patch",   "matches"};
static const char *const user_keys[] = {"name", "groups"};
static const char *const expectations[] = {"allow", "deny", "warn", "unknown", "error"};
static const char *const operations[] = {"CREATE", "UPDATE", "DELETE"};
static const char *const doors[] = {"admission", "check", "reconcile"};

static bool read_map(struct setting_reader *reader, const struct node *map, const char *key,
                     const struct node **ret_node) {
    const struct node *node = node_get(map, key);
    size_t mark = setting_enter_key(reader, key);
    if (node && !node_is(node, NODE_MAP)) {
        return setting_wrong_type(reader, node, "a table");
    }
    setting_leave(reader, mark);
    *ret_node = node;
    return true;
}

static bool read_list(struct setting_reader *reader, const struct node *map, const char *key,
                      const struct node **ret_node) {
    const struct node *node = node_get(map, key);
    // An empty table in Lua is a map here.
    bool empty = node_is(node, NODE_MAP) && node->length == 0;
    size_t mark = setting_enter_key(reader, key);
    if (node && !empty && !node_is(node, NODE_LIST)) {
        return setting_wrong_type(reader, node, "a list of objects");
    }
    setting_leave(reader, mark);
    *ret_node = node;
    return true;
}

static bool read_flag(struct setting_reader *reader, const struct node *map, const char *key,
                      bool *ret_flag) {
    const struct node *node = node_get(map, key);
    size_t mark = setting_enter_key(reader, key);
    if (node && !node_boolean(node, ret_flag)) {
        return setting_wrong_type(reader, node, "true or false");
    }
    setting_leave(reader, mark);
    return true;
}

static bool read_name_of(struct setting_reader *reader, const struct node *map, const char *key,
                         const char *const *names, size_t count, const char **ret_name) {
    int index = -1;
    if (!setting_read_choice(reader, map, key, names, count, &index)) {
        return false;
    }
    if (index >= 0) {
        *ret_name = names[index];
    }
    return true;
}

static bool read_user(struct setting_reader *reader, const struct node *map, struct policy_test_case *test) {
    const struct node *user = NULL;
    test->user = "";
    if (!read_map(reader, map, "user", &user) || !user) {
        return user == NULL;
    }
    size_t mark = setting_enter_key(reader, "user");
    bool fine = setting_check_map(reader, user, user_keys, COUNT(user_keys)) &&
                setting_read_text(reader, user, "name", true, &test->user) &&
                setting_read_texts(reader, user, "groups", &test->groups, &test->group_count);
    test->user = test->user ? test->user : "";
    if (fine) {
        setting_leave(reader, mark);
    }
    return fine;
}

static bool read_expectation(struct setting_reader *reader, const struct node *map,
                             struct policy_test_case *test) {
    int expect = -1;
    const struct node *count = node_get(map, "count");
    if (!setting_read_choice(reader, map, "expect", expectations, COUNT(expectations), &expect) ||
        !setting_read_text(reader, map, "message", true, &test->message)) {
        return false;
    }
    if (expect < 0 && !test->patch && test->matches) {
        return setting_fail(reader, map, "expect: missing; one of allow, deny, warn, unknown, error");
    }
    test->expect = expect < 0 ? EXPECT_ALLOW : (enum expectation)expect;
    const struct node *at = node_get(map, "at");
    if (at && !node_string(at)) {
        return setting_fail(reader, at, "at: must be a field path");
    }
    test->at = node_string(at);
    test->count = -1;
    return !count || node_integer(count, &test->count) ||
           setting_fail(reader, count, "count: must be an integer");
}

bool policy_test_case_read(struct setting_reader *reader, const struct node *node,
                           struct policy_test_case *ret_case) {
    if (!node_is(node, NODE_MAP)) {
        return setting_wrong_type(reader, node, "a table");
    }
    struct policy_test_case test = {.door = "admission", .matches = true};
    if (!setting_check_map(reader, node, keys, COUNT(keys)) ||
        !setting_read_text(reader, node, "name", false, &test.name) ||
        !setting_read_text(reader, node, "subresource", true, &test.subresource) ||
        !read_name_of(reader, node, "operation", operations, COUNT(operations), &test.operation) ||
        !read_name_of(reader, node, "door", doors, COUNT(doors), &test.door)) {
        return false;
    }
    if (!read_map(reader, node, "params", &test.params) || !read_map(reader, node, "object", &test.object) ||
        !read_map(reader, node, "old_object", &test.old_object) ||
        !read_map(reader, node, "parent", &test.parent) ||
        !read_map(reader, node, "unseen_parent", &test.unseen_parent) ||
        !read_map(reader, node, "options", &test.options) || !read_map(reader, node, "patch", &test.patch) ||
        !read_list(reader, node, "objects", &test.objects) ||
        !read_list(reader, node, "objects_before", &test.objects_before) ||
        !read_list(reader, node, "objects_after", &test.objects_after) ||
        !read_flag(reader, node, "dry_run", &test.dry_run) ||
        !read_flag(reader, node, "matches", &test.matches) || !read_user(reader, node, &test) ||
        !read_expectation(reader, node, &test)) {
        return false;
    }
    if (!test.object && !test.old_object) {
        return setting_fail(reader, node, "object or old_object must be there");
    }
    *ret_case = test;
    return true;
}
