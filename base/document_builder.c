#include "base/document_builder.h"

#include "base/document_internal.h"
#include "base/memory.h"

#include <assert.h>
#include <string.h>

const struct document_limits document_default_limits = {.depth = 128, .nodes = 1000 * 1000};

// MOST_EXPECTED: what an estimate may take at once, 2 MiB; what is really there may grow past it.
enum { DEEPEST = 1024, FIRST_NODES = 64, MOST_EXPECTED = 64 * 1024, SMALL_MAP = 12 };
// A fleet's manifests are held all at one time, most of them small.
enum { FIRST_STRING_BYTES = 1024 };

struct document_builder {
    struct document_limits limits;
    struct document *document;
    uint32_t capacity;
    uint32_t depth;
    enum node_type inside; // type of the innermost open one; NODE_NULL at the root
    uint32_t last;         // index of the value added or closed last
    const char *key;
    uint32_t key_length;
    uint32_t *seen; // open-addressing table for duplicate keys of large maps
    uint32_t seen_capacity;
    bool with_positions;
    uint32_t open[DEEPEST]; // indexes of the open lists and maps
};

struct document_builder *document_builder_new(const struct document_limits *limits, bool with_positions) {
    assert(limits->depth <= DEEPEST);
    struct document_builder *builder = memory_alloc(sizeof(*builder));
    // All but open, which is 4 KiB that need no zeroes.
    memset(builder, 0, offsetof(struct document_builder, open));
    builder->limits = *limits;
    builder->document = memory_calloc(1, sizeof(*builder->document));
    builder->with_positions = with_positions;
    return builder;
}

void document_builder_free(struct document_builder *builder) {
    if (!builder) {
        return;
    }
    document_free(builder->document);
    free(builder->seen);
    free(builder);
}

void document_builder_adopt_text(struct document_builder *builder, char *text) {
    assert(!builder->document->text);
    builder->document->text = text;
}

const char *document_builder_copy(struct document_builder *builder, const char *text, size_t length) {
    if (!builder->document->strings) {
        builder->document->strings = arena_new_sized(FIRST_STRING_BYTES);
    }
    return arena_copy_text(builder->document->strings, text, length);
}

enum node_type document_builder_inside(const struct document_builder *builder) {
    return builder->inside;
}

bool document_builder_inside_key(const struct document_builder *builder, const char *key) {
    if (builder->depth == 0) {
        return false;
    }
    const struct node *open = &builder->document->nodes[builder->open[builder->depth - 1]];
    return open->key && strcmp(open->key, key) == 0;
}

void document_builder_key(struct document_builder *builder, const char *key, uint32_t length) {
    builder->key = key;
    builder->key_length = length;
}

static void set_capacity(struct document_builder *builder, uint32_t capacity) {
    struct document *document = builder->document;
    builder->capacity = capacity;
    document->nodes = memory_realloc(document->nodes, builder->capacity, sizeof(*document->nodes));
    if (builder->with_positions) {
        document->positions =
            memory_realloc(document->positions, builder->capacity, sizeof(*document->positions));
    }
}

void document_builder_expect(struct document_builder *builder, size_t values) {
    uint32_t capacity = values < MOST_EXPECTED ? (uint32_t)values : MOST_EXPECTED;
    if (capacity > builder->capacity) {
        set_capacity(builder, capacity);
    }
}

// The next node, with all but its value set; NULL after an error.
static struct node *append(struct document_builder *builder, struct error *error) {
    struct document *document = builder->document;
    assert((builder->inside == NODE_MAP) == (builder->key != NULL));
    assert(builder->depth > 0 || document->count == 0);
    if (document->count >= builder->limits.nodes) {
        error_set(error, ERROR_LIMIT, "more than %u values in one document", builder->limits.nodes);
        return NULL;
    }
    if (document->count == builder->capacity) {
        set_capacity(builder, builder->capacity ? builder->capacity * 2 : FIRST_NODES);
    }
    if (builder->with_positions) {
        document->positions[document->count] = (struct node_position){0};
    }
    if (builder->depth > 0) {
        document->nodes[builder->open[builder->depth - 1]].length++;
    }
    builder->last = document->count++;
    struct node *node = &document->nodes[builder->last];
    node->key = builder->key;
    node->key_length = builder->key_length;
    node->span = 1;
    builder->key = NULL;
    builder->key_length = 0;
    return node;
}

bool document_builder_add(struct document_builder *builder, const struct node *value, struct error *error) {
    struct node *node = append(builder, error);
    if (!node) {
        return false;
    }
    // Field by field: the caller has just written them so, and one wide copy would wait for those writes (5 %
    // of reading a review).
    node->value = value->value;
    node->length = value->length;
    node->type = value->type;
    node->unknown = value->unknown;
    return true;
}

