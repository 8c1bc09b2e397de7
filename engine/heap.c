#include "engine/heap.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 32 * 1024 };

struct heap_block {
    struct heap_block *next;
};

struct heap_chunk {
    struct heap_chunk *next;
    max_align_t bytes[];
};

// AddressSanitizer should see every block. gcc says so by a macro, clang by a feature.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BLOCKS_ARE_WATCHED
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define BLOCKS_ARE_WATCHED
#endif
#ifdef BLOCKS_ARE_WATCHED
static const bool pools_small_blocks = false;
#else
static const bool pools_small_blocks = true;
#endif

static bool is_small(size_t size) {
    return pools_small_blocks && size <= HEAP_LARGEST_SMALL;
}

static size_t list_of(size_t size) {
    return (size - 1) / HEAP_STEP;
}

static bool add_chunk(struct heap *heap) {
    struct heap_chunk *chunk = malloc(sizeof(*chunk) + CHUNK_BYTES);
    if (!chunk) {
        return false;
    }
    chunk->next = heap->chunks;
    heap->chunks = chunk;
    heap->chunk_bytes += CHUNK_BYTES;
    heap->fresh = (unsigned char *)chunk->bytes;
    heap->fresh_end = heap->fresh + CHUNK_BYTES;
    return true;
}

static void *take_small(struct heap *heap, size_t size) {
    size_t list = list_of(size);
    struct heap_block *block = heap->free[list];
    if (block) {
        heap->free[list] = block->next;
        return block;
    }
    size_t rounded = (list + 1) * HEAP_STEP;
    if ((size_t)(heap->fresh_end - heap->fresh) < rounded && !add_chunk(heap)) {
        return NULL;
    }
    void *fresh = heap->fresh;
    heap->fresh += rounded;
    return fresh;
}

static void *take(struct heap *heap, size_t size) {
    return is_small(size) ? take_small(heap, size) : malloc(size);
}

static void give_back(struct heap *heap, void *pointer, size_t size) {
    if (!is_small(size)) {
        free(pointer);
        return;
    }
    struct heap_block *block = pointer;
    block->next = heap->free[list_of(size)];
    heap->free[list_of(size)] = block;
}

static void *resize(struct heap *heap, void *pointer, size_t old_size, size_t new_size) {
    if (!is_small(old_size) && !is_small(new_size)) {
        return realloc(pointer, new_size);
    }
    if (is_small(old_size) && is_small(new_size) && list_of(old_size) == list_of(new_size)) {
        return pointer;
    }
    void *moved = take(heap, new_size);
    if (!moved) {
        return new_size < old_size ? pointer : NULL; // Lua counts on making a block smaller
    }
    memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
    give_back(heap, pointer, old_size);
    return moved;
}

void *heap_allocate(struct heap *heap, void *pointer, size_t old_size, size_t new_size) {
    size_t held = pointer ? old_size : 0; // without a pointer, Lua gives the kind of object instead
    if (new_size == 0) {
        if (pointer) {
            give_back(heap, pointer, old_size);
        }
        heap->used -= held;
        return NULL;
    }
    if (new_size > held && heap->used - held + new_size > heap->maximum) {
        return NULL;
    }
    void *memory = held ? resize(heap, pointer, old_size, new_size) : take(heap, new_size);
    if (memory) {
        heap->used += new_size - held;
    }
    return memory;
}

void heap_clear(struct heap *heap) {
    for (struct heap_chunk *chunk = heap->chunks; chunk;) {
        struct heap_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    memset(heap, 0, sizeof(*heap));
}
