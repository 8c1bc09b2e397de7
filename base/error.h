// One error on the caller's stack: what went wrong, in words for people, and what a caller may decide by.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>

// Kinds are decisions, not causes: a caller maps them to a status, an exit code or a retry.
enum error_kind {
    ERROR_NONE,
    ERROR_INVALID,   // the input is wrong; the same input fails again
    ERROR_NOT_FOUND, // what was named is not there
    ERROR_CONFLICT,  // somebody else was first; read again and retry
    ERROR_DENIED,    // not allowed
    ERROR_LIMIT,     // a cap was hit: size, depth, count or time
    ERROR_IO,        // the outside did not answer as it should; may pass
};

struct error {
    enum error_kind kind;
    char message[512]; // always valid UTF-8: bytes that are not become "?"
};

// Sets kind and message; always returns false, so that "return error_set(...)" ends a fallible function.
// A message longer than the buffer ends with "...". error may be NULL.
bool error_set(struct error *error, enum error_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

// Puts context in front of the message: "context: message". Returns false.
bool error_wrap(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

// "invalid", "not_found", ...; borrowed for ever.
const char *error_kind_name(enum error_kind kind);
