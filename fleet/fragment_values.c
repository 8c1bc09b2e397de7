#include "fleet/fragment_values.h"

#include "base/field_path.h"
#include "fleet/cidr.h"

#include <stdlib.h>
#include <string.h>

// A value that one account will have.
struct held_value {
    const char *text; // hosts in lower case
    struct cidr range;
    bool is_range;
    bool is_kept; // it had it before
    size_t account;
};

// All values of one name, by text and account; made once.
struct fragment_value_table {
    const char *name;
    struct object_key object; // whose field it is
    struct held_value *items;
    size_t count, capacity;
    struct fragment_value_table *next;
};

static bool list_of(const char *name, enum cluster_list *ret_list) {
    static const struct {
        const char *name;
        enum cluster_list list;
    } lists[] = {{"pod_cidrs", CLUSTER_POD_CIDRS},
                 {"service_cidrs", CLUSTER_SERVICE_CIDRS},
                 {"network_cidrs", CLUSTER_NETWORK_CIDRS}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        if (strcmp(lists[i].name, name) == 0) {
            *ret_list = lists[i].list;
            return true;
        }
    }
    return false;
}

static void add_value(struct arena *arena, struct fragment_value_table *table,
                      const struct held_value *value) {
    if (table->count == table->capacity) {
        table->capacity = table->capacity ? table->capacity * 2 : 64;
        struct held_value *larger = arena_alloc(arena, table->capacity * sizeof(*larger));
        if (table->count > 0) {
            memcpy(larger, table->items, table->count * sizeof(*larger));
        }
        table->items = larger;
    }
    table->items[table->count++] = *value;
}

static bool list_holds(const struct cluster_view *view, enum cluster_list list, const char *text) {
    for (size_t i = 0; view && i < view->lists[list].count; i++) {
        const struct fact *fact = &view->lists[list].items[i];
        if (fact->state == FACT_KNOWN && strcmp(fact->value.text, text) == 0) {
            return true;
        }
    }
    return false;
}

static void add_list(struct fragment_accounts *accounts, struct fragment_value_table *table,
                     enum cluster_list list) {
    for (size_t i = 0; i < accounts->count; i++) {
        const struct cluster_view *after = accounts->items[i].after;
        for (size_t j = 0; after && j < after->lists[list].count; j++) {
            const struct fact *fact = &after->lists[list].items[j];
            if (fact->state != FACT_KNOWN) {
                continue;
            }
            struct held_value value = {.text = fact->value.text, .account = i};
            value.is_range = !cidr_parse(value.text, &value.range);
            value.is_kept = list_holds(accounts->items[i].before, list, value.text);
            add_value(accounts->arena, table, &value);
        }
    }
}

// Endpoints stand in several kinds, names are those of Clusters, other fields those of the reviewed kind.
static bool says_it(const struct fragment *fragment, const char *name, const struct object_key *object) {
    enum kind_role role = fragment->kind.entry->role;
    if (fragment->kind.is_template || !fragment->root) {
        return false;
    }
    if (strcmp(name, "endpoint") == 0) {
        return role == KIND_CLUSTER || role == KIND_INFRASTRUCTURE_CLUSTER || role == KIND_CONTROL_PLANE;
    }
    return strcmp(name, "name") == 0 ? role == KIND_CLUSTER
                                     : strcmp(fragment->key.kind, object->kind) == 0 &&
                                           strcmp(fragment->key.group, object->group) == 0;
}

// The text or integer at the name's path; NULL when there is none.
static const char *text_at(struct arena *arena, const struct fragment *fragment, const char *name) {
    bool is_host = strcmp(name, "endpoint") == 0;
    const char *path = is_host                     ? "spec.controlPlaneEndpoint.host"
                       : strcmp(name, "name") == 0 ? "metadata.name"
                                                   : name;
    const struct node *found = NULL;
    int64_t integer;
    if (!fragment || !fragment->root || !field_path_find(fragment->root, path, &found, NULL) || !found ||
        found->unknown) {
        return NULL;
    }
    if (node_integer(found, &integer)) {
        return arena_printf(arena, "%lld", (long long)integer);
    }
    const char *text = node_string(found);
    return text && is_host ? arena_lower_case(arena, text) : text;
}

static const struct fragment *find(const struct fragment_set *set, struct arena *arena,
                                   const struct object_key *key) {
    const struct view_source *source = fragment_set_source(set);
    return source->methods->find(source->cookie, arena, key);
}

static void add_fields(struct fragment_accounts *accounts, struct fragment_value_table *table) {
    struct fragment_list list = {0};
    fragment_set_list(accounts->after, accounts->arena, &list);
    for (size_t i = 0; i < list.count; i++) {
        const struct fragment *fragment = list.items[i];
        if (!says_it(fragment, table->name, &table->object)) {
            continue;
        }
        struct held_value value = {.text = text_at(accounts->arena, fragment, table->name)};
        const struct object_key key = fragment_accounts_of(accounts->after, accounts->arena, fragment);
        bool found = false;
        value.account = fragment_accounts_find(accounts, &key, &found);
        if (!value.text || !found) {
            continue;
        }
        const char *before =
            text_at(accounts->arena, find(accounts->before, accounts->arena, &fragment->key), table->name);
        value.is_kept = before && strcmp(before, value.text) == 0;
        add_value(accounts->arena, table, &value);
    }
}

static int compare_values(const void *left, const void *right) {
    const struct held_value *a = left;
    const struct held_value *b = right;
    int order = strcmp(a->text, b->text);
    return order ? order : (a->account > b->account) - (a->account < b->account);
}

