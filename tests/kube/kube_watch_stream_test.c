#include "kube/kube_watch_stream.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "tests/support/expect.h"

#include <stdio.h>

static bool record(void *cookie, const struct kube_watch_event *event, struct error *error) {
    static const char letters[] = "AMDBE";
    struct buffer *seen = cookie;
    const char *name = node_string(node_get(node_get(event->object, "metadata"), "name"));
    if (name && strcmp(name, "stop") == 0) {
        return error_set(error, ERROR_CONFLICT, "stop");
    }
    buffer_printf(seen, "%c %s %s;", letters[event->type], name ? name : "-", event->resource_version);
    return true;
}

#define OBJECT(name, version) "{\"metadata\":{\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" OBJECT(name, version) "}\n"

static const struct {
    const char *name, *bytes;
    const char *seen;
    enum error_kind kind; // of feed or end
    const char *message;
} cases[] = {
    {"nothing", "", "", ERROR_NONE, ""},
    {"one", EVENT("ADDED", "a", "5"), "A a 5;", ERROR_NONE, ""},
    {"all types",
     EVENT("ADDED", "a", "1") EVENT("MODIFIED", "a", "2") EVENT("DELETED", "a", "3") //
     "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"C\",\"metadata\":{\"resourceVersion\":\"9\"}}}\n"
     "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n",
     "A a 1;M a 2;D a 3;B - 9;E - ;", ERROR_NONE, ""},
    {"empty lines and CRLF", "\n\r\n" EVENT("ADDED", "a", "1") "\r\n \t\n" EVENT("ADDED", "b", "2"),
     "A a 1;A b 2;", ERROR_NONE, ""},
    {"members in another order",
     "{\"object\":{\"metadata\":{\"resourceVersion\":\"7\",\"name\":\"z\"}},\"type\":\"ADDED\"}\n", "A z 7;",
     ERROR_NONE, ""},
    {"cut in an event", EVENT("ADDED", "a", "1") "{\"type\":\"ADD", "A a 1;", ERROR_INVALID,
     "the stream of a watch ended in the middle of an event"},
    {"garbage", EVENT("ADDED", "a", "1") "\x01\xff<html>\n" EVENT("ADDED", "b", "2"), "A a 1;", ERROR_INVALID,
     "an event of a watch: line 1 column 1: "},
    {"two events in one line", "{\"type\":\"BOOKMARK\"}{}\n", "", ERROR_INVALID,
     "an event of a watch: line 1"},
    {"not a map", "[1,2]\n", "", ERROR_INVALID, "an event of a watch has the type \"\""},
    {"unknown type", EVENT("GONE", "a", "1"), "", ERROR_INVALID, "an event of a watch has the type \"GONE\""},
    {"no object", "{\"type\":\"ADDED\"}\n", "", ERROR_INVALID, "an event ADDED has no object"},
    {"object is a text", "{\"type\":\"ERROR\",\"object\":\"x\"}\n", "", ERROR_INVALID,
     "an event ERROR has no object"},
    {"no resourceVersion", "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n", "",
     ERROR_INVALID, "an event DELETED has no usable metadata.resourceVersion"},
    {"empty resourceVersion", EVENT("BOOKMARK", "a", ""), "", ERROR_INVALID,
     "an event BOOKMARK has no usable metadata.resourceVersion"},
    {"no name", "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"4\"}}}\n", "",
     ERROR_INVALID, "an event ADDED has no metadata.name"},
    {"the handler says no", EVENT("ADDED", "a", "1") EVENT("ADDED", "stop", "2") EVENT("ADDED", "b", "3"),
     "A a 1;", ERROR_CONFLICT, "stop"},
};

