#include "embedded/decision_table.h"

#include "base/memory.h"
#include "tests/support/databases.h"

#include <stdio.h>

static void append(struct object_database *database, int64_t time_ms, const char *name, bool allowed,
                   const char *text) {
    const struct decision_row row = {.time_ms = time_ms,
                                     .door = "apply",
                                     .operation = "UPDATE",
                                     .key = cluster_key(name),
                                     .user = "ann",
                                     .allowed = allowed,
                                     .decision = "d",
                                     .policies = "sha256:1",
                                     .text = text};
    struct error error = {0};
    expect_true(name, decision_table_append(database, &row, &error), error.message);
}

static bool note_name(void *cookie, const struct decision_row *row) {
    struct buffer *text = cookie;
    buffer_printf(text, "%s%d ", row->key.name, row->allowed);
    return true;
}

static const struct {
    const char *name;
    struct decision_filter filter;
    const char *rows;
} cases[] = {
    {"all, newest first", {0}, "a1 c0 b0 a1 "},
    {"the newest two", {.most = 2}, "a1 c0 "},
    {"denied ones", {.denied_only = true}, "c0 b0 "},
    {"one denied", {.denied_only = true, .most = 1}, "c0 "},
    {"of a name", {.name = "a"}, "a1 a1 "},
    {"of a namespace", {.namespace = "prod", .name = "b"}, "b0 "},
    {"of another namespace", {.namespace = "test"}, ""},
    {"of a kind", {.kind = "Cluster", .most = 1}, "a1 "},
    {"of another kind", {.kind = "Machine"}, ""},
};

static void test_filters(void **state) {
    (void)state;
    int64_t now = 0;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    append(database, 1, "a", true, "");
    append(database, 2, "b", false, "no");
    append(database, 3, "c", false, "no");
    append(database, 3, "a", true, "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 1000);
        struct error error = {0};
        expect_true(cases[i].name, decision_table_list(database, &cases[i].filter, note_name, &text, &error),
                    error.message);
        expect_text(cases[i].name, buffer_text(&text), cases[i].rows);
    }
}

static bool check_row(void *cookie, const struct decision_row *row) {
    int *seen = cookie;
    ++*seen;
    expect_integer("time", row->time_ms, 1234);
    expect_text("door", row->door, "apply");
    expect_text("operation", row->operation, "UPDATE");
    expect_text("group", row->key.group, "cluster.x-k8s.io");
    expect_text("kind", row->key.kind, "Cluster");
    expect_text("namespace", row->key.namespace, "prod");
    expect_text("user", row->user, "ann");
    expect_text("decision", row->decision, "d");
    expect_text("policies", row->policies, "sha256:1");
    expect_integer("a long text is cut", (int64_t)strlen(row->text), 4096);
    return false;
}

static void test_row(void **state) {
    (void)state;
    int64_t now = 0;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    char text[5001];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    append(database, 1, "older", true, "");
    append(database, 1234, "a", true, text);
    const struct decision_filter filter = {0};
    int seen = 0;
    struct error error = {0};
    expect_true("list", decision_table_list(database, &filter, check_row, &seen, &error), error.message);
    expect_integer("false ends it", seen, 1);
}

static bool count_row(void *cookie, const struct decision_row *row) {
    int64_t *counts = cookie;
    counts[0]++;
    counts[1] = row->time_ms;
    return true;
}

static void test_cap(void **state) {
    (void)state;
    int64_t now = 0;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    object_database_begin(database);
    for (int i = 0; i < DECISION_TABLE_ROWS + 10; i++) {
        append(database, i, "a", true, "");
    }
    struct error error = {0};
    expect_true("commit", object_database_commit(database, &error), error.message);
    const struct decision_filter filter = {0};
    int64_t counts[2] = {0};
    expect_true("list", decision_table_list(database, &filter, count_row, counts, &error), error.message);
    expect_integer("rows", counts[0], DECISION_TABLE_ROWS);
    expect_integer("the oldest", counts[1], 10);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_row),
        cmocka_unit_test(test_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
