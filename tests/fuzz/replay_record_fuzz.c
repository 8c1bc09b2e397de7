// Any bytes as a line of the decision log: a review that the engine can rely on, or an error with words.
#include "tests/fuzz/fuzz.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "cli/replay_record.h"

#include <string.h>

static void check_text(const char *text) {
    require(text && utf8_is_valid(text, strlen(text)), "a text is there and UTF-8");
}

static void check_record(const struct replay_record *record) {
    const struct review *review = &record->review;
    const struct object_change *change = &review->change;
    const char *const texts[] = {review->uid,       review->user,          change->key.group,
                                 change->key.kind,  change->key.namespace, change->key.name,
                                 change->version,   change->resource,      change->subresource,
                                 record->timestamp, record->decision_id};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_text(texts[i]);
    }
    for (size_t i = 0; i < review->group_count; i++) {
        check_text(review->groups[i]);
    }
    require(record->input || record->dropped, "an input, or why there is none");
    const struct node *objects[] = {change->object, change->old_object};
    for (size_t i = 0; i < 2; i++) {
        require(!objects[i] || node_is(objects[i], NODE_MAP), "an object is a map");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // A copy of the exact size, so that a read past the end is seen.
    CLEANUP(free) char *text = memory_alloc(size ? size : 1);
    if (size > 0) {
        memcpy(text, data, size);
    }
    CLEANUP(replay_record_clear) struct replay_record record = {0};
    struct error error = {0};
    if (replay_record_read(text, size, &record, &error)) {
        check_record(&record);
    } else {
        require(error.kind == ERROR_INVALID || error.kind == ERROR_LIMIT, "an error is INVALID or LIMIT");
        check_text(error.message);
        require(*error.message && !record.line && !record.input, "it is refused with words");
    }
    return 0;
}
