#include "embedded/object_database.h"

#include "tests/support/databases.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

static bool open_at(const struct database_place *place, bool read_only, struct object_database **ret_database,
                    struct error *error) {
    const struct object_database_options options = {.path = place->path, .read_only = read_only};
    *error = (struct error){0};
    return object_database_open(&options, ret_database, error);
}

static struct object_database *opened(const struct database_place *place, bool read_only) {
    struct object_database *database = NULL;
    struct error error;
    expect_true(read_only ? "a reader" : "a writer", open_at(place, read_only, &database, &error),
                error.message);
    return database;
}

static void create(struct object_database *database, const char *name) {
    CLEANUP(document_free)
    struct document *object = document_of("{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster'}");
    const struct object_key key = cluster_key(name);
    struct error error = {0};
    expect_true(name, object_database_create(database, &key, document_root(object), NULL, &error),
                error.message);
}

static bool note_name(void *cookie, const struct object_key *key, const struct node *object) {
    const struct node *metadata = node_get(object, "metadata");
    buffer_printf(cookie, "%s@%s;", key->name, node_string(node_get(metadata, "resourceVersion")));
    return true;
}

static void expect_objects(const char *name, struct object_database *database, const char *expected) {
    CLEANUP(buffer_clear) struct buffer names;
    buffer_init(&names, 1000);
    struct error error = {0};
    expect_true(name, object_database_each(database, note_name, &names, &error), error.message);
    expect_text(name, buffer_text(&names), expected);
}

static void expect_refused(const char *name, const struct database_place *place, bool read_only,
                           enum error_kind kind, const char *message) {
    struct object_database *database = NULL;
    struct error error;
    expect_true(name, !open_at(place, read_only, &database, &error) && !database, "refused");
    CLEANUP(buffer_clear) struct buffer whole;
    buffer_init(&whole, 1000);
    buffer_printf(&whole, "%s: %s", place->path, message);
    expect_error(name, &error, kind, buffer_text(&whole));
}

static void test_opened_again(void **state) {
    (void)state;
    CLEANUP(database_place_remove) struct database_place place;
    database_place_make(&place);
    struct object_database *database = opened(&place, false);
    create(database, "a");
    object_database_close(database);
    database = opened(&place, false);
    create(database, "b");
    expect_objects("versions go on", database, "a@1;b@2;");
    object_database_close(database);
}

static void test_one_writer(void **state) {
    (void)state;
    CLEANUP(database_place_remove) struct database_place place;
    database_place_make(&place);
    struct object_database *database = opened(&place, false);
    expect_refused("a second writer", &place, false, ERROR_LIMIT, "another process has it open for writing");
    object_database_close(database);
    object_database_close(opened(&place, false));
}

static void test_readers(void **state) {
    (void)state;
    CLEANUP(database_place_remove) struct database_place place;
    database_place_make(&place);
    expect_refused("no database", &place, true, ERROR_NOT_FOUND, "No such file or directory");
    struct object_database *writer = opened(&place, false);
    create(writer, "a");
    struct object_database *reader = opened(&place, true);
    expect_objects("beside the writer", reader, "a@1;");
    create(writer, "b");
    expect_objects("what came later", reader, "a@1;b@2;");

    const struct object_key key = cluster_key("a");
    struct error error = {0};
    expect_true("a reader that writes", !object_database_remove(reader, &key, NULL, NULL, &error), "refused");
    expect_error("a reader that writes", &error, ERROR_INVALID, "the database was opened for reading only");
    object_database_begin(reader);
    expect_true("a group of a reader", !object_database_commit(reader, &error), "refused");

    object_database_close(writer);
    expect_objects("after the writer", reader, "a@1;b@2;");
    object_database_close(reader);
    reader = opened(&place, true);
    expect_objects("opened after the writer", reader, "a@1;b@2;");
    object_database_close(reader);
    writer = opened(&place, false);
    expect_objects("a writer after readers", writer, "a@1;b@2;");
    object_database_close(writer);
}

static void test_mode(void **state) {
    (void)state;
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    CLEANUP(database_place_remove) struct database_place place;
    database_place_make(&place);
    FILE *open_to_all = fopen(place.path, "w");
    expect_true("an empty file", open_to_all && chmod(place.path, 0644) == 0, "is made");
    fclose(open_to_all);
    expect_refused("an empty file", &place, true, ERROR_NOT_FOUND, "nothing was stored yet");
    struct object_database *database = opened(&place, false);
    create(database, "a");
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char path[128];
        struct stat status = {0};
        (void)snprintf(path, sizeof(path), "%s%s", place.path, endings[i]);
        expect_integer(path, stat(path, &status), 0);
        expect_integer(path, status.st_mode & 0777, 0600);
    }
    object_database_close(database);
}

static void run_sql(const struct database_place *place, const char *sql) {
    sqlite3 *sqlite = NULL;
    expect_integer(sql, sqlite3_open(place->path, &sqlite), SQLITE_OK);
    expect_integer(sql, sqlite3_exec(sqlite, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sqlite);
}

static const struct {
    const char *name;
    bool ours; // fleetgate made it first
    const char *sql;
    const char *message;
} strange[] = {
    {"another program's", false, "CREATE TABLE t(x)", "a database of another program"},
    {"another program's id", false, "PRAGMA application_id = 7", "a database of another program"},
    {"a newer one", true, "PRAGMA user_version = 2",
     "written by a newer fleetgate (version 2; this one knows 1)"},
};

static void test_strange_files(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        CLEANUP(database_place_remove) struct database_place place;
        database_place_make(&place);
        if (strange[i].ours) {
            object_database_close(opened(&place, false));
        }
        run_sql(&place, strange[i].sql);
        expect_refused(strange[i].name, &place, false, ERROR_INVALID, strange[i].message);
        expect_refused(strange[i].name, &place, true, ERROR_INVALID, strange[i].message);
    }
    CLEANUP(database_place_remove) struct database_place place;
    database_place_make(&place);
    FILE *text = fopen(place.path, "w");
    expect_true("a text", text && fprintf(text, "%0*d", 4096, 7) > 0, "is written");
    fclose(text);
    expect_refused("a text", &place, false, ERROR_INVALID, "reading the header: file is not a database");
}

static void test_no_directory(void **state) {
    (void)state;
    const struct database_place place = {.path = "/tmp/fleetgate-not-there/objects"};
    struct object_database *database = NULL;
    struct error error;
    expect_true("no directory", !open_at(&place, false, &database, &error), "refused");
    expect_error("no directory", &error, ERROR_IO,
                 "/tmp/fleetgate-not-there/objects: /tmp/fleetgate-not-there/objects.lock: No such file or "
                 "directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opened_again),  cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_readers),       cmocka_unit_test(test_mode),
        cmocka_unit_test(test_strange_files), cmocka_unit_test(test_no_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
