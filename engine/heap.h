// The heap of one Lua state: capped, and fast for the small blocks that Lua makes and drops all the time.
//
// glibc's lists overflow when the collector frees many blocks at once, and the next large malloc then merges
// them one by one: a tenth of a review's time. Here a freed small block goes onto the list of its size and is
// taken from it.
#pragma once

#include <stddef.h>

enum { HEAP_STEP = 16, HEAP_LARGEST_SMALL = 512, HEAP_SIZES = HEAP_LARGEST_SMALL / HEAP_STEP };

struct heap_block;
struct heap_chunk;

// One thread at a time.
struct heap {
    size_t used;    // bytes that Lua holds
    size_t maximum; // of used
    size_t chunk_bytes;
    struct heap_chunk *chunks;
    unsigned char *fresh, *fresh_end; // of the newest chunk
    struct heap_block *free[HEAP_SIZES];
};

// As lua_Alloc, but for a heap: NULL when the maximum is reached.
void *heap_allocate(struct heap *heap, void *pointer, size_t old_size, size_t new_size);
// Frees all chunks; nothing may be held any more but small blocks.
void heap_clear(struct heap *heap);
