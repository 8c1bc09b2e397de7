// Chances that can be repeated: the same seed gives the same numbers, everywhere.
#pragma once

#include <stdint.h>

// A stream of numbers (SplitMix64); any state is a good seed.
struct sim_random {
    uint64_t state;
};
uint64_t sim_random_next(struct sim_random *random);

// The number that belongs to these three: it does not depend on what was asked before, so it is the same
// after a restart.
uint64_t sim_random_of(uint64_t seed, uint64_t what, uint64_t number);
// From 0 to below 1.
double sim_random_unit(uint64_t bits);
