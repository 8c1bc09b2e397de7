#include "reconciler/object_table.h"

#include "base/hash.h"
#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/text_pack.h"
#include "reconciler/key_map.h"
#include "reconciler/object_words.h"

#include <assert.h>
#include <string.h>

// An object that an API server takes has at most 1.5 MB.
enum { MOST_TEXT_BYTES = 4 << 20 };

struct object_table {
    struct key_map map;
    struct buffer scratch, packed;
};

struct object_table *object_table_new(void) {
    struct object_table *table = memory_calloc(1, sizeof(*table));
    buffer_init(&table->scratch, MOST_TEXT_BYTES);
    buffer_init(&table->packed, 2 * MOST_TEXT_BYTES);
    return table;
}

static void free_one(void *cookie, void *value) {
    (void)cookie;
    free(value);
}

void object_table_free(struct object_table *table) {
    if (table) {
        key_map_each(&table->map, free_one, NULL);
        key_map_clear(&table->map);
        buffer_clear(&table->scratch);
        buffer_clear(&table->packed);
        free(table);
    }
}

// Members of map but for one of the names, as canonical JSON. Node order is kept: texts are compared only
// with texts that were made here from documents of the same store.
static void append_without(struct buffer *text, const struct node *map, const char *const *left_out) {
    buffer_append_char(text, '{');
    bool first = true;
    NODE_EACH(child, map) {
        bool skip = false;
        for (const char *const *name = left_out; *name && !skip; name++) {
            skip = strcmp(child->key, *name) == 0;
        }
        if (!skip) {
            if (!first) {
                buffer_append_char(text, ',');
            }
            first = false;
            json_string_append(text, child->key, child->key_length);
            buffer_append_char(text, ':');
            json_canonical_append(text, child);
        }
    }
    buffer_append_char(text, '}');
}

static uint64_t hash_substance(struct buffer *scratch, const struct node *object) {
    static const char *const apart[] = {"metadata", "status", NULL};
    static const char *const servers[] = {"managedFields", "resourceVersion", NULL};
    buffer_truncate(scratch, 0);
    append_without(scratch, object, apart);
    append_without(scratch, node_get(object, "metadata"), servers);
    return hash_text(HASH_START, buffer_text(scratch));
}

// Members in their order; those of metadata but for one of the names. What lies deeper is canonical.
static void append_object(struct buffer *text, const struct node *object, const char *const *left_out) {
    buffer_append_char(text, '{');
    bool first = true;
    NODE_EACH(child, object) {
        if (!first) {
            buffer_append_char(text, ',');
        }
        first = false;
        json_string_append(text, child->key, child->key_length);
        buffer_append_char(text, ':');
        if (strcmp(child->key, "metadata") == 0 && node_is(child, NODE_MAP)) {
            append_without(text, child, left_out);
        } else {
            json_canonical_append(text, child);
        }
    }
    buffer_append_char(text, '}');
}

// One block: the struct and all its texts.
static struct stored_object *new_object(const struct object_key *key, const struct node *object,
                                        const struct buffer *packed, size_t length) {
    const struct node *metadata = node_get(object, "metadata");
    const char *uid = node_get_text(metadata, "uid");
    size_t size = sizeof(struct stored_object) + object_key_bytes(key) + strlen(uid) + 1 + packed->length;
    struct stored_object *stored = memory_calloc(1, size);
    char *at = (char *)(stored + 1);
    stored->key = object_key_copy_to(key, &at);
    stored->uid = memory_put_text(uid, strlen(uid), &at);
    stored->packed = memcpy(at, packed->data, packed->length);
    stored->packed_length = packed->length;
    stored->length = length;
    stored->version = strtoull(node_get_text(metadata, "resourceVersion"), NULL, 10);
    stored->deleting = node_get(metadata, "deletionTimestamp") != NULL;
    stored->seen = true;
    (void)node_integer(node_get(metadata, "generation"), &stored->generation);
    return stored;
}

static bool is_same_text(const struct stored_object *a, const struct stored_object *b) {
    return a->length == b->length && a->packed_length == b->packed_length &&
           memcmp(a->packed, b->packed, a->packed_length) == 0;
}

enum object_news object_table_put(struct object_table *table, const struct object_key *key,
                                  const struct node *object, const struct stored_object **ret_object) {
    static const char *const managed[] = {"managedFields", NULL};
    uint64_t substance = hash_substance(&table->scratch, object);
    buffer_truncate(&table->scratch, 0);
    append_object(&table->scratch, object, managed);
    struct stored_object *held = key_map_find(&table->map, key);
    buffer_truncate(&table->packed, 0);
    text_pack(object_words, table->scratch.data, table->scratch.length, &table->packed);
    struct stored_object *stored = new_object(key, object, &table->packed, table->scratch.length);
    stored->substance = substance;
    enum object_news news = !held                          ? OBJECT_NEW
                            : held->substance == substance ? OBJECT_REPORTED
                                                           : OBJECT_CHANGED;
    if (held && is_same_text(held, stored)) {
        news = OBJECT_SAME;
    } else if (held && strcmp(held->uid, stored->uid) == 0 && stored->version < held->version) {
        news = OBJECT_OLD;
    }
    if (news == OBJECT_SAME || news == OBJECT_OLD) {
        held->seen = true;
        free(stored);
        stored = held;
    } else {
        free(held ? key_map_take(&table->map, key) : NULL);
        key_map_add(&table->map, &stored->key, stored);
    }
    if (ret_object) {
        *ret_object = stored;
    }
    return news;
}

