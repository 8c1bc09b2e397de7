#include "kube/kube_event.h"

#include "base/clock.h"

#include "tests/kube/fault_server.h"
#include "tests/support/expect.h"

#define SECOND_NS UINT64_C(1000000000)
#define PATH "/api/v1/namespaces/prod/events"

static const struct kube_event denied = {.api_version = "cluster.x-k8s.io/v1beta1",
                                         .kind = "Cluster",
                                         .namespace = "prod",
                                         .name = "eu-7",
                                         .uid = "u-1",
                                         .reason = "Denied",
                                         .message = "region \"x\" is not allowed",
                                         .warning = true};

static struct kube_events *events_of(struct kube_client *client) {
    const struct kube_event_options options = {
        .client = client, .component = "fleetgate", .instance = "fleetgate-0"};
    return kube_events_new(&options);
}

static void expect_request(const char *name, struct fault_server *server, size_t index, const char *line,
                           const char *words) {
    const char *request = fault_server_request(server, index);
    if (strncmp(request, line, strlen(line)) != 0) {
        fail_msg("%s: %.100s does not begin with %s", name, request, line);
    }
    expect_contains(name, request, words);
}

static void repeats_are_counted(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.status = 201}, {.status = 200}, {.status = 201},
                                                 {.status = 404}, {.status = 201}, {.status = 201}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 6, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    CLEANUP(kube_events_free) struct kube_events *events = events_of(client);
    struct kube_event other = denied;
    struct error error = {0};
    uint64_t start = clock_now_ns();
    other.message = "another";
    assert_true(kube_events_write(events, &denied, start, &error));
    expect_request("first", server, 0, "POST " PATH " ", "\"count\":1}");
    expect_contains("object", fault_server_request(server, 0),
                    "\"involvedObject\":{\"apiVersion\":\"cluster.x-k8s.io/v1beta1\",\"kind\":\"Cluster\","
                    "\"namespace\":\"prod\",\"name\":\"eu-7\",\"uid\":\"u-1\"}");
    expect_contains(
        "words", fault_server_request(server, 0),
        "\"message\":\"region \\\"x\\\" is not allowed\",\"reason\":\"Denied\",\"type\":\"Warning\"");
    assert_true(kube_events_write(events, &denied, start + 599 * SECOND_NS, &error));
    expect_request("repeat", server, 1, "PATCH " PATH "/eu-7.", "\"count\":2}");
    assert_true(kube_events_write(events, &other, start + 599 * SECOND_NS, &error));
    expect_request("another message", server, 2, "POST " PATH " ", "\"count\":1}");
    assert_true(kube_events_write(events, &denied, start + 600 * SECOND_NS, &error));
    expect_request("it was deleted", server, 3, "PATCH " PATH "/eu-7.", "\"count\":3}");
    expect_request("and is written anew", server, 4, "POST " PATH " ", "\"count\":3}");
    assert_true(kube_events_write(events, &denied, start + 1300 * SECOND_NS, &error));
    expect_request("long after", server, 5, "POST " PATH " ", "\"count\":1}");
}

static void events_of_cluster_scoped_objects_are_in_default(void **state) {
    (void)state;
    static const struct fault_answer script[] = {{.status = 201}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 1, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    CLEANUP(kube_events_free) struct kube_events *events = events_of(client);
    char message[3000];
    struct kube_event event = denied;
    struct error error = {0};
    memset(message, 'm', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    event.namespace = NULL;
    event.name = "system:Odd-";
    event.message = message;
    assert_true(kube_events_write(events, &event, clock_now_ns(), &error));
    expect_request("default", server, 0, "POST /api/v1/namespaces/default/events ", "\"name\":\"systemxxdd.");
    message[1024] = '\0';
    expect_contains("cut", fault_server_request(server, 0), message);
    message[1024] = 'm';
    message[1025] = '\0';
    assert_null(strstr(fault_server_request(server, 0), message));
}

static void a_flood_is_cut_and_counted(void **state) {
    (void)state;
    static const struct fault_answer script[40] = {{.status = 200}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 40, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    CLEANUP(kube_events_free) struct kube_events *events = events_of(client);
    struct error error = {0};
    uint64_t start =
        clock_now_ns() + 60 * SECOND_NS; // a clock that stands still, and deadlines that don't pass
    for (int i = 0; i < 25; i++) {
        if (!kube_events_write(events, &denied, start, &error)) {
            fail_msg("%d: %s", i, error.message);
        }
    }
    for (int i = 0; i < 5; i++) {
        assert_false(kube_events_write(events, &denied, start, &error));
        expect_error("too many", &error, ERROR_LIMIT,
                     "too many events at once; Denied is counted for the next one");
    }
    assert_int_equal(fault_server_requests(server), 25);
    assert_true(kube_events_write(events, &denied, start + SECOND_NS, &error));
    expect_request("all are counted", server, 25, "PATCH ", "\"count\":31}");
    assert_false(kube_events_write(events, &denied, start + SECOND_NS, &error));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeats_are_counted),
        cmocka_unit_test(events_of_cluster_scoped_objects_are_in_default),
        cmocka_unit_test(a_flood_is_cut_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
