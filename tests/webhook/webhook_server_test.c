#include "webhook/webhook_server.h"

#include "base/memory.h"
#include "tests/webhook/gate_fixture.h"
#include "tests/webhook/server_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct tls_reply ask(struct tls_client *client, const char *path, const char *body) {
    struct tls_reply reply;
    struct error error;
    if (!tls_client_post(client, path, body, strlen(body), &reply, &error)) {
        fail_msg("%s", error.message);
    }
    return reply;
}

static void send_text(struct tls_client *client, const char *text) {
    struct error error;
    if (!tls_client_send(client, text, strlen(text), &error)) {
        fail_msg("%s", error.message);
    }
}

static struct tls_reply receive(struct tls_client *client) {
    struct tls_reply reply;
    struct error error;
    if (!tls_client_receive(client, &reply, &error)) {
        fail_msg("%s", error.message);
    }
    return reply;
}

static void ask_traced(struct tls_client *client, const char *headers, struct tls_reply *ret_reply) {
    CLEANUP(free) char *body = gate_review("CREATE", NULL, false);
    char text[4096];
    snprintf(text, sizeof(text),
             "POST /validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s"
             "Content-Length: %zu\r\n\r\n%s",
             headers, strlen(body), body);
    send_text(client, text);
    *ret_reply = receive(client);
    assert_int_equal(ret_reply->status, 200);
}

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

// The answer is a span of the caller's trace; what is no trace is answered all the same.
static void echoes_the_trace(void **state) {
    (void)state;
    struct served served;
    struct tls_reply reply;
    served_start(&served, (struct webhook_server_options){0}, false);
    struct tls_client *client = served_connect(&served);
    ask_traced(client, "Traceparent: 00-" TRACE "-00f067aa0ba902b7-01\r\n", &reply);
    const char *answer = strstr(reply.head, "traceresponse: 00-" TRACE "-");
    assert_non_null(answer);
    assert_null(strstr(answer, "00f067aa0ba902b7"));
    static const char *const none[] = {
        "",
        "traceparent: 00-" TRACE "-0000000000000000-01\r\n",
        "traceparent: 00-" TRACE "-00f067aa0ba902b7-01\r\ntraceparent: 00-" TRACE "-00f067aa0ba902b7-01\r\n",
    };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        ask_traced(client, none[i], &reply);
        assert_null(strstr(reply.head, "traceresponse"));
    }
    tls_client_close(client);
    served_stop(&served);
}

static void answers_over_one_connection(void **state) {
    (void)state;
    static const char *const priorities[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                             "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, false);
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    CLEANUP(free) char *bad = gate_review("CREATE", "forbidden", false);
    for (size_t i = 0; i < 2; i++) {
        const struct tls_client_options options = {
            .port = served.port, .authority = served.files[SERVER_AUTHORITY], .priorities = priorities[i]};
        CLEANUP(tls_client_close) struct tls_client *client = NULL;
        struct error error;
        assert_true(tls_client_open(&options, &client, &error));
        gnutls_datum_t protocol;
        assert_int_equal(gnutls_alpn_get_selected_protocol(tls_client_session(client), &protocol), 0);
        assert_memory_equal(protocol.data, "http/1.1", 8);
        assert_non_null(strstr(gnutls_cipher_get_name(gnutls_cipher_get(tls_client_session(client))), "GCM"));
        for (int round = 0; round < 5; round++) {
            struct tls_reply reply = ask(client, "/validate?timeout=10s", good);
            assert_int_equal(reply.status, 200);
            assert_false(reply.close);
            assert_non_null(strstr(reply.body, "\"allowed\":true"));
            reply = ask(client, "/validate?timeout=10s", bad);
            assert_int_equal(reply.status, 200);
            assert_non_null(strstr(reply.body, "\"allowed\":false"));
            reply = ask(client, "/mutate", good);
            assert_non_null(strstr(reply.body, "\"patchType\":\"JSONPatch\""));
        }
    }
    served_stop(&served);
}

static void refuses_weak_tls(void **state) {
    (void)state;
    static const char *const priorities[] = {
        "NORMAL:-VERS-ALL:+VERS-TLS1.1",
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-256-CBC",
        "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA",
    };
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, false);
    for (size_t i = 0; i < sizeof(priorities) / sizeof(priorities[0]); i++) {
        const struct tls_client_options options = {.port = served.port, .priorities = priorities[i]};
        CLEANUP(tls_client_close) struct tls_client *client = NULL;
        struct error error;
        if (tls_client_open(&options, &client, &error)) {
            fail_msg("%s was accepted", priorities[i]);
        }
    }
    served_stop(&served);
}

