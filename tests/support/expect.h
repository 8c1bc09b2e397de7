// Checks for table-driven tests: a failure prints the name of its case, what came and what was expected.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static inline void expect_true(const char *name, bool condition, const char *what) {
    if (!condition) {
        fail_msg("%s: not so: %s", name, what);
    }
}

static inline void expect_text(const char *name, const char *actual, const char *expected) {
    if (!actual || strcmp(actual, expected) != 0) {
        fail_msg("%s: got \"%s\", expected \"%s\"", name, actual ? actual : "(nothing)", expected);
    }
}

static inline void expect_contains(const char *name, const char *actual, const char *expected) {
    if (!strstr(actual, expected)) {
        fail_msg("%s: \"%s\" is not in \"%s\"", name, expected, actual);
    }
}

static inline void expect_integer(const char *name, int64_t actual, int64_t expected) {
    if (actual != expected) {
        fail_msg("%s: got %lld, expected %lld", name, (long long)actual, (long long)expected);
    }
}

static inline void expect_error(const char *name, const struct error *error, enum error_kind kind,
                                const char *message) {
    expect_text(name, error_kind_name(error->kind), error_kind_name(kind));
    expect_text(name, error->message, message);
}
