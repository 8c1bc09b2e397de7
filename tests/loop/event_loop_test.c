#include "loop/event_loop.h"
#include "loop/http_transfer.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What ran, in order: one letter for each call.
struct record {
    struct event_loop *loop;
    char text[64];
    size_t length;
    int64_t at_ms[64];
    event_timer timer; // for tests that cancel
};

struct entry {
    struct record *record;
    char letter;
};

static void note(void *cookie) {
    struct entry *entry = cookie;
    struct record *record = entry->record;
    record->at_ms[record->length] = event_loop_now_ms(record->loop);
    record->text[record->length++] = entry->letter;
}

// ---- timers on a virtual clock ----

static const struct {
    const char *name;
    int64_t delays_ms[6]; // of "a", "b", …; ended by -9
    const char *cancelled;
    const char *order;
    int64_t last_ms; // when the last one ran
} timer_cases[] = {
    {"the earliest first", {30, 10, 20, -9}, "", "bca", 30},
    {"one time: as they were made", {5, 5, 5, 5, -9}, "", "abcd", 5},
    {"a delay below 0 is none", {0, -5, -9}, "", "ab", 0},
    {"one that is cancelled does not run", {10, 20, 30, -9}, "b", "ac", 30},
    {"the first and the last are cancelled", {10, 20, 30, 40, -9}, "ad", "bc", 30},
    {"all are cancelled", {10, 20, -9}, "ab", "", 0},
    {"years pass at once", {INT64_C(100000000000), 1, -9}, "", "ba", INT64_C(100000000000)},
    {"more than a clock can hold", {INT64_MAX, 1, -9}, "", "ba", INT64_C(1) << 40},
};

static void timers_run_in_order(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(timer_cases) / sizeof(timer_cases[0]); i++) {
        CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(1000);
        struct record record = {.loop = loop};
        struct entry entries[6];
        event_timer timers[6];
        for (size_t j = 0; timer_cases[i].delays_ms[j] != -9; j++) {
            entries[j] = (struct entry){&record, (char)('a' + j)};
            timers[j] = event_loop_after(loop, timer_cases[i].delays_ms[j], note, &entries[j]);
        }
        for (const char *letter = timer_cases[i].cancelled; *letter; letter++) {
            event_loop_cancel(loop, timers[*letter - 'a']);
            event_loop_cancel(loop, timers[*letter - 'a']);
        }
        event_loop_run(loop);
        expect_text(timer_cases[i].name, record.text, timer_cases[i].order);
        expect_integer(timer_cases[i].name, event_loop_now_ms(loop), timer_cases[i].last_ms);
        expect_integer(timer_cases[i].name, event_loop_wall_ms(loop), 1000 + timer_cases[i].last_ms);
    }
}

static void the_name_of_an_old_timer_fits_no_new_one(void **state) {
    (void)state;
    enum { TIMERS = 1000 };
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {.loop = loop};
    struct entry entry = {&record, 'x'};
    event_timer old[TIMERS];
    for (size_t i = 0; i < TIMERS; i++) {
        old[i] = event_loop_after(loop, (int64_t)i % 7, note, &entry);
    }
    for (size_t i = 0; i < TIMERS; i++) {
        event_loop_cancel(loop, old[i]);
    }
    event_timer kept = event_loop_after(loop, 10, note, &entry);
    for (size_t i = 0; i < TIMERS; i++) {
        assert_true(old[i] != kept);
        event_loop_cancel(loop, old[i]);
    }
    event_loop_cancel(loop, 0);
    event_loop_run(loop);
    assert_string_equal(record.text, "x");
    event_loop_cancel(loop, kept);
    assert_int_equal(event_loop_now_ms(loop), 10);
}

