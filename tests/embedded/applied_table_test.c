#include "embedded/applied_table.h"

#include "tests/support/databases.h"

#include <stdio.h>

static bool note_row(void *cookie, const struct applied_row *row) {
    struct buffer *text = cookie;
    buffer_printf(text, "%s/%s=%s:%s;", row->key.kind, row->key.name, row->path, row->digest);
    return true;
}

static void expect_rows(const char *name, struct object_database *database, const char *rows) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1000);
    struct error error = {0};
    expect_true(name, applied_table_each(database, note_row, &text, &error), error.message);
    expect_text(name, buffer_text(&text), rows);
}

static void put(struct object_database *database, const char *name, const char *path, const char *digest) {
    const struct applied_row row = {
        .key = cluster_key(name), .path = path, .digest = digest, .manifest = "{}"};
    struct error error = {0};
    expect_true(name, applied_table_put(database, &row, &error), error.message);
}

static void test_rows(void **state) {
    (void)state;
    int64_t now = 0;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    put(database, "b", "x.yaml", "1");
    put(database, "a", "y.yaml", "2");
    put(database, "b", "z.yaml", "3");
    expect_rows("put and put again", database, "Cluster/a=y.yaml:2;Cluster/b=z.yaml:3;");
    struct error error = {0};
    const struct object_key key = cluster_key("a");
    expect_true("remove", applied_table_remove(database, &key, &error), error.message);
    expect_true("remove again", applied_table_remove(database, &key, &error), error.message);
    expect_rows("removed", database, "Cluster/b=z.yaml:3;");
    CLEANUP(free) char *manifest = NULL;
    CLEANUP(free) char *missing = NULL;
    const struct object_key other = cluster_key("b");
    expect_true("read", applied_table_read(database, &other, &manifest, &error), error.message);
    expect_text("read", manifest, "{}");
    expect_true("read", applied_table_read(database, &key, &missing, &error), error.message);
    expect_true("what is not there", missing == NULL, "has no text");
}

// The note and the object stand or fall together.
static void test_with_objects(void **state) {
    (void)state;
    int64_t now = 0;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    CLEANUP(document_free) struct document *bad = document_of("{'apiVersion':'v1','kind':'Cluster'}");
    const struct object_key key = cluster_key("a");
    struct error error = {0};
    object_database_begin(database);
    put(database, "a", "x.yaml", "1");
    expect_true("a wrong object", !object_database_create(database, &key, document_root(bad), NULL, &error),
                "refused");
    expect_true("the group", !object_database_commit(database, &error), "fails");
    expect_error("the group", &error, ERROR_INVALID,
                 "apiVersion: \"v1\" is not of the group \"cluster.x-k8s.io\"");
    expect_rows("nothing is noted", database, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_with_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
