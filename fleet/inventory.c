// The inventory as a whole: made, configured, measured, freed.
#include "fleet/inventory.h"

#include "base/memory.h"
#include "fleet/inventory_internal.h"

#include <string.h>

static uint32_t pinned(struct store *store, const char *text) {
    text_pool_pin(store->pool, text);
    return text_pool_find(store->pool, text);
}

static void pin_paths(struct store *store, const struct kind_path *paths) {
    for (const struct kind_path *path = paths; path->says != SAYS_NOTHING; path++) {
        text_pool_pin(store->pool, path->path);
    }
}

// The kind table's own texts: most of what a fragment holds, and there need be no copies of them.
static void pin_table(struct store *store) {
    size_t count;
    const struct kind_entry *entries = kind_table_entries(&count);
    for (size_t i = 0; i < count; i++) {
        text_pool_pin(store->pool, entries[i].kind);
        pin_paths(store, entries[i].paths);
    }
    static const char *const often[] = {"cluster.x-k8s.io",
                                        "controlplane.cluster.x-k8s.io",
                                        "infrastructure.cluster.x-k8s.io",
                                        "default",
                                        "kind",
                                        "metadata.name",
                                        "metadata.namespace",
                                        "metadata.deletionTimestamp",
                                        "metadata.labels[\"cluster.x-k8s.io/cluster-name\"]",
                                        "metadata.ownerReferences[0]",
                                        "spec.paused"};
    for (size_t i = 0; i < sizeof(often) / sizeof(*often); i++) {
        text_pool_pin(store->pool, often[i]);
    }
}

static void open_lock(pthread_rwlock_t *lock) {
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    // Reviews must not starve the watch.
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(lock, &attributes);
    pthread_rwlockattr_destroy(&attributes);
}

struct inventory *inventory_new(void) {
    static const char *const names[CIDR_LISTS] = {"pod_cidrs", "service_cidrs", "network_cidrs"};
    struct inventory *inventory = memory_calloc(1, sizeof(*inventory));
    struct store *store = memory_calloc(1, sizeof(*store));
    inventory->store = store;
    open_lock(&store->lock);
    store->pool = text_pool_new();
    fragment_packer_open(&store->packer, store->pool);
    store->scratch = arena_new();
    store->view_scratch = arena_new();
    for (size_t i = 0; i < CIDR_LISTS; i++) {
        store->networks[i] = cidr_set_new();
        store->network_names[i] = pinned(store, names[i]);
    }
    text_pool_pin(store->pool, "");
    store->fleet = pinned(store, "fleet");
    store->region = pinned(store, "region");
    store->provider = pinned(store, "provider");
    store->namespace = pinned(store, "namespace");
    store->version = pinned(store, "version");
    store->endpoint = pinned(store, "endpoint");
    store->name = pinned(store, "name");
    store->cluster_group = pinned(store, "cluster.x-k8s.io");
    store->cluster_kind = pinned(store, "Cluster");
    store->next_field_id = 1;
    pin_table(store);
    inventory_source_open(inventory);
    return inventory;
}

static void free_account(struct store *store, uint32_t at) {
    struct account *account = inventory_account_at(store, at);
    if (account) {
        free(account->fields);
    }
}

void inventory_free(struct inventory *inventory) {
    if (!inventory) {
        return;
    }
    struct store *store = inventory->store;
    for (uint32_t i = 1; i < store->accounts.used; i++) {
        free_account(store, i);
    }
    slots_clear(&store->accounts);
    slots_clear(&store->groups);
    slots_clear(&store->entries);
    struct id_index *const indexes[] = {&store->objects,       &store->clusters,    &store->referrers,
                                        &store->account_index, &store->group_index, &store->text_holders};
    for (size_t i = 0; i < sizeof(indexes) / sizeof(*indexes); i++) {
        id_index_clear(indexes[i]);
    }
    tally_counts_clear(&store->group_holders);
    for (size_t i = 0; i < CIDR_LISTS; i++) {
        cidr_set_free(store->networks[i]);
    }
    inventory_drop_configuration(store);
    fragment_packer_close(&store->packer);
    arena_free(store->scratch);
    arena_free(store->view_scratch);
    text_pool_free(store->pool);
    pthread_rwlock_destroy(&store->lock);
    free(store->rounds);
    free(store->dirty);
    free(store);
    free(inventory);
}

