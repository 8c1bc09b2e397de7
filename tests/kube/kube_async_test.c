#include "kube/kube_async.h"

#include "base/arena.h"
#include "tests/kube/fault_server.h"
#include "tests/kube/folder.h"

static const struct kube_resource clusters = {"cluster.x-k8s.io", "v1beta1", "clusters", "Cluster", true};
#define EU7                                                                                                  \
    { &clusters, "prod", "eu-7", NULL }
#define OBJECT "{\"kind\":\"Cluster\",\"metadata\":{\"name\":\"eu-7\",\"managedFields\":[]}}"
#define PATH "/apis/cluster.x-k8s.io/v1beta1/namespaces/prod/clusters"
enum { PATIENCE_MS = 20000 };

static const struct kube_call read_call = {.verb = KUBE_VERB_READ, .name = EU7};

// The world of one test.
struct world {
    struct event_loop *loop;
    struct fault_server *server;
    struct kube_client *client;
    struct kube_async *async;
};

static void world_make(struct world *world, const struct fault_answer *script, size_t count,
                       struct kube_config *(*config)(struct fault_server *), unsigned at_once) {
    struct error error = {0};
    world->loop = event_loop_new();
    world->server = fault_server_start(script, count, NULL);
    world->client = fault_server_client(world->server, config ? config(world->server) : NULL);
    const struct kube_async_options options = {world->loop, world->client, at_once};
    assert_true(kube_async_new(&options, &world->async, &error));
}

static void world_clear(struct world *world) {
    kube_async_free(world->async);
    kube_client_free(world->client);
    event_loop_free(world->loop);
    fault_server_stop(world->server);
}

struct waiter {
    struct kube_async_call *call;
    struct world *world;
    unsigned answers;
    struct error error;
    char name[32];          // of the object
    struct waiter *cancels; // in its answer
    unsigned asks_again;    // in its answer
};

static void take(void *cookie, const struct kube_answer *answer) {
    struct waiter *waiter = cookie;
    const char *name = node_string(node_get(node_get(answer->object, "metadata"), "name"));
    waiter->answers++;
    waiter->error = answer->error;
    waiter->call = NULL;
    (void)snprintf(waiter->name, sizeof(waiter->name), "%s", name ? name : "");
    if (waiter->cancels) {
        kube_async_cancel(waiter->cancels->call);
        waiter->cancels->call = NULL;
    }
    if (waiter->asks_again > 0) {
        waiter->asks_again--;
        waiter->call = kube_async_start(waiter->world->async, &read_call, 0, take, waiter);
    }
}

static void start(struct world *world, struct waiter *waiter, const struct kube_call *call,
                  int64_t timeout_ms) {
    unsigned before = waiter->answers;
    waiter->world = world;
    waiter->call = kube_async_start(world->async, call, timeout_ms, take, waiter);
    assert_int_equal(waiter->answers, before); // never inside the call
}

static void turn_until(struct world *world, const struct waiter *waiter, unsigned answers) {
    int64_t until_ms = event_loop_now_ms(world->loop) + PATIENCE_MS;
    while (waiter->answers < answers && event_loop_now_ms(world->loop) < until_ms) {
        event_loop_turn(world->loop, 100);
    }
    assert_int_equal(waiter->answers, answers);
}

#define STATUS(reason, message) "{\"kind\":\"Status\",\"reason\":\"" reason "\",\"message\":\"" message "\"}"
static const struct {
    const char *name;
    struct kube_call call;
    struct fault_answer first;
    unsigned requests;
    enum error_kind kind;
    const char *message; // NULL: any
} cases[] = {
    {"read", {.verb = KUBE_VERB_READ, .name = EU7}, {.body = OBJECT}, 1, ERROR_NONE, NULL},
    {"not found",
     {.verb = KUBE_VERB_READ, .name = EU7},
     {.status = 404, .body = STATUS("NotFound", "no eu-7")},
     1,
     ERROR_NOT_FOUND,
     "GET " PATH "/eu-7: 404 \"NotFound\": no eu-7"},
    {"conflict",
     {.verb = KUBE_VERB_CREATE, .name = EU7, .body = OBJECT},
     {.status = 409, .body = STATUS("AlreadyExists", "is there")},
     1,
     ERROR_CONFLICT,
     "POST " PATH ": 409 \"AlreadyExists\": is there"},
    {"an echo of the token",
     {.verb = KUBE_VERB_READ, .name = EU7},
     {.status = 400, .body = "Bearer secret!"},
     1,
     ERROR_INVALID,
     "GET " PATH "/eu-7: 400: Bearer ******!"},
    {"500 is asked again", {.verb = KUBE_VERB_READ, .name = EU7}, {.status = 500}, 2, ERROR_NONE, NULL},
    {"429 with a time to wait",
     {.verb = KUBE_VERB_DELETE, .name = EU7},
     {.status = 429, .headers = "Retry-After: 1\r\n"},
     2,
     ERROR_NONE,
     NULL},
    {"a broken connection is tried again",
     {.verb = KUBE_VERB_READ, .name = EU7},
     {.body = OBJECT, .fault = FAULT_CUT},
     2,
     ERROR_NONE,
     NULL},
    {"a patch that may have been carried out is not",
     {.verb = KUBE_VERB_PATCH, .name = EU7, .patch = {.type = KUBE_PATCH_MERGE, .body = "{\"a\":1}"}},
     {.fault = FAULT_CLOSE},
     1,
     ERROR_IO,
     NULL},
    {"401 shows the credential anew",
     {.verb = KUBE_VERB_READ, .name = EU7},
     {.status = 401},
     2,
     ERROR_NONE,
     NULL},
    {"no JSON", {.verb = KUBE_VERB_READ, .name = EU7}, {.body = "hello"}, 1, ERROR_IO, NULL},
    {"a name that can't be in a path",
     {.verb = KUBE_VERB_READ, .name = {&clusters, "prod", "../x", NULL}},
     {.body = OBJECT},
     0,
     ERROR_INVALID,
     NULL},
};

