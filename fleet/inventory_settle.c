// What an account takes: the amounts of its cluster's view, the groups that it counts in, the values it
// holds.
#include "fleet/cluster_groups.h"
#include "fleet/inventory_internal.h"

#include "fleet/kubernetes_version.h"

#include <stdio.h>
#include <string.h>

enum { WAY_LENGTH = 3, VERSION_BYTES = 32, ACCOUNT_OBJECTS = 100000 };

struct number_list {
    uint32_t *items;
    size_t count, capacity;
};

struct settling {
    struct store *store;
    struct arena *arena;
    uint32_t at;
    struct object_key key;
    struct tally tally;
    struct number_list objects; // that belong to the account and hold values or fields
};

// The items, or a copy with room for one more.
static void *grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size)
    __attribute__((returns_nonnull));
static void *grow(struct arena *arena, void *items, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity ? *capacity * 2 : 16;
    void *grown = arena_alloc(arena, *capacity * size);
    if (count > 0) {
        memcpy(grown, items, count * size);
    }
    return grown;
}

static void add_group(struct settling *settling, uint32_t per, const char *value) {
    struct tally *tally = &settling->tally;
    tally->groups = grow(settling->arena, tally->groups, tally->group_count, &tally->group_capacity,
                         sizeof(*tally->groups));
    tally->groups[tally->group_count++] = (struct tally_value){per, value};
}

static void add_value(struct settling *settling, uint32_t name, const char *text) {
    struct tally *tally = &settling->tally;
    tally->values = grow(settling->arena, tally->values, tally->value_count, &tally->value_capacity,
                         sizeof(*tally->values));
    tally->values[tally->value_count++] = (struct tally_value){name, text};
}

static bool is_text(const struct fact *fact) {
    return fact->state == FACT_KNOWN && fact->type == FACT_TEXT;
}

static void add_version(struct settling *settling, const struct fact *fact) {
    struct kubernetes_version version;
    if (is_text(fact) && kubernetes_version_parse(fact->value.text, &version) == VERSION_OK) {
        add_group(settling, settling->store->version,
                  arena_printf(settling->arena, "%u.%u", version.major, version.minor));
    }
}

static void add_groups(struct settling *settling, const struct cluster_view *view) {
    const struct store *store = settling->store;
    add_group(settling, store->fleet, "");
    add_group(settling, store->namespace, settling->key.namespace);
    if (!view) {
        return;
    }
    const struct fact_list *regions = &view->lists[CLUSTER_REGIONS];
    for (size_t i = 0; i < regions->count; i++) {
        if (is_text(&regions->items[i])) {
            const char *name = cluster_group_region(settling->arena, regions->items[i].value.text);
            if (name) {
                add_group(settling, store->region, name);
            }
        }
    }
    if (is_text(&view->facts[CLUSTER_PROVIDER])) {
        add_group(settling, store->provider, view->facts[CLUSTER_PROVIDER].value.text);
    }
    add_version(settling, &view->facts[CLUSTER_VERSION]);
    for (size_t i = 0; i < store->label_count; i++) {
        const char *value = node_string(node_get(view->labels, store->labels[i].name));
        if (value) {
            add_group(settling, store->labels[i].per, value);
        }
    }
}

static void add_networks(struct settling *settling, const struct cluster_view *view) {
    static const enum cluster_list lists[CIDR_LISTS] = {CLUSTER_POD_CIDRS, CLUSTER_SERVICE_CIDRS,
                                                        CLUSTER_NETWORK_CIDRS};
    for (size_t i = 0; view && i < CIDR_LISTS; i++) {
        const struct fact_list *list = &view->lists[lists[i]];
        for (size_t j = 0; j < list->count; j++) {
            if (is_text(&list->items[j])) {
                add_value(settling, settling->store->network_names[i], list->items[j].value.text);
            }
        }
    }
}

static void add_number(struct arena *arena, struct number_list *list, uint32_t at) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == at) {
            return;
        }
    }
    list->items = grow(arena, list->items, list->count, &list->capacity, sizeof(*list->items));
    list->items[list->count++] = at;
}

static uint32_t find_entry(const struct store *store, const struct object_key *key) {
    struct key_ids ids;
    return inventory_key_find(store, key, &ids) ? inventory_find_entry(store, &ids) : 0;
}