void object_table_remove(struct object_table *table, const struct object_key *key) {
    free(key_map_take(&table->map, key));
}

const struct stored_object *object_table_find(const struct object_table *table,
                                              const struct object_key *key) {
    return key_map_find(&table->map, key);
}

size_t object_table_count(const struct object_table *table) {
    return table->map.count;
}

void object_table_each(const struct object_table *table, void (*each)(void *cookie, void *stored),
                       void *cookie) {
    struct key_map map = table->map;
    key_map_each(&map, each, cookie);
}

static void forget_seen(void *cookie, void *value) {
    (void)cookie;
    struct stored_object *object = value;
    object->seen = false;
}

void object_table_begin(struct object_table *table) {
    key_map_each(&table->map, forget_seen, NULL);
}

struct unseen {
    struct stored_object **items;
    size_t count;
};

static void note_unseen(void *cookie, void *value) {
    struct unseen *unseen = cookie;
    struct stored_object *object = value;
    if (!object->seen) {
        unseen->items[unseen->count++] = object;
    }
}

void object_table_end(struct object_table *table,
                      void (*gone)(void *cookie, const struct stored_object *object), void *cookie) {
    struct unseen unseen = {.items = memory_calloc(table->map.count + 1, sizeof(struct stored_object *))};
    key_map_each(&table->map, note_unseen, &unseen);
    for (size_t i = 0; i < unseen.count; i++) {
        gone(cookie, unseen.items[i]);
        free(key_map_take(&table->map, &unseen.items[i]->key));
    }
    free(unseen.items);
}

struct document *stored_object_read(const struct stored_object *object) {
    struct document *document = NULL;
    struct error error;
    char *text = memory_alloc(object->length + 1);
    bool fine = text_unpack(object_words, object->packed, object->packed_length, text, object->length);
    assert(fine);
    fine = json_read(text, object->length, &document_default_limits, &document, &error);
    assert(fine);
    (void)fine;
    return document;
}

// ---- what is judged ----

// Kept by tools for themselves, and changed without anybody's intention.
static bool is_tool_annotation(const char *key) {
    static const char *const names[] = {"kubectl.kubernetes.io/last-applied-configuration",
                                        "fleetgate.dev/attestation", "reconcile.fluxcd.io/requestedAt",
                                        "cluster.x-k8s.io/conversion-data"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(key, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_keys(const void *left, const void *right) {
    return json_key_compare(*(const struct node *const *)left, *(const struct node *const *)right);
}

// Sorted, as the record's reader will find them.
static void append_annotations(struct buffer *text, const struct node *annotations) {
    const struct node **kept = memory_calloc(annotations->length, sizeof(*kept));
    size_t count = 0;
    NODE_EACH(child, annotations) {
        if (!is_tool_annotation(child->key)) {
            kept[count++] = child;
        }
    }
    qsort(kept, count, sizeof(*kept), compare_keys);
    for (size_t i = 0; i < count; i++) {
        buffer_append_char(text, i == 0 ? '{' : ',');
        json_string_append(text, kept[i]->key, kept[i]->key_length);
        buffer_append_char(text, ':');
        json_canonical_append(text, kept[i]);
    }
    buffer_append_char(text, '}');
    free(kept);
}

static bool has_annotations(const struct node *annotations) {
    NODE_EACH(child, annotations) {
        if (!is_tool_annotation(child->key)) {
            return true;
        }
    }
    return false;
}

static void append_member(struct buffer *text, const char *name, const struct node *value) {
    if (value) {
        buffer_printf(text, ",\"%s\":", name);
        json_canonical_append(text, value);
    }
}

static void append_metadata(struct buffer *text, const struct node *metadata) {
    buffer_append_text(text, ",\"metadata\":{\"name\":");
    const char *name = node_get_text(metadata, "name");
    json_string_append(text, name, strlen(name));
    append_member(text, "namespace", node_get(metadata, "namespace"));
    append_member(text, "uid", node_get(metadata, "uid"));
    append_member(text, "labels", node_get(metadata, "labels"));
    append_member(text, "ownerReferences", node_get(metadata, "ownerReferences"));
    const struct node *annotations = node_get(metadata, "annotations");
    if (node_is(annotations, NODE_MAP) && has_annotations(annotations)) {
        buffer_append_text(text, ",\"annotations\":");
        append_annotations(text, annotations);
    }
    buffer_append_char(text, '}');
}

void judged_text(const struct node *object, struct buffer *ret_text) {
    static const char *const apart[] = {"apiVersion", "kind", "metadata", "status", NULL};
    const char *version = node_get_text(object, "apiVersion");
    const char *kind = node_get_text(object, "kind");
    buffer_append_text(ret_text, "{\"apiVersion\":");
    json_string_append(ret_text, version, strlen(version));
    buffer_append_text(ret_text, ",\"kind\":");
    json_string_append(ret_text, kind, strlen(kind));
    append_metadata(ret_text, node_get(object, "metadata"));
    NODE_EACH(child, object) {
        bool skip = false;
        for (const char *const *name = apart; *name && !skip; name++) {
            skip = strcmp(child->key, *name) == 0;
        }
        if (!skip) {
            buffer_append_char(ret_text, ',');
            json_string_append(ret_text, child->key, child->key_length);
            buffer_append_char(ret_text, ':');
            json_canonical_append(ret_text, child);
        }
    }
    buffer_append_char(ret_text, '}');
}

// judged_text orders the members of the object and of metadata by hand; what lies deeper is canonical.
void approved_text_append(struct buffer *text, const struct node *judged) {
    static const char *const nothing[] = {NULL};
    append_object(text, judged, nothing);
}
