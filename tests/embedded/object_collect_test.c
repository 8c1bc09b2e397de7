#include "embedded/object_collect.h"

#include "tests/support/databases.h"

#include <stdio.h>

// --- a fixture whose listener writes down what it hears ---

struct fixture {
    int64_t now;
    struct object_database *database;
    struct buffer heard;
};

static void heard_put(void *cookie, const struct object_key *key, const struct node *object) {
    struct fixture *fixture = cookie;
    const struct node *metadata = node_get(object, "metadata");
    buffer_printf(&fixture->heard, "put %s@%s;", key->name,
                  node_string(node_get(metadata, "resourceVersion")));
}

static void heard_removed(void *cookie, const struct object_key *key, const struct node *object) {
    struct fixture *fixture = cookie;
    expect_text("the removed object", node_string(node_get(node_get(object, "metadata"), "name")), key->name);
    buffer_printf(&fixture->heard, "removed %s;", key->name);
}

static void fixture_open(struct fixture *fixture) {
    *fixture = (struct fixture){.now = 1772359200000};
    fixture->database = database_in_memory(&fixture->now);
    buffer_init(&fixture->heard, 10000);
    const struct object_listener listener = {.put = heard_put, .removed = heard_removed, .cookie = fixture};
    object_database_listen(fixture->database, &listener);
}

static void fixture_close_cleanup(struct fixture *fixture) {
    object_database_close(fixture->database);
    buffer_clear(&fixture->heard);
}

static void expect_heard(struct fixture *fixture, const char *name, const char *expected) {
    expect_text(name, buffer_text(&fixture->heard), expected);
    buffer_truncate(&fixture->heard, 0);
}

static void uid_of(struct fixture *fixture, const char *name, char ret_uid[OBJECT_UID_BYTES]) {
    const struct object_key key = cluster_key(name);
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    expect_true(name, object_database_read(fixture->database, &key, &document, &error), error.message);
    struct object_stamp stamp;
    object_stamp_read(document_root(document), &stamp);
    memcpy(ret_uid, stamp.uid, OBJECT_UID_BYTES);
}

static bool is_there(struct fixture *fixture, const char *name) {
    const struct object_key key = cluster_key(name);
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    return object_database_read(fixture->database, &key, &document, &error);
}

// owners: names of objects that are there, or "?" for an owner that never was; finalizer may be NULL.
static void create(struct fixture *fixture, const char *name, const char *const *owners,
                   const char *finalizer) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 10000);
    buffer_printf(&text,
                  "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'finalizers':[");
    if (finalizer) {
        buffer_printf(&text, "'%s'", finalizer);
    }
    buffer_append_text(&text, "],'ownerReferences':[");
    for (size_t i = 0; owners && owners[i]; i++) {
        char uid[OBJECT_UID_BYTES] = "never";
        if (strcmp(owners[i], "?") != 0) {
            uid_of(fixture, owners[i], uid);
        }
        buffer_printf(&text, "%s{'apiVersion':'v1','kind':'X','name':'x','uid':'%s'}", i ? "," : "", uid);
    }
    buffer_append_text(&text, "]}}");
    CLEANUP(document_free) struct document *object = document_of(buffer_text(&text));
    const struct object_key key = cluster_key(name);
    struct error error = {0};
    expect_true(name, object_database_create(fixture->database, &key, document_root(object), NULL, &error),
                error.message);
}

static void patch(struct fixture *fixture, const char *name, const char *text) {
    CLEANUP(document_free) struct document *change = document_of(text);
    const struct object_key key = cluster_key(name);
    struct error error = {0};
    expect_true(text,
                object_database_patch(fixture->database, &key, NULL, document_root(change), NULL, &error),
                error.message);
}

static void remove_object(struct fixture *fixture, const char *name) {
    const struct object_key key = cluster_key(name);
    struct error error = {0};
    expect_true(name, object_database_remove(fixture->database, &key, NULL, NULL, &error), error.message);
}

