// What budgets and reviews ask of the inventory.
#include "fleet/inventory_internal.h"

#include <string.h>

static int64_t narrow(wide_sum sum) {
    return sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (int64_t)sum;
}

// Where the sums of the field lie; false: it is not configured.
static bool field_slot(const struct store *store, const struct inventory_field *field, size_t *ret_slot) {
    uint32_t id = inventory_find_field(store, field);
    for (size_t i = 0; id && i < store->field_count; i++) {
        if (store->fields[i].id == id) {
            *ret_slot = i;
            return true;
        }
    }
    return false;
}

int64_t inventory_sum(const struct inventory *inventory, enum amount_of of, const char *per,
                      const char *group) {
    struct store *store = inventory->store;
    uint32_t at;
    inventory_read_settled(store);
    int64_t sum =
        inventory_group_named(store, per, group, &at) ? narrow(inventory_group_at(store, at)->sums[of]) : 0;
    inventory_unlock(store);
    return sum;
}

int64_t inventory_field_sum(const struct inventory *inventory, const struct inventory_field *field,
                            const char *per, const char *group) {
    struct store *store = inventory->store;
    uint32_t at;
    size_t slot;
    inventory_read_settled(store);
    bool is_there = field_slot(store, field, &slot) && inventory_group_named(store, per, group, &at);
    int64_t sum = is_there ? narrow(inventory_group_at(store, at)->fields[slot]) : 0;
    inventory_unlock(store);
    return sum;
}

// The fragment, or one that says nothing where the object is not held: others may name it.
static const struct fragment *fragment_of(struct store *store, struct arena *arena,
                                          const struct object_key *key) {
    const struct fragment *held = store->inner.methods->find(store, arena, key);
    struct kind_match kind = kind_table_find(key->group, key->kind);
    if (held || !kind.entry) {
        return held;
    }
    struct fragment *bare = arena_alloc(arena, sizeof(*bare));
    bare->key = *key;
    bare->kind = kind;
    bare->cluster_key = (struct object_key){"cluster.x-k8s.io", "Cluster", key->namespace,
                                            kind.entry->role == KIND_CLUSTER ? key->name : ""};
    return bare;
}

static struct object_key account_key(struct store *store, struct arena *arena, const struct object_key *key) {
    struct object_key cluster;
    struct kind_match kind = kind_table_find(key->group, key->kind);
    bool is_shared = kind.is_template || (kind.entry && kind.entry->role == KIND_MACHINE_TEMPLATE);
    const struct fragment *fragment = kind.entry && !is_shared ? fragment_of(store, arena, key) : NULL;
    return fragment && inventory_claimed(store, arena, fragment, &cluster) ? cluster : *key;
}

