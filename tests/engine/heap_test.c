// The heap behaves as realloc would, counts what is held and keeps to its maximum.
#include "engine/heap.h"
#include "tests/support/expect.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_BLOCKS = 64 };

static void fill(unsigned char *block, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++) {
        block[i] = (unsigned char)(seed + i * 7);
    }
}

static bool holds(const unsigned char *block, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++) {
        if (block[i] != (unsigned char)(seed + i * 7)) {
            return false;
        }
    }
    return true;
}

// From each size to each other: what was written stays, and only what is held is counted.
static const size_t sizes[] = {1,
                               HEAP_STEP - 1,
                               HEAP_STEP,
                               HEAP_STEP + 1,
                               2 * HEAP_STEP,
                               2 * HEAP_STEP + 1,
                               HEAP_LARGEST_SMALL - HEAP_STEP,
                               HEAP_LARGEST_SMALL - 1,
                               HEAP_LARGEST_SMALL,
                               HEAP_LARGEST_SMALL + 1,
                               4 * HEAP_LARGEST_SMALL,
                               40 * 1024};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void grows_and_shrinks(void **state) {
    (void)state;
    struct heap heap = {.maximum = SIZE_MAX};
    for (size_t from = 0; from < SIZES; from++) {
        for (size_t to = 0; to < SIZES; to++) {
            char name[64];
            snprintf(name, sizeof(name), "%zu to %zu", sizes[from], sizes[to]);
            unsigned char *block = heap_allocate(&heap, NULL, 0, sizes[from]);
            assert_non_null(block);
            expect_integer(name, (int64_t)((uintptr_t)block % 16), 0);
            fill(block, sizes[from], (unsigned)from);
            block = heap_allocate(&heap, block, sizes[from], sizes[to]);
            assert_non_null(block);
            expect_integer(name, (int64_t)((uintptr_t)block % 16), 0);
            expect_integer(name, (int64_t)heap.used, (int64_t)sizes[to]);
            size_t kept = sizes[from] < sizes[to] ? sizes[from] : sizes[to];
            expect_true(name, holds(block, kept, (unsigned)from), "what was written stays");
            fill(block, sizes[to], 99); // all of it is ours: AddressSanitizer looks
            expect_true(name, heap_allocate(&heap, block, sizes[to], 0) == NULL, "nothing is left");
            expect_integer(name, (int64_t)heap.used, 0);
        }
    }
    heap_clear(&heap);
}

// Lua passes the kind of object as old_size where there is no block yet.
static void old_size_without_a_block(void **state) {
    (void)state;
    struct heap heap = {.maximum = 64};
    void *block = heap_allocate(&heap, NULL, 8, 64);
    assert_non_null(block);
    expect_integer("used", (int64_t)heap.used, 64);
    assert_null(heap_allocate(&heap, NULL, 5, 0));
    expect_integer("nothing freed", (int64_t)heap.used, 64);
    heap_allocate(&heap, block, 64, 0);
    heap_clear(&heap);
}

static const struct {
    const char *name;
    size_t maximum, held, old_size, new_size; // old_size 0: a new block; else the held one is resized
    bool fits;
} limits[] = {
    {"exactly the maximum", 100, 0, 0, 100, true},
    {"one more", 100, 0, 0, 101, false},
    {"beside another", 100, 60, 0, 40, true},
    {"beside another, one more", 100, 60, 0, 41, false},
    {"growing to it", 100, 60, 60, 100, true},
    {"growing past it", 100, 60, 60, 101, false},
    {"growing large past it", 5000, 4000, 4000, 5001, false},
    {"large to it", 5000, 4000, 4000, 5000, true},
    {"the largest that Lua asks for", 1024 * 1024, 60, 0, SIZE_MAX / 2, false},
    {"growing to it", 1024 * 1024, 60, 60, SIZE_MAX / 2, false},
};

