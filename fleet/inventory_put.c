// What the watch tells comes in here.
#include "base/field_path.h"
#include "base/hash.h"
#include "base/memory.h"
#include "fleet/inventory_internal.h"

#include <stdio.h>
#include <string.h>

// A watch event waits at most for this many accounts; a class that changed dirties all of its clusters.
enum { SETTLE_STEP = 16, DECIMAL_BYTES = 20 };

static void read_mark(const struct node *metadata, const char *name, char ret_text[MARK_BYTES]) {
    const char *text = node_string(node_get(metadata, name));
    snprintf(ret_text, MARK_BYTES, "%s", text ? text : "");
}

static const char *endpoint_of(const struct node *object) {
    const char *host =
        node_string(node_get(node_get(node_get(object, "spec"), "controlPlaneEndpoint"), "host"));
    return host && *host ? host : NULL;
}

static const char *field_text(struct arena *arena, const struct node *object, const char *path) {
    const struct node *node = NULL;
    int64_t integer;
    if (!field_path_find(object, path, &node, NULL)) {
        return NULL;
    }
    if (node_integer(node, &integer)) {
        return arena_printf(arena, "%lld", (long long)integer);
    }
    const char *text = node_string(node);
    return text && *text && !node->unknown ? text : NULL;
}

static void read_fields(struct store *store, const struct object_key *key, const struct node *object,
                        struct packed_object *packed) {
    struct packed_field *fields = arena_alloc(store->scratch, (store->field_count + 1) * sizeof(*fields));
    for (size_t i = 0; i < store->field_count; i++) {
        const struct configured_field *field = &store->fields[i];
        bool is_ours = strcmp(field->kind, key->kind) == 0 && inventory_group_equal(field->group, key->group);
        const char *text = is_ours ? field_text(store->scratch, object, field->path) : NULL;
        if (text) {
            fields[packed->field_count++] = (struct packed_field){field->id, text};
        }
    }
    packed->fields = fields;
}

// Both decimal: versions of one API server only grow.
static bool is_older(const char *version, const char *held) {
    size_t length = strlen(version);
    size_t held_length = strlen(held);
    bool is_decimal = length > 0 && held_length > 0 && strspn(version, "0123456789") == length &&
                      strspn(held, "0123456789") == held_length && length < DECIMAL_BYTES &&
                      held_length < DECIMAL_BYTES;
    return is_decimal && strtoull(version, NULL, 10) < strtoull(held, NULL, 10);
}

static struct inventory_entry *entry_new(struct store *store, const struct packed_object *packed,
                                         const struct key_ids *key) {
    const struct buffer *bytes = &store->packer.all;
    const struct fragment *fragment = packed->fragment;
    struct inventory_entry *entry = memory_alloc(sizeof(*entry) + bytes->length);
    bool says_cluster = fragment->kind.entry->role != KIND_CLUSTER && *fragment->cluster_key.name;
    *entry = (struct inventory_entry){.key = *key,
                                      .hash = inventory_key_hash(key),
                                      .size = (uint32_t)bytes->length,
                                      .role = fragment->kind.entry->role,
                                      .takes_place = kind_entry_takes_place(fragment->kind.entry),
                                      .is_template = fragment->kind.is_template,
                                      .has_fields = packed->field_count > 0,
                                      .has_extras = packed->field_count > 0 || packed->endpoint};
    entry->cluster_name = says_cluster ? text_pool_find(store->pool, fragment->cluster_key.name) : 0;
    memcpy(entry->bytes, bytes->data, bytes->length);
    store->entry_bytes += sizeof(*entry) + bytes->length + sizeof(size_t);
    return entry;
}

static void entry_free(struct store *store, struct inventory_entry *entry) {
    fragment_pack_release(store->pool, entry->bytes);
    inventory_key_drop(store, &entry->key);
    store->entry_bytes -= sizeof(*entry) + entry->size + sizeof(size_t);
    free(entry);
}

static bool is_same_body(const struct inventory_entry *entry, const struct buffer *bytes, size_t head) {
    struct object_marks marks;
    size_t held = (size_t)(fragment_unpack_marks(entry->bytes, &marks) - entry->bytes);
    return entry->size - held == bytes->length - head &&
           memcmp(entry->bytes + held, bytes->data + head, bytes->length - head) == 0;
}

// add: into the indexes, else out of them.
static void index_relations(struct store *store, uint32_t at, const struct fragment *fragment, bool add) {
    const struct inventory_entry *entry = inventory_entry_at(store, at);
    if (entry->cluster_name) {
        struct key_ids cluster = {store->cluster_group, store->cluster_kind, entry->key.namespace,
                                  entry->cluster_name};
        uint32_t hash = inventory_key_hash(&cluster);
        add ? id_index_add(&store->clusters, hash, at) : (void)id_index_remove(&store->clusters, hash, at);
    }
    for (size_t i = 0; i < fragment->link_count; i++) {
        const struct object_key *target = &fragment->links[i].target;
        bool is_only_owned = true;
        bool is_repeated = false;
        for (size_t j = 0; j < fragment->link_count; j++) {
            bool is_same = fragment_key_matches(&fragment->links[j].target, target);
            is_repeated |= is_same && j < i;
            is_only_owned &= !is_same || fragment->links[j].kind == LINK_OWNER;
        }
        if (is_repeated) {
            continue;
        }
        struct key_ids ids = inventory_key_add(store, target);
        uint32_t hash = inventory_key_hash(&ids);
        add ? id_index_add(&store->referrers, hash, at * 2 + is_only_owned)
            : (void)id_index_remove(&store->referrers, hash, at * 2 + is_only_owned);
        inventory_key_drop(store, &ids);
    }
}

