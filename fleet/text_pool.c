#include "fleet/text_pool.h"

#include "base/memory.h"
#include "fleet/id_index.h"

#include <string.h>
#include <sys/random.h>

__extension__ typedef unsigned __int128 wide_product;

enum { PINNED = UINT32_MAX / 2, FIRST_TEXTS = 1024, MALLOC_BYTES = 8 };

struct pooled_text {
    uint32_t references; // PINNED and more: for ever
    uint32_t hash;
    uint32_t length;
    char bytes[];
};

struct text_pool {
    struct pooled_text **texts; // by number; NULL: free
    uint32_t *free_ids;
    uint32_t capacity;
    uint32_t free_count;
    uint32_t used; // numbers that were ever given out, 0 among them
    uint64_t seed;
    struct id_index index;
    size_t bytes;
};

// Names come from whoever may write objects: the seed keeps them from choosing ones that collide.
static uint32_t hash_of(const struct text_pool *pool, const char *text, size_t length) {
    uint64_t hash = pool->seed ^ length;
    while (length > 0) {
        uint64_t word = 0;
        size_t step = length < sizeof(word) ? length : sizeof(word);
        memcpy(&word, text, step);
        wide_product product = (wide_product)(hash ^ word) * (pool->seed | UINT64_C(0x9E3779B97F4A7C15));
        hash = (uint64_t)product ^ (uint64_t)(product >> 64);
        text += step;
        length -= step;
    }
    return (uint32_t)(hash ^ (hash >> 32));
}

struct text_pool *text_pool_new(void) {
    struct text_pool *pool = memory_calloc(1, sizeof(*pool));
    if (getrandom(&pool->seed, sizeof(pool->seed), 0) != (ssize_t)sizeof(pool->seed)) {
        pool->seed = (uint64_t)(uintptr_t)pool;
    }
    pool->capacity = FIRST_TEXTS;
    pool->texts = memory_calloc(pool->capacity, sizeof(struct pooled_text *));
    pool->free_ids = memory_calloc(pool->capacity, sizeof(*pool->free_ids));
    pool->used = 1;
    return pool;
}

void text_pool_free(struct text_pool *pool) {
    if (!pool) {
        return;
    }
    for (uint32_t i = 1; i < pool->used; i++) {
        free(pool->texts[i]);
    }
    id_index_clear(&pool->index);
    free(pool->texts);
    free(pool->free_ids);
    free(pool);
}

static uint32_t find(const struct text_pool *pool, const char *text, size_t length, uint32_t hash) {
    for (uint32_t at = id_index_first(&pool->index, hash); at; at = id_index_next(&pool->index, at)) {
        uint32_t id = id_index_value(&pool->index, at);
        const struct pooled_text *found = pool->texts[id];
        if (found->length == length && memcmp(found->bytes, text, length) == 0) {
            return id;
        }
    }
    return 0;
}

static uint32_t take_id(struct text_pool *pool) {
    if (pool->free_count > 0) {
        return pool->free_ids[--pool->free_count];
    }
    if (pool->used == pool->capacity) {
        pool->capacity += pool->capacity / 2;
        pool->texts = memory_realloc(pool->texts, pool->capacity, sizeof(struct pooled_text *));
        pool->free_ids = memory_realloc(pool->free_ids, pool->capacity, sizeof(*pool->free_ids));
    }
    return pool->used++;
}

static size_t bytes_of(const struct pooled_text *text) {
    return sizeof(*text) + text->length + 1 + MALLOC_BYTES;
}

uint32_t text_pool_add(struct text_pool *pool, const char *text, size_t length) {
    uint32_t hash = hash_of(pool, text, length);
    uint32_t id = find(pool, text, length, hash);
    if (id) {
        pool->texts[id]->references++;
        return id;
    }
    id = take_id(pool);
    struct pooled_text *added = memory_alloc(sizeof(*added) + length + 1);
    added->references = 1;
    added->hash = hash;
    added->length = (uint32_t)length;
    memcpy(added->bytes, text, length);
    added->bytes[length] = '\0';
    pool->texts[id] = added;
    pool->bytes += bytes_of(added);
    id_index_add(&pool->index, hash, id);
    return id;
}

uint32_t text_pool_add_text(struct text_pool *pool, const char *text) {
    return text_pool_add(pool, text, strlen(text));
}

void text_pool_drop(struct text_pool *pool, uint32_t id) {
    if (id == 0 || --pool->texts[id]->references > 0) {
        return;
    }
    id_index_remove(&pool->index, pool->texts[id]->hash, id);
    pool->bytes -= bytes_of(pool->texts[id]);
    free(pool->texts[id]);
    pool->texts[id] = NULL;
    pool->free_ids[pool->free_count++] = id;
}

void text_pool_pin(struct text_pool *pool, const char *text) {
    struct pooled_text *pinned = pool->texts[text_pool_add_text(pool, text)];
    pinned->references = pinned->references < PINNED ? PINNED : pinned->references;
}

uint32_t text_pool_find(const struct text_pool *pool, const char *text) {
    size_t length = strlen(text);
    return find(pool, text, length, hash_of(pool, text, length));
}

const char *text_pool_text(const struct text_pool *pool, uint32_t id) {
    return pool->texts[id]->bytes;
}

size_t text_pool_length(const struct text_pool *pool, uint32_t id) {
    return pool->texts[id]->length;
}

bool text_pool_is_pinned(const struct text_pool *pool, uint32_t id) {
    return pool->texts[id]->references >= PINNED;
}

size_t text_pool_bytes(const struct text_pool *pool) {
    size_t slots = pool->capacity * (sizeof(struct pooled_text *) + sizeof(*pool->free_ids));
    return sizeof(*pool) + pool->bytes + slots + id_index_bytes(&pool->index);
}
