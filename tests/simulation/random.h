// Numbers that look random and follow from a seed, on every machine the same.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

// SplitMix64.
static inline uint64_t random_next(struct random *random) {
    uint64_t mixed = random->state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

// From 0 to bound - 1; bound is at least 1.
static inline int64_t random_below(struct random *random, int64_t bound) {
    return (int64_t)((random_next(random) >> 1) % (uint64_t)bound);
}

// Both ends included.
static inline int64_t random_between(struct random *random, int64_t low, int64_t high) {
    return low + random_below(random, high - low + 1);
}

static inline bool random_chance(struct random *random, double probability) {
    return (double)(random_next(random) >> 11) * 0x1p-53 < probability;
}
