// Chances that can be repeated, for jitter and names; nothing that must not be guessed.
#pragma once

#include <stdint.h>

// The next number of a stream (SplitMix64). Any state is a good seed, and the same one gives the same
// numbers.
uint64_t random_next(uint64_t *state);
