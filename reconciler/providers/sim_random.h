// Chances of the embedded cloud.
#pragma once

#include <stdint.h>

// The number that belongs to these three: it does not depend on what was asked before, so it is the same
// after a restart.
uint64_t sim_random_of(uint64_t seed, uint64_t what, uint64_t number);
// From 0 to below 1.
double sim_random_unit(uint64_t bits);