bool document_builder_open(struct document_builder *builder, enum node_type list_or_map,
                           struct error *error) {
    if (builder->depth >= builder->limits.depth) {
        return error_set(error, ERROR_LIMIT, "lists and maps nested deeper than %u", builder->limits.depth);
    }
    struct node *node = append(builder, error);
    if (!node) {
        return false;
    }
    node->value.integer = 0;
    node->length = 0;
    node->type = (uint8_t)list_or_map;
    node->unknown = false;
    builder->open[builder->depth++] = builder->last;
    builder->inside = list_or_map;
    return true;
}

static uint32_t hash_key(const struct node *node) {
    uint32_t hash = 2166136261U;
    for (uint32_t i = 0; i < node->key_length; i++) {
        hash = (hash ^ (unsigned char)node->key[i]) * 16777619U;
    }
    // FNV is easy to collide on purpose; the probe cap in find_duplicate_large bounds what that can cost.
    return hash ^ hash >> 15;
}

static const struct node *find_duplicate_small(const struct node *map) {
    const struct node *end = map + map->span;
    for (const struct node *child = map + 1; child < end; child += child->span) {
        for (const struct node *other = map + 1; other < child; other += other->span) {
            if (node_same_key(child, other)) {
                return child;
            }
        }
    }
    return NULL;
}

// For keys that collide on purpose: n log n whatever the keys are.
static const struct node *find_duplicate_sorted(const struct node *map) {
    size_t count = 0;
    const struct node **members = node_sort_members(map, node_first(map), &count);
    const struct node *duplicate = NULL;
    for (size_t i = 1; i < count && !duplicate; i++) {
        if (node_same_key(members[i - 1], members[i])) {
            duplicate = members[i] > members[i - 1] ? members[i] : members[i - 1];
        }
    }
    free(members);
    return duplicate;
}

static const struct node *find_duplicate_large(struct document_builder *builder, const struct node *map) {
    enum { MOST_PROBES = 64 };
    uint32_t size = 64;
    while (size < map->length * 2) {
        size *= 2;
    }
    if (size > builder->seen_capacity) {
        builder->seen = memory_realloc(builder->seen, size, sizeof(*builder->seen));
        builder->seen_capacity = size;
    }
    memset(builder->seen, 0, size * sizeof(*builder->seen));
    NODE_EACH(child, map) {
        uint32_t slot = hash_key(child) & (size - 1);
        for (uint32_t probes = 0; builder->seen[slot]; slot = (slot + 1) & (size - 1)) {
            if (node_same_key(child, map + builder->seen[slot])) {
                return child;
            }
            if (++probes > MOST_PROBES) {
                return find_duplicate_sorted(map);
            }
        }
        builder->seen[slot] = (uint32_t)(child - map);
    }
    return NULL;
}

bool document_builder_close(struct document_builder *builder, uint32_t *ret_duplicate, struct error *error) {
    assert(builder->depth > 0);
    struct document *document = builder->document;
    uint32_t index = builder->open[builder->depth - 1];
    struct node *node = &document->nodes[index];
    node->span = document->count - index;
    if (node->type == NODE_MAP) {
        const struct node *duplicate =
            node->length <= SMALL_MAP ? find_duplicate_small(node) : find_duplicate_large(builder, node);
        if (duplicate) {
            if (ret_duplicate) {
                *ret_duplicate = (uint32_t)(duplicate - document->nodes);
            }
            return error_set(error, ERROR_INVALID, "duplicate key \"%.100s\"", duplicate->key);
        }
    }
    builder->depth--;
    builder->inside =
        builder->depth > 0 ? document->nodes[builder->open[builder->depth - 1]].type : NODE_NULL;
    builder->last = index;
    return true;
}

void document_builder_mark(struct document_builder *builder, const struct node_position *position) {
    builder->document->positions[builder->last] = *position;
}

void document_builder_mark_end(struct document_builder *builder, uint32_t end_line, uint32_t end_column) {
    builder->document->positions[builder->last].end_line = end_line;
    builder->document->positions[builder->last].end_column = end_column;
}

const struct node_position *document_builder_position(const struct document_builder *builder,
                                                      uint32_t index) {
    return &builder->document->positions[index];
}

struct document *document_builder_finish(struct document_builder *builder) {
    assert(builder->depth == 0 && builder->document->count > 0);
    struct document *document = builder->document;
    // What has positions is a file's, and is held with all others; requests are gone in a moment.
    if (builder->with_positions && document->count < builder->capacity) {
        set_capacity(builder, document->count);
    }
    builder->document = NULL;
    document_builder_free(builder);
    return document;
}
