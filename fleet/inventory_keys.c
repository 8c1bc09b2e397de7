// Keys as numbers, and what is found under them.
#include "fleet/inventory_internal.h"

#include "base/memory.h"

#include <string.h>

enum { FIRST_SLOTS = 64 };

static const char *plain_namespace(const char *namespace) {
    return *namespace == '\0' ? "default" : namespace;
}

// Only groups of ours lose it: their texts are pinned, so that one group has one number for ever.
static const char *plain_group(const char *group) {
    bool is_old = strncmp(group, "exp.", 4) == 0 && kind_table_group(group, strlen(group));
    return is_old ? group + 4 : group;
}

bool inventory_group_equal(const char *a, const char *b) {
    return strcmp(plain_group(a), plain_group(b)) == 0;
}

struct key_ids inventory_key_add(struct store *store, const struct object_key *key) {
    return (struct key_ids){text_pool_add_text(store->pool, plain_group(key->group)),
                            text_pool_add_text(store->pool, key->kind),
                            text_pool_add_text(store->pool, plain_namespace(key->namespace)),
                            text_pool_add_text(store->pool, key->name)};
}

void inventory_key_drop(struct store *store, const struct key_ids *key) {
    text_pool_drop(store->pool, key->group);
    text_pool_drop(store->pool, key->kind);
    text_pool_drop(store->pool, key->namespace);
    text_pool_drop(store->pool, key->name);
}

bool inventory_key_find(const struct store *store, const struct object_key *key, struct key_ids *ret_key) {
    struct key_ids found = {
        text_pool_find(store->pool, plain_group(key->group)), text_pool_find(store->pool, key->kind),
        text_pool_find(store->pool, plain_namespace(key->namespace)), text_pool_find(store->pool, key->name)};
    if (!found.group || !found.kind || !found.namespace || !found.name) {
        return false;
    }
    *ret_key = found;
    return true;
}

bool inventory_key_equal(const struct key_ids *a, const struct key_ids *b) {
    return a->name == b->name && a->namespace == b->namespace && a->kind == b->kind && a->group == b->group;
}

static uint64_t mix(uint64_t value) {
    value ^= value >> 30;
    value *= UINT64_C(0xBF58476D1CE4E5B9);
    value ^= value >> 27;
    value *= UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
}

uint32_t inventory_pair_hash(uint32_t a, uint32_t b) {
    return (uint32_t)mix((uint64_t)a << 32 | b);
}

uint32_t inventory_key_hash(const struct key_ids *key) {
    uint64_t first = mix((uint64_t)key->group << 32 | key->kind);
    return (uint32_t)mix(first ^ ((uint64_t)key->namespace << 32 | key->name));
}

struct object_key inventory_key_texts(const struct store *store, const struct key_ids *key) {
    return (struct object_key){
        text_pool_text(store->pool, key->group), text_pool_text(store->pool, key->kind),
        text_pool_text(store->pool, key->namespace), text_pool_text(store->pool, key->name)};
}

struct object_key inventory_key_copy(const struct store *store, struct arena *arena,
                                     const struct key_ids *key) {
    struct object_key texts = inventory_key_texts(store, key);
    return (struct object_key){arena_strdup(arena, texts.group), arena_strdup(arena, texts.kind),
                               arena_strdup(arena, texts.namespace), arena_strdup(arena, texts.name)};
}

struct inventory_entry *inventory_entry_at(const struct store *store, uint32_t at) {
    return store->entries.items[at];
}

struct account *inventory_account_at(const struct store *store, uint32_t at) {
    return store->accounts.items[at];
}

struct group *inventory_group_at(const struct store *store, uint32_t at) {
    return store->groups.items[at];
}

uint32_t inventory_find_entry(const struct store *store, const struct key_ids *key) {
    uint32_t hash = inventory_key_hash(key);
    for (uint32_t at = id_index_first(&store->objects, hash); at; at = id_index_next(&store->objects, at)) {
        uint32_t found = id_index_value(&store->objects, at);
        if (inventory_key_equal(&inventory_entry_at(store, found)->key, key)) {
            return found;
        }
    }
    return 0;
}

uint32_t inventory_find_account(const struct store *store, const struct key_ids *key) {
    uint32_t hash = inventory_key_hash(key);
    for (uint32_t at = id_index_first(&store->account_index, hash); at;
         at = id_index_next(&store->account_index, at)) {
        uint32_t found = id_index_value(&store->account_index, at);
        if (inventory_key_equal(&inventory_account_at(store, found)->key, key)) {
            return found;
        }
    }
    return 0;
}

uint32_t slots_add(struct slots *slots, void *item) {
    uint32_t at = slots->free_count > 0 ? slots->free[--slots->free_count] : 0;
    if (!at) {
        if (slots->used == slots->capacity) {
            slots->capacity = slots->capacity ? slots->capacity + slots->capacity / 2 : FIRST_SLOTS;
            slots->items = memory_realloc(slots->items, slots->capacity, sizeof(void *));
            slots->free = memory_realloc(slots->free, slots->capacity, sizeof(*slots->free));
            slots->used = slots->used ? slots->used : 1;
        }
        at = slots->used++;
    }
    slots->items[at] = item;
    return at;
}

void slots_remove(struct slots *slots, uint32_t at) {
    slots->items[at] = NULL;
    slots->free[slots->free_count++] = at;
}

void slots_clear(struct slots *slots) {
    for (uint32_t i = 1; i < slots->used; i++) {
        free(slots->items[i]);
    }
    free((void *)slots->items);
    free(slots->free);
    *slots = (struct slots){0};
}
