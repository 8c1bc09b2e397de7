// FNV-1a over texts, for tables in memory; never for what somebody could forge.
#pragma once

#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

// One more text; its NUL counts, so that "a", "bc" is not "ab", "c".
static inline uint64_t hash_text(uint64_t hash, const char *text) {
    do {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++);
    return hash;
}

static inline uint64_t hash_number(uint64_t hash, uint64_t number) {
    return (hash ^ number) * UINT64_C(0x100000001b3);
}
