#include "reconciler/providers/sim_random.h"

// Constants of SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
static uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

uint64_t sim_random_next(struct sim_random *random) {
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(random->state);
}

uint64_t sim_random_of(uint64_t seed, uint64_t what, uint64_t number) {
    struct sim_random random = {seed};
    random.state = sim_random_next(&random) ^ what;
    random.state = sim_random_next(&random) ^ number;
    return sim_random_next(&random);
}

double sim_random_unit(uint64_t bits) {
    return (double)(bits >> 11) * 0x1.0p-53;
}