static const char *const owner_a[] = {"a", NULL};
static const char *const owner_b[] = {"b", NULL};
static const char *const owners_a_b[] = {"a", "b", NULL};
static const char *const owner_unknown[] = {"?", NULL};

// --- collecting ---

static void test_chain(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", NULL, NULL);
    create(&fixture, "b", owner_a, NULL);
    create(&fixture, "c", owner_b, NULL);
    create(&fixture, "d", NULL, NULL);
    expect_heard(&fixture, "four are made", "put a@1;put b@2;put c@3;put d@4;");
    remove_object(&fixture, "a");
    expect_heard(&fixture, "what the owned own goes too", "removed a;removed b;removed c;");
    expect_true("another object", is_there(&fixture, "d"), "it stays");
}

static void test_finalizer_of_owned(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", NULL, NULL);
    create(&fixture, "b", owner_a, "f/x");
    create(&fixture, "c", owner_b, NULL);
    buffer_truncate(&fixture.heard, 0);
    remove_object(&fixture, "a");
    expect_heard(&fixture, "the owned is being deleted", "removed a;put b@4;");
    patch(&fixture, "b", "{'metadata':{'finalizers':null}}");
    expect_heard(&fixture, "and what it owns goes with it", "removed b;removed c;");
}

static void test_finalizer_of_owner(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", NULL, "f/x");
    create(&fixture, "b", owner_a, NULL);
    buffer_truncate(&fixture.heard, 0);
    remove_object(&fixture, "a");
    remove_object(&fixture, "a");
    expect_heard(&fixture, "an owner that is being deleted still owns", "put a@3;");
    patch(&fixture, "a", "{'metadata':{'finalizers':[]}}");
    expect_heard(&fixture, "until it goes", "removed a;removed b;");
}

static void test_two_owners(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", NULL, NULL);
    create(&fixture, "b", NULL, NULL);
    create(&fixture, "c", owners_a_b, NULL);
    buffer_truncate(&fixture.heard, 0);
    remove_object(&fixture, "a");
    expect_heard(&fixture, "one owner is left", "removed a;put c@4;");
    const struct object_key key = cluster_key("c");
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    expect_true("c", object_database_read(fixture.database, &key, &document, &error), error.message);
    const struct node *owners = node_get(node_get(document_root(document), "metadata"), "ownerReferences");
    expect_integer("references that are left", owners->length, 1);
    remove_object(&fixture, "b");
    expect_heard(&fixture, "none is left", "removed b;removed c;");
}

static void test_orphans(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", owner_unknown, NULL);
    expect_heard(&fixture, "made without a living owner", "put a@1;removed a;");
    create(&fixture, "b", NULL, NULL);
    patch(&fixture, "b",
          "{'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'X','name':'x','uid':'never'}]}}");
    expect_heard(&fixture, "given to an owner that is gone", "put b@2;put b@3;removed b;");
}

static void test_given_away(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", NULL, NULL);
    create(&fixture, "b", owner_a, NULL);
    patch(&fixture, "b", "{'metadata':{'ownerReferences':null}}");
    buffer_truncate(&fixture.heard, 0);
    remove_object(&fixture, "a");
    expect_heard(&fixture, "what was let go stays", "removed a;");
}

static bool note_name(void *cookie, const struct object_key *key, const struct node *object) {
    struct buffer *names = cookie;
    expect_text("the object of the key", node_string(node_get(node_get(object, "metadata"), "name")),
                key->name);
    buffer_printf(names, "%s;", key->name);
    return strcmp(key->name, "y") != 0;
}