static struct list_round *round_of(struct store *store, uint32_t group, uint32_t kind) {
    for (size_t i = 0; i < store->round_count; i++) {
        if (store->rounds[i].group == group && store->rounds[i].kind == kind) {
            return &store->rounds[i];
        }
    }
    return NULL;
}

static void take_out(struct store *store, uint32_t at) {
    struct inventory_entry *entry = inventory_entry_at(store, at);
    const struct fragment *fragment = inventory_unpack(store, store->scratch, at);
    inventory_mark(store, at, fragment);
    index_relations(store, at, fragment, false);
    id_index_remove(&store->objects, entry->hash, at);
    store->object_count--;
    store->cluster_count -= entry->role == KIND_CLUSTER && !entry->is_template;
    slots_remove(&store->entries, at);
    entry_free(store, entry);
}

static void take_in(struct store *store, struct inventory_entry *entry, const struct fragment *fragment) {
    uint32_t at = slots_add(&store->entries, entry);
    id_index_add(&store->objects, entry->hash, at);
    store->object_count++;
    store->cluster_count += entry->role == KIND_CLUSTER && !entry->is_template;
    index_relations(store, at, fragment, true);
    inventory_mark(store, at, fragment);
}

// Takes over the references of key and of what was packed.
static void replace(struct store *store, const struct packed_object *packed, const struct key_ids *key,
                    size_t head, uint32_t round) {
    uint32_t held = inventory_find_entry(store, key);
    bool is_same = held && is_same_body(inventory_entry_at(store, held), &store->packer.all, head);
    struct inventory_entry *entry = entry_new(store, packed, key);
    entry->round = round;
    if (is_same) {
        // Only its version or status moved on: nobody's sums change.
        entry_free(store, inventory_entry_at(store, held));
        store->entries.items[held] = entry;
        return;
    }
    if (held) {
        take_out(store, held);
    }
    take_in(store, entry, packed->fragment);
}

static void put(struct store *store, const struct object_key *key, const struct node *object,
                struct packed_object *packed, bool is_read) {
    struct key_ids ids = inventory_key_add(store, key);
    uint32_t held = inventory_find_entry(store, &ids);
    struct object_marks marks = {0};
    // A list is the truth, also where a store was set back.
    const struct list_round *round = round_of(store, ids.group, ids.kind);
    bool is_listed = round && round->is_open && !is_read;
    // What was only read goes when an open list ends that does not hold it.
    uint32_t number = !round ? 0 : round->is_open && is_read ? round->round - 1 : round->round;
    if (held) {
        struct inventory_entry *entry = inventory_entry_at(store, held);
        fragment_unpack_marks(entry->bytes, &marks);
        // It is there, whatever else is new about it.
        entry->round = number = is_read ? entry->round : number;
    }
    size_t head;
    arena_reset(store->scratch);
    read_fields(store, key, object, packed);
    if ((!is_listed && is_older(packed->marks.version, marks.version)) ||
        !fragment_pack(&store->packer, packed, &head)) {
        inventory_key_drop(store, &ids);
        return;
    }
    replace(store, packed, &ids, head, number);
}

// Sums follow at once while the watch runs; during the first lists they wait for the end.
// Others come in between the steps.
static void settle_and_unlock(struct store *store) {
    while (store->is_complete && store->open_lists == 0 && !inventory_settle(store, SETTLE_STEP)) {
        inventory_unlock(store);
        inventory_write(store);
    }
    inventory_unlock(store);
}

// By name alone: two that share a counter only read once more than needed.
static size_t removal_counter(const struct object_key *key) {
    size_t hash = 0;
    for (const char *at = key->name; *at; at++) {
        hash = hash * 31 + (unsigned char)*at;
    }
    return hash % REMOVAL_COUNTERS;
}

// A sum of counters that only grow: it stays the same only if all of them do.
static uint64_t ticket_of(const struct store *store, const struct object_key *key) {
    return store->removals[removal_counter(key)] + store->ended_lists;
}

uint64_t inventory_ticket(const struct inventory *inventory, const struct object_key *key) {
    struct store *store = inventory->store;
    inventory_read(store);
    uint64_t ticket = ticket_of(store, key);
    inventory_unlock(store);
    return ticket;
}

