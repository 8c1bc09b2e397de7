#include "cli/object_feed.h"

#include "base/json_reader.h"
#include "tests/support/expect.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 4096 };

// What came, in order: "put Cluster prod/a 1 | …".
struct record {
    struct object_feed *feed;
    char text[MOST_TEXT];
    unsigned items, lost;
    unsigned stop_after; // closes the feed inside of a call; 0: never
};

static void take(void *cookie, const struct feed_item *item) {
    static const char *const names[] = {"begin", "put", "removed", "end"};
    struct record *record = cookie;
    size_t length = strlen(record->text);
    int64_t number = -1;
    (void)node_integer(node_get(item->object, "number"), &number);
    if (length < MOST_TEXT - 128) {
        (void)snprintf(record->text + length, MOST_TEXT - length, "%s %s.%s %s/%s %lld | ", names[item->type],
                       item->key.kind, item->key.group, item->key.namespace, item->key.name,
                       (long long)number);
    }
    record->items++;
    if (record->items == record->stop_after) {
        object_feed_open(record->feed, false);
    }
}

static void lost(void *cookie) {
    struct record *record = cookie;
    record->lost++;
}

static const struct object_key cluster = {"x.io", "Cluster", "prod", "a"};

static void put(const struct fleet_listener *listener, int number, size_t padding) {
    char *text = malloc(padding + 128);
    struct error error;
    CLEANUP(document_free) struct document *document = NULL;
    int length = snprintf(text, 128, "{\"number\":%d,\"padding\":\"", number);
    memset(text + length, 'x', padding);
    memcpy(text + length + padding, "\"}", 3);
    assert_true(json_read(text, (size_t)length + padding + 2, &document_default_limits, &document, &error));
    listener->put(listener->cookie, &cluster, document_root(document));
}

static struct object_feed *feed_of(struct event_loop *loop, struct record *record, size_t most_bytes) {
    const struct object_feed_options options = {.loop = loop,
                                                .take = take,
                                                .lost = lost,
                                                .cookie = record,
                                                .most_bytes = most_bytes,
                                                .patience_ms = 30};
    record->feed = object_feed_new(&options);
    return record->feed;
}

static void objects_come_in_order(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {0};
    CLEANUP(object_feed_free) struct object_feed *feed = feed_of(loop, &record, 0);
    const struct fleet_listener listener = object_feed_listener(feed);
    put(&listener, 1, 0); // before it is open: nobody waits for it
    object_feed_open(feed, true);
    listener.list_begin(listener.cookie, "x.io", "Cluster");
    put(&listener, 2, 10);
    listener.removed(listener.cookie, &cluster);
    listener.list_end(listener.cookie, "x.io", "Cluster");
    assert_int_equal(record.items, 0); // never in the teller's thread
    event_loop_run(loop);
    assert_string_equal(record.text, "begin Cluster.x.io / -1 | put Cluster.x.io prod/a 2 | "
                                     "removed Cluster.x.io prod/a -1 | end Cluster.x.io / -1 | ");
    put(&listener, 3, 0);
    event_loop_run(loop);
    assert_int_equal(record.items, 5);
}

static void what_waits_is_dropped_when_it_closes(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {.stop_after = 2};
    CLEANUP(object_feed_free) struct object_feed *feed = feed_of(loop, &record, 0);
    const struct fleet_listener listener = object_feed_listener(feed);
    object_feed_open(feed, true);
    for (int i = 0; i < 5; i++) {
        put(&listener, i, 0);
    }
    event_loop_run(loop);
    assert_int_equal(record.items, 2);
    object_feed_open(feed, true);
    put(&listener, 9, 0);
    event_loop_run(loop);
    assert_int_equal(record.items, 3);
    put(&listener, 10, 0);
    object_feed_open(feed, true); // a new beginning
    event_loop_run(loop);
    assert_int_equal(record.items, 3);
    assert_int_equal(record.lost, 0);
}

static void a_reader_that_is_too_slow_hears_that_it_lost_some(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new_virtual(0);
    struct record record = {0};
    CLEANUP(object_feed_free) struct object_feed *feed = feed_of(loop, &record, 3000);
    const struct fleet_listener listener = object_feed_listener(feed);
    object_feed_open(feed, true);
    for (int i = 0; i < 4; i++) {
        put(&listener, i, 1000); // the fourth finds no room
    }
    event_loop_run(loop);
    assert_int_equal(record.lost, 1);
    assert_int_equal(record.items, 0); // half of a change is worse than none
    put(&listener, 5, 1000);
    event_loop_run(loop);
    assert_int_equal(record.items, 1);
    assert_int_equal(record.lost, 1);
}

enum { TELLERS = 2000 };

static void *tell_many(void *data) {
    const struct fleet_listener *listener = data;
    for (int i = 0; i < TELLERS; i++) {
        put(listener, i, 200);
    }
    return NULL;
}

// More than fits: the teller waits, and nothing is lost while the reader reads.
static void the_teller_waits_for_the_reader(void **state) {
    (void)state;
    CLEANUP(event_loop_free) struct event_loop *loop = event_loop_new();
    struct record record = {0};
    const struct object_feed_options options = {
        .loop = loop, .take = take, .lost = lost, .cookie = &record, .most_bytes = 20000};
    CLEANUP(object_feed_free) struct object_feed *feed = object_feed_new(&options);
    struct fleet_listener listener = object_feed_listener(feed);
    pthread_t thread;
    object_feed_open(feed, true);
    assert_int_equal(pthread_create(&thread, NULL, tell_many, &listener), 0);
    while (record.items < TELLERS && record.lost == 0) {
        event_loop_turn(loop, 100);
    }
    pthread_join(thread, NULL);
    assert_int_equal(record.items, TELLERS);
    assert_int_equal(record.lost, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_come_in_order),
        cmocka_unit_test(what_waits_is_dropped_when_it_closes),
        cmocka_unit_test(a_reader_that_is_too_slow_hears_that_it_lost_some),
        cmocka_unit_test(the_teller_waits_for_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