static void test_owned_and_each(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", NULL, NULL);
    create(&fixture, "x", owner_a, NULL);
    create(&fixture, "b", owner_a, NULL);
    create(&fixture, "c", owner_b, NULL);
    char uid[OBJECT_UID_BYTES];
    uid_of(&fixture, "a", uid);
    CLEANUP(buffer_clear) struct buffer names;
    buffer_init(&names, 1000);
    struct error error = {0};
    expect_true("owned", object_database_owned(fixture.database, uid, note_name, &names, &error),
                error.message);
    expect_text("owned", buffer_text(&names), "b;x;");
    buffer_truncate(&names, 0);
    create(&fixture, "y", NULL, NULL);
    create(&fixture, "z", NULL, NULL);
    expect_true("each", object_database_each(fixture.database, note_name, &names, &error), error.message);
    expect_text("each, until it had enough", buffer_text(&names), "a;b;c;x;y;");
}

// --- groups and listeners ---

static void test_group(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    struct error error = {0};
    object_database_begin(fixture.database);
    create(&fixture, "a", NULL, NULL);
    create(&fixture, "b", owner_a, NULL);
    expect_heard(&fixture, "before the commit", "");
    expect_true("reads see it", is_there(&fixture, "b"), "b is there");
    expect_true("commit", object_database_commit(fixture.database, &error), error.message);
    expect_heard(&fixture, "after the commit", "put a@1;put b@2;");

    object_database_begin(fixture.database);
    create(&fixture, "c", NULL, NULL);
    remove_object(&fixture, "a");
    object_database_rollback(fixture.database);
    expect_heard(&fixture, "rolled back", "");
    expect_true("rolled back", is_there(&fixture, "a") && is_there(&fixture, "b"), "a and b are there");
    expect_true("rolled back", !is_there(&fixture, "c"), "c is not");
}

static void test_group_that_fails(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    create(&fixture, "a", NULL, NULL);
    buffer_truncate(&fixture.heard, 0);
    struct error error = {0};
    const struct object_key key = cluster_key("missing");
    object_database_begin(fixture.database);
    create(&fixture, "b", NULL, NULL);
    expect_true("read", !is_there(&fixture, "missing"), "a read that finds nothing is no failure");
    expect_true("remove", !object_database_remove(fixture.database, &key, NULL, NULL, &error), "fails");
    expect_true("later ones", !object_database_remove(fixture.database, &key, NULL, NULL, &error),
                "fail too");
    expect_true("commit", !object_database_commit(fixture.database, &error), "fails");
    expect_error("commit", &error, ERROR_NOT_FOUND, "Cluster prod/missing is not there");
    expect_heard(&fixture, "nobody hears", "");
    expect_true("b", !is_there(&fixture, "b"), "is not there");
    create(&fixture, "b", NULL, NULL);
    expect_true("afterwards", is_there(&fixture, "b"), "all works again");
}

// Labels what it hears of, once.
static void label(void *cookie, const struct object_key *key, const struct node *object) {
    struct fixture *fixture = cookie;
    CLEANUP(document_free) struct document *change = document_of("{'metadata':{'labels':{'seen':'1'}}}");
    CLEANUP(document_free) struct document *answer = NULL;
    struct error error = {0};
    expect_true("a listener that writes",
                object_database_patch(fixture->database, key, NULL, document_root(change), &answer, &error),
                error.message);
    const struct node *labels = node_get(node_get(document_root(answer), "metadata"), "labels");
    expect_text("its answer", node_string(node_get(labels, "seen")), "1");
    expect_true("what it was told", node_is(object, NODE_MAP), "is still there");
}

static void test_listener_that_writes(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    const struct object_listener listener = {.put = label, .cookie = &fixture};
    object_database_listen(fixture.database, &listener);
    create(&fixture, "a", NULL, NULL);
    expect_heard(&fixture, "each change is told once, in order", "put a@1;put a@2;");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_finalizer_of_owned),
        cmocka_unit_test(test_finalizer_of_owner),
        cmocka_unit_test(test_two_owners),
        cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_given_away),
        cmocka_unit_test(test_owned_and_each),
        cmocka_unit_test(test_group),
        cmocka_unit_test(test_group_that_fails),
        cmocka_unit_test(test_listener_that_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