static const struct {
    const char *name, *request;
    unsigned status;
    bool close;
    const char *message;
} heads[] = {
    {"other path",
     "POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 404,
     false, "no such path"},
    {"get", "GET /validate HTTP/1.1\r\nHost: a\r\n\r\n", 405, false, "only POST"},
    {"yaml",
     "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/yaml\r\nContent-Length: 2\r\n\r\n{}",
     415, false, "want application/json"},
    {"no body", "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n", 400, false,
     "not good JSON"},
    {"empty object",
     "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
     400, false, "apiVersion: missing"},
    {"chunked",
     "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: "
     "chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
     400, false, "apiVersion: missing"},
    {"two lengths",
     "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
     "2\r\nContent-Length: "
     "2\r\n\r\n{}",
     400, true, "more than one Content-Length"},
    {"length and chunked",
     "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
     "2\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400, true, "both Content-Length"},
    {"too long by its own word",
     "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
     "8388609\r\n\r\n",
     413, true, "larger than 8388608"},
};

static void refuses_requests_that_are_none(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, false);
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        CLEANUP(tls_client_close) struct tls_client *client = served_connect(&served);
        send_text(client, heads[i].request);
        struct tls_reply reply = receive(client);
        if (reply.status != heads[i].status || reply.close != heads[i].close ||
            !strstr(reply.body, heads[i].message) || !strstr(reply.head, "application/json")) {
            fail_msg("%s: got %u close %d %s", heads[i].name, reply.status, reply.close, reply.body);
        }
        struct error error;
        if (reply.close) {
            assert_false(tls_client_receive(client, &reply, &error));
        } else if (ask(client, "/validate", good).status != 200) {
            fail_msg("%s: the connection is of no use any more", heads[i].name);
        }
    }
    served_stop(&served);
}

// Sends a chunked body of so many MiB of blanks; false when the server ended the connection before the end.
static bool send_chunks(struct tls_client *client, size_t mebibytes) {
    struct error error;
    static char chunk[65536 + 16];
    memset(chunk, ' ', sizeof(chunk));
    memcpy(chunk, "10000\r\n", 7);
    memcpy(chunk + 7 + 65536, "\r\n", 2);
    send_text(client, "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < mebibytes * 16; i++) {
        if (!tls_client_send(client, chunk, 65536 + 9, &error)) {
            return false;
        }
    }
    return tls_client_send(client, "0\r\n\r\n", 5, &error);
}

static void caps_a_body_without_length(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, false);
    CLEANUP(tls_client_close) struct tls_client *client = served_connect(&served);
    assert_true(send_chunks(client, 8));
    struct tls_reply reply = receive(client);
    assert_int_equal(reply.status, 400); // 8 MiB of blanks are no JSON
    assert_true(send_chunks(client, 9));
    reply = receive(client);
    assert_int_equal(reply.status, 413);
    assert_non_null(strstr(reply.body, "larger than"));
    // For ever is not read.
    struct error error;
    bool sent = send_chunks(client, 40);
    assert_false(sent && tls_client_receive(client, &reply, &error) && reply.status == 200);
    served_stop(&served);
}

