#include "embedded/object_database.h"

#include "tests/support/databases.h"

#include <stdio.h>

#define CLUSTER "'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster'"
#define SECRET "'apiVersion':'v1','kind':'Secret'"

enum call { NOTHING, CREATE, REPLACE, PATCH, STATUS, REMOVE };
enum { MOST_STEPS = 8 };

struct step {
    enum call call;
    const char *body; // of REMOVE: the uid, or NULL
    enum error_kind kind;
    const char *expected; // part of the error, or of the object; NULL: anything
};

// The object's uid is $U in what is sent and expected. Each step that succeeds takes two seconds.
static const struct {
    const char *name;
    bool secret;
    struct step steps[MOST_STEPS];
    const char *end; // the stored object; NULL: there is none
} cases[] = {
    {"the server's metadata",
     false,
     {{CREATE,
       "{" CLUSTER
       ",'metadata':{'name':'a','namespace':'prod','uid':'mine','generation':7,'creationTimestamp':"
       "'2001-01-01T00:00:00Z','deletionTimestamp':'2001-01-01T00:00:00Z','managedFields':[],'selfLink':'x',"
       "'labels':{'l':'1'},'annotations':{}},'spec':{'x':1},'status':{'phase':'Ready'}}",
       ERROR_NONE, NULL}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','generation':1,'labels':{'l':'1'},"
     "'name':'a','namespace':'prod','resourceVersion':'1','uid':'$U'},'spec':{'x':1}}"},
    {"a second create",
     false,
     {{CREATE, "{" CLUSTER ",'spec':{'x':1}}", ERROR_NONE, NULL},
      {CREATE, "{" CLUSTER ",'spec':{'x':2}}", ERROR_CONFLICT, "Cluster prod/a exists already"}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','generation':1,'name':'a',"
     "'namespace':'prod','resourceVersion':'1','uid':'$U'},'spec':{'x':1}}"},
    {"generation counts what is neither metadata nor status",
     false,
     {{CREATE, "{" CLUSTER ",'spec':{'x':1}}", ERROR_NONE, "'generation':1"},
      {PATCH, "{'metadata':{'labels':{'a':'b'}}}", ERROR_NONE, "'generation':1"},
      {STATUS, "{'status':{'phase':'Ready'}}", ERROR_NONE, "'generation':1"},
      {PATCH, "{'spec':{'x':2}}", ERROR_NONE, "'generation':2"},
      {REPLACE, "{" CLUSTER ",'spec':{'x':3}}", ERROR_NONE, "'generation':3"},
      {PATCH, "{'metadata':{'generation':9}}", ERROR_NONE, "'generation':3"}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','generation':3,'name':'a',"
     "'namespace':'prod','resourceVersion':'5','uid':'$U'},'spec':{'x':3},'status':{'phase':'Ready'}}"},
    {"status and the rest are apart",
     false,
     {{CREATE, "{" CLUSTER ",'spec':{'x':1}}", ERROR_NONE, NULL},
      {STATUS, "{'status':{'a':1,'b':2},'spec':{'x':9},'metadata':{'labels':{'l':'1'}}}", ERROR_NONE, NULL},
      {PATCH, "{'status':{'a':7},'spec':{'y':2}}", ERROR_NONE, NULL},
      {STATUS, "{'status':{'b':null,'c':3}}", ERROR_NONE, NULL},
      {REPLACE, "{" CLUSTER ",'spec':{'x':1,'y':2},'status':{'z':1}}", ERROR_NONE, NULL}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','generation':2,'name':'a',"
     "'namespace':'prod','resourceVersion':'4','uid':'$U'},'spec':{'x':1,'y':2},'status':{'a':1,'c':3}}"},
    {"what changes nothing writes nothing",
     false,
     {{CREATE, "{" CLUSTER ",'metadata':{'labels':{'l':'1'}},'spec':{'x':1}}", ERROR_NONE, NULL},
      {REPLACE,
       "{'spec':{'x':1},'metadata':{'labels':{'l':'1'},'finalizers':[],'annotations':null}," CLUSTER "}",
       ERROR_NONE, "'resourceVersion':'1'"},
      {PATCH, "{'spec':{'y':null}}", ERROR_NONE, "'resourceVersion':'1'"},
      {STATUS, "{'status':{}}", ERROR_NONE, "'resourceVersion':'1'"},
      {STATUS, "{'metadata':{'labels':{'l':'2'}}}", ERROR_NONE, "'resourceVersion':'1'"}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','generation':1,'labels':{'l':'1'},"
     "'name':'a','namespace':'prod','resourceVersion':'1','uid':'$U'},'spec':{'x':1}}"},
    {"neither does the same in other words",
     false,
     {{CREATE, "{" CLUSTER ",'spec':{'x':1.0,'y':[1e2,-0.0]}}", ERROR_NONE, "'spec':{'x':1,'y':[100,0]}"},
      {REPLACE, "{" CLUSTER ",'spec':{'x':1.0,'y':[1e2,-0.0]}}", ERROR_NONE, "'resourceVersion':'1'"},
      {REPLACE, "{'apiVersion':'cluster.x-k8s.io/v1beta2','spec':{'x':1,'y':[100,0]}}", ERROR_NONE,
       "'resourceVersion':'1'"},
      {PATCH, "{'kind':null,'spec':{'x':1.0}}", ERROR_NONE, "'resourceVersion':'1'"},
      {STATUS, "{'status':{'z':2.0}}", ERROR_NONE, "'status':{'z':2}"},
      {STATUS, "{'status':{'z':2.0}}", ERROR_NONE, "'resourceVersion':'2'"}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','generation':1,'name':'a',"
     "'namespace':'prod','resourceVersion':'2','uid':'$U'},'spec':{'x':1,'y':[100,0]},'status':{'z':2}}"},
    {"preconditions",
     false,
     {{CREATE, "{" CLUSTER ",'metadata':{'resourceVersion':'1'}}", ERROR_INVALID,
       "metadata.resourceVersion: may not be set on what is created"},
      {CREATE, "{" CLUSTER ",'spec':{'x':1}}", ERROR_NONE, NULL},
      {REPLACE, "{" CLUSTER ",'metadata':{'resourceVersion':'9'}}", ERROR_CONFLICT,
       "metadata.resourceVersion: the stored object has 1, not 9: it was changed since"},
      {PATCH, "{'metadata':{'uid':'other'},'spec':{'x':2}}", ERROR_CONFLICT,
       "metadata.uid: the stored object has"},
      {STATUS, "{'metadata':{'resourceVersion':'2'},'status':{'x':2}}", ERROR_CONFLICT, "has 1, not 2"},
      {PATCH, "{'metadata':{'resourceVersion':'1','uid':'$U'},'spec':{'x':2}}", ERROR_NONE, NULL},
      {REPLACE, "{" CLUSTER ",'metadata':{'resourceVersion':'','uid':null},'spec':{'x':3}}", ERROR_NONE,
       NULL},
      {REMOVE, "other", ERROR_CONFLICT, "it is another one"}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','generation':3,'name':'a',"
     "'namespace':'prod','resourceVersion':'3','uid':'$U'},'spec':{'x':3}}"},
    {"removal waits for finalizers",
     false,
     {{CREATE, "{" CLUSTER ",'metadata':{'finalizers':['f/a','f/b']}}", ERROR_NONE, NULL},
      {REMOVE, NULL, ERROR_NONE, "'deletionTimestamp':'2026-03-01T10:00:02Z'"},
      {REMOVE, "$U", ERROR_NONE, "'deletionTimestamp':'2026-03-01T10:00:02Z'"},
      {PATCH, "{'metadata':{'finalizers':['f/a','f/b','f/c']}}", ERROR_INVALID,
       "metadata.finalizers[2]: \"f/c\" can't be added to what is being deleted"},
      {PATCH, "{'metadata':{'finalizers':['f/b'],'deletionTimestamp':null}}", ERROR_NONE, NULL}},
     "{" CLUSTER ",'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z','deletionGracePeriodSeconds':0,"
     "'deletionTimestamp':'2026-03-01T10:00:02Z','finalizers':['f/b'],'generation':2,'name':'a',"
     "'namespace':'prod','resourceVersion':'3','uid':'$U'}}"},
    {"the last finalizer is the end",
     false,
     {{CREATE, "{" CLUSTER ",'metadata':{'finalizers':['f/a']}}", ERROR_NONE, NULL},
      {REMOVE, NULL, ERROR_NONE, NULL},
      {PATCH, "{'metadata':{'finalizers':null}}", ERROR_NONE, "'deletionTimestamp'"},
      {PATCH, "{'metadata':{'finalizers':null}}", ERROR_NOT_FOUND, "Cluster prod/a is not there"},
      {REMOVE, NULL, ERROR_NOT_FOUND, "Cluster prod/a is not there"},
      {REPLACE, "{" CLUSTER "}", ERROR_NOT_FOUND, "Cluster prod/a is not there"}},
     NULL},
    {"without finalizers it goes at once",
     false,
     {{CREATE, "{" CLUSTER "}", ERROR_NONE, NULL}, {REMOVE, "$U", ERROR_NONE, "'name':'a'"}},
     NULL},
    {"a body that is another object",
     false,
     {{CREATE, "{'kind':'Cluster'}", ERROR_INVALID, "apiVersion: must be set"},
      {CREATE, "{'apiVersion':'v1','kind':'Cluster'}", ERROR_INVALID,
       "apiVersion: \"v1\" is not of the group \"cluster.x-k8s.io\""},
      {CREATE, "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Machine'}", ERROR_INVALID,
       "kind: must be \"Cluster\", as in the request, not \"Machine\""},
      {CREATE, "{" CLUSTER ",'metadata':{'name':'b'}}", ERROR_INVALID,
       "metadata.name: must be \"a\", as in the request, not \"b\""},
      {CREATE, "{" CLUSTER ",'metadata':{'namespace':1}}", ERROR_INVALID,
       "metadata.namespace: must be \"prod\", as in the request, not integer"},
      {CREATE, "[]", ERROR_INVALID, "an object must be a map, not list"},
      {CREATE, "{" CLUSTER ",'metadata':[]}", ERROR_INVALID, "metadata: must be a map, not list"}},
     NULL},
    {"metadata of the wrong shape",
     false,
     {{CREATE, "{" CLUSTER ",'metadata':{'labels':{'a':1}}}", ERROR_INVALID,
       "metadata.labels[\"a\"]: must be a string, not integer"},
      {CREATE, "{" CLUSTER ",'metadata':{'annotations':['a']}}", ERROR_INVALID,
       "metadata.annotations: must be a map, not list"},
      {CREATE, "{" CLUSTER ",'metadata':{'finalizers':{'a':1}}}", ERROR_INVALID,
       "metadata.finalizers: must be a list, not map"},
      {CREATE, "{" CLUSTER ",'metadata':{'finalizers':['a',1]}}", ERROR_INVALID,
       "metadata.finalizers[1]: must be a string that is not empty"},
      {CREATE, "{" CLUSTER ",'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'X','name':'x'}]}}",
       ERROR_INVALID, "metadata.ownerReferences[0].uid: must be set"},
      {CREATE, "{" CLUSTER "}", ERROR_NONE, NULL},
      {STATUS, "{'status':7}", ERROR_INVALID, "status: must be a map, not integer"},
      {REMOVE, NULL, ERROR_NONE, NULL}},
     NULL},
    {"Secrets: text becomes data, and status is nothing special",
     true,
     {{CREATE, "{" SECRET ",'stringData':{'a':'1','b':''},'data':{'b':'eA==','c':'eQ=='},'status':'x'}",
       ERROR_NONE, "'data':{'a':'MQ==','b':'','c':'eQ=='}"},
      {PATCH, "{'stringData':{'a':'12'},'status':null}", ERROR_NONE, "'a':'MTI='"},
      {PATCH, "{'stringData':{'a':'123'}}", ERROR_NONE, "'a':'MTIz'"},
      {PATCH, "{'stringData':{'a':'123'}}", ERROR_NONE, "'resourceVersion':'3'"},
      {PATCH, "{'stringData':{'a':1}}", ERROR_INVALID, "stringData[\"a\"]: must be a string, not integer"},
      {STATUS, "{'status':{'a':1}}", ERROR_INVALID, "a Secret has no status subresource"}},
     "{'apiVersion':'v1','data':{'a':'MTIz','b':'','c':'eQ=='},'kind':'Secret',"
     "'metadata':{'creationTimestamp':'2026-03-01T10:00:00Z',"
     "'generation':3,'name':'a','namespace':'prod','resourceVersion':'3','uid':'$U'}}"},
};

// --- running a case ---

// $U becomes the uid; caller owns.
static char *with_uid(const char *text, const char *uid) {
    struct buffer result;
    buffer_init(&result, 1000000);
    for (const char *mark; (mark = strstr(text, "$U")); text = mark + 2) {
        buffer_append(&result, text, (size_t)(mark - text));
        buffer_append_text(&result, uid);
    }
    buffer_append_text(&result, text);
    return buffer_take(&result);
}

static bool run_step(struct object_database *database, const struct object_key *key, enum call call,
                     const char *body, struct document **ret_document, struct error *error) {
    if (call == REMOVE) {
        return object_database_remove(database, key, body, ret_document, error);
    }
    CLEANUP(document_free) struct document *object = document_of(body);
    const struct node *root = document_root(object);
    switch (call) {
    case CREATE:
        return object_database_create(database, key, root, ret_document, error);
    case REPLACE:
        return object_database_replace(database, key, root, ret_document, error);
    case PATCH:
        return object_database_patch(database, key, NULL, root, ret_document, error);
    default:
        return object_database_patch(database, key, "status", root, ret_document, error);
    }
}

static bool check_step(const char *name, struct object_database *database, const struct object_key *key,
                       const struct step *step, char uid[64]) {
    CLEANUP(free) char *body = step->body ? with_uid(step->body, uid) : NULL;
    CLEANUP(free) char *expected = with_uid(step->expected ? step->expected : "", uid);
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    bool done = run_step(database, key, step->call, body, &document, &error);
    if (step->kind != ERROR_NONE) {
        expect_true(name, !done && !document, expected);
        expect_text(name, error_kind_name(error.kind), error_kind_name(step->kind));
        expect_contains(name, error.message, expected);
        return false;
    }
    expect_true(name, done, error.message);
    const char *stored = node_string(node_get(node_get(document_root(document), "metadata"), "uid"));
    (void)snprintf(uid, 64, "%s", stored ? stored : "");
    CLEANUP(free) char *text = quoted_text(document_root(document));
    expect_contains(name, text, expected);
    return true;
}

static void check_end(const char *name, struct object_database *database, const struct object_key *key,
                      const char *expected, const char *uid) {
    CLEANUP(document_free) struct document *stored = NULL;
    struct error error = {0};
    bool found = object_database_read(database, key, &stored, &error);
    if (!expected) {
        expect_true(name, !found && error.kind == ERROR_NOT_FOUND, "it is gone");
        return;
    }
    expect_true(name, found, error.message);
    expect_integer(name, (int64_t)strlen(uid), 36);
    CLEANUP(free) char *text = quoted_text(document_root(stored));
    CLEANUP(free) char *right = with_uid(expected, uid);
    expect_text(name, text, right);
}

static void test_manners(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t now = 1772359200000; // 2026-03-01T10:00:00Z
        CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
        struct object_key key = cluster_key("a");
        if (cases[i].secret) {
            key.group = "";
            key.kind = "Secret";
        }
        char uid[64] = "";
        for (size_t j = 0; j < MOST_STEPS && cases[i].steps[j].call != NOTHING; j++) {
            now += check_step(cases[i].name, database, &key, &cases[i].steps[j], uid) ? 2000 : 0;
        }
        check_end(cases[i].name, database, &key, cases[i].end, uid);
    }
}

// --- sizes ---

// A Cluster with a text of that many bytes; caller owns.
static struct document *cluster_with(const char *path, size_t bytes) {
    char *filler = memory_alloc(bytes + 1);
    memset(filler, 'x', bytes);
    filler[bytes] = '\0';
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 4 * 1024 * 1024);
    buffer_printf(&text, "{" CLUSTER ",%s:{'a':'%s'}}}", path, filler);
    free(filler);
    return document_of(buffer_text(&text));
}

static const struct {
    const char *name, *path;
    size_t bytes;
    const char *message; // NULL: it is stored
} sizes[] = {
    {"nearly as large as may be", "'x':{'b'", 1572864 - 300, NULL},
    {"larger", "'x':{'b'", 1572864, "Cluster prod/a is larger than 1.5 MB"},
    {"annotations", "'metadata':{'annotations'", 262144 - 1, NULL},
    {"too large annotations", "'metadata':{'annotations'", 262144,
     "metadata.annotations: 262145 bytes; 262144 are allowed"},
};

static void test_sizes(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        int64_t now = 1772359200000;
        CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
        CLEANUP(document_free) struct document *object = cluster_with(sizes[i].path, sizes[i].bytes);
        const struct object_key key = cluster_key("a");
        struct error error = {0};
        bool stored = object_database_create(database, &key, document_root(object), NULL, &error);
        expect_true(sizes[i].name, stored == !sizes[i].message, error.message);
        if (sizes[i].message) {
            expect_error(sizes[i].name, &error, ERROR_LIMIT, sizes[i].message);
        }
    }
}

static void test_too_many_members(void **state) {
    (void)state;
    int64_t now = 1772359200000;
    CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 10000);
    buffer_append_text(&text, "{" CLUSTER);
    for (int i = 0; i < 63; i++) {
        buffer_printf(&text, ",'m%d':1", i);
    }
    buffer_append_text(&text, "}");
    CLEANUP(document_free) struct document *object = document_of(buffer_text(&text));
    const struct object_key key = cluster_key("a");
    struct error error = {0};
    expect_true("65 members", !object_database_create(database, &key, document_root(object), NULL, &error),
                "refused");
    expect_error("65 members", &error, ERROR_LIMIT, "an object with more than 64 members");
}

// The same seed and the same changes give the same uids, and a name that comes again gets another one.
static void test_uids(void **state) {
    (void)state;
    char uids[2][2][64] = {0};
    for (int run = 0; run < 2; run++) {
        int64_t now = 1772359200000;
        CLEANUP(object_database_close) struct object_database *database = database_in_memory(&now);
        const struct object_key key = cluster_key("a");
        const struct step create = {CREATE, "{" CLUSTER "}", ERROR_NONE, NULL};
        const struct step end = {REMOVE, NULL, ERROR_NONE, NULL};
        check_step("create", database, &key, &create, uids[run][0]);
        check_step("remove", database, &key, &end, uids[run][0]);
        check_step("create again", database, &key, &create, uids[run][1]);
    }
    expect_text("the first", uids[1][0], uids[0][0]);
    expect_text("the second", uids[1][1], uids[0][1]);
    expect_true("the two", strcmp(uids[0][0], uids[0][1]) != 0, "differ");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manners),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_too_many_members),
        cmocka_unit_test(test_uids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
