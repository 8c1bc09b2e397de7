// Transfers on the event loop, against a server on loopback.
#include "loop/event_loop.h"
#include "loop/http_transfer.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    int socket;
    unsigned port;
    pthread_t thread;
    atomic_uint connections;
};

// "/hang" is never answered.
static void *serve_connection(void *data) {
    int connection = (int)(intptr_t)data;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    char request[2048];
    size_t length = 0;
    for (ssize_t got; (got = recv(connection, request + length, sizeof(request) - 1 - length, 0)) > 0;) {
        length += (size_t)got;
        request[length] = '\0';
        if (!strstr(request, "\r\n\r\n")) {
            continue;
        }
        if (!strstr(request, "/hang") && send(connection, answer, sizeof(answer) - 1, MSG_NOSIGNAL) < 0) {
            break;
        }
        length = 0;
    }
    close(connection);
    return NULL;
}

static void *serve(void *data) {
    struct server *server = data;
    for (int connection; (connection = accept(server->socket, NULL, NULL)) >= 0;) {
        pthread_t thread;
        server->connections++;
        assert_int_equal(pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)connection), 0);
        pthread_detach(thread);
    }
    return NULL;
}

static void server_start(struct server *server) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    server->connections = 0;
    server->socket = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server->socket, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->socket, 64), 0);
    assert_int_equal(getsockname(server->socket, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_stop(struct server *server) {
    shutdown(server->socket, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->socket);
}

struct fetch {
    struct event_loop *loop;
    CURL *easy;
    struct http_transfer *transfer;
    char body[64];
    size_t length;
    unsigned done, restarts;
    CURLcode result;
    struct fetch *victim; // is cancelled in done
};

static size_t take(char *bytes, size_t size, size_t count, void *cookie) {
    struct fetch *fetch = cookie;
    memcpy(fetch->body + fetch->length, bytes, size * count);
    fetch->length += size * count;
    return size * count;
}

static void fetch_done(void *cookie, CURLcode result) {
    struct fetch *fetch = cookie;
    fetch->transfer = NULL;
    fetch->result = result;
    fetch->done++;
    if (fetch->victim) {
        http_transfer_cancel(fetch->victim->transfer);
        fetch->victim->transfer = NULL;
    }
    if (fetch->restarts > 0) {
        fetch->restarts--;
        fetch->transfer = http_transfer_start(fetch->loop, fetch->easy, fetch_done, fetch);
    }
}

static void fetch_start(struct fetch *fetch, struct event_loop *loop, const struct server *server,
                        const char *path) {
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", server->port, path);
    fetch->loop = loop;
    fetch->easy = curl_easy_init();
    curl_easy_setopt(fetch->easy, CURLOPT_URL, url);
    curl_easy_setopt(fetch->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(fetch->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(fetch->easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(fetch->easy, CURLOPT_TIMEOUT_MS, 20000L);
    fetch->transfer = http_transfer_start(loop, fetch->easy, fetch_done, fetch);
    assert_int_equal(fetch->done, 0); // never inside the call
}

static void turn_until(struct event_loop *loop, const unsigned *done, unsigned count) {
    int64_t until_ms = event_loop_now_ms(loop) + 20000;
    while (*done < count && event_loop_now_ms(loop) < until_ms) {
        event_loop_turn(loop, -1);
    }
    assert_int_equal(*done, count);
}

static void transfers_are_answered_and_keep_their_connection(void **state) {
    (void)state;
    struct server server;
    server_start(&server);
    struct event_loop *loop = event_loop_new();
    struct fetch fetch = {.restarts = 4};
    fetch_start(&fetch, loop, &server, "/a");
    turn_until(loop, &fetch.done, 5);
    assert_int_equal(fetch.result, CURLE_OK);
    assert_string_equal(fetch.body, "hellohellohellohellohello");
    assert_int_equal(server.connections, 1);
    curl_easy_cleanup(fetch.easy);
    event_loop_free(loop);
    server_stop(&server);
}

static void a_transfer_is_cancelled(void **state) {
    (void)state;
    struct server server;
    server_start(&server);
    struct event_loop *loop = event_loop_new();
    struct fetch hangs = {0}, answered = {.victim = &hangs};
    fetch_start(&hangs, loop, &server, "/hang");
    fetch_start(&answered, loop, &server, "/a");
    turn_until(loop, &answered.done, 1);
    assert_null(hangs.transfer);
    assert_int_equal(hangs.done, 0);
    struct fetch early = {0};
    fetch_start(&early, loop, &server, "/a");
    http_transfer_cancel(early.transfer);
    http_transfer_cancel(NULL);
    event_loop_turn(loop, 50);
    assert_int_equal(early.done, 0);
    curl_easy_cleanup(hangs.easy);
    curl_easy_cleanup(answered.easy);
    curl_easy_cleanup(early.easy);
    event_loop_free(loop);
    server_stop(&server);
}

static void a_transfer_fails_with_what_curl_says(void **state) {
    (void)state;
    struct server server;
    server_start(&server);
    server_stop(&server);
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new();
    struct fetch refused = {0};
    fetch_start(&refused, loop, &server, "/a");
    turn_until(loop, &refused.done, 1);
    assert_int_equal(refused.result, CURLE_COULDNT_CONNECT);
    curl_easy_cleanup(refused.easy);
}

struct entry {
    char *ran;
    char letter;
};

static void note(void *cookie) {
    const struct entry *entry = cookie;
    entry->ran[strlen(entry->ran)] = entry->letter;
}

// While a transfer hangs, timers and posted work go on.
static void a_slow_server_holds_nothing_up(void **state) {
    (void)state;
    struct server server;
    server_start(&server);
    struct event_loop *loop = event_loop_new();
    char ran[3] = "";
    struct entry timer = {ran, 't'}, posted = {ran, 'p'};
    struct fetch hangs = {0};
    fetch_start(&hangs, loop, &server, "/hang");
    int64_t begin_ms = event_loop_now_ms(loop);
    event_loop_after(loop, 30, note, &timer);
    event_loop_post(loop, note, &posted);
    while (strlen(ran) < 2) {
        event_loop_turn(loop, -1);
    }
    assert_string_equal(ran, "pt");
    assert_true(event_loop_now_ms(loop) - begin_ms < 5000);
    http_transfer_cancel(hangs.transfer);
    curl_easy_cleanup(hangs.easy);
    event_loop_free(loop);
    server_stop(&server);
}

// What curl does not take is told later, and may be cancelled before.
static void a_transfer_that_curl_refuses_is_told_in_the_next_turn(void **state) {
    (void)state;
    struct event_loop *loop = event_loop_new();
    CURLM *other = curl_multi_init();
    struct fetch fetch = {.loop = loop, .easy = curl_easy_init()}, dropped = {.loop = loop};
    curl_multi_add_handle(other, fetch.easy); // it belongs to somebody else
    fetch.transfer = http_transfer_start(loop, fetch.easy, fetch_done, &fetch);
    assert_int_equal(fetch.done, 0);
    dropped.transfer = http_transfer_start(loop, fetch.easy, fetch_done, &dropped);
    http_transfer_cancel(dropped.transfer);
    turn_until(loop, &fetch.done, 1);
    assert_int_equal(fetch.result, CURLE_FAILED_INIT);
    assert_int_equal(dropped.done, 0);
    curl_multi_remove_handle(other, fetch.easy);
    curl_multi_cleanup(other);
    curl_easy_cleanup(fetch.easy);
    event_loop_free(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_are_answered_and_keep_their_connection),
        cmocka_unit_test(a_transfer_is_cancelled),
        cmocka_unit_test(a_transfer_fails_with_what_curl_says),
        cmocka_unit_test(a_slow_server_holds_nothing_up),
        cmocka_unit_test(a_transfer_that_curl_refuses_is_told_in_the_next_turn),
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
