#include "manager/promise.h"

#include "base/memory.h"

#include <string.h>

// Called twice: with no memory it only measures.
struct packer {
    char *memory;
    size_t used;
};

static void *pack_bytes(struct packer *packer, const void *bytes, size_t size, size_t alignment) {
    packer->used = (packer->used + alignment - 1) / alignment * alignment;
    void *place = packer->memory ? packer->memory + packer->used : NULL;
    if (place && size > 0) {
        memcpy(place, bytes, size);
    }
    packer->used += size;
    return place;
}

static const char *pack_text(struct packer *packer, const char *text) {
    return text ? pack_bytes(packer, text, strlen(text) + 1, 1) : NULL;
}

static struct object_key pack_key(struct packer *packer, const struct object_key *key) {
    struct object_key packed;
    packed.group = pack_text(packer, key->group);
    packed.kind = pack_text(packer, key->kind);
    packed.namespace = pack_text(packer, key->namespace);
    packed.name = pack_text(packer, key->name);
    return packed;
}

static void pack_parts(struct packer *packer, const struct promise *like, struct promise *promise) {
    struct object_key *parts =
        pack_bytes(packer, like->parts, like->part_count * sizeof(*parts), _Alignof(struct object_key));
    for (size_t i = 0; i < like->part_count; i++) {
        struct object_key part = pack_key(packer, &like->parts[i]);
        if (parts) {
            parts[i] = part;
        }
    }
    promise->parts = parts;
}

static void pack_deltas(struct packer *packer, const struct promise *like, struct promise *promise) {
    struct promise_delta *deltas =
        pack_bytes(packer, like->deltas, like->delta_count * sizeof(*deltas), _Alignof(struct promise_delta));
    for (size_t i = 0; i < like->delta_count; i++) {
        struct promise_delta delta = like->deltas[i];
        delta.name = pack_text(packer, delta.name);
        delta.per = pack_text(packer, delta.per);
        delta.group = pack_text(packer, delta.group);
        delta.value = pack_text(packer, delta.value);
        if (deltas) {
            deltas[i] = delta;
        }
    }
    promise->deltas = deltas;
}

static void pack(struct packer *packer, const struct promise *like, struct promise *promise) {
    packer->used = sizeof(*promise);
    *promise = *like;
    pack_parts(packer, like, promise);
    pack_deltas(packer, like, promise);
    promise->object = pack_key(packer, &like->object);
    promise->account = pack_key(packer, &like->account);
    promise->replica = pack_text(packer, like->replica);
    for (size_t i = 0; i < like->outcome_count; i++) {
        promise->outcomes[i].uid = pack_text(packer, like->outcomes[i].uid);
    }
}

struct promise *promise_copy(const struct promise *like) {
    struct packer packer = {0};
    struct promise measured;
    pack(&packer, like, &measured);
    packer.memory = memory_alloc(packer.used);
    struct promise *promise = (struct promise *)(void *)packer.memory;
    pack(&packer, like, promise);
    return promise;
}

void promise_free(struct promise *promise) {
    free(promise);
}

void promise_set_add(struct promise_set *set, struct promise *promise) {
    if (set->count == set->capacity) {
        set->capacity = set->capacity ? 2 * set->capacity : 16;
        set->items = memory_realloc(set->items, set->capacity, sizeof(struct promise *));
    }
    set->items[set->count++] = promise;
}

void promise_set_clear(struct promise_set *set) {
    for (size_t i = 0; i < set->count; i++) {
        promise_free(set->items[i]);
    }
    free(set->items);
    *set = (struct promise_set){0};
}

static bool same_group(const struct promise_delta *a, const struct promise_delta *b) {
    return a->kind == b->kind && strcmp(a->name, b->name) == 0 && strcmp(a->per, b->per) == 0 &&
           strcmp(a->group, b->group) == 0;
}