// Objects that say no cluster themselves, and that this one names or is named by.
static void add_near(struct settling *settling, uint32_t at, struct number_list *list) {
    const struct store *store = settling->store;
    const struct fragment *fragment = inventory_unpack(store, settling->arena, at);
    struct fragment_list near = {0};
    for (size_t i = 0; i < fragment->link_count; i++) {
        uint32_t target = find_entry(store, &fragment->links[i].target);
        if (target && inventory_is_silent(inventory_entry_at(store, target))) {
            add_number(settling->arena, list, target);
        }
    }
    store->inner.methods->add_referrers(settling->store, settling->arena, &fragment->key, &near);
    for (size_t i = 0; i < near.count; i++) {
        uint32_t referrer = find_entry(store, &near.items[i]->key);
        if (inventory_is_silent(inventory_entry_at(store, referrer))) {
            add_number(settling->arena, list, referrer);
        }
    }
}

// Whatever belongs to the account because of who names it.
static void gather_near(struct settling *settling) {
    struct number_list list = {0};
    for (size_t i = 0; i < settling->objects.count; i++) {
        add_number(settling->arena, &list, settling->objects.items[i]);
    }
    size_t from = 0;
    for (int length = 0; length < WAY_LENGTH; length++) {
        size_t end = list.count;
        for (; from < end; from++) {
            add_near(settling, list.items[from], &list);
        }
    }
    for (size_t i = 0; i < list.count; i++) {
        struct object_key cluster;
        const struct fragment *fragment = inventory_unpack(settling->store, settling->arena, list.items[i]);
        if (inventory_entry_at(settling->store, list.items[i])->has_extras &&
            inventory_claimed(settling->store, settling->arena, fragment, &cluster) &&
            fragment_key_matches(&cluster, &settling->key)) {
            add_number(settling->arena, &settling->objects, list.items[i]);
        }
    }
}

static void gather_members(struct settling *settling, uint32_t cluster, bool *ret_has_place) {
    const struct store *store = settling->store;
    const struct key_ids key = inventory_account_at(store, settling->at)->key;
    if (cluster) {
        add_number(settling->arena, &settling->objects, cluster);
    }
    for (uint32_t at = id_index_first(&store->clusters, inventory_key_hash(&key)); at;
         at = id_index_next(&store->clusters, at)) {
        uint32_t found = id_index_value(&store->clusters, at);
        const struct inventory_entry *entry = inventory_entry_at(store, found);
        if (entry->cluster_name != key.name || entry->key.namespace != key.namespace) {
            continue;
        }
        *ret_has_place |= entry->takes_place;
        if ((entry->has_extras || store->field_count > 0) && settling->objects.count < ACCOUNT_OBJECTS) {
            add_number(settling->arena, &settling->objects, found);
        }
    }
}

// The infrastructure and the control plane that the Cluster names; where fields are summed, all that is its.
static void gather_named(struct settling *settling, uint32_t cluster) {
    const struct store *store = settling->store;
    if (store->field_count > 0) {
        gather_near(settling);
        return;
    }
    const struct fragment *fragment = cluster ? inventory_unpack(store, settling->arena, cluster) : NULL;
    for (size_t i = 0; fragment && i < fragment->link_count; i++) {
        uint32_t at = find_entry(store, &fragment->links[i].target);
        bool is_part =
            fragment->links[i].kind == LINK_INFRASTRUCTURE || fragment->links[i].kind == LINK_CONTROL_PLANE;
        if (at && is_part && inventory_is_silent(inventory_entry_at(store, at))) {
            add_number(settling->arena, &settling->objects, at);
        }
    }
}

// "100" and 100; what is no whole number counts nothing.
bool inventory_read_whole(const char *text, int64_t *ret_value) {
    const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || count > 18 || digits[count] != '\0') {
        return false;
    }
    *ret_value = strtoll(text, NULL, 10);
    return true;
}

static void add_field(struct settling *settling, const struct packed_field *field) {
    const struct store *store = settling->store;
    for (size_t i = 0; i < store->field_count; i++) {
        if (store->fields[i].id != field->id) {
            continue;
        }
        int64_t value;
        int64_t sum;
        add_value(settling, store->fields[i].name, field->text);
        if (inventory_read_whole(field->text, &value)) {
            int64_t *total = &settling->tally.fields[i];
            settling->tally.has_field[i] = true;
            *total = __builtin_add_overflow(*total, value, &sum) ? (value > 0 ? INT64_MAX : INT64_MIN) : sum;
        }
    }
}