static void drop_labels(struct store *store) {
    for (size_t i = 0; i < store->label_count; i++) {
        free(store->labels[i].name);
        text_pool_drop(store->pool, store->labels[i].per);
    }
    store->label_count = 0;
}

static void field_clear(struct store *store, struct configured_field *field) {
    free(field->group);
    free(field->kind);
    free(field->path);
    text_pool_drop(store->pool, field->name);
}

void inventory_drop_configuration(struct store *store) {
    drop_labels(store);
    for (size_t i = 0; i < store->field_count; i++) {
        field_clear(store, &store->fields[i]);
    }
    store->field_count = 0;
}

uint32_t inventory_find_field(const struct store *store, const struct inventory_field *field) {
    for (size_t i = 0; i < store->field_count; i++) {
        const struct configured_field *known = &store->fields[i];
        if (strcmp(known->path, field->path) == 0 && strcmp(known->kind, field->kind) == 0 &&
            inventory_group_equal(known->group, field->group)) {
            return known->id;
        }
    }
    return 0;
}

static void take_labels(struct store *store, const char *const *labels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char *per = arena_printf(store->scratch, "label:%s", labels[i]);
        store->labels[i] =
            (struct configured_label){memory_strdup(labels[i]), text_pool_add_text(store->pool, per)};
    }
    store->label_count = count;
}

// A field that was there keeps its number, and what is held of it. True: another one is new.
static bool take_fields(struct store *store, const struct inventory_field *fields, size_t count) {
    struct configured_field taken[FIELD_LIMIT];
    size_t taken_count = 0;
    bool is_new = false;
    for (size_t i = 0; i < count; i++) {
        uint32_t id = inventory_find_field(store, &fields[i]);
        bool is_repeat = false;
        for (size_t j = 0; j < taken_count; j++) {
            is_repeat |= id && taken[j].id == id;
        }
        if (is_repeat) {
            continue;
        }
        is_new |= id == 0;
        taken[taken_count++] = (struct configured_field){
            memory_strdup(fields[i].group), memory_strdup(fields[i].kind), memory_strdup(fields[i].path),
            id ? id : store->next_field_id++, text_pool_add_text(store->pool, fields[i].path)};
    }
    for (size_t i = 0; i < store->field_count; i++) {
        field_clear(store, &store->fields[i]);
    }
    memcpy(store->fields, taken, taken_count * sizeof(*taken));
    store->field_count = taken_count;
    return is_new;
}

bool inventory_configure(struct inventory *inventory, const char *const *labels, size_t label_count,
                         const struct inventory_field *fields, size_t field_count, bool *ret_relist,
                         struct error *error) {
    if (label_count > LABEL_LIMIT || field_count > FIELD_LIMIT) {
        return error_set(error, ERROR_LIMIT,
                         "budgets ask for %zu labels and %zu fields; at most %d of each can be held",
                         label_count, field_count, LABEL_LIMIT);
    }
    struct store *store = inventory->store;
    inventory_write(store);
    arena_reset(store->scratch);
    // Sums are kept by the place of a label or field.
    for (uint32_t i = 1; i < store->accounts.used; i++) {
        if (inventory_account_at(store, i)) {
            inventory_withdraw(store, i);
        }
    }
    drop_labels(store);
    take_labels(store, labels, label_count);
    bool is_new = take_fields(store, fields, field_count);
    inventory_mark_all(store);
    *ret_relist = is_new && store->object_count > 0;
    inventory_unlock(store);
    return true;
}

void inventory_complete(struct inventory *inventory, bool is_complete) {
    struct store *store = inventory->store;
    inventory_write(store);
    store->is_complete = is_complete;
    inventory_unlock(store);
    if (is_complete) {
        inventory_read_settled(store);
        inventory_unlock(store);
    }
}

struct inventory_counts inventory_counts(const struct inventory *inventory) {
    const struct store *store = inventory->store;
    inventory_read(inventory->store);
    struct inventory_counts counts = {.clusters = store->cluster_count, .objects = store->object_count};
    counts.bytes = sizeof(*store) + store->entry_bytes + text_pool_bytes(store->pool) +
                   id_index_bytes(&store->objects) + id_index_bytes(&store->clusters) +
                   id_index_bytes(&store->referrers) + inventory_tally_bytes(store);
    inventory_unlock(inventory->store);
    return counts;
}
