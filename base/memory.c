#include "base/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *pointer) {
    if (!pointer) {
        fputs("fleetgate: out of memory\n", stderr);
        abort();
    }
    return pointer;
}

void *memory_alloc(size_t size) {
    return check(malloc(size ? size : 1));
}

void *memory_calloc(size_t count, size_t size) {
    return check(calloc(count ? count : 1, size ? size : 1));
}

void *memory_realloc(void *pointer, size_t count, size_t size) {
    return check(reallocarray(pointer, count ? count : 1, size ? size : 1));
}

char *memory_copy_text(const char *text, size_t length) {
    char *copy = memory_alloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *memory_strdup(const char *text) {
    return memory_copy_text(text, strlen(text));
}

char *memory_put_text(const char *text, size_t length, char **at) {
    char *copy = *at;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *at += length + 1;
    return copy;
}