static void add_extras(struct settling *settling) {
    const struct store *store = settling->store;
    for (size_t i = 0; i < settling->objects.count; i++) {
        const struct inventory_entry *entry = inventory_entry_at(store, settling->objects.items[i]);
        if (!entry->has_extras) {
            continue;
        }
        struct packed_object object;
        fragment_unpack_extras(store->pool, entry->bytes, settling->arena, &object);
        if (object.endpoint) {
            add_value(settling, store->endpoint, arena_lower_case(settling->arena, object.endpoint));
        }
        for (size_t j = 0; j < object.field_count; j++) {
            add_field(settling, &object.fields[j]);
        }
    }
}

static void take_amounts(struct settling *settling, const struct cluster_view *view, bool has_place) {
    struct cluster_amounts amounts;
    cluster_amounts_read(view, &amounts);
    memcpy(settling->tally.amounts, amounts.amounts, sizeof(settling->tally.amounts));
    settling->tally.amounts[AMOUNT_CLUSTERS] = has_place;
}

// False: nothing is there.
static bool tally_cluster(struct settling *settling) {
    struct store *store = settling->store;
    uint32_t cluster = find_entry(store, &settling->key);
    bool has_place = cluster != 0;
    gather_members(settling, cluster, &has_place);
    const struct cluster_view *view = cluster_view_of(settling->arena, &store->inner, &settling->key);
    if (!view) {
        return false;
    }
    gather_named(settling, cluster);
    take_amounts(settling, view, has_place);
    add_groups(settling, view);
    add_networks(settling, view);
    if (cluster) {
        add_value(settling, store->name, settling->key.name);
    }
    add_extras(settling);
    return true;
}

static bool is_named_by_cluster(const struct settling *settling, const struct inventory_entry *entry) {
    const struct store *store = settling->store;
    for (uint32_t at = id_index_first(&store->referrers, entry->hash); at;
         at = id_index_next(&store->referrers, at)) {
        uint32_t value = id_index_value(&store->referrers, at);
        if (inventory_entry_at(store, value / 2)->role == KIND_CLUSTER &&
            inventory_refers(store, settling->arena, value / 2, &settling->key)) {
            return true;
        }
    }
    return false;
}

static bool tally_object(struct settling *settling) {
    struct store *store = settling->store;
    uint32_t at = find_entry(store, &settling->key);
    const struct inventory_entry *entry = at ? inventory_entry_at(store, at) : NULL;
    bool is_shared = entry && inventory_is_shared(entry);
    bool has_amounts = entry && !is_shared && entry->role != KIND_PART;
    if (!entry || (!has_amounts && !entry->has_fields)) {
        return false;
    }
    struct object_key cluster;
    const struct fragment *fragment = inventory_unpack(store, settling->arena, at);
    if (!is_shared && inventory_claimed(store, settling->arena, fragment, &cluster)) {
        return false;
    }
    // Several Clusters name it: each counts it, but for its fields.
    has_amounts = has_amounts && !is_named_by_cluster(settling, entry);
    if (!has_amounts && !entry->has_fields) {
        return false;
    }
    const struct cluster_view *view =
        has_amounts ? cluster_view_of(settling->arena, &store->inner, &settling->key) : NULL;
    bool has_place = entry->takes_place;
    add_number(settling->arena, &settling->objects, at);
    take_amounts(settling, view, has_amounts && has_place);
    add_groups(settling, view);
    add_networks(settling, view);
    add_extras(settling);
    return true;
}

static void remove_account(struct store *store, uint32_t at) {
    struct account *account = inventory_account_at(store, at);
    id_index_remove(&store->account_index, account->hash, at);
    inventory_key_drop(store, &account->key);
    slots_remove(&store->accounts, at);
    store->account_bytes -= sizeof(*account) + sizeof(size_t);
    free(account);
}

static void settle(struct store *store, uint32_t at) {
    struct account *account = inventory_account_at(store, at);
    arena_reset(store->view_scratch);
    struct settling settling = {.store = store,
                                .arena = store->view_scratch,
                                .at = at,
                                .key = inventory_key_texts(store, &account->key)};
    account->is_dirty = false;
    bool is_cluster = account->key.kind == store->cluster_kind && account->key.group == store->cluster_group;
    bool is_there = is_cluster ? tally_cluster(&settling) : tally_object(&settling);
    inventory_withdraw(store, at);
    if (is_there) {
        inventory_apply(store, at, &settling.tally);
    } else {
        remove_account(store, at);
    }
}

bool inventory_settle(struct store *store, size_t limit) {
    for (size_t i = 0; i < limit && store->dirty_count > 0; i++) {
        settle(store, store->dirty[--store->dirty_count]);
    }
    return store->dirty_count == 0;
}