static void random_timers_never_run_early_or_out_of_order(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
        struct record record = {.loop = loop};
        struct entry entries[60];
        int64_t due_ms[60];
        bool cancelled[60] = {false};
        event_timer timers[60];
        uint64_t random = seed;
        size_t expected = 0;
        for (size_t i = 0; i < 60; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
            entries[i] = (struct entry){&record, (char)(' ' + i)};
            due_ms[i] = (int64_t)(random >> 40) % 20;
            timers[i] = event_loop_after(loop, due_ms[i], note, &entries[i]);
            if ((random >> 34) % 3 == 0) {
                size_t victim = (random >> 36) % (i + 1);
                cancelled[victim] = true;
                event_loop_cancel(loop, timers[victim]);
            }
        }
        event_loop_run(loop);
        for (size_t i = 0; i < 60; i++) {
            expected += !cancelled[i];
        }
        assert_int_equal(record.length, expected);
        for (size_t i = 0; i < record.length; i++) {
            size_t index = (size_t)(record.text[i] - ' ');
            assert_false(cancelled[index]);
            assert_int_equal(record.at_ms[i], due_ms[index]);
            size_t before = i > 0 ? (size_t)(record.text[i - 1] - ' ') : index;
            assert_true(i == 0 || due_ms[before] < due_ms[index] ||
                        (due_ms[before] == due_ms[index] && before < index));
        }
    }
}

// Asks for itself again, three times.
static void again(void *cookie) {
    struct entry *entry = cookie;
    note(cookie);
    if (entry->record->length < 3) {
        event_loop_after(entry->record->loop, 0, again, cookie);
    }
}

static void a_turn_ends(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {.loop = loop};
    struct entry entry = {&record, 'a'};
    event_loop_after(loop, 0, again, &entry);
    for (size_t turn = 1; turn <= 3; turn++) {
        assert_true(event_loop_turn(loop, -1));
        assert_int_equal(record.length, turn);
    }
    assert_false(event_loop_turn(loop, -1));
}

static void a_virtual_clock_jumps_no_further_than_asked(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {.loop = loop};
    struct entry entry = {&record, 'a'};
    event_loop_after(loop, 100, note, &entry);
    assert_true(event_loop_turn(loop, 60));
    assert_int_equal(event_loop_now_ms(loop), 60);
    assert_int_equal(record.length, 0);
    assert_true(event_loop_turn(loop, 60));
    assert_int_equal(event_loop_now_ms(loop), 100);
    assert_int_equal(record.length, 1);
}

static void cancel_other(void *cookie) {
    struct entry *entry = cookie;
    note(cookie);
    event_loop_cancel(entry->record->loop, entry->record->timer);
}

static void one_callback_may_cancel_another_of_the_same_turn(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {.loop = loop};
    struct entry first = {&record, 'a'}, second = {&record, 'b'};
    event_loop_after(loop, 5, cancel_other, &first);
    record.timer = event_loop_after(loop, 5, note, &second);
    event_loop_run(loop);
    assert_string_equal(record.text, "a");
}

// ---- work from other threads ----

static void withdraw_other(void *cookie) {
    struct entry *entry = cookie;
    note(cookie);
    event_loop_withdraw(entry->record->loop, entry + 1);
}

static void what_is_withdrawn_does_not_run(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {.loop = loop};
    struct entry entries[3] = {{&record, 'a'}, {&record, 'b'}, {&record, 'c'}};
    event_loop_post(loop, withdraw_other, &entries[0]);
    event_loop_post(loop, note, &entries[1]);
    event_loop_post(loop, note, &entries[2]);
    event_loop_post(loop, note, &entries[1]);
    event_loop_run(loop);
    assert_string_equal(record.text, "ac");
    event_loop_post(loop, note, &entries[1]);
    event_loop_withdraw(loop, &entries[1]);
    event_loop_post(loop, note, &entries[2]);
    event_loop_run(loop);
    assert_string_equal(record.text, "acc");
}

enum { POSTERS = 4, POSTS = 2000 };

struct poster {
    struct event_loop *loop;
    unsigned number, seen; // seen: on the loop's thread only
    unsigned *left;
};

struct post {
    struct poster *poster;
    unsigned number;
};

static void receive(void *cookie) {
    struct post *post = cookie;
    struct poster *poster = post->poster;
    assert_int_equal(post->number, poster->seen);
    poster->seen++;
    if (--*poster->left == 0) {
        event_loop_stop(poster->loop);
    }
    free(post);
}

static void *post_all(void *data) {
    struct poster *poster = data;
    for (unsigned i = 0; i < POSTS; i++) {
        struct post *post = memory_alloc(sizeof(*post));
        *post = (struct post){poster, i};
        event_loop_post(poster->loop, receive, post);
    }
    return NULL;
}

static void threads_post_in_order(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new();
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    unsigned left = POSTERS * POSTS;
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.loop = loop, .number = i, .left = &left};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    event_loop_run(loop);
    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(posters[i].seen, POSTS);
    }
}

