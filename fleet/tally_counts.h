// How often each of many things is there, by a hash of it: 8 bytes each. Two things of one hash are counted
// together.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct tally_count {
    uint32_t hash;
    uint32_t count; // 0: free
};

// All zero is empty.
struct tally_counts {
    struct tally_count *items;
    uint32_t capacity, used;
};

void tally_counts_clear(struct tally_counts *counts); // frees the memory; usable again afterwards
void tally_counts_add(struct tally_counts *counts, uint32_t hash);
void tally_counts_remove(struct tally_counts *counts, uint32_t hash); // one that was added
uint32_t tally_counts_of(const struct tally_counts *counts, uint32_t hash);
size_t tally_counts_bytes(const struct tally_counts *counts);
