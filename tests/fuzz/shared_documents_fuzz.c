// Any bytes as what replicas share, promises and the breaker's record: refused with words, or read so that
// what is written of it reads the same again.
#include "tests/fuzz/fuzz.h"

#include "base/memory.h"
#include "manager/breaker.h"
#include "manager/promise.h"

#include <string.h>

static void check_refused(const struct error *error) {
    bool is_told = error->kind == ERROR_INVALID || error->kind == ERROR_LIMIT; // LIMIT: nested too deep
    require(is_told && *error->message, "it is refused with words");
}

static void check_promises(const char *text) {
    struct promise_set first = {0};
    struct promise_set second = {0};
    CLEANUP(buffer_clear) struct buffer once = {0};
    CLEANUP(buffer_clear) struct buffer again = {0};
    buffer_init(&once, SIZE_MAX - 1);
    buffer_init(&again, SIZE_MAX - 1);
    struct error error = {0};
    if (!promise_set_read(text, &first, &error)) {
        check_refused(&error);
        require(!first.items && first.count == 0, "outputs are untouched on failure");
        return;
    }
    promise_set_write(&first, &once);
    require(promise_set_read(buffer_text(&once), &second, &error), "promises that were written are read");
    promise_set_write(&second, &again);
    require(strcmp(buffer_text(&once), buffer_text(&again)) == 0, "they are the same promises");
    promise_set_clear(&first);
    promise_set_clear(&second);
}

static void check_breaker(const char *text) {
    CLEANUP(breaker_free) struct breaker *first = NULL;
    CLEANUP(breaker_free) struct breaker *second = NULL;
    CLEANUP(buffer_clear) struct buffer once = {0};
    CLEANUP(buffer_clear) struct buffer again = {0};
    buffer_init(&once, SIZE_MAX - 1);
    buffer_init(&again, SIZE_MAX - 1);
    struct error error = {0};
    if (!breaker_read(text, &first, &error)) {
        check_refused(&error);
        require(!first, "outputs are untouched on failure");
        return;
    }
    breaker_write(first, &once);
    require(breaker_read(buffer_text(&once), &second, &error), "a record that was written is read");
    breaker_write(second, &again);
    require(strcmp(buffer_text(&once), buffer_text(&again)) == 0, "it is the same record");
    CLEANUP(arena_free) struct arena *arena = arena_new();
    for (size_t i = 0; i < first->identity_count; i++) {
        breaker_list_deletes(&first->identities[i], arena);
        const struct breaker_change change = {.identity = first->identities[i].name,
                                              .object = "Cluster prod/a",
                                              .uid = "",
                                              .count = 1,
                                              .limit = 3,
                                              .window_s = 600,
                                              .now_ms = 1800000000000};
        const struct breaker_verdict verdict = breaker_judge(first, &change);
        require(verdict.used >= 0, "a window holds no less than nothing");
    }
    breaker_prune(first, 1800000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // A copy of the exact size, so that a read past the end is seen.
    CLEANUP(free) char *text = memory_alloc(size + 1);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    check_promises(text);
    check_breaker(text);
    return 0;
}
