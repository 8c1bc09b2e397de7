#include "reconciler/kube_store.h"

#include "tests/kube/fault_server.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <string.h>

#define CLUSTER                                                                                              \
    "{\"apiVersion\":\"cluster.x-k8s.io/v1beta2\",\"kind\":\"Cluster\",\"metadata\":{\"name\":\"eu-7\"}}"
#define PATH "/apis/cluster.x-k8s.io/v1beta2/namespaces/prod/clusters"
#define STATUS(reason, message) "{\"kind\":\"Status\",\"reason\":\"" reason "\",\"message\":\"" message "\"}"
enum { PATIENCE_MS = 20000 };

static const struct kube_resource clusters = {"cluster.x-k8s.io", "v1beta2", "clusters", "Cluster", true};
static const struct object_key cluster = {"cluster.x-k8s.io", "Cluster", "prod", "eu-7"};
static const struct object_key secret = {"", "Secret", "prod", "eu-7-kubeconfig"};
static const struct object_key unknown = {"cluster.x-k8s.io", "Machine", "prod", "m-1"};

static const struct kube_resource *resource_of(void *cookie, const struct object_key *key) {
    (void)cookie;
    return strcmp(key->kind, "Cluster") == 0 ? &clusters : NULL;
}

struct world {
    unsigned events; // that were told to us
    struct event_loop *loop;
    struct fault_server *server;
    struct kube_client *client;
    struct kube_store *store;
    struct object_store objects;
};

static void note_event(void *cookie, const struct object_key *key, bool warning, const char *reason,
                       const char *message) {
    (void)key, (void)warning, (void)reason, (void)message;
    struct world *world = cookie;
    world->events++;
}

static void world_make(struct world *world, const struct fault_answer *script, size_t count,
                       int64_t timeout_ms) {
    struct error error = {0};
    world->events = 0;
    world->loop = event_loop_new();
    world->server = fault_server_start(script, count, NULL);
    world->client = fault_server_client(world->server, NULL);
    const struct kube_store_options options = {.loop = world->loop,
                                               .client = world->client,
                                               .resource = resource_of,
                                               .event = note_event,
                                               .cookie = world,
                                               .component = "fleetgate",
                                               .instance = "fleetgate-0",
                                               .timeout_ms = timeout_ms};
    assert_true(kube_store_new(&options, &world->store, &error));
    world->objects = kube_store_get(world->store);
}

static void world_clear(struct world *world) {
    kube_store_free(world->store);
    kube_client_free(world->client);
    event_loop_free(world->loop);
    fault_server_stop(world->server);
}

struct waiter {
    unsigned answers;
    struct error error;
    bool has_object;
};

static void take(void *cookie, const struct store_answer *answer) {
    struct waiter *waiter = cookie;
    waiter->answers++;
    waiter->error = answer->error;
    waiter->has_object = answer->object != NULL;
}

static void turn_until_answered(struct world *world, const char *name, const struct waiter *waiter) {
    int64_t until_ms = event_loop_now_ms(world->loop) + PATIENCE_MS;
    expect_integer(name, waiter->answers, 0); // never inside the call
    while (waiter->answers == 0 && event_loop_now_ms(world->loop) < until_ms) {
        event_loop_turn(world->loop, 100);
    }
    expect_integer(name, waiter->answers, 1);
}

static void turn_until_asked(struct world *world, size_t requests) {
    int64_t until_ms = event_loop_now_ms(world->loop) + PATIENCE_MS;
    while (fault_server_requests(world->server) < requests && event_loop_now_ms(world->loop) < until_ms) {
        event_loop_turn(world->loop, 20);
    }
    assert_int_equal(fault_server_requests(world->server), requests);
}

enum call { READ, CREATE, REPLACE, PATCH, PATCH_STATUS, PATCH_SECRET, REMOVE, REMOVE_ANY, READ_UNKNOWN };

static void send_call(const struct world *world, enum call call, store_done *done, void *waiter) {
    const struct object_store_methods *methods = world->objects.methods;
    void *cookie = world->objects.cookie;
    switch (call) {
    case READ:
        methods->read(cookie, &cluster, done, waiter);
        break;
    case CREATE:
        methods->create(cookie, &cluster, CLUSTER, done, waiter);
        break;
    case REPLACE:
        methods->replace(cookie, &cluster, "{\"metadata\":{\"resourceVersion\":\"7\"}}", done, waiter);
        break;
    case PATCH:
        methods->patch(cookie, &cluster, NULL, "{\"spec\":{\"paused\":null}}", done, waiter);
        break;
    case PATCH_STATUS:
        methods->patch(cookie, &cluster, "status", "{\"status\":{\"phase\":\"Ready\"}}", done, waiter);
        break;
    case PATCH_SECRET:
        methods->patch(cookie, &secret, NULL, "{\"metadata\":{\"resourceVersion\":\"7\"}}", done, waiter);
        break;
    case REMOVE:
        methods->remove(cookie, &cluster, "u-1", done, waiter);
        break;
    case REMOVE_ANY:
        methods->remove(cookie, &cluster, NULL, done, waiter);
        break;
    case READ_UNKNOWN:
        methods->read(cookie, &unknown, done, waiter);
        break;
    }
}

