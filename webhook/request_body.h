// A request's body while it arrives, counted against what all bodies together may hold.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// One for the whole server.
struct body_budget {
    _Atomic(size_t) held;
    size_t most;
};

enum body_fate { BODY_KEPT, BODY_TOO_LARGE, BODY_NO_ROOM };

// A zeroed body is empty.
struct request_body {
    char *data;
    size_t length;
    size_t capacity; // what is counted in the budget
    size_t arrived;  // also what was thrown away
    enum body_fate fate;
};

// expected: of Content-Length, 0 when it is not known. Once fate is not BODY_KEPT, the bytes are thrown away.
void request_body_append(struct request_body *body, struct body_budget *budget, const char *bytes,
                         size_t length, size_t expected);
// The bytes; caller owns (free). Never NULL. The budget gets back what they took.
char *request_body_take(struct request_body *body, struct body_budget *budget);
void request_body_clear(struct request_body *body, struct body_budget *budget);
