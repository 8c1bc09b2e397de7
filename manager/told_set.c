#include "manager/told_set.h"

#include "base/memory.h"

enum { FIRST_CAPACITY = 256, MOST_DIGESTS = 1000000 };

void told_set_clear(struct told_set *set) {
    free(set->slots);
    *set = (struct told_set){0};
}

static bool put(uint64_t *slots, size_t capacity, uint64_t digest) {
    size_t at = (digest ^ digest >> 32) & (capacity - 1);
    while (slots[at] && slots[at] != digest) {
        at = (at + 1) & (capacity - 1);
    }
    bool is_new = slots[at] == 0;
    slots[at] = digest;
    return is_new;
}

static void grow(struct told_set *set) {
    size_t capacity = set->capacity ? set->capacity * 2 : FIRST_CAPACITY;
    uint64_t *slots = memory_calloc(capacity, sizeof(*slots));
    for (size_t i = 0; i < set->capacity; i++) {
        if (set->slots[i]) {
            (void)put(slots, capacity, set->slots[i]);
        }
    }
    free(set->slots);
    set->slots = slots;
    set->capacity = capacity;
}

bool told_set_add(struct told_set *set, uint64_t digest) {
    if (set->count >= MOST_DIGESTS) {
        return true;
    }
    if (set->count * 2 >= set->capacity) {
        grow(set);
    }
    bool is_new = put(set->slots, set->capacity, digest ? digest : 1);
    set->count += is_new;
    return is_new;
}