// Whole, byte by byte, and in pieces: the same events, the same error.
static void pieces_do_not_matter(void **state) {
    (void)state;
    static const size_t pieces[] = {SIZE_MAX, 1, 2, 7, 50};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) * 5; i++) {
        const size_t piece = pieces[i % 5];
        const char *name = cases[i / 5].name;
        CLEANUP(buffer_clear) struct buffer seen;
        buffer_init(&seen, 4096);
        CLEANUP(kube_watch_stream_free)
        struct kube_watch_stream *stream = kube_watch_stream_new(record, &seen);
        struct error error = {0};
        const char *at = cases[i / 5].bytes;
        bool good = true;
        for (size_t left = strlen(at); good && left > 0;) {
            size_t length = left < piece ? left : piece;
            CLEANUP(free) char *copy = memory_copy_text(at, length);
            good = kube_watch_stream_feed(stream, copy, length, &error);
            at += length;
            left -= length;
        }
        good = good && kube_watch_stream_end(stream, &error);
        expect_text(name, buffer_text(&seen), cases[i / 5].seen);
        expect_text(name, error_kind_name(error.kind), error_kind_name(cases[i / 5].kind));
        expect_contains(name, error.message, cases[i / 5].message);
        expect_true(name, good == (cases[i / 5].kind == ERROR_NONE), "the result tells of the error");
    }
}

static void is_broken_for_good(void **state) {
    (void)state;
    CLEANUP(buffer_clear) struct buffer seen;
    buffer_init(&seen, 4096);
    CLEANUP(kube_watch_stream_free) struct kube_watch_stream *stream = kube_watch_stream_new(record, &seen);
    struct error error = {0};
    assert_false(kube_watch_stream_feed(stream, "x\n", 2, &error));
    assert_false(
        kube_watch_stream_feed(stream, EVENT("ADDED", "a", "1"), strlen(EVENT("ADDED", "a", "1")), &error));
    assert_string_equal(error.message, "the stream of a watch was broken before");
    assert_false(kube_watch_stream_end(stream, &error));
    assert_string_equal(buffer_text(&seen), "");
}

// An event with a text of so many bytes, in pieces of 1 MiB.
static bool feed_large(struct kube_watch_stream *stream, size_t bytes, struct error *error) {
    static const char start[] =
        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"big\",\"resourceVersion\":\"1\"},\"x\":\"";
    const size_t piece = 1024 * 1024;
    CLEANUP(free) char *text = memory_alloc(piece);
    memset(text, 'x', piece);
    bool good = kube_watch_stream_feed(stream, start, sizeof(start) - 1, error);
    for (; good && bytes > 0; bytes -= bytes < piece ? bytes : piece) {
        good = kube_watch_stream_feed(stream, text, bytes < piece ? bytes : piece, error);
    }
    return good && kube_watch_stream_feed(stream, "\"}}\n", 4, error);
}

static void long_events_have_a_cap(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t bytes;
        const char *message, *seen;
    } sizes[] = {
        {"as large as etcd takes", 1536 * 1024, "", "A big 1;A big 1;"},
        {"just fits", KUBE_WATCH_LARGEST_EVENT_BYTES - 200, "", "A big 1;A big 1;"},
        {"over the cap", KUBE_WATCH_LARGEST_EVENT_BYTES, "an event of a watch is longer than 16 MiB", ""},
        {"without an end", (size_t)KUBE_WATCH_LARGEST_EVENT_BYTES * 3,
         "an event of a watch is longer than 16 MiB", ""},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        CLEANUP(buffer_clear) struct buffer seen;
        buffer_init(&seen, 4096);
        CLEANUP(kube_watch_stream_free)
        struct kube_watch_stream *stream = kube_watch_stream_new(record, &seen);
        struct error error = {0};
        bool good = feed_large(stream, sizes[i].bytes, &error) && feed_large(stream, sizes[i].bytes, &error);
        expect_text(sizes[i].name, error.message, sizes[i].message);
        expect_true(sizes[i].name, good == !*sizes[i].message, "fails only over the cap");
        expect_text(sizes[i].name, buffer_text(&seen), sizes[i].seen);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_matter),
        cmocka_unit_test(is_broken_for_good),
        cmocka_unit_test(long_events_have_a_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