static void calls_are_answered(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fault_answer script[] = {cases[i].first, {.body = OBJECT}};
        struct world world;
        struct waiter waiter = {0};
        world_make(&world, script, 2, NULL, 0);
        start(&world, &waiter, &cases[i].call, 0);
        turn_until(&world, &waiter, 1);
        expect_text(cases[i].name, error_kind_name(waiter.error.kind), error_kind_name(cases[i].kind));
        expect_integer(cases[i].name, (int64_t)fault_server_requests(world.server), cases[i].requests);
        expect_text(cases[i].name, waiter.name, cases[i].kind == ERROR_NONE ? "eu-7" : "");
        if (cases[i].message) {
            expect_text(cases[i].name, waiter.error.message, cases[i].message);
        }
        world_clear(&world);
    }
}

static void a_delete_names_its_uid_and_goes_in_the_background(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = OBJECT}};
    const struct kube_call call = {
        .verb = KUBE_VERB_DELETE, .name = EU7, .uid = "u-1", .in_background = true};
    struct world world;
    struct waiter waiter = {0};
    world_make(&world, script, 1, NULL, 0);
    start(&world, &waiter, &call, 0);
    turn_until(&world, &waiter, 1);
    expect_contains("delete", fault_server_request(world.server, 0), "DELETE " PATH "/eu-7 ");
    expect_contains("delete", fault_server_request(world.server, 0),
                    "\"preconditions\":{\"uid\":\"u-1\"},\"propagationPolicy\":\"Background\"}");
    world_clear(&world);
}

static void the_connection_is_kept(void **state) {
    (void)state;
    static const struct fault_answer script[4] = {
        {.body = OBJECT}, {.body = OBJECT}, {.status = 404}, {.body = OBJECT}};
    struct world world;
    struct waiter waiter = {.asks_again = 3};
    world_make(&world, script, 4, NULL, 0);
    start(&world, &waiter, &read_call, 0);
    turn_until(&world, &waiter, 4);
    assert_int_equal(fault_server_connections(world.server), 1);
    world_clear(&world);
}

static void all_tries_end_at_the_deadline(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.fault = FAULT_HANG}, {.fault = FAULT_HANG}};
    struct world world;
    struct waiter waiter = {0};
    world_make(&world, script, 2, NULL, 0);
    int64_t begin_ms = event_loop_now_ms(world.loop);
    start(&world, &waiter, &read_call, 300);
    turn_until(&world, &waiter, 1);
    assert_int_equal(waiter.error.kind, ERROR_LIMIT);
    assert_in_range((uintmax_t)(event_loop_now_ms(world.loop) - begin_ms), 290, 5000);
    world_clear(&world);
}

// One place on the way: the second waits for it, and comes when the first is cancelled.
static void calls_wait_for_their_turn(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.fault = FAULT_HANG}, {.body = OBJECT}};
    struct world world;
    struct waiter hangs = {0}, second = {0};
    world_make(&world, script, 2, NULL, 1);
    start(&world, &hangs, &read_call, 0);
    start(&world, &second, &read_call, 0);
    for (int i = 0; i < 20; i++) {
        event_loop_turn(world.loop, 10);
    }
    assert_int_equal(fault_server_requests(world.server), 1);
    kube_async_cancel(hangs.call);
    turn_until(&world, &second, 1);
    assert_int_equal(second.error.kind, ERROR_NONE);
    assert_int_equal(hangs.answers, 0);
    world_clear(&world);
}

