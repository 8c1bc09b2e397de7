#include "kube/kube_lease.h"

#include "base/clock.h"

#include "tests/kube/fault_server.h"
#include "tests/support/expect.h"

#define SECOND_NS UINT64_C(1000000000)
#define LEASE(holder, version)                                                                               \
    "{\"metadata\":{\"resourceVersion\":\"" version "\"},\"spec\":{\"holderIdentity\":\"" holder             \
    "\",\"leaseDurationSeconds\":15,\"leaseTransitions\":3,\"acquireTime\":\"2026-01-01T00:00:00.000000Z\"}" \
    "}"

struct step {
    unsigned at_s; // since the start
    bool leads;
    const char *holder;
    enum error_kind problem;
};

static const struct {
    const char *name;
    struct fault_answer script[6];
    struct step steps[3];
    const char *lines[6]; // how each request begins, as sent
    const char *last_has; // what the last of them holds
} cases[] = {
    {"there is none",
     {{.status = 404}, {.body = LEASE("me", "1")}, {.body = LEASE("me", "2")}},
     {{0, true, "me", ERROR_NONE}, {2, true, "me", ERROR_NONE}},
     {"GET ", "POST ", "PUT "},
     "\"resourceVersion\":\"1\""},
    {"another replica creates it first",
     {{.status = 404}, {.status = 409}, {.body = LEASE("other", "1")}},
     {{0, false, "other", ERROR_CONFLICT}},
     {"GET ", "POST ", "GET "},
     NULL},
    {"a leader that is silent is replaced",
     {{.body = LEASE("other", "5")},
      {.body = LEASE("other", "5")},
      {.body = LEASE("other", "5")},
      {.body = LEASE("me", "6")}},
     {{0, false, "other", ERROR_NONE}, {14, false, "other", ERROR_NONE}, {20, true, "me", ERROR_NONE}},
     {"GET ", "GET ", "GET ", "PUT "},
     "\"leaseTransitions\":4"},
    {"a leader that renews is not",
     {{.body = LEASE("other", "5")}, {.body = LEASE("other", "6")}, {.body = LEASE("other", "6")}},
     {{0, false, "other", ERROR_NONE}, {16, false, "other", ERROR_NONE}, {29, false, "other", ERROR_NONE}},
     {"GET ", "GET ", "GET "},
     NULL},
    {"a released one is taken at once",
     {{.body = LEASE("", "5")}, {.body = LEASE("me", "6")}},
     {{0, true, "me", ERROR_NONE}},
     {"GET ", "PUT "},
     "\"leaseTransitions\":4"},
    {"ours from before a restart is taken at once",
     {{.body = LEASE("me", "5")}, {.body = LEASE("me", "6")}},
     {{0, true, "me", ERROR_NONE}},
     {"GET ", "PUT "},
     "\"acquireTime\":\"2026-01-01T00:00:00.000000Z\""},
    {"a leader that lost it steps down at once",
     {{.body = LEASE("", "5")}, {.body = LEASE("me", "6")}, {.status = 409}, {.body = LEASE("other", "7")}},
     {{0, true, "me", ERROR_NONE}, {2, false, "other", ERROR_CONFLICT}},
     {"GET ", "PUT ", "PUT ", "GET "},
     NULL},
    {"a leader whose own write came through unseen stays",
     {{.body = LEASE("", "5")},
      {.body = LEASE("me", "6")},
      {.status = 409},
      {.body = LEASE("me", "7")},
      {.body = LEASE("me", "8")}},
     {{0, true, "me", ERROR_NONE}, {2, true, "me", ERROR_CONFLICT}, {4, true, "me", ERROR_NONE}},
     {"GET ", "PUT ", "PUT ", "GET ", "PUT "},
     "\"resourceVersion\":\"7\""},
    {"a leader that can't renew steps down in time",
     {{.body = LEASE("", "5")}, {.body = LEASE("me", "6")}, {.status = 403}, {.status = 403}},
     {{0, true, "me", ERROR_NONE}, {2, true, "me", ERROR_DENIED}, {11, false, "me", ERROR_DENIED}},
     {"GET ", "PUT ", "PUT ", "GET "},
     NULL},
};

static struct kube_lease *lease_of(struct kube_client *client) {
    const struct kube_lease_options options = {
        .client = client, .namespace = "fleetgate-system", .name = "fleetgate", .identity = "me"};
    return kube_lease_new(&options);
}

// The clock is moved on instead of waiting.
static void one_replica_leads(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = cases[i].name;
        CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(cases[i].script, 6, NULL);
        CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
        CLEANUP(kube_lease_free) struct kube_lease *lease = lease_of(client);
        uint64_t start_ns = clock_now_ns();
        for (size_t step = 0; step < 3 && cases[i].steps[step].holder; step++) {
            const struct step *expected = &cases[i].steps[step];
            uint64_t at_ns = start_ns + expected->at_s * SECOND_NS;
            // A deadline that lies before the real time would end the requests that the case is about.
            at_ns = at_ns < clock_now_ns() ? clock_now_ns() : at_ns;
            struct kube_lease_state seen = kube_lease_step(lease, at_ns);
            expect_integer(name, seen.problem.kind, expected->problem);
            expect_integer(name, seen.is_leader, expected->leads);
            expect_text(name, seen.holder, expected->holder);
            expect_true(name, seen.next_step_ns == at_ns + 2 * SECOND_NS, "two seconds to the next step");
        }
        size_t sent = 0;
        for (; sent < 6 && cases[i].lines[sent]; sent++) {
            const char *request = fault_server_request(server, sent);
            expect_integer(name, strncmp(request, cases[i].lines[sent], strlen(cases[i].lines[sent])), 0);
        }
        expect_integer(name, (int64_t)fault_server_requests(server), (int64_t)sent);
        if (cases[i].last_has) {
            expect_contains(name, fault_server_request(server, sent - 1), cases[i].last_has);
        }
    }
}

static void a_leader_gives_its_lease_up(void **state) {
    (void)state;
    static const struct fault_answer script[] = {
        {.body = LEASE("", "5")}, {.body = LEASE("me", "6")}, {.body = LEASE("", "7")}};
    CLEANUP(fault_server_stop) struct fault_server *server = fault_server_start(script, 3, NULL);
    CLEANUP(kube_client_free) struct kube_client *client = fault_server_client(server, NULL);
    CLEANUP(kube_lease_free) struct kube_lease *lease = lease_of(client);
    struct error error = {0};
    assert_true(kube_lease_release(lease, &error)); // not the leader: nothing to do
    assert_int_equal(fault_server_requests(server), 0);
    assert_true(kube_lease_step(lease, clock_now_ns()).is_leader);
    assert_true(kube_lease_release(lease, &error));
    expect_contains("nobody", fault_server_request(server, 2), "\"holderIdentity\":\"\"");
    expect_contains("compare and swap", fault_server_request(server, 2), "\"resourceVersion\":\"6\"");
    assert_true(kube_lease_release(lease, &error));
    assert_int_equal(fault_server_requests(server), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_replica_leads),
        cmocka_unit_test(a_leader_gives_its_lease_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
