// Sums by group and who holds which value: an account's part goes in and comes out as a whole.
#include "fleet/inventory_internal.h"

#include "base/memory.h"
#include "fleet/region.h"

#include <string.h>
#include <strings.h>

enum { VALUE_BYTES = 256 };

static const uint32_t *network_name(const struct store *store, uint32_t name) {
    for (size_t i = 0; i < CIDR_LISTS; i++) {
        if (store->network_names[i] == name) {
            return &store->network_names[i];
        }
    }
    return NULL;
}

static struct cidr_set *networks_of(const struct store *store, uint32_t name) {
    const uint32_t *found = network_name(store, name);
    return found ? store->networks[found - store->network_names] : NULL;
}

uint32_t inventory_find_group(const struct store *store, uint32_t per, uint32_t value) {
    for (uint32_t at = id_index_first(&store->group_index, inventory_pair_hash(per, value)); at;
         at = id_index_next(&store->group_index, at)) {
        uint32_t found = id_index_value(&store->group_index, at);
        const struct group *group = inventory_group_at(store, found);
        if (group->per == per && group->value == value) {
            return found;
        }
    }
    return 0;
}

bool inventory_group_named(const struct store *store, const char *per, const char *value, uint32_t *ret_at) {
    char text[VALUE_BYTES];
    uint32_t per_id = text_pool_find(store->pool, per && *per ? per : "fleet");
    value = value ? value : "";
    if (per_id == store->fleet) {
        value = "";
    } else if (per_id == store->namespace && *value == '\0') {
        value = "default";
    } else if (per_id == store->region && strlen(value) < sizeof(text)) {
        region_normalise(value, text);
        value = text;
    }
    uint32_t value_id = text_pool_find(store->pool, value);
    *ret_at = per_id && value_id ? inventory_find_group(store, per_id, value_id) : 0;
    return *ret_at != 0;
}

bool inventory_holds(const struct account *account, uint32_t name, uint32_t value) {
    for (uint32_t i = 0; i < account->holding_count; i++) {
        if (account->holdings[i].name == name && account->holdings[i].value == value) {
            return true;
        }
    }
    return false;
}

bool inventory_in_group(const struct account *account, uint32_t group) {
    for (uint32_t i = 0; i < account->group_count; i++) {
        if (account->groups[i] == group) {
            return true;
        }
    }
    return false;
}

static uint32_t group_for(struct store *store, const struct tally_value *named) {
    uint32_t value = text_pool_add_text(store->pool, named->text);
    uint32_t at = inventory_find_group(store, named->name, value);
    if (at) {
        text_pool_drop(store->pool, value);
        return at;
    }
    struct group *group = memory_calloc(1, sizeof(*group) + store->field_count * sizeof(group->fields[0]));
    group->per = text_pool_add_text(store->pool, text_pool_text(store->pool, named->name));
    group->value = value;
    group->hash = inventory_pair_hash(group->per, value);
    at = slots_add(&store->groups, group);
    id_index_add(&store->group_index, group->hash, at);
    return at;
}

static void group_leave(struct store *store, uint32_t at) {
    struct group *group = inventory_group_at(store, at);
    if (--group->account_count > 0) {
        return;
    }
    id_index_remove(&store->group_index, group->hash, at);
    text_pool_drop(store->pool, group->per);
    text_pool_drop(store->pool, group->value);
    slots_remove(&store->groups, at);
    free(group);
}

static size_t parts_bytes(const struct account *account) {
    return account->field_count * sizeof(*account->fields) +
           account->holding_count * sizeof(*account->holdings) +
           account->group_count * sizeof(*account->groups);
}

// sign 1: into its groups; -1: out of them.
static void count(struct store *store, const struct account *account, int sign) {
    for (uint32_t i = 0; i < account->group_count; i++) {
        struct group *group = inventory_group_at(store, account->groups[i]);
        for (size_t of = 0; of < AMOUNT_COUNT; of++) {
            group->sums[of] += (wide_sum)account->amounts[of] * sign;
        }
        for (uint32_t j = 0; j < account->field_count; j++) {
            group->fields[account->fields[j].slot] += (wide_sum)account->fields[j].sum * sign;
        }
    }
}

static uint32_t holder_hash(const struct holding *holding, uint32_t group) {
    return inventory_pair_hash(inventory_pair_hash(holding->name, holding->value), group);
}

static void count_holders(struct store *store, const struct account *account,
                          void (*change)(struct tally_counts *counts, uint32_t hash)) {
    for (uint32_t i = 0; i < account->group_count; i++) {
        bool is_fleet = inventory_group_at(store, account->groups[i])->per == store->fleet;
        for (uint32_t j = 0; j < account->holding_count && !is_fleet; j++) {
            change(&store->group_holders, holder_hash(&account->holdings[j], account->groups[i]));
        }
    }
}