static void a_callback_may_cancel_another_call(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = OBJECT}, {.fault = FAULT_HANG}};
    struct world world;
    struct waiter hangs = {0}, queued = {0}, first = {.cancels = &hangs};
    world_make(&world, script, 2, NULL, 0);
    start(&world, &first, &read_call, 0);
    start(&world, &hangs, &read_call, 0);
    start(&world, &queued, &read_call, 0);
    kube_async_cancel(queued.call); // at once
    kube_async_cancel(NULL);
    turn_until(&world, &first, 1);
    for (int i = 0; i < 10; i++) {
        event_loop_turn(world.loop, 10);
    }
    assert_int_equal(hangs.answers, 0);
    assert_int_equal(queued.answers, 0);
    world_clear(&world); // and nothing of what is under way is told
}

static void what_is_under_way_is_dropped_at_the_end(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.status = 503}, {.fault = FAULT_HANG}};
    struct world world;
    struct waiter pausing = {0}, hangs = {0}, fresh = {0}, broken = {0};
    const struct kube_call no_name = {.verb = KUBE_VERB_READ, .name = {&clusters, "prod", NULL, NULL}};
    world_make(&world, script, 2, NULL, 0);
    start(&world, &pausing, &read_call, 0);
    for (int i = 0; i < 1000 && fault_server_requests(world.server) < 1; i++) {
        event_loop_turn(world.loop, 10);
    }
    start(&world, &hangs, &read_call, 0);
    event_loop_turn(world.loop, 10);
    start(&world, &fresh, &read_call, 0);
    start(&world, &broken, &no_name, 0);
    kube_async_free(world.async);
    world.async = NULL;
    event_loop_turn(world.loop, 0);
    assert_int_equal(pausing.answers + hangs.answers + fresh.answers + broken.answers, 0);
    world_clear(&world);
}

// ---- a credential plugin, which takes its time ----

static struct folder plugin_folder;

static struct kube_config *config_with_plugin(struct fault_server *server) {
    char path[128];
    struct kube_config *config = fault_server_config(server);
    folder_make(&plugin_folder);
    folder_write(&plugin_folder, "plugin",
                 "#!/bin/sh\nsleep 0.5\nprintf '%s' '{\"kind\":\"ExecCredential\",\"apiVersion\":"
                 "\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"from-plugin\"}}'\n",
                 path);
    assert_int_equal(chmod(path, 0700), 0);
    config->exec.command = arena_strdup(config->arena, path);
    config->exec.api_version = "client.authentication.k8s.io/v1";
    return config;
}

static void count_tick(void *cookie) {
    ++*(unsigned *)cookie;
}

static void a_plugin_holds_nothing_up(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = OBJECT}, {.body = OBJECT}};
    struct world world;
    struct waiter waiter = {0}, dropped = {0};
    unsigned ticks = 0;
    world_make(&world, script, 2, config_with_plugin, 0);
    int64_t begin_ms = event_loop_now_ms(world.loop);
    start(&world, &waiter, &read_call, 0);
    start(&world, &dropped, &read_call, 0);
    kube_async_cancel(dropped.call);
    event_loop_after(world.loop, 20, count_tick, &ticks);
    while (ticks == 0) {
        event_loop_turn(world.loop, -1);
    }
    assert_true(event_loop_now_ms(world.loop) - begin_ms < 400);
    assert_int_equal(waiter.answers, 0);
    turn_until(&world, &waiter, 1);
    expect_text("plugin", waiter.name, "eu-7");
    expect_contains("plugin", fault_server_request(world.server, 0), "Bearer from-plugin\r\n");
    assert_int_equal(dropped.answers, 0);
    world_clear(&world);
    folder_remove(&plugin_folder);
}

static void the_end_does_not_wait_for_calls_that_a_plugin_was_not_asked_for(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = OBJECT}};
    struct world world;
    struct waiter waiters[5] = {0};
    world_make(&world, script, 1, config_with_plugin, 0);
    for (size_t i = 0; i < 5; i++) {
        start(&world, &waiters[i], &read_call, 0);
    }
    kube_async_cancel(waiters[0].call);
    world_clear(&world);
    folder_remove(&plugin_folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_answered),
        cmocka_unit_test(a_delete_names_its_uid_and_goes_in_the_background),
        cmocka_unit_test(the_connection_is_kept),
        cmocka_unit_test(all_tries_end_at_the_deadline),
        cmocka_unit_test(calls_wait_for_their_turn),
        cmocka_unit_test(a_callback_may_cancel_another_call),
        cmocka_unit_test(what_is_under_way_is_dropped_at_the_end),
        cmocka_unit_test(a_plugin_holds_nothing_up),
        cmocka_unit_test(the_end_does_not_wait_for_calls_that_a_plugin_was_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
