// Memory that is given back all at once: the strings and lists of one document, one view, one decision.
// One thread at a time.
#pragma once

#include "base/attributes.h"

#include <stddef.h>

struct arena;

struct arena *arena_new(void); // caller owns
// For what is mostly small: the first chunk has so many bytes in place of 16 KiB.
struct arena *arena_new_sized(size_t first_bytes);
void arena_free(struct arena *arena);
DEFINE_CLEANUP(arena_free, struct arena *)

// Zeroed memory, aligned for any type; borrowed until arena_free or arena_reset.
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
// Forgets all allocations and keeps the first chunk for the next use.
void arena_reset(struct arena *arena);

// Copies with a NUL added; borrowed until arena_free or arena_reset.
char *arena_copy_text(struct arena *arena, const char *text, size_t length);
char *arena_strdup(struct arena *arena, const char *text);     // NULL gives NULL
char *arena_lower_case(struct arena *arena, const char *text); // of ASCII letters
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

// Bytes handed out so far.
size_t arena_used(const struct arena *arena);
