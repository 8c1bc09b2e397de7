// What every fuzz target defines: libFuzzer calls it, and replay.c where there is no libFuzzer. And what the
// targets share.
#pragma once

#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "not so: %s\n", what);
        abort();
    }
}

// A copy of the exact size with a NUL, so that a read past the end is seen. Caller owns.
static inline char *fuzz_text(const uint8_t *data, size_t size) {
    return memory_copy_text(size > 0 ? (const char *)data : "", size);
}

// The next part of an input that is made of several, a copy; *rest goes behind the separator, or to NULL
// after the last. "" when there is none left. Caller owns.
static inline char *fuzz_part(const char **rest, const char *separator) {
    const char *begin = *rest ? *rest : "";
    const char *end = strstr(begin, separator);
    *rest = end ? end + strlen(separator) : NULL;
    return memory_copy_text(begin, end ? (size_t)(end - begin) : strlen(begin));
}
