#include "embedded/event_table.h"

#include "tests/support/databases.h"

#include <stdio.h>

static void add(struct object_database *database, const char *name, bool warning, const char *reason,
                const char *message) {
    const struct object_key key = cluster_key(name);
    struct error error = {0};
    expect_true(reason, event_table_add(database, &key, warning, reason, message, &error), error.message);
}

static bool note_row(void *cookie, const struct event_row *row) {
    struct buffer *text = cookie;
    buffer_printf(text, "%s %s %s %s x%lld %lld-%lld;", row->key.name, row->warning ? "W" : "N", row->reason,
                  row->message, (long long)row->count, (long long)row->first_ms, (long long)row->last_ms);
    return true;
}

static const struct {
    const char *name;
    struct event_filter filter;
    const char *rows;
} cases[] = {
    {"all: what happened last is first",
     {0},
     "a N Scaled to 3 x2 1-5;b N Scaled to 3 x1 4-4;a W Scaled to 3 x1 3-3;a N Scaled to 4 x1 2-2;"},
    {"of one object", {.namespace = "prod", .name = "b"}, "b N Scaled to 3 x1 4-4;"},
    {"of a kind, the newest", {.kind = "Cluster", .most = 1}, "a N Scaled to 3 x2 1-5;"},
    {"of another kind", {.kind = "Machine"}, ""},
    {"of another namespace", {.namespace = "test"}, ""},
};

static void test_counting(void **state) {
    (void)state;
    int64_t now = 1;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    add(database, "a", false, "Scaled", "to 3");
    now++;
    add(database, "a", false, "Scaled", "to 4");
    now++;
    add(database, "a", true, "Scaled", "to 3");
    now++;
    add(database, "b", false, "Scaled", "to 3");
    now++;
    add(database, "a", false, "Scaled", "to 3");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 1000);
        struct error error = {0};
        expect_true(cases[i].name, event_table_list(database, &cases[i].filter, note_row, &text, &error),
                    error.message);
        expect_text(cases[i].name, buffer_text(&text), cases[i].rows);
    }
}

struct seen {
    int64_t rows, first_ms;
};

static bool count_row(void *cookie, const struct event_row *row) {
    struct seen *seen = cookie;
    seen->rows++;
    seen->first_ms = row->first_ms;
    return true;
}

// The one that keeps happening outlives those that were told after its first time.
static void test_cap(void **state) {
    (void)state;
    int64_t now = 0;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    object_database_begin(database);
    for (now = 0; now < 2 * EVENT_TABLE_ROWS; now++) {
        char message[32];
        (void)snprintf(message, sizeof(message), "%lld", (long long)now);
        add(database, "a", false, "Counted", now % 100 == 0 ? "again" : message);
    }
    struct error error = {0};
    expect_true("commit", object_database_commit(database, &error), error.message);
    const struct event_filter filter = {0};
    struct seen seen = {0};
    expect_true("list", event_table_list(database, &filter, count_row, &seen, &error), error.message);
    expect_true("about as many as said", seen.rows >= EVENT_TABLE_ROWS && seen.rows < EVENT_TABLE_ROWS + 64,
                "5000 to 5063 rows");
    const struct event_filter newest = {.most = 100};
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 100000);
    expect_true("list", event_table_list(database, &newest, note_row, &text, &error), error.message);
    expect_contains("again", buffer_text(&text), "a N Counted again x100 0-9900;");
}

static void test_long_message(void **state) {
    (void)state;
    int64_t now = 0;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    char message[2001];
    memset(message, 'x', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    add(database, "a", false, "Long", message);
    add(database, "a", false, "Long", message);
    const struct event_filter filter = {0};
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 10000);
    struct error error = {0};
    expect_true("list", event_table_list(database, &filter, note_row, &text, &error), error.message);
    message[1024] = '\0';
    expect_contains("cut, and counted as one", buffer_text(&text), message);
    expect_contains("cut, and counted as one", buffer_text(&text), "x x2 0-0;");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counting),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_long_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
