#include "reconciler/providers/sim_random.h"

#include "base/random.h"

uint64_t sim_random_of(uint64_t seed, uint64_t what, uint64_t number) {
    uint64_t state = seed;
    state = random_next(&state) ^ what;
    state = random_next(&state) ^ number;
    return random_next(&state);
}

double sim_random_unit(uint64_t bits) {
    return (double)(bits >> 11) * 0x1.0p-53;
}
