// Allocation that aborts when the host is out of memory: callers never see NULL, own what they get and free()
// it.
#pragma once

#include <stddef.h>

void *memory_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *memory_calloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *memory_realloc(void *pointer, size_t count, size_t size) __attribute__((returns_nonnull));
// Copies length bytes and adds a NUL; caller owns.
char *memory_copy_text(const char *text, size_t length) __attribute__((malloc, returns_nonnull));
// Copies a NUL-terminated text; caller owns.
char *memory_strdup(const char *text) __attribute__((malloc, returns_nonnull));
// The same into a block that has room for it: to *at, which then is behind the NUL. Returns the copy.
char *memory_put_text(const char *text, size_t length, char **at) __attribute__((returns_nonnull));
