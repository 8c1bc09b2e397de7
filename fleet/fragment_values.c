#include "fleet/fragment_values.h"

#include "base/field_path.h"
#include "fleet/cidr.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

// One value as a text, and as a network where it is one.
struct held_value {
    const char *text;
    struct cidr range;
    bool is_range;
};

static struct held_value value_of(const char *text, bool as_range) {
    struct held_value value = {.text = text};
    value.is_range = as_range && !cidr_parse(text, &value.range);
    return value;
}

static bool meets(const struct held_value *a, const struct held_value *b) {
    return a->is_range && b->is_range ? cidr_overlaps(&a->range, &b->range) : strcmp(a->text, b->text) == 0;
}

static bool list_of(const char *name, enum cluster_list *ret_list) {
    static const char *const names[] = {
        [CLUSTER_REGIONS] = "",
        [CLUSTER_ZONES] = "",
        [CLUSTER_POD_CIDRS] = "pod_cidrs",
        [CLUSTER_SERVICE_CIDRS] = "service_cidrs",
        [CLUSTER_NETWORK_CIDRS] = "network_cidrs",
    };
    for (enum cluster_list list = 0; list < CLUSTER_LIST_COUNT; list++) {
        if (*names[list] && strcmp(names[list], name) == 0) {
            *ret_list = list;
            return true;
        }
    }
    return false;
}

static bool view_holds(const struct cluster_view *view, enum cluster_list list,
                       const struct held_value *value) {
    for (size_t i = 0; view && i < view->lists[list].count; i++) {
        const struct fact *fact = &view->lists[list].items[i];
        if (fact->state == FACT_KNOWN) {
            const struct held_value other = value_of(fact->value.text, value->is_range);
            if (meets(&other, value)) {
                return true;
            }
        }
    }
    return false;
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

static const struct object_key *list_holder(struct fragment_accounts *accounts,
                                            const struct budget_request *request,
                                            const struct budget_demand *demand, enum cluster_list list) {
    const struct held_value value = value_of(demand->value, true);
    bool found;
    size_t self = fragment_accounts_find(accounts, &request->account, &found);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct fragment_account *account = &accounts->items[i];
        bool holds = view_holds(account->after, list, &value) &&
                     (i < self || view_holds(account->before, list, &value));
        if (holds && !is_own(request, &account->key) && is_in_group(accounts, demand, i, i < self)) {
            return &account->key;
        }
    }
    return NULL;
}

static const char *path_of(const char *name) {
    return strcmp(name, "endpoint") == 0 ? "spec.controlPlaneEndpoint.host"
           : strcmp(name, "name") == 0   ? "metadata.name"
                                         : name;
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

// Hosts are the same in any case.
static bool node_says(const struct node *root, const char *path, const char *value, bool is_host) {
    const struct node *found = NULL;
    int64_t integer;
    if (!field_path_find(root, path, &found, NULL) || !found || found->unknown) {
        return false;
    }
    char digits[24];
    if (node_integer(found, &integer)) {
        snprintf(digits, sizeof(digits), "%lld", (long long)integer);
    }
    const char *text = node_string(found) ? node_string(found) : node_is(found, NODE_INTEGER) ? digits : NULL;
    return text && (is_host ? strcasecmp : strcmp)(text, value) == 0;
}

static const struct fragment *find(const struct fragment_set *set, struct arena *arena,
                                   const struct object_key *key) {
    const struct view_source *source = fragment_set_source(set);
    return source->methods->find(source->cookie, arena, key);
}

static const struct object_key *field_holder(struct fragment_accounts *accounts,
                                             const struct budget_request *request,
                                             const struct budget_demand *demand) {
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const char *path = path_of(demand->name);
    bool is_host = strcmp(demand->name, "endpoint") == 0;
    struct fragment_list list = {0};
    bool found;
    size_t self = fragment_accounts_find(accounts, &request->account, &found);
    size_t first = accounts->count;
    fragment_set_list(accounts->after, arena, &list);
    for (size_t i = 0; i < list.count; i++) {
        const struct fragment *fragment = list.items[i];
        if (!says_it(fragment, demand->name, &request->object) ||
            !node_says(fragment->root, path, demand->value, is_host)) {
            continue;
        }
        const struct object_key key = fragment_accounts_of(accounts->after, arena, fragment);
        size_t index = fragment_accounts_find(accounts, &key, &found);
        const struct fragment *before = find(accounts->before, arena, &fragment->key);
        bool holds =
            index < self || (before && before->root && node_says(before->root, path, demand->value, is_host));
        if (found && index < first && holds && !is_own(request, &key) &&
            is_in_group(accounts, demand, index, index < self)) {
            first = index;
        }
    }
    return first < accounts->count ? &accounts->items[first].key : NULL;
}

const struct object_key *fragment_values_holder(struct fragment_accounts *accounts,
                                                const struct budget_request *request,
                                                const struct budget_demand *demand) {
    enum cluster_list list;
    return list_of(demand->name, &list) ? list_holder(accounts, request, demand, list)
                                        : field_holder(accounts, request, demand);
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