// 0: nothing is counted for it.
static uint32_t account_of(struct store *store, const struct object_key *key) {
    struct key_ids ids;
    uint32_t at = inventory_key_find(store, key, &ids) ? inventory_find_account(store, &ids) : 0;
    if (at) {
        return at;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct object_key claimed = account_key(store, arena, key);
    return inventory_key_find(store, &claimed, &ids) ? inventory_find_account(store, &ids) : 0;
}

int64_t inventory_amount(const struct inventory *inventory, const struct object_key *account,
                         enum amount_of of, const char *per, const char *group) {
    struct store *store = inventory->store;
    uint32_t in;
    inventory_read_settled(store);
    uint32_t at = account_of(store, account);
    bool counts = at && inventory_group_named(store, per, group, &in) &&
                  inventory_in_group(inventory_account_at(store, at), in);
    int64_t amount = counts ? inventory_account_at(store, at)->amounts[of] : 0;
    inventory_unlock(store);
    return amount;
}

static int64_t held_field(struct store *store, const struct object_key *object, uint32_t id) {
    struct key_ids ids;
    uint32_t at = inventory_key_find(store, object, &ids) ? inventory_find_entry(store, &ids) : 0;
    if (!at) {
        return 0;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct packed_object packed;
    int64_t value = 0;
    fragment_unpack_extras(store->pool, inventory_entry_at(store, at)->bytes, arena, &packed);
    for (size_t i = 0; i < packed.field_count; i++) {
        if (packed.fields[i].id == id && inventory_read_whole(packed.fields[i].text, &value)) {
            return value;
        }
    }
    return 0;
}

int64_t inventory_field_amount(const struct inventory *inventory, const struct object_key *object,
                               const struct inventory_field *field, const char *per, const char *group) {
    struct store *store = inventory->store;
    uint32_t in;
    inventory_read_settled(store);
    uint32_t id = inventory_find_field(store, field);
    uint32_t at = id ? account_of(store, object) : 0;
    bool counts = at && inventory_group_named(store, per, group, &in) &&
                  inventory_in_group(inventory_account_at(store, at), in);
    int64_t amount = counts ? held_field(store, object, id) : 0;
    inventory_unlock(store);
    return amount;
}

struct object_key inventory_account(const struct inventory *inventory, struct arena *arena,
                                    const struct object_key *object) {
    struct store *store = inventory->store;
    inventory_read(store);
    struct object_key key = account_key(store, arena, object);
    inventory_unlock(store);
    return (struct object_key){arena_strdup(arena, key.group), arena_strdup(arena, key.kind),
                               arena_strdup(arena, key.namespace), arena_strdup(arena, key.name)};
}

struct other_holder {
    const struct store *store;
    uint32_t account; // that may hold it
    uint32_t group;
    uint32_t name; // of what is held
};

static bool accepts(const void *cookie, uint32_t holder) {
    const struct other_holder *other = cookie;
    return holder != other->account &&
           inventory_in_group(inventory_account_at(other->store, holder), other->group);
}

static bool may_accept(const void *cookie, uint32_t value) {
    const struct other_holder *other = cookie;
    const struct account *account =
        other->account ? inventory_account_at(other->store, other->account) : NULL;
    const struct holding holding = {other->name, value};
    return inventory_may_hold(other->store, account, other->group, &holding);
}

static bool find_text(struct store *store, const struct other_holder *other, const char *value,
                      uint32_t *ret_holder) {
    uint32_t name = other->name;
    uint32_t id = text_pool_find(store->pool, value);
    uint32_t hash = inventory_pair_hash(name, id);
    for (uint32_t at = id && may_accept(other, id) ? id_index_first(&store->text_holders, hash) : 0; at;
         at = id_index_next(&store->text_holders, at)) {
        uint32_t holder = id_index_value(&store->text_holders, at);
        if (accepts(other, holder) && inventory_holds(inventory_account_at(store, holder), name, id)) {
            *ret_holder = holder;
            return true;
        }
    }
    return false;
}

static bool find_holder(struct store *store, struct arena *arena, const struct other_holder *other,
                        const char *value, uint32_t *ret_holder) {
    for (size_t i = 0; i < CIDR_LISTS; i++) {
        if (store->network_names[i] == other->name) {
            struct cidr_filter filter = {.may_accept = may_accept, .accepts = accepts, .cookie = other};
            return cidr_set_find(store->networks[i], value, &filter, ret_holder);
        }
    }
    if (other->name == store->endpoint) {
        value = arena_lower_case(arena, value);
    }
    return other->name && find_text(store, other, value, ret_holder);
}

bool inventory_holder(const struct inventory *inventory, struct arena *arena,
                      const struct object_key *account, const char *name, const char *value, const char *per,
                      const char *group, struct object_key *ret_holder) {
    struct store *store = inventory->store;
    uint32_t holder;
    inventory_read_settled(store);
    struct other_holder other = {.store = store};
    bool is_held = inventory_group_named(store, per, group, &other.group);
    if (is_held) {
        other.account = account_of(store, account);
        other.name = text_pool_find(store->pool, name);
        is_held = find_holder(store, arena, &other, value, &holder);
    }
    if (is_held) {
        *ret_holder = inventory_key_copy(store, arena, &inventory_account_at(store, holder)->key);
    }
    inventory_unlock(store);
    return is_held;
}

static bool has_replicas(const struct fragment *fragment, int64_t replicas) {
    uint8_t role = fragment->kind.entry->role;
    bool is_pool = (role == KIND_POOL || role == KIND_INFRASTRUCTURE_POOL) && fragment->pool_count > 0;
    const struct noted_fact *noted = is_pool ? NULL : fragment_fact(fragment, SAYS_REPLICAS);
    const struct fact *fact = is_pool ? &fragment->pools[0].view.facts[POOL_REPLICAS]
                              : noted ? &noted->fact
                                      : NULL;
    return fact && fact->state == FACT_KNOWN && fact->type == FACT_INTEGER && fact->value.integer == replicas;
}

static bool shows(struct store *store, uint32_t at, const char *uid, int64_t generation, int64_t replicas) {
    struct object_marks marks;
    fragment_unpack_marks(inventory_entry_at(store, at)->bytes, &marks);
    bool is_same = *uid == '\0' || strncmp(marks.uid, uid, MARK_BYTES - 1) == 0;
    if (!is_same || marks.generation < generation || replicas < 0) {
        return is_same && marks.generation >= generation;
    }
    CLEANUP(arena_free) struct arena *arena = arena_new();
    return has_replicas(inventory_unpack(store, arena, at), replicas);
}

bool inventory_uid(const struct inventory *inventory, const struct object_key *object,
                   char ret_uid[INVENTORY_UID_BYTES]) {
    struct store *store = inventory->store;
    struct key_ids ids;
    inventory_read(store);
    uint32_t at = inventory_key_find(store, object, &ids) ? inventory_find_entry(store, &ids) : 0;
    if (at) {
        struct object_marks marks;
        fragment_unpack_marks(inventory_entry_at(store, at)->bytes, &marks);
        memcpy(ret_uid, marks.uid, INVENTORY_UID_BYTES);
    }
    inventory_unlock(store);
    return at != 0;
}

bool inventory_shows(const struct inventory *inventory, const struct object_key *object, const char *uid,
                     int64_t generation, int64_t replicas, bool removed) {
    struct store *store = inventory->store;
    struct key_ids ids;
    inventory_read(store);
    uint32_t at = inventory_key_find(store, object, &ids) ? inventory_find_entry(store, &ids) : 0;
    bool is_shown = at && shows(store, at, uid, removed ? 0 : generation, removed ? -1 : replicas);
    bool is_held = at && shows(store, at, uid, 0, -1);
    // Created and deleted between two questions: nobody may wait for it to show up.
    is_shown = is_shown || (!removed && !is_held && inventory_is_deleted(store, uid));
    inventory_unlock(store);
    return removed ? !is_shown : is_shown;
}