// ticket: NULL for what the watch tells.
static bool read_and_put(struct inventory *inventory, const struct object_key *key, const struct node *object,
                         const uint64_t *ticket) {
    struct store *store = inventory->store;
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct packed_object packed = {.fragment = fragment_read(arena, key, object)};
    if (!packed.fragment) {
        return true;
    }
    const struct node *metadata = node_get(object, "metadata");
    read_mark(metadata, "uid", packed.marks.uid);
    read_mark(metadata, "resourceVersion", packed.marks.version);
    if (!node_integer(node_get(metadata, "generation"), &packed.marks.generation)) {
        packed.marks.generation = 0;
    }
    packed.endpoint = endpoint_of(object);
    inventory_write(store);
    bool is_fresh = !ticket || *ticket == ticket_of(store, key);
    if (is_fresh) {
        put(store, key, object, &packed, ticket != NULL);
    }
    settle_and_unlock(store);
    return is_fresh;
}

void inventory_put(struct inventory *inventory, const struct object_key *key, const struct node *object) {
    (void)read_and_put(inventory, key, object, NULL);
}

bool inventory_put_read(struct inventory *inventory, const struct object_key *key, const struct node *object,
                        uint64_t ticket) {
    return read_and_put(inventory, key, object, &ticket);
}

bool inventory_is_deleted(const struct store *store, const char *uid) {
    uint64_t hash = hash_text(HASH_START, uid);
    return *uid && store->deleted[hash % DELETED_UIDS] == hash;
}

void inventory_remove(struct inventory *inventory, const struct object_key *key, const char *uid) {
    struct store *store = inventory->store;
    struct key_ids ids;
    inventory_write(store);
    store->removals[removal_counter(key)]++;
    if (*uid) {
        uint64_t hash = hash_text(HASH_START, uid);
        store->deleted[hash % DELETED_UIDS] = hash;
    }
    uint32_t at = inventory_key_find(store, key, &ids) ? inventory_find_entry(store, &ids) : 0;
    if (at) {
        struct object_marks marks;
        fragment_unpack_marks(inventory_entry_at(store, at)->bytes, &marks);
        if (*uid == '\0' || *marks.uid == '\0' || strncmp(marks.uid, uid, MARK_BYTES - 1) == 0) {
            arena_reset(store->scratch);
            take_out(store, at);
        }
    }
    settle_and_unlock(store);
}

void inventory_list_begin(struct inventory *inventory, const char *group, const char *kind) {
    struct store *store = inventory->store;
    const struct object_key key = {group, kind, "", ""};
    inventory_write(store);
    struct key_ids ids = inventory_key_add(store, &key);
    struct list_round *round = round_of(store, ids.group, ids.kind);
    if (round) {
        inventory_key_drop(store, &ids);
    } else {
        // Kinds are few; their texts stay.
        store->rounds = memory_realloc(store->rounds, store->round_count + 1, sizeof(*store->rounds));
        round = &store->rounds[store->round_count++];
        *round = (struct list_round){.group = ids.group, .kind = ids.kind};
    }
    round->round++;
    store->open_lists += !round->is_open;
    round->is_open = true;
    inventory_unlock(store);
}

// Who was not put in this round; in arena, if there is one.
struct swept {
    struct arena *arena;
    struct object_key *keys;
    size_t count, capacity;
};

static void note_swept(const struct store *store, const struct key_ids *key, struct swept *swept) {
    if (swept->count == swept->capacity) {
        swept->capacity = swept->capacity ? 2 * swept->capacity : 16;
        swept->keys = memory_realloc(swept->keys, swept->capacity, sizeof(*swept->keys));
    }
    swept->keys[swept->count++] = inventory_key_copy(store, swept->arena, key);
}

static void sweep(struct store *store, const struct list_round *round, struct swept *swept) {
    for (uint32_t at = 1; at < store->entries.used; at++) {
        const struct inventory_entry *entry = inventory_entry_at(store, at);
        if (entry && entry->key.kind == round->kind && entry->key.group == round->group &&
            entry->round != round->round) {
            if (swept->arena) {
                note_swept(store, &entry->key, swept);
            }
            arena_reset(store->scratch);
            take_out(store, at);
        }
    }
}

static void end_list(struct store *store, const char *group, const char *kind, struct swept *swept) {
    const struct object_key key = {group, kind, "", ""};
    struct key_ids ids;
    inventory_write(store);
    struct list_round *round =
        inventory_key_find(store, &key, &ids) ? round_of(store, ids.group, ids.kind) : NULL;
    if (round && round->is_open) {
        sweep(store, round, swept);
        round->is_open = false;
        store->open_lists--;
        store->ended_lists++;
    }
    settle_and_unlock(store);
}

void inventory_list_end(struct inventory *inventory, const char *group, const char *kind) {
    struct swept nobody_asks = {0};
    end_list(inventory->store, group, kind, &nobody_asks);
}

void inventory_list_end_telling(struct inventory *inventory, const char *group, const char *kind,
                                void (*gone)(void *cookie, const struct object_key *key), void *cookie) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct swept swept = {.arena = arena};
    end_list(inventory->store, group, kind, &swept);
    for (size_t i = 0; i < swept.count; i++) {
        gone(cookie, &swept.keys[i]);
    }
    free(swept.keys);
}
