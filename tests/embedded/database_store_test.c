#include "embedded/database_store.h"

#include "tests/support/databases.h"

#include <stdio.h>

struct answers {
    size_t count;
    struct error error;
    char object[1000]; // ' for "; "" for none
    int order[8];
};
struct question {
    struct answers *answers;
    int number;
};

static void note(void *cookie, const struct store_answer *answer) {
    struct question *question = cookie;
    struct answers *answers = question->answers;
    answers->order[answers->count++] = question->number;
    answers->error = answer->error;
    CLEANUP(free) char *text = answer->object ? quoted_text(answer->object) : NULL;
    (void)snprintf(answers->object, sizeof(answers->object), "%s", text ? text : "");
}

struct fixture {
    int64_t now;
    struct event_loop *loop;
    struct object_database *database;
    struct database_store *store;
    struct object_store api;
    char event[200];
};

static void note_event(void *cookie, const struct object_key *key, bool warning, const char *reason,
                       const char *message) {
    struct fixture *fixture = cookie;
    (void)snprintf(fixture->event, sizeof(fixture->event), "%s %s/%s %s %s: %s", key->kind, key->namespace,
                   key->name, warning ? "Warning" : "Normal", reason, message);
}

static void fixture_open(struct fixture *fixture) {
    *fixture = (struct fixture){.now = 1772359200000};
    fixture->loop = event_loop_new_virtual(fixture->now);
    fixture->database = database_in_memory(&fixture->now);
    fixture->store = database_store_new(fixture->loop, fixture->database, note_event, fixture);
    fixture->api = database_store_get(fixture->store);
}

static void fixture_close_cleanup(struct fixture *fixture) {
    database_store_free(fixture->store);
    object_database_close(fixture->database);
    event_loop_free(fixture->loop);
}

static void turn_all(struct fixture *fixture) {
    while (event_loop_turn(fixture->loop, -1)) {
    }
}

static const char body[] =
    "{\"apiVersion\":\"cluster.x-k8s.io/v1beta2\",\"kind\":\"Cluster\",\"spec\":{\"x\":1}}";

enum call { READ, CREATE, REPLACE, PATCH, STATUS, REMOVE };
static const struct {
    const char *name;
    enum call call;
    const char *body; // of REMOVE: the uid
    enum error_kind kind;
    const char *message; // part of it
    const char *object;  // part of the answer; "": none
} cases[] = {
    {"nothing there", READ, NULL, ERROR_NOT_FOUND, "Cluster prod/a is not there", ""},
    {"not JSON", CREATE, "{", ERROR_INVALID, "line 1 column 2", ""},
    {"created", CREATE, body, ERROR_NONE, "", "'generation':1"},
    {"created twice", CREATE, body, ERROR_CONFLICT, "exists already", ""},
    {"read", READ, NULL, ERROR_NONE, "", "'spec':{'x':1}"},
    {"patched", PATCH, "{\"spec\":{\"y\":2}}", ERROR_NONE, "", "'spec':{'x':1,'y':2}"},
    {"status", STATUS, "{\"status\":{\"z\":3}}", ERROR_NONE, "", "'status':{'z':3}"},
    {"replaced", REPLACE, body, ERROR_NONE, "", "'generation':3"},
    {"another uid", REMOVE, "x", ERROR_CONFLICT, "it is another one", ""},
    {"removed", REMOVE, NULL, ERROR_NONE, "", ""},
    {"gone", PATCH, "{}", ERROR_NOT_FOUND, "is not there", ""},
};

static void ask(const struct object_store *api, enum call call, const char *text, store_done *done,
                void *cookie) {
    const struct object_key key = cluster_key("a");
    switch (call) {
    case READ:
        api->methods->read(api->cookie, &key, done, cookie);
        return;
    case CREATE:
        api->methods->create(api->cookie, &key, text, done, cookie);
        return;
    case REPLACE:
        api->methods->replace(api->cookie, &key, text, done, cookie);
        return;
    case PATCH:
        api->methods->patch(api->cookie, &key, NULL, text, done, cookie);
        return;
    case STATUS:
        api->methods->patch(api->cookie, &key, "status", text, done, cookie);
        return;
    case REMOVE:
        api->methods->remove(api->cookie, &key, text, done, cookie);
        return;
    }
}

static void test_calls(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answers answers = {0};
        struct question question = {.answers = &answers};
        ask(&fixture.api, cases[i].call, cases[i].body, note, &question);
        expect_integer(cases[i].name, (int64_t)answers.count, 0);
        turn_all(&fixture);
        expect_integer(cases[i].name, (int64_t)answers.count, 1);
        expect_text(cases[i].name, error_kind_name(answers.error.kind), error_kind_name(cases[i].kind));
        expect_contains(cases[i].name, answers.error.message, cases[i].message);
        expect_contains(cases[i].name, answers.object, cases[i].object);
        expect_true(cases[i].name, (answers.object[0] == '\0') == (cases[i].object[0] == '\0'), "an object");
    }
}

static void test_order_and_forget(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    struct answers answers = {0};
    struct question questions[4];
    for (int i = 0; i < 4; i++) {
        questions[i] = (struct question){.answers = &answers, .number = i};
    }
    ask(&fixture.api, CREATE, body, note, &questions[0]);
    ask(&fixture.api, PATCH, "{\"spec\":{\"x\":2}}", note, &questions[1]);
    ask(&fixture.api, READ, NULL, note, &questions[1]);
    ask(&fixture.api, PATCH, "{\"spec\":{\"x\":3}}", NULL, NULL);
    ask(&fixture.api, READ, NULL, note, &questions[2]);
    ask(&fixture.api, READ, NULL, note, &questions[3]);
    fixture.api.methods->forget(fixture.api.cookie, &questions[1]);
    fixture.api.methods->forget(fixture.api.cookie, &questions[3]);
    turn_all(&fixture);
    expect_integer("two were not forgotten", (int64_t)answers.count, 2);
    expect_integer("the first", answers.order[0], 0);
    expect_integer("the second", answers.order[1], 2);
    expect_contains("what nobody waits for is carried out", answers.object, "'spec':{'x':3}");
}

// Under the sanitizers: an answer that came after the store's end would be seen.
static void test_freed_with_answers(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    struct answers answers = {0};
    struct question question = {.answers = &answers};
    ask(&fixture.api, CREATE, body, note, &question);
    database_store_free(fixture.store);
    fixture.store = NULL;
    turn_all(&fixture);
    expect_integer("answers", (int64_t)answers.count, 0);
}

static void test_events(void **state) {
    (void)state;
    CLEANUP(fixture_close) struct fixture fixture;
    fixture_open(&fixture);
    const struct object_key key = cluster_key("a");
    fixture.api.methods->event(fixture.api.cookie, &key, NULL, true, "Denied", "no region");
    expect_text("events", fixture.event, "Cluster prod/a Warning Denied: no region");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_order_and_forget),
        cmocka_unit_test(test_freed_with_answers),
        cmocka_unit_test(test_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
