// Any bytes as the body of a request: a review that the engine can rely on, or an error that names the field.
#include "tests/fuzz/fuzz.h"

#include "base/memory.h"
#include "base/utf8.h"
#include "webhook/admission_review.h"

#include <string.h>

enum { LONGEST_UID = 128 };

static void check_text(const char *text) {
    require(text && utf8_is_valid(text, strlen(text)), "a text is there and UTF-8");
}

static void check_error(const struct error *error) {
    require(error->kind == ERROR_INVALID || error->kind == ERROR_LIMIT, "an error is INVALID or LIMIT");
    require(strncmp(error->message, "the body is not good JSON: ", 27) == 0 ||
                strncmp(error->message, "AdmissionReview: ", 17) == 0,
            "an error says what was read");
    check_text(error->message);
}

static void check_objects(const struct admission_review *admission) {
    const struct object_change *change = &admission->review.change;
    const struct node *objects[] = {change->object, change->old_object};
    for (size_t i = 0; i < 2; i++) {
        require(!objects[i] || node_is(objects[i], NODE_MAP), "an object is a map");
    }
    bool creates = change->operation == OPERATION_CREATE;
    bool deletes = change->operation == OPERATION_DELETE;
    require(!(creates && change->old_object) && !(deletes && change->object), "no side too many");
    if (!admission->skip) {
        require(deletes || change->object, "an object that is judged is there");
        require(creates || change->old_object, "the object before is there");
    }
}

static void check_review(const struct admission_review *admission) {
    const struct review *review = &admission->review;
    const struct object_change *change = &review->change;
    const char *const texts[] = {admission->api_version, admission->operation, review->uid,
                                 review->user,           change->key.group,    change->key.kind,
                                 change->key.namespace,  change->key.name,     change->version,
                                 change->resource,       change->subresource};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        check_text(texts[i]);
    }
    require(*review->uid && strlen(review->uid) <= LONGEST_UID, "a uid that can be echoed");
    require(*change->key.kind != '\0', "a kind");
    for (size_t i = 0; i < review->group_count; i++) {
        check_text(review->groups[i]);
    }
    require(!review->options || node_is(review->options, NODE_MAP), "options are a map");
    check_objects(admission);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *body = memory_alloc(size ? size : 1); // of the exact size, so that a read past the end is seen
    if (size > 0) {
        memcpy(body, data, size);
    }
    CLEANUP(admission_review_clear) struct admission_review admission = {0};
    struct error error = {0};
    if (admission_review_read(body, size, &admission, &error)) {
        check_review(&admission);
    } else {
        check_error(&error);
        require(!admission.document && !admission.arena, "outputs are untouched on failure");
    }
    return 0;
}
