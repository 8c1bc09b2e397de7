// What was told once, so that it is not told again: 64-bit digests of texts. One thread at a time.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct told_set {
    uint64_t *slots; // 0: empty
    size_t count, capacity;
};

void told_set_clear(struct told_set *set);
static inline void told_set_clear_cleanup(struct told_set *set) {
    told_set_clear(set);
}

// True the first time. After a million, everything counts as new.
bool told_set_add(struct told_set *set, uint64_t digest);
