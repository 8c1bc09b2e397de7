// Numbers that look random and follow from a seed, on every machine the same.
#pragma once

#include "base/random.h"

#include <stdbool.h>

struct random {
    uint64_t state;
};

// From 0 to bound - 1; bound is at least 1.
static inline int64_t random_below(struct random *random, int64_t bound) {
    return (int64_t)((random_next(&random->state) >> 1) % (uint64_t)bound);
}

// Both ends included.
static inline int64_t random_between(struct random *random, int64_t low, int64_t high) {
    return low + random_below(random, high - low + 1);
}

static inline bool random_chance(struct random *random, double probability) {
    return (double)(random_next(&random->state) >> 11) * 0x1p-53 < probability;
}