static void caps_what_is_received_at_once(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){.most_body_bytes = 256 * 1024}, false);
    CLEANUP(tls_client_close) struct tls_client *large = served_connect(&served);
    CLEANUP(tls_client_close) struct tls_client *small = served_connect(&served);
    CLEANUP(free) char *body = memory_alloc(400 * 1024);
    memset(body, ' ', 400 * 1024);
    struct tls_reply reply;
    struct error error;
    assert_true(tls_client_post(large, "/validate", body, 400 * 1024, &reply, &error));
    assert_int_equal(reply.status, 503);
    assert_non_null(strstr(reply.head, "Retry-After: 1"));
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    assert_int_equal(ask(small, "/validate", good).status, 200);
    assert_int_equal(ask(large, "/validate", good).status, 200);
    served_stop(&served);
}

static void a_slow_sender_is_cut_off_and_holds_nobody_up(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){.threads = 1, .receive_seconds = 1}, false);
    CLEANUP(tls_client_close) struct tls_client *slow = served_connect(&served);
    CLEANUP(tls_client_close) struct tls_client *quick = served_connect(&served);
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    send_text(slow, "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    "Content-Length: 1000\r\n\r\n");
    struct error error;
    bool cut = false;
    time_t start = time(NULL);
    while (!cut && time(NULL) - start < 8) {
        cut = !tls_client_send(slow, " ", 1, &error);
        assert_int_equal(ask(quick, "/validate", good).status, 200);
        usleep(100000);
    }
    assert_true(cut);
    served_stop(&served);
}

static const struct {
    const char *name;
    int certificate;         // of enum served_file; -1: none
    const char *client_name; // NULL: any
    unsigned status;
    const char *message;
} clients[] = {
    {"none", -1, NULL, 403, "a client certificate is required"},
    {"right", CLIENT_CERTIFICATE, NULL, 200, "allowed"},
    {"right, by name", CLIENT_CERTIFICATE, "kube-apiserver", 200, "allowed"},
    {"right, by DNS name", NAMED_CERTIFICATE, "apiserver.example.org", 200, "allowed"},
    {"another name", NAMED_CERTIFICATE, "kube-apiserver", 403, "\\\"somebody\\\" is not among --client-name"},
    {"expired", EXPIRED_CERTIFICATE, NULL, 403, "it has expired"},
    {"of another authority", STRANGE_CERTIFICATE, "kube-apiserver", 403,
     "no authority in the --client-ca bundle"},
    {"for servers, of another authority", SERVER_CERTIFICATE, NULL, 403,
     "no authority in the --client-ca bundle"},
};

static void wants_a_good_client_certificate(void **state) {
    (void)state;
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
        struct served served;
        served_start(&served,
                     (struct webhook_server_options){.client_names = &clients[i].client_name,
                                                     .client_name_count = clients[i].client_name != NULL},
                     true);
        CLEANUP(tls_client_close)
        struct tls_client *client =
            clients[i].certificate < 0 ? served_connect(&served)
                                       : served_connect_as(&served, (enum served_file)clients[i].certificate);
        for (int round = 0; round < 2; round++) {
            struct tls_reply reply = ask(client, "/validate", good);
            if (reply.status != clients[i].status || !strstr(reply.body, clients[i].message)) {
                fail_msg("%s: got %u %s", clients[i].name, reply.status, reply.body);
            }
        }
        served_stop(&served);
    }
}

// A certificate for servers is none for clients, even from the right authority.
static void wants_the_purpose(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, false);
    webhook_server_swap_credentials(served.server, served_credentials(&served, SERVER_AUTHORITY));
    CLEANUP(tls_client_close) struct tls_client *client = served_connect_as(&served, SERVER_CERTIFICATE);
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    struct tls_reply reply = ask(client, "/validate", good);
    assert_int_equal(reply.status, 403);
    assert_non_null(strstr(reply.body, "not for client authentication"));
    served_stop(&served);
}