// The first answer; a second request is answered with the cluster.
static const struct {
    const char *name;
    enum call call;
    struct fault_answer first;
    unsigned requests;
    enum error_kind kind;
    const char *line, *words; // of the first request
} cases[] = {
    {"read", READ, {.body = CLUSTER}, 1, ERROR_NONE, "GET " PATH "/eu-7 ", ""},
    {"read: not there", READ, {.status = 404}, 1, ERROR_NOT_FOUND, "GET " PATH "/eu-7 ", ""},
    {"read: not served", READ_UNKNOWN, {.body = CLUSTER}, 0, ERROR_INVALID, NULL, NULL},
    {"create", CREATE, {.status = 201, .body = CLUSTER}, 1, ERROR_NONE, "POST " PATH " ", CLUSTER},
    {"create: there already",
     CREATE,
     {.status = 409, .body = STATUS("AlreadyExists", "x")},
     1,
     ERROR_CONFLICT,
     "POST ",
     ""},
    {"create: the answer is lost, and a second try is sent",
     CREATE,
     {.fault = FAULT_CLOSE},
     2,
     ERROR_NONE,
     "POST ",
     ""},
    {"replace", REPLACE, {.body = CLUSTER}, 1, ERROR_NONE, "PUT " PATH "/eu-7 ", "\"resourceVersion\":\"7\""},
    {"replace: somebody was first", REPLACE, {.status = 409}, 1, ERROR_CONFLICT, "PUT ", ""},
    {"patch",
     PATCH,
     {.body = CLUSTER},
     1,
     ERROR_NONE,
     "PATCH " PATH "/eu-7 ",
     "\r\nContent-Type: application/merge-patch+json\r\n"},
    {"patch: the answer is lost", PATCH, {.fault = FAULT_CLOSE}, 1, ERROR_IO, "PATCH ", ""},
    {"patch: refused", PATCH, {.status = 403}, 1, ERROR_DENIED, "PATCH ", ""},
    {"patch: wrong", PATCH, {.status = 422}, 1, ERROR_INVALID, "PATCH ", ""},
    {"patch of the status",
     PATCH_STATUS,
     {.body = CLUSTER},
     1,
     ERROR_NONE,
     "PATCH " PATH "/eu-7/status ",
     "{\"status\":{\"phase\":\"Ready\"}}"},
    {"patch of a secret that names its version is sent again",
     PATCH_SECRET,
     {.status = 500},
     2,
     ERROR_NONE,
     "PATCH /api/v1/namespaces/prod/secrets/eu-7-kubeconfig ",
     ""},
    {"remove",
     REMOVE,
     {.body = CLUSTER},
     1,
     ERROR_NONE,
     "DELETE " PATH "/eu-7 ",
     "\"preconditions\":{\"uid\":\"u-1\"},\"propagationPolicy\":\"Background\"}"},
    {"remove: another one is there", REMOVE, {.status = 409}, 1, ERROR_CONFLICT, "DELETE ", ""},
    {"remove whatever is there",
     REMOVE_ANY,
     {.body = CLUSTER},
     1,
     ERROR_NONE,
     "DELETE ",
     "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":\"Background\"}"},
    {"the server has too much to do", READ, {.status = 413}, 1, ERROR_LIMIT, "GET ", ""},
};

static void calls_say_what_the_api_server_expects(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fault_answer script[] = {cases[i].first, {.body = CLUSTER}};
        struct world world;
        struct waiter waiter = {0};
        world_make(&world, script, 2, 0);
        send_call(&world, cases[i].call, take, &waiter);
        turn_until_answered(&world, cases[i].name, &waiter);
        expect_text(cases[i].name, error_kind_name(waiter.error.kind), error_kind_name(cases[i].kind));
        expect_integer(cases[i].name, (int64_t)fault_server_requests(world.server), cases[i].requests);
        bool removes = cases[i].call == REMOVE || cases[i].call == REMOVE_ANY;
        expect_integer(cases[i].name, waiter.has_object, cases[i].kind == ERROR_NONE && !removes);
        if (cases[i].line) {
            const char *request = fault_server_request(world.server, 0);
            expect_integer(cases[i].name, strncmp(request, cases[i].line, strlen(cases[i].line)), 0);
            expect_contains(cases[i].name, request, cases[i].words);
        }
        world_clear(&world);
    }
}

static void a_second_create_tells_that_it_is_there(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.fault = FAULT_CLOSE}, {.status = 409}};
    struct world world;
    struct waiter waiter = {0};
    world_make(&world, script, 2, 0);
    send_call(&world, CREATE, take, &waiter);
    turn_until_answered(&world, "create", &waiter);
    assert_int_equal(waiter.error.kind, ERROR_CONFLICT);
    world_clear(&world);
}