static const struct fragment_value_table *table_of(struct fragment_accounts *accounts, const char *name,
                                                   const struct object_key *object) {
    for (const struct fragment_value_table *table = accounts->values; table; table = table->next) {
        if (strcmp(table->name, name) == 0 && strcmp(table->object.kind, object->kind) == 0 &&
            strcmp(table->object.group, object->group) == 0) {
            return table;
        }
    }
    struct fragment_value_table *table = arena_alloc(accounts->arena, sizeof(*table));
    table->name = arena_strdup(accounts->arena, name);
    table->object = (struct object_key){arena_strdup(accounts->arena, object->group),
                                        arena_strdup(accounts->arena, object->kind), "", ""};
    enum cluster_list list;
    if (list_of(name, &list)) {
        add_list(accounts, table, list);
    } else {
        add_fields(accounts, table);
    }
    if (table->count > 1) {
        qsort(table->items, table->count, sizeof(*table->items), compare_values);
    }
    table->next = accounts->values;
    accounts->values = table;
    return table;
}

static bool is_own(const struct budget_request *request, const struct object_key *key) {
    if (fragment_account_compare(&request->account, key) == 0) {
        return true;
    }
    for (size_t i = 0; i < request->part_count; i++) {
        if (fragment_account_compare(&request->parts[i], key) == 0) {
            return true;
        }
    }
    return false;
}

// Accounts before self are as they will be; of the others counts what they have and keep.
static bool is_in_group(struct fragment_accounts *accounts, const struct budget_demand *demand,
                        size_t account, bool is_before) {
    const struct fragment_sheet *sheet = fragment_accounts_sheet(accounts, demand->per);
    size_t at = sheet ? fragment_sheet_find(sheet, demand->group, account) : 0;
    if (!sheet || at == sheet->count) {
        return false;
    }
    const struct fragment_place *place = &sheet->places[at];
    return place->account == account && strcmp(place->group, demand->group) == 0 &&
           (is_before ? place->wanted : place->kept)[AMOUNT_CLUSTERS] > 0;
}

// The first item whose text is not below; 0 where networks are compared: they overlap in any order.
static size_t first_item(const struct fragment_value_table *table, const char *text, bool is_list) {
    size_t low = 0;
    for (size_t high = is_list ? 0 : table->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(table->items[middle].text, text) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct object_key *fragment_values_holder(struct fragment_accounts *accounts,
                                                const struct budget_request *request,
                                                const struct budget_demand *demand) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    enum cluster_list list;
    bool is_list = list_of(demand->name, &list);
    bool is_host = strcmp(demand->name, "endpoint") == 0;
    const char *text = is_host ? arena_lower_case(arena, demand->value) : demand->value;
    struct cidr range;
    bool is_range = is_list && !cidr_parse(text, &range);
    const struct fragment_value_table *table = table_of(accounts, demand->name, &request->object);
    bool found;
    size_t self = fragment_accounts_find(accounts, &request->account, &found);
    size_t holder = accounts->count;
    for (size_t i = first_item(table, text, is_list); i < table->count; i++) {
        const struct held_value *value = &table->items[i];
        bool is_same = strcmp(value->text, text) == 0;
        if (!is_same && !is_list) {
            break;
        }
        bool meets = is_same || (is_range && value->is_range && cidr_overlaps(&value->range, &range));
        if (meets && value->account < holder && (value->account < self || value->is_kept) &&
            !is_own(request, &accounts->items[value->account].key) &&
            is_in_group(accounts, demand, value->account, value->account < self)) {
            holder = value->account;
        }
    }
    return holder < accounts->count ? &accounts->items[holder].key : NULL;
}

static int64_t field_value(const struct fragment *fragment, const char *path) {
    const struct node *found = NULL;
    int64_t value = 0;
    bool there = fragment && fragment->root && field_path_find(fragment->root, path, &found, NULL) &&
                 node_integer(found, &value);
    return there ? value : 0;
}

// Of what no account claims only the namespace is known.
static bool counts_in(struct fragment_accounts *accounts, const struct budget_demand *demand,
                      const struct object_key *account, const struct object_key *object, bool is_before) {
    bool found;
    size_t index = fragment_accounts_find(accounts, account, &found);
    if (found) {
        return is_in_group(accounts, demand, index, is_before);
    }
    return strcmp(demand->per, "fleet") == 0 ||
           (strcmp(demand->per, "namespace") == 0 && strcmp(demand->group, object->namespace) == 0);
}

int64_t fragment_values_sum(struct fragment_accounts *accounts, const struct budget_request *request,
                            const struct budget_demand *demand) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    struct fragment_list list = {0};
    int64_t sum = 0;
    fragment_set_list(accounts->after, arena, &list);
    for (size_t i = 0; i < list.count; i++) {
        const struct fragment *fragment = list.items[i];
        int order = fragment_account_compare(&fragment->key, &request->object);
        if (order == 0 || !says_it(fragment, demand->name, &request->object)) {
            continue;
        }
        const struct object_key account = fragment_accounts_of(accounts->after, arena, fragment);
        if (!counts_in(accounts, demand, &account, &fragment->key, order < 0)) {
            continue;
        }
        int64_t wanted = field_value(fragment, demand->name);
        int64_t kept =
            order < 0 ? wanted : field_value(find(accounts->before, arena, &fragment->key), demand->name);
        int64_t counts = kept < wanted ? kept : wanted;
        sum = __builtin_add_overflow(sum, counts, &sum) ? INT64_MAX : sum;
    }
    return sum;
}