static void keeps_to_the_maximum(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct heap heap = {.maximum = limits[i].maximum};
        unsigned char *held = limits[i].held ? heap_allocate(&heap, NULL, 0, limits[i].held) : NULL;
        size_t held_size = limits[i].held;
        if (held) {
            fill(held, held_size, 3);
        }
        void *block =
            heap_allocate(&heap, limits[i].old_size ? held : NULL, limits[i].old_size, limits[i].new_size);
        expect_true(limits[i].name, (block != NULL) == limits[i].fits, "it fits or not");
        size_t used = !limits[i].fits      ? limits[i].held
                      : limits[i].old_size ? limits[i].new_size
                                           : limits[i].held + limits[i].new_size;
        expect_integer(limits[i].name, (int64_t)heap.used, (int64_t)used);
        if (block && limits[i].old_size) {
            held = block;
            expect_true(limits[i].name, holds(held, held_size, 3), "what was written stays");
            held_size = limits[i].new_size;
        } else if (block) {
            heap_allocate(&heap, block, limits[i].new_size, 0);
        } else if (held) {
            expect_true(limits[i].name, holds(held, held_size, 3), "a refused block is untouched");
        }
        if (held) {
            heap_allocate(&heap, held, held_size, 0);
        }
        expect_integer(limits[i].name, (int64_t)heap.used, 0);
        heap_clear(&heap);
    }
}

// Lua relies on it: making a block smaller never fails, even past the maximum.
static void shrinking_never_fails(void **state) {
    (void)state;
    for (size_t i = 0; i + 1 < SIZES; i++) {
        struct heap heap = {.maximum = SIZE_MAX};
        void *block = heap_allocate(&heap, NULL, 0, sizes[i + 1]);
        assert_non_null(block);
        heap.maximum = 1;
        block = heap_allocate(&heap, block, sizes[i + 1], sizes[i]);
        assert_non_null(block);
        expect_integer("used", (int64_t)heap.used, (int64_t)sizes[i]);
        heap_allocate(&heap, block, sizes[i], 0);
        heap_clear(&heap);
    }
}

struct block {
    unsigned char *memory;
    size_t size;
    unsigned seed;
};

// Many blocks that live at once, in a fixed disorder: none lies in another.
static void blocks_are_apart(void **state) {
    (void)state;
    struct heap heap = {.maximum = SIZE_MAX};
    struct block blocks[MOST_BLOCKS] = {0};
    uint32_t random = 12345;
    size_t used = 0;
    for (unsigned step = 0; step < 20000; step++) {
        random = random * 1664525U + 1013904223U;
        struct block *block = &blocks[random >> 26];
        size_t size = (random >> 8) % 5 == 0 ? 0 : (random >> 10) % (HEAP_LARGEST_SMALL + 200);
        expect_true("a step", holds(block->memory, block->size, block->seed), "the block is as it was");
        unsigned char *memory = heap_allocate(&heap, block->memory, block->size, size);
        used = used - block->size + size;
        expect_integer("a step", (int64_t)heap.used, (int64_t)used);
        expect_true("a step", (memory != NULL) == (size > 0), "a block or none");
        *block = (struct block){memory, size, step};
        fill(memory, size, step);
    }
    // The evaluator tells a worn heap by its chunks: they don't grow without end.
    expect_true("chunks", heap.chunk_bytes <= 8 * MOST_BLOCKS * (HEAP_LARGEST_SMALL + 200),
                "blocks are reused");
    for (size_t i = 0; i < MOST_BLOCKS; i++) {
        heap_allocate(&heap, blocks[i].memory, blocks[i].size, 0);
    }
    expect_integer("all given back", (int64_t)heap.used, 0);
    heap_clear(&heap);
}

// Small blocks need not be given back one by one, and a cleared heap can be used again.
static void clear(void **state) {
    (void)state;
    struct heap heap = {.maximum = SIZE_MAX};
#ifndef __SANITIZE_ADDRESS__ // there each block is its own
    for (int i = 0; i < 1000; i++) {
        assert_non_null(heap_allocate(&heap, NULL, 0, 100));
    }
    expect_true("chunks", heap.chunk_bytes > 0, "there are some");
#endif
    heap_clear(&heap);
    expect_true("cleared", heap.used == 0 && heap.chunk_bytes == 0 && !heap.chunks && !heap.fresh, "empty");
    assert_null(heap_allocate(&heap, NULL, 0, 1)); // its maximum is 0 too
    heap.maximum = 100;
    void *block = heap_allocate(&heap, NULL, 0, 100);
    assert_non_null(block);
    heap_allocate(&heap, block, 100, 0);
    heap_clear(&heap);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_shrinks),    cmocka_unit_test(old_size_without_a_block),
        cmocka_unit_test(keeps_to_the_maximum), cmocka_unit_test(shrinking_never_fails),
        cmocka_unit_test(blocks_are_apart),     cmocka_unit_test(clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
