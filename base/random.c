#include "base/random.h"

uint64_t random_next(uint64_t *state) {
    // Constants of SplitMix64 (https://prng.di.unimi.it/splitmix64.c).
    uint64_t value = *state += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}