bool inventory_may_hold(const struct store *store, const struct account *account, uint32_t group,
                        const struct holding *holding) {
    if (inventory_group_at(store, group)->per == store->fleet) {
        return true;
    }
    uint32_t own = 0;
    for (uint32_t i = 0; account && inventory_in_group(account, group) && i < account->holding_count; i++) {
        own += account->holdings[i].name == holding->name && account->holdings[i].value == holding->value;
    }
    return tally_counts_of(&store->group_holders, holder_hash(holding, group)) > own;
}

void inventory_withdraw(struct store *store, uint32_t at) {
    struct account *account = inventory_account_at(store, at);
    count(store, account, -1);
    count_holders(store, account, tally_counts_remove);
    for (uint32_t i = 0; i < account->group_count; i++) {
        group_leave(store, account->groups[i]);
    }
    for (uint32_t i = 0; i < account->holding_count; i++) {
        const struct holding *holding = &account->holdings[i];
        struct cidr_set *networks = networks_of(store, holding->name);
        if (networks) {
            cidr_set_remove(networks, holding->value, at);
            continue;
        }
        id_index_remove(&store->text_holders, inventory_pair_hash(holding->name, holding->value), at);
        text_pool_drop(store->pool, holding->name);
        text_pool_drop(store->pool, holding->value);
    }
    store->account_bytes -= parts_bytes(account);
    free(account->fields);
    memset(account->amounts, 0, sizeof(account->amounts));
    account->fields = NULL;
    account->holdings = NULL;
    account->groups = NULL;
    account->group_count = account->field_count = account->holding_count = 0;
}

// Text that is no network is left out.
static bool hold(struct store *store, uint32_t at, const struct tally_value *value,
                 struct holding *ret_holding) {
    struct cidr_set *networks = networks_of(store, value->name);
    uint32_t place;
    if (networks) {
        if (!cidr_set_add(networks, value->text, at, &place)) {
            return false;
        }
        *ret_holding = (struct holding){value->name, place};
        return true;
    }
    *ret_holding = (struct holding){text_pool_add_text(store->pool, text_pool_text(store->pool, value->name)),
                                    text_pool_add_text(store->pool, value->text)};
    id_index_add(&store->text_holders, inventory_pair_hash(ret_holding->name, ret_holding->value), at);
    return true;
}

void inventory_apply(struct store *store, uint32_t at, const struct tally *tally) {
    struct account *account = inventory_account_at(store, at);
    size_t fields = 0;
    for (size_t i = 0; i < store->field_count; i++) {
        fields += tally->has_field[i];
    }
    size_t bytes = fields * sizeof(*account->fields) + tally->value_count * sizeof(*account->holdings) +
                   tally->group_count * sizeof(*account->groups);
    account->fields = memory_alloc(bytes);
    account->holdings = (struct holding *)(account->fields + fields);
    account->groups = (uint32_t *)(account->holdings + tally->value_count);
    memcpy(account->amounts, tally->amounts, sizeof(account->amounts));
    for (size_t i = 0; i < store->field_count; i++) {
        if (tally->has_field[i]) {
            account->fields[account->field_count++] = (struct field_amount){(uint32_t)i, tally->fields[i]};
        }
    }
    for (size_t i = 0; i < tally->value_count; i++) {
        account->holding_count +=
            hold(store, at, &tally->values[i], &account->holdings[account->holding_count]);
    }
    for (size_t i = 0; i < tally->group_count; i++) {
        uint32_t group = group_for(store, &tally->groups[i]);
        if (!inventory_in_group(account, group)) {
            account->groups[account->group_count++] = group;
            inventory_group_at(store, group)->account_count++;
        }
    }
    count(store, account, 1);
    count_holders(store, account, tally_counts_add);
    store->account_bytes += parts_bytes(account);
}

size_t inventory_tally_bytes(const struct store *store) {
    size_t bytes = store->account_bytes + id_index_bytes(&store->account_index) +
                   id_index_bytes(&store->group_index) + id_index_bytes(&store->text_holders) +
                   tally_counts_bytes(&store->group_holders);
    for (size_t i = 0; i < CIDR_LISTS; i++) {
        bytes += cidr_set_bytes(store->networks[i]);
    }
    size_t group_bytes = sizeof(struct group) + store->field_count * sizeof(wide_sum);
    bytes += (store->groups.used - store->groups.free_count) * group_bytes;
    bytes += store->dirty_capacity * sizeof(*store->dirty);
    const struct slots *const slots[] = {&store->accounts, &store->groups, &store->entries};
    for (size_t i = 0; i < sizeof(slots) / sizeof(*slots); i++) {
        bytes += slots[i]->capacity * (sizeof(void *) + sizeof(uint32_t));
    }
    return bytes;
}
