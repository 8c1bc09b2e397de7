#include "reconciler/object_table.h"

#include "base/json_canonical.h"
#include "base/memory.h"
#include "tests/support/documents.h"

#include <stdio.h>

static const struct object_key key = {"cluster.x-k8s.io", "Cluster", "prod", "eu-1"};

static enum object_news put(struct object_table *table, const char *text,
                            const struct stored_object **ret_stored) {
    CLEANUP(document_free) struct document *document = document_of(text);
    return object_table_put(table, &key, document_root(document), ret_stored);
}

#define CLUSTER(metadata, rest)                                                                              \
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'eu-1','namespace':"       \
    "'prod','uid':'u-1'," metadata "}," rest "}"

static const char first[] = CLUSTER("'resourceVersion':'7','generation':1", "'spec':{'paused':false}");

static void test_news(void **state) {
    (void)state;
    static const struct {
        const char *name, *text;
        enum object_news news;
    } cases[] = {
        {"again", first, OBJECT_SAME},
        {"only managedFields",
         CLUSTER("'resourceVersion':'7','generation':1,'managedFields':[{}]", "'spec':{'paused':false}"),
         OBJECT_SAME},
        {"older", CLUSTER("'resourceVersion':'6','generation':1", "'spec':{'paused':true}"), OBJECT_OLD},
        {"only status",
         CLUSTER("'resourceVersion':'8','generation':1", "'spec':{'paused':false},'status':{'phase':'x'}"),
         OBJECT_REPORTED},
        {"spec", CLUSTER("'resourceVersion':'8','generation':2", "'spec':{'paused':true}"), OBJECT_CHANGED},
        {"a label",
         CLUSTER("'resourceVersion':'8','generation':1,'labels':{'a':'b'}", "'spec':{'paused':false}"),
         OBJECT_CHANGED},
        {"the attestation",
         CLUSTER("'resourceVersion':'8','generation':1,'annotations':{'fleetgate.dev/attestation':'v1'}",
                 "'spec':{'paused':false}"),
         OBJECT_CHANGED},
        {"a finalizer",
         CLUSTER("'resourceVersion':'8','generation':1,'finalizers':['f']", "'spec':{'paused':false}"),
         OBJECT_CHANGED},
        {"deletion",
         CLUSTER("'resourceVersion':'8','generation':1,'deletionTimestamp':'2026-01-01T00:00:00Z'",
                 "'spec':{'paused':false}"),
         OBJECT_CHANGED},
        {"a list that went back, of another object",
         "{'apiVersion':'cluster.x-k8s.io/"
         "v1beta1','kind':'Cluster','metadata':{'name':'eu-1','namespace':'prod',"
         "'uid':'u-2','resourceVersion':'3'},'spec':{'paused':false}}",
         OBJECT_CHANGED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CLEANUP(object_table_free) struct object_table *table = object_table_new();
        expect_integer("first", (int64_t)put(table, first, NULL), OBJECT_NEW);
        const struct stored_object *stored;
        expect_integer(cases[i].name, (int64_t)put(table, cases[i].text, &stored), (int64_t)cases[i].news);
        expect_true(cases[i].name, stored == object_table_find(table, &key), "it is what is found");
        expect_integer(cases[i].name, (int64_t)object_table_count(table), 1);
    }
}

// What is kept packed is the object that was put.
static void test_read(void **state) {
    (void)state;
    CLEANUP(object_table_free) struct object_table *table = object_table_new();
    CLEANUP(buffer_clear) struct buffer pools;
    buffer_init(&pools, 1 << 20);
    for (unsigned i = 0; i < 2000; i++) {
        buffer_printf(&pools, "%s{'class':'default','name':'pool-%u','replicas':%u}", i ? "," : "", i,
                      i * 7919 % 1000);
    }
    const char *const specs[] = {"{}", "{'note':'\\u00e9\\u0000 \\\" '}", buffer_text(&pools)};
    for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
        CLEANUP(buffer_clear) struct buffer text;
        buffer_init(&text, 1 << 20);
        bool is_list = i == 2;
        buffer_printf(&text, CLUSTER("'resourceVersion':'%zu'", "'spec':%s%s%s"), i + 1, is_list ? "[" : "",
                      specs[i], is_list ? "]" : "");
        const struct stored_object *stored;
        (void)put(table, buffer_text(&text), &stored);
        CLEANUP(document_free) struct document *expected = document_of(buffer_text(&text));
        CLEANUP(document_free) struct document *actual = stored_object_read(stored);
        expect_true("object", node_equal(document_root(actual), document_root(expected)), "it is the same");
        expect_true("size", stored->packed_length < stored->length, "it takes less");
    }
}

struct gone {
    size_t count;
};

static void note_gone(void *cookie, const struct stored_object *object) {
    struct gone *gone = cookie;
    expect_text("gone", object->key.name, "eu-1");
    gone->count++;
}

static void test_new_list(void **state) {
    (void)state;
    CLEANUP(object_table_free) struct object_table *table = object_table_new();
    struct gone gone = {0};
    (void)put(table, first, NULL);
    object_table_begin(table);
    (void)put(table, first, NULL);
    object_table_end(table, note_gone, &gone);
    expect_integer("still there", (int64_t)gone.count, 0);
    object_table_begin(table);
    object_table_end(table, note_gone, &gone);
    expect_integer("gone", (int64_t)gone.count, 1);
    expect_true("table", !object_table_find(table, &key), "it is empty");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_news),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_new_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