static void a_new_bundle_judges_open_connections(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, true);
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    CLEANUP(tls_client_close) struct tls_client *client = served_connect_as(&served, CLIENT_CERTIFICATE);
    CLEANUP(tls_client_close) struct tls_client *strange = served_connect_as(&served, STRANGE_CERTIFICATE);
    assert_int_equal(ask(client, "/validate", good).status, 200);
    assert_int_equal(ask(strange, "/validate", good).status, 403);
    webhook_server_swap_credentials(served.server, served_credentials(&served, STRANGE_AUTHORITY));
    assert_int_equal(ask(client, "/validate", good).status, 403);
    assert_int_equal(ask(strange, "/validate", good).status, 200);
    served_stop(&served);
}

static void drains(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, false);
    CLEANUP(tls_client_close) struct tls_client *idle = served_connect(&served);
    CLEANUP(tls_client_close) struct tls_client *busy = served_connect(&served);
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    assert_false(ask(idle, "/validate", good).close);
    char head[256];
    snprintf(
        head, sizeof(head),
        "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
        strlen(good));
    send_text(busy, head);
    usleep(50000);
    webhook_server_say_goodbye(served.server);
    struct tls_reply reply = ask(idle, "/validate", good);
    assert_int_equal(reply.status, 200);
    assert_true(reply.close);
    assert_false(webhook_server_drain(served.server, 200000000)); // the busy one's body is still to come
    struct error error;
    struct tls_client *late = NULL;
    assert_false(tls_client_open(&(struct tls_client_options){.port = served.port}, &late, &error));
    send_text(busy, good);
    reply = receive(busy);
    assert_int_equal(reply.status, 200);
    assert_true(reply.close);
    assert_true(webhook_server_drain(served.server, 5000000000));
    served_stop(&served);
}

struct load {
    const struct served *served;
    _Atomic(bool) stop;
    _Atomic(unsigned) answers, failures;
};

static void *keep_asking(void *data) {
    struct load *load = data;
    CLEANUP(free) char *good = gate_review("CREATE", NULL, false);
    const struct tls_client_options options = {.port = load->served->port};
    while (!atomic_load(&load->stop)) {
        CLEANUP(tls_client_close) struct tls_client *client = NULL;
        struct error error;
        struct tls_reply reply;
        if (!tls_client_open(&options, &client, &error)) {
            atomic_fetch_add(&load->failures, 1);
            continue;
        }
        for (int i = 0; i < 20; i++) {
            if (!tls_client_post(client, "/validate", good, strlen(good), &reply, &error) ||
                reply.status != 200) {
                atomic_fetch_add(&load->failures, 1);
                break;
            }
            atomic_fetch_add(&load->answers, 1);
        }
    }
    return NULL;
}

static void reloads_under_load_lose_nothing(void **state) {
    (void)state;
    struct served served;
    served_start(&served, (struct webhook_server_options){0}, false);
    struct load load = {.served = &served};
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_asking, &load), 0);
    }
    for (int round = 0; round < 40; round++) {
        webhook_server_swap_credentials(served.server, served_credentials(&served, -1));
        webhook_swap_policies(served.webhook, gate_policies(2));
        usleep(20000);
    }
    atomic_store(&load.stop, true);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(atomic_load(&load.failures), 0);
    assert_in_range(atomic_load(&load.answers), 50, UINT32_MAX);
    served_stop(&served);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_over_one_connection),
        cmocka_unit_test(echoes_the_trace),
        cmocka_unit_test(refuses_weak_tls),
        cmocka_unit_test(refuses_requests_that_are_none),
        cmocka_unit_test(caps_a_body_without_length),
        cmocka_unit_test(caps_what_is_received_at_once),
        cmocka_unit_test(a_slow_sender_is_cut_off_and_holds_nobody_up),
        cmocka_unit_test(wants_a_good_client_certificate),
        cmocka_unit_test(wants_the_purpose),
        cmocka_unit_test(a_new_bundle_judges_open_connections),
        cmocka_unit_test(drains),
        cmocka_unit_test(reloads_under_load_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
