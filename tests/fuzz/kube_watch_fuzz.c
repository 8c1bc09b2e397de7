// Any bytes as the body of a watch: the same events and the same end, however they are cut. The first byte
// says how. The events go through the state machine of a resource and must leave it able to ask for more.
#include "tests/fuzz/fuzz.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "kube/kube_list_page.h"
#include "kube/kube_watch_resource.h"

#include <stdio.h>
#include <string.h>

static const struct kube_resource things = {"t.example", "v1", "things", "Thing", true};

struct run {
    struct kube_watch_resource *state;
    struct buffer seen;
};

static bool take_event(void *cookie, const struct kube_watch_event *event, struct error *error) {
    struct run *run = cookie;
    const struct node *metadata = node_get(event->object, "metadata");
    require(event->object && event->object->type == NODE_MAP, "an event has an object");
    if (event->type != KUBE_WATCH_ERROR) {
        require(*event->resource_version && node_string(node_get(metadata, "resourceVersion")), "a version");
        require(!node_get(metadata, "managedFields"), "managedFields are left out");
    }
    if (event->type < KUBE_WATCH_BOOKMARK) {
        require(node_string(node_get(metadata, "name")), "an object has a name");
    }
    if (event->type != KUBE_WATCH_ERROR && !kube_object_check(event->object, &things, error)) {
        return false;
    }
    enum kube_watch_verdict verdict = kube_watch_resource_event(run->state, 2000000000, event);
    buffer_printf(&run->seen, "%d %d %s;", (int)event->type, (int)verdict, event->resource_version);
    return verdict != KUBE_WATCH_CUT || error_set(error, ERROR_CONFLICT, "cut");
}

static bool run_stream(struct run *run, const char *bytes, size_t length, size_t piece, struct error *error) {
    struct kube_watch_rules rules = {
        .random_seed = 1, .page_limit = 5, .quiet_s = 9, .longest_wait_ms = 1000, .relist_s = 100};
    run->state = kube_watch_resource_new(&rules, 1000000000);
    kube_watch_resource_start(run->state, 1000000000);
    kube_watch_resource_page(run->state, 1000000000, "10", NULL);
    kube_watch_resource_ended(run->state, 1000000000, &(struct kube_watch_outcome){.problem = ""});
    kube_watch_resource_start(run->state, 1000000000);
    buffer_init(&run->seen, SIZE_MAX - 1);
    CLEANUP(kube_watch_stream_free) struct kube_watch_stream *stream = kube_watch_stream_new(take_event, run);
    bool good = true;
    while (good && length > 0) {
        size_t now = length < piece ? length : piece;
        CLEANUP(free) char *copy = memory_alloc(now); // exactly so long: reading on would be seen
        memcpy(copy, bytes, now);
        good = kube_watch_stream_feed(stream, copy, now, error);
        bytes += now;
        length -= now;
    }
    good = good && kube_watch_stream_end(stream, error);
    struct kube_watch_outcome outcome = {.end = good ? KUBE_WATCH_WHOLE : KUBE_WATCH_WRONG,
                                         .problem = good ? "" : error->message};
    kube_watch_resource_ended(run->state, 2000000000, &outcome);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct run whole, pieces;
    struct error whole_error = {0};
    struct error pieces_error = {0};
    if (size == 0) {
        return 0;
    }
    const char *bytes = (const char *)data + 1;
    bool good = run_stream(&whole, bytes, size - 1, SIZE_MAX, &whole_error);
    require(run_stream(&pieces, bytes, size - 1, (size_t)data[0] + 1, &pieces_error) == good, "the same end");
    require(strcmp(buffer_text(&whole.seen), buffer_text(&pieces.seen)) == 0, "the same events");
    require(strcmp(whole_error.message, pieces_error.message) == 0, "the same error");
    uint64_t at_ns = 0;
    kube_watch_resource_next(whole.state, &at_ns);
    require(at_ns >= 2000000000 && at_ns <= 5000000000ull, "it goes on soon");
    kube_watch_resource_free(whole.state);
    kube_watch_resource_free(pieces.state);
    buffer_clear(&whole.seen);
    buffer_clear(&pieces.seen);
    return 0;
}