// Unreachable is not refused: nobody knows what was carried out.
static void a_server_that_says_nothing_gave_no_answer(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.fault = FAULT_HANG}};
    struct world world;
    struct waiter waiter = {0};
    world_make(&world, script, 1, 300);
    send_call(&world, PATCH, take, &waiter);
    turn_until_answered(&world, "hangs", &waiter);
    assert_int_equal(waiter.error.kind, ERROR_IO);
    assert_false(waiter.has_object);
    world_clear(&world);
}

static void who_is_forgotten_hears_nothing(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.body = CLUSTER}, {.body = CLUSTER}, {.body = CLUSTER}};
    struct world world;
    struct waiter gone = {0}, stays = {0};
    world_make(&world, script, 3, 0);
    send_call(&world, READ, take, &gone);
    send_call(&world, READ_UNKNOWN, take, &gone);
    send_call(&world, PATCH, take, &gone);
    send_call(&world, READ, take, &stays);
    world.objects.methods->forget(world.objects.cookie, &gone);
    turn_until_answered(&world, "stays", &stays);
    turn_until_asked(&world, 2); // the read that nobody waits for is not sent; the patch is
    for (int i = 0; i < 10; i++) {
        event_loop_turn(world.loop, 10);
    }
    assert_int_equal(gone.answers, 0);
    world_clear(&world);
}

static void the_end_drops_what_is_under_way(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.fault = FAULT_HANG}, {.fault = FAULT_HANG}};
    struct world world;
    struct waiter waiter = {0};
    world_make(&world, script, 2, 0);
    send_call(&world, READ, take, &waiter);
    send_call(&world, PATCH, NULL, NULL);
    send_call(&world, READ_UNKNOWN, take, &waiter);
    turn_until_asked(&world, 2);
    send_call(&world, READ, take, &waiter);
    world.objects.methods->event(world.objects.cookie, &cluster, NULL, false, "Fine", "all is well");
    world_clear(&world);
    assert_int_equal(waiter.answers, 1); // that it is not served
}

static void events_are_told_beside_the_object(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.status = 201}, {.status = 200}, {.status = 201}};
    struct world world;
    world_make(&world, script, 3, 0);
    const struct object_store_methods *methods = world.objects.methods;
    methods->event(world.objects.cookie, &cluster, "u-1", true, "PolicyDenied", "region is not allowed");
    turn_until_asked(&world, 1);
    const char *first = fault_server_request(world.server, 0);
    expect_contains("event", first, "POST /api/v1/namespaces/prod/events ");
    expect_contains("event", first,
                    "\"involvedObject\":{\"apiVersion\":\"cluster.x-k8s.io/v1beta2\",\"kind\":\"Cluster\","
                    "\"namespace\":\"prod\",\"name\":\"eu-7\",\"uid\":\"u-1\"}");
    expect_contains("event", first, "\"reason\":\"PolicyDenied\",\"type\":\"Warning\"");
    expect_contains("event", first, "\"reportingInstance\":\"fleetgate-0\"");
    for (int i = 0; i < 20; i++) { // until its answer has come
        event_loop_turn(world.loop, 10);
    }
    methods->event(world.objects.cookie, &cluster, "u-1", true, "PolicyDenied", "region is not allowed");
    turn_until_asked(&world, 2);
    expect_contains("repeat", fault_server_request(world.server, 1),
                    "PATCH /api/v1/namespaces/prod/events/eu-7.");
    expect_contains("repeat", fault_server_request(world.server, 1), "\"count\":2}");
    methods->event(world.objects.cookie, &unknown, NULL, false, "Lost", "its kind is not served");
    methods->event(world.objects.cookie, &secret, NULL, false, "Written", "kubeconfig");
    turn_until_asked(&world, 3);
    expect_contains("secret", fault_server_request(world.server, 2), "\"kind\":\"Secret\"");
    world_clear(&world);
}

static void a_flood_of_events_is_cut(void **state) {
    (void)state;
    static const struct fault_answer script[60] = {{.status = 201}};
    struct world world;
    world_make(&world, script, 60, 0);
    for (int i = 0; i < 60; i++) {
        char message[32];
        (void)snprintf(message, sizeof(message), "number %d", i);
        world.objects.methods->event(world.objects.cookie, &cluster, NULL, false, "Many", message);
    }
    turn_until_asked(&world, 25);
    for (int i = 0; i < 20; i++) {
        event_loop_turn(world.loop, 10);
    }
    assert_int_equal(fault_server_requests(world.server), 25);
    assert_int_equal(world.events, 60);
    world_clear(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_say_what_the_api_server_expects),
        cmocka_unit_test(a_second_create_tells_that_it_is_there),
        cmocka_unit_test(a_server_that_says_nothing_gave_no_answer),
        cmocka_unit_test(who_is_forgotten_hears_nothing),
        cmocka_unit_test(the_end_drops_what_is_under_way),
        cmocka_unit_test(events_are_told_beside_the_object),
        cmocka_unit_test(a_flood_of_events_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
