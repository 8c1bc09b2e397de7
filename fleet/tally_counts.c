// Open addressing; what follows a removed item moves up, so that nothing is left behind.
#include "fleet/tally_counts.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_ITEMS = 64 };

void tally_counts_clear(struct tally_counts *counts) {
    free(counts->items);
    *counts = (struct tally_counts){0};
}

// Where the hash is, or the free place where it would be.
static uint32_t place_of(const struct tally_counts *counts, uint32_t hash) {
    uint32_t mask = counts->capacity - 1;
    uint32_t at = hash & mask;
    while (counts->items[at].count > 0 && counts->items[at].hash != hash) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow(struct tally_counts *counts) {
    struct tally_counts larger = {.capacity = counts->capacity ? counts->capacity * 2 : FIRST_ITEMS,
                                  .used = counts->used};
    larger.items = memory_calloc(larger.capacity, sizeof(*larger.items));
    for (uint32_t i = 0; i < counts->capacity; i++) {
        if (counts->items[i].count > 0) {
            larger.items[place_of(&larger, counts->items[i].hash)] = counts->items[i];
        }
    }
    free(counts->items);
    *counts = larger;
}

void tally_counts_add(struct tally_counts *counts, uint32_t hash) {
    if (counts->used >= counts->capacity - counts->capacity / 4) {
        grow(counts);
    }
    struct tally_count *item = &counts->items[place_of(counts, hash)];
    counts->used += item->count == 0;
    item->hash = hash;
    item->count++;
}

void tally_counts_remove(struct tally_counts *counts, uint32_t hash) {
    assert(counts->capacity > 0);
    uint32_t mask = counts->capacity - 1;
    uint32_t hole = place_of(counts, hash);
    assert(counts->items[hole].count > 0);
    if (--counts->items[hole].count > 0) {
        return;
    }
    counts->used--;
    for (uint32_t at = (hole + 1) & mask; counts->items[at].count > 0; at = (at + 1) & mask) {
        uint32_t home = counts->items[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            counts->items[hole] = counts->items[at];
            counts->items[at].count = 0;
            hole = at;
        }
    }
}

uint32_t tally_counts_of(const struct tally_counts *counts, uint32_t hash) {
    return counts->capacity > 0 ? counts->items[place_of(counts, hash)].count : 0;
}

size_t tally_counts_bytes(const struct tally_counts *counts) {
    return counts->capacity * sizeof(*counts->items);
}
