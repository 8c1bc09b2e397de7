#include "base/arena.h"

#include "base/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

// Most requests fit in one chunk: a review's views and decision take 6 to 12 KiB.
enum { FIRST_CHUNK_BYTES = 16 * 1024, LARGEST_CHUNK_BYTES = 256 * 1024 };

struct chunk {
    struct chunk *previous;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct chunk *current;
    size_t total;
};

static struct chunk *chunk_new(size_t size, struct chunk *previous) {
    struct chunk *chunk = memory_alloc(sizeof(*chunk) + size);
    chunk->previous = previous;
    chunk->size = size;
    chunk->used = 0;
    return chunk;
}

struct arena *arena_new_sized(size_t first_bytes) {
    struct arena *arena = memory_calloc(1, sizeof(*arena));
    arena->current = chunk_new(first_bytes, NULL);
    return arena;
}

struct arena *arena_new(void) {
    return arena_new_sized(FIRST_CHUNK_BYTES);
}

void arena_free(struct arena *arena) {
    if (!arena) {
        return;
    }
    for (struct chunk *chunk = arena->current; chunk;) {
        struct chunk *previous = chunk->previous;
        free(chunk);
        chunk = previous;
    }
    free(arena);
}

void arena_reset(struct arena *arena) {
    struct chunk *chunk = arena->current;
    while (chunk->previous) {
        struct chunk *previous = chunk->previous;
        free(chunk);
        chunk = previous;
    }
    chunk->used = 0;
    arena->current = chunk;
    arena->total = 0;
}

static void *take(struct arena *arena, size_t size) {
    assert(size <= PTRDIFF_MAX);
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct chunk *chunk = arena->current;
    if (chunk->size - chunk->used < rounded) {
        size_t next = chunk->size * 2 < LARGEST_CHUNK_BYTES ? chunk->size * 2 : LARGEST_CHUNK_BYTES;
        chunk = chunk_new(rounded > next ? rounded : next, chunk);
        arena->current = chunk;
    }
    void *memory = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->total += rounded;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t size) {
    return memset(take(arena, size), 0, size);
}

char *arena_copy_text(struct arena *arena, const char *text, size_t length) {
    char *copy = take(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text) {
    return text ? arena_copy_text(arena, text, strlen(text)) : NULL;
}

char *arena_lower_case(struct arena *arena, const char *text) {
    char *lower = arena_strdup(arena, text);
    for (char *byte = lower; *byte; byte++) {
        *byte = *byte >= 'A' && *byte <= 'Z' ? (char)(*byte - 'A' + 'a') : *byte;
    }
    return lower;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    size_t size = (size_t)(length < 0 ? 0 : length) + 1;
    char *text = take(arena, size);
    text[size - 1] = '\0';
    if (size <= sizeof(small)) {
        memcpy(text, small, size - 1);
    } else {
        vsnprintf(text, size, format, again);
    }
    va_end(again);
    return text;
}

size_t arena_used(const struct arena *arena) {
    return arena->total;
}