static void *stop_soon(void *data) {
    usleep(50000);
    event_loop_stop(data);
    return NULL;
}

static void a_stop_wakes_a_loop_that_waits(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new();
    struct record record = {.loop = loop};
    struct entry entry = {&record, 'a'};
    event_loop_after(loop, 60000, note, &entry);
    pthread_t thread;
    int64_t begin_ms = event_loop_now_ms(loop);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, loop), 0);
    event_loop_run(loop);
    pthread_join(thread, NULL);
    int64_t took_ms = event_loop_now_ms(loop) - begin_ms;
    assert_true(took_ms >= 50 && took_ms < 900); // well below what an idle loop sleeps at most
    assert_int_equal(record.length, 0);
    event_loop_run(loop); // for good
}

static void a_real_timer_waits(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new();
    struct record record = {.loop = loop};
    struct entry entry = {&record, 'a'};
    int64_t begin_ms = event_loop_now_ms(loop);
    event_loop_after(loop, 60, note, &entry);
    while (record.length == 0) {
        event_loop_turn(loop, -1);
    }
    assert_true(record.at_ms[0] - begin_ms >= 60);
}

// ---- transfers against a server on loopback ----

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

// While a transfer hangs, timers and posted work go on.
static void a_slow_server_holds_nothing_up(void **state) {
    (void)state;
    struct server server;
    server_start(&server);
    struct event_loop *loop = event_loop_new();
    struct record record = {.loop = loop};
    struct entry timer = {&record, 't'}, posted = {&record, 'p'};
    struct fetch hangs = {0};
    fetch_start(&hangs, loop, &server, "/hang");
    int64_t begin_ms = event_loop_now_ms(loop);
    event_loop_after(loop, 30, note, &timer);
    event_loop_post(loop, note, &posted);
    while (record.length < 2) {
        event_loop_turn(loop, -1);
    }
    assert_string_equal(record.text, "pt");
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

// ---- descriptors ----

struct reading {
    struct event_loop *loop;
    int descriptor;
    char text[8];
    size_t length;
};

static void read_one(void *cookie) {
    struct reading *reading = cookie;
    assert_int_equal(read(reading->descriptor, reading->text + reading->length, 1), 1);
    if (reading->text[reading->length++] == '.') {
        event_loop_unwatch(reading->loop, reading->descriptor);
    }
}

static void what_can_be_read_calls_back_until_it_is_not_watched_any_more(void **state) {
    (void)state;
    struct event_loop *loop = event_loop_new();
    int ends[2], other[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe(other), 0);
    struct reading reading = {.loop = loop, .descriptor = ends[0]};
    struct reading silent = {.loop = loop, .descriptor = other[0]};
    event_loop_watch(loop, silent.descriptor, read_one, &silent);
    event_loop_watch(loop, reading.descriptor, read_one, &reading);
    event_loop_turn(loop, 0);
    assert_int_equal(reading.length, 0);
    assert_int_equal(write(ends[1], "ab.c", 4), 4);
    for (int i = 0; i < 6; i++) {
        event_loop_turn(loop, 0);
    }
    reading.text[reading.length] = '\0';
    expect_text("descriptor", reading.text, "ab.");
    assert_int_equal(silent.length, 0);
    event_loop_unwatch(loop, silent.descriptor);
    event_loop_unwatch(loop, silent.descriptor);
    for (int i = 0; i < 2; i++) {
        close(ends[i]);
        close(other[i]);
    }
    event_loop_free(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_run_in_order),
        cmocka_unit_test(the_name_of_an_old_timer_fits_no_new_one),
        cmocka_unit_test(random_timers_never_run_early_or_out_of_order),
        cmocka_unit_test(a_turn_ends),
        cmocka_unit_test(a_virtual_clock_jumps_no_further_than_asked),
        cmocka_unit_test(one_callback_may_cancel_another_of_the_same_turn),
        cmocka_unit_test(what_is_withdrawn_does_not_run),
        cmocka_unit_test(threads_post_in_order),
        cmocka_unit_test(a_stop_wakes_a_loop_that_waits),
        cmocka_unit_test(a_real_timer_waits),
        cmocka_unit_test(what_can_be_read_calls_back_until_it_is_not_watched_any_more),
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
