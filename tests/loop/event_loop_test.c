#include "loop/event_loop.h"

#include "base/memory.h"
#include "tests/support/expect.h"

#include <pthread.h>
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
