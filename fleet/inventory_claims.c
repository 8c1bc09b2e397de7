// Whose an object is, and whose sums change with it.
#include "fleet/inventory_internal.h"

#include "base/memory.h"
#include "fleet/cluster_scope.h"

// One more than the references that cluster_scope follows.
enum { WAY_LENGTH = 4, FIRST_DIRTY = 64 };

static void mark_account(struct store *store, const struct key_ids *key) {
    uint32_t at = inventory_find_account(store, key);
    if (!at) {
        struct account *account = memory_calloc(1, sizeof(*account));
        struct object_key texts = inventory_key_texts(store, key);
        account->key = inventory_key_add(store, &texts);
        account->hash = inventory_key_hash(key);
        at = slots_add(&store->accounts, account);
        id_index_add(&store->account_index, account->hash, at);
        store->account_bytes += sizeof(*account) + sizeof(size_t);
    }
    struct account *account = inventory_account_at(store, at);
    if (account->is_dirty) {
        return;
    }
    if (store->dirty_count == store->dirty_capacity) {
        store->dirty_capacity = store->dirty_capacity ? store->dirty_capacity * 2 : FIRST_DIRTY;
        store->dirty = memory_realloc(store->dirty, store->dirty_capacity, sizeof(*store->dirty));
    }
    account->is_dirty = true;
    store->dirty[store->dirty_count++] = at;
}

void inventory_mark_all(struct store *store) {
    for (uint32_t i = 1; i < store->accounts.used; i++) {
        struct account *account = inventory_account_at(store, i);
        if (account) {
            mark_account(store, &account->key);
        }
    }
}

static bool says_cluster(const struct inventory_entry *entry) {
    return entry->role == KIND_CLUSTER || entry->cluster_name;
}

bool inventory_is_shared(const struct inventory_entry *entry) {
    return entry->is_template || entry->role == KIND_CLASS || entry->role == KIND_MACHINE_TEMPLATE;
}

static void mark_own(struct store *store, const struct inventory_entry *entry) {
    bool is_counted = !inventory_is_shared(entry) && entry->role != KIND_PART;
    bool may_count = !entry->cluster_name && (is_counted || entry->has_fields);
    if (may_count || inventory_find_account(store, &entry->key)) {
        mark_account(store, &entry->key);
    }
}

static void mark_accounts_of(struct store *store, const struct inventory_entry *entry) {
    if (entry->role == KIND_CLUSTER) {
        mark_account(store, &entry->key);
        return;
    }
    if (entry->cluster_name) {
        struct key_ids cluster = {store->cluster_group, store->cluster_kind, entry->key.namespace,
                                  entry->cluster_name};
        mark_account(store, &cluster);
    }
    mark_own(store, entry);
}

bool inventory_is_silent(const struct inventory_entry *entry) {
    return !says_cluster(entry) && !inventory_is_shared(entry);
}

// What names it may be seen with it: up to the Clusters.
// NOLINTNEXTLINE(misc-no-recursion): at most WAY_LENGTH deep.
static void climb(struct store *store, const struct inventory_entry *entry, int length) {
    mark_accounts_of(store, entry);
    if (length == 0 || entry->role == KIND_CLUSTER) {
        return;
    }
    for (uint32_t at = id_index_first(&store->referrers, entry->hash); at;
         at = id_index_next(&store->referrers, at)) {
        uint32_t value = id_index_value(&store->referrers, at);
        const struct inventory_entry *referrer = inventory_entry_at(store, value / 2);
        bool is_only_owned = value & 1;
        if (!is_only_owned || !says_cluster(referrer)) {
            climb(store, referrer, length - 1);
        }
    }
}

static void spread(struct store *store, const struct inventory_entry *entry, const struct fragment *fragment,
                   int length);

// NOLINTNEXTLINE(misc-no-recursion): at most WAY_LENGTH deep.
static void spread_up(struct store *store, const struct inventory_entry *entry, int length) {
    for (uint32_t at = id_index_first(&store->referrers, entry->hash); at;
         at = id_index_next(&store->referrers, at)) {
        uint32_t value = id_index_value(&store->referrers, at);
        const struct inventory_entry *referrer = inventory_entry_at(store, value / 2);
        bool is_only_owned = value & 1;
        if (inventory_is_silent(referrer)) {
            spread(store, referrer, inventory_unpack(store, store->scratch, value / 2), length - 1);
        } else if (!is_only_owned) {
            climb(store, referrer, length - 1);
        } else if (inventory_is_silent(entry)) {
            mark_accounts_of(store, referrer);
        }
    }
}

// Objects that don't say whose they are belong to whoever names them, or to whom they name as owners.
// NOLINTNEXTLINE(misc-no-recursion): at most WAY_LENGTH deep.
static void spread(struct store *store, const struct inventory_entry *entry, const struct fragment *fragment,
                   int length) {
    mark_accounts_of(store, entry);
    if (length == 0) {
        return;
    }
    spread_up(store, entry, length);
    for (size_t i = 0; i < fragment->link_count; i++) {
        struct key_ids ids;
        uint32_t at = inventory_key_find(store, &fragment->links[i].target, &ids)
                          ? inventory_find_entry(store, &ids)
                          : 0;
        const struct inventory_entry *target = at ? inventory_entry_at(store, at) : NULL;
        if (target && inventory_is_silent(target)) {
            spread(store, target, inventory_unpack(store, store->scratch, at), length - 1);
        } else if (target && inventory_is_silent(entry)) {
            mark_accounts_of(store, target);
        }
    }
}

void inventory_mark(struct store *store, uint32_t at, const struct fragment *fragment) {
    spread(store, inventory_entry_at(store, at), fragment, WAY_LENGTH);
}

bool inventory_claimed(struct store *store, struct arena *arena, const struct fragment *fragment,
                       struct object_key *ret_cluster) {
    return cluster_scope_claimed(arena, &store->inner, fragment, ret_cluster);
}
