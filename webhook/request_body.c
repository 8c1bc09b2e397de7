#include "webhook/request_body.h"

#include "base/memory.h"
#include "webhook/http_message.h"

#include <string.h>

// Most reviews fit at once; a sender that announces much and sends nothing holds no more than this.
enum { FIRST_BYTES = 16 * 1024 };

static bool reserve(struct body_budget *budget, size_t bytes) {
    size_t before = atomic_fetch_add_explicit(&budget->held, bytes, memory_order_relaxed);
    if (before + bytes <= budget->most) {
        return true;
    }
    atomic_fetch_sub_explicit(&budget->held, bytes, memory_order_relaxed);
    return false;
}

void request_body_clear(struct request_body *body, struct body_budget *budget) {
    free(body->data);
    atomic_fetch_sub_explicit(&budget->held, body->capacity, memory_order_relaxed);
    body->data = NULL;
    body->length = body->capacity = 0;
}

static bool grow(struct request_body *body, struct body_budget *budget, size_t needed, size_t expected) {
    size_t capacity = body->capacity ? body->capacity * 2 : FIRST_BYTES;
    if (expected >= needed && expected < capacity) {
        capacity = expected;
    }
    capacity = capacity < needed ? needed : capacity;
    capacity = capacity > LARGEST_BODY_BYTES ? LARGEST_BODY_BYTES : capacity;
    if (!reserve(budget, capacity - body->capacity)) {
        return false;
    }
    body->data = memory_realloc(body->data, 1, capacity);
    body->capacity = capacity;
    return true;
}

void request_body_append(struct request_body *body, struct body_budget *budget, const char *bytes,
                         size_t length, size_t expected) {
    body->arrived += length;
    if (body->fate != BODY_KEPT) {
        return;
    }
    if (length > LARGEST_BODY_BYTES - body->length) {
        body->fate = BODY_TOO_LARGE;
    } else if (body->length + length > body->capacity &&
               !grow(body, budget, body->length + length, expected)) {
        body->fate = BODY_NO_ROOM;
    }
    if (body->fate != BODY_KEPT) {
        request_body_clear(body, budget);
        return;
    }
    memcpy(body->data + body->length, bytes, length);
    body->length += length;
}

char *request_body_take(struct request_body *body, struct body_budget *budget) {
    char *data = body->data ? body->data : memory_alloc(1);
    body->data = NULL;
    request_body_clear(body, budget);
    return data;
}