// What the account holds when this promise is stored, those before it (they are in after) and those made
// since, shown or not: only then its amount tells that this one is.
static int64_t held_with_all(const struct promise_set *set, const struct promise *promise,
                             const struct promise_delta *delta) {
    int64_t sum = delta->after;
    size_t own = 0;
    while (own < set->count && set->items[own] != promise) {
        own++;
    }
    for (size_t i = own + 1; i < set->count; i++) {
        const struct promise *other = set->items[i];
        if (other->dead || !object_key_equal(&other->account, &promise->account)) {
            continue;
        }
        for (size_t j = 0; j < other->delta_count; j++) {
            if (same_group(&other->deltas[j], delta) &&
                __builtin_add_overflow(sum, other->deltas[j].delta, &sum)) {
                return INT64_MAX;
            }
        }
    }
    return sum;
}

static bool amount_shows(const struct promise_set *set, const struct promise *promise,
                         const struct promise_delta *delta, const struct inventory *inventory,
                         struct arena *arena) {
    static const struct object_key nobody = {"", "", "", ""};
    struct object_key holder;
    if (delta->kind == BUDGET_UNIQUE) {
        return inventory_holder(inventory, arena, &nobody, delta->name, delta->value, delta->per,
                                delta->group, &holder) &&
               object_key_equal(&holder, &promise->account);
    }
    if (delta->kind == BUDGET_FIELD) {
        struct inventory_field field = {promise->object.group, promise->object.kind, delta->name};
        return inventory_field_amount(inventory, &promise->object, &field, delta->per, delta->group) >=
               delta->after;
    }
    for (int of = 0; of < AMOUNT_COUNT; of++) {
        if (strcmp(delta->name, amount_name((enum amount_of)of)) == 0) {
            return inventory_amount(inventory, &promise->account, (enum amount_of)of, delta->per,
                                    delta->group) >= held_with_all(set, promise, delta);
        }
    }
    return false;
}

static bool is_shown(const struct promise_set *set, const struct promise *promise,
                     const struct inventory *inventory) {
    if (promise->by_amount) {
        CLEANUP(arena_free) struct arena *arena = arena_new();
        for (size_t i = 0; i < promise->delta_count; i++) {
            if (!amount_shows(set, promise, &promise->deltas[i], inventory, arena)) {
                return false;
            }
        }
        return true;
    }
    for (size_t i = 0; i < promise->outcome_count; i++) {
        const struct promise_outcome *outcome = &promise->outcomes[i];
        if (inventory_shows(inventory, &promise->object, outcome->uid, outcome->generation, outcome->replicas,
                            outcome->removes)) {
            return true;
        }
    }
    return false;
}

static bool is_create(const struct promise *promise) {
    bool all = !promise->by_amount;
    for (size_t i = 0; i < promise->outcome_count && all; i++) {
        all = promise->outcomes[i].generation == 1 && !promise->outcomes[i].removes;
    }
    return all;
}

// A create is stored when whatever has its name is deleted, or never. Of several tries none is the last word.
// So while the inventory shows the name at all, the promise stands aside, and counts again when that goes.
static bool stand_aside(struct promise *promise, const struct inventory *inventory) {
    char uid[INVENTORY_UID_BYTES];
    bool was_covered = promise->covered;
    promise->covered = inventory_uid(inventory, &promise->object, uid);
    return promise->covered != was_covered;
}

bool promise_set_refresh(struct promise_set *set, const struct inventory *inventory) {
    bool changed = false;
    for (size_t i = 0; i < set->count; i++) {
        struct promise *promise = set->items[i];
        if (promise->dead || promise->shown) {
            continue;
        }
        bool creates = is_create(promise);
        changed |= creates && stand_aside(promise, inventory);
        if ((creates && promise->outcome_count > 1) || !is_shown(set, promise, inventory)) {
            continue;
        }
        promise->shown = true;
        changed = true;
        // A scale that was overtaken by the next one may never be seen by itself.
        for (size_t j = 0; j < i && !promise->by_amount; j++) {
            struct promise *earlier = set->items[j];
            bool is_overtaken = !earlier->by_amount && !is_create(earlier);
            earlier->shown |= is_overtaken && object_key_equal(&earlier->object, &promise->object);
        }
    }
    return changed;
}
