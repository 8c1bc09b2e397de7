#include "fleet/fragment_accounts.h"

#include "fleet/cluster_groups.h"

#include <stdlib.h>
#include <string.h>

static const char *namespace_of(const struct object_key *key) {
    return *key->namespace ? key->namespace : "default";
}

int fragment_account_compare(const struct object_key *a, const struct object_key *b) {
    int order = strcmp(namespace_of(a), namespace_of(b));
    order = order ? order : strcmp(a->name, b->name);
    return order ? order : strcmp(a->kind, b->kind);
}

static bool is_cluster(const struct fragment *fragment) {
    return fragment->kind.entry->role == KIND_CLUSTER && !fragment->kind.is_template;
}

struct object_key fragment_accounts_of(const struct fragment_set *set, struct arena *arena,
                                       const struct fragment *fragment) {
    if (is_cluster(fragment)) {
        return fragment->key;
    }
    if (*fragment->cluster_key.name) {
        return fragment->cluster_key;
    }
    const struct view_source *source = fragment_set_source(set);
    struct fragment_list list = {0};
    source->methods->add_referrers(source->cookie, arena, &fragment->key, &list);
    for (size_t i = 0; i < list.count; i++) {
        if (is_cluster(list.items[i])) {
            return list.items[i]->key;
        }
    }
    return fragment->key;
}

static const struct cluster_view *view_of(struct arena *arena, const struct fragment_set *set,
                                          const struct fragment *fragment) {
    const struct object_change change = {.operation = OPERATION_CREATE,
                                         .key = fragment->key,
                                         .version = "",
                                         .resource = "",
                                         .subresource = "",
                                         .object = fragment->root};
    struct cluster_change views;
    cluster_change_build(arena, &change, NULL, fragment_set_source(set), &views);
    return views.after;
}

static int compare_accounts(const void *left, const void *right) {
    const struct fragment_account *a = left;
    const struct fragment_account *b = right;
    return fragment_account_compare(&a->key, &b->key);
}

// Clusters, and infrastructure that no Cluster at hand has claimed: it takes a place too.
static void add_side(struct fragment_accounts *accounts, const struct fragment_set *set,
                     const struct fragment_list *list, bool is_after) {
    const struct view_source *source = fragment_set_source(set);
    for (size_t i = 0; i < list->count; i++) {
        const struct fragment *fragment = list->items[i];
        bool is_infrastructure = kind_entry_takes_place(fragment->kind.entry) && !fragment->kind.is_template;
        if (!fragment->root || !(is_cluster(fragment) || is_infrastructure)) {
            continue;
        }
        struct object_key key = fragment_accounts_of(set, accounts->arena, fragment);
        if (!is_cluster(fragment) &&
            source->methods->find(source->cookie, accounts->arena, &key) != fragment &&
            source->methods->find(source->cookie, accounts->arena, &key)) {
            continue; // counted with its Cluster
        }
        struct fragment_account *account = &accounts->items[accounts->count++];
        *account = (struct fragment_account){.key = key};
        const struct cluster_view *view = view_of(accounts->arena, set, fragment);
        account->before = is_after ? NULL : view;
        account->after = is_after ? view : NULL;
    }
}

// Both sides of one account become one; the first of several on one side stays.
static void join_sides(struct fragment_accounts *accounts) {
    size_t kept = 0;
    if (accounts->count > 1) {
        qsort(accounts->items, accounts->count, sizeof(*accounts->items), compare_accounts);
    }
    for (size_t i = 0; i < accounts->count; i++) {
        const struct fragment_account *account = &accounts->items[i];
        struct fragment_account *last = kept > 0 ? &accounts->items[kept - 1] : NULL;
        if (last && fragment_account_compare(&last->key, &account->key) == 0) {
            last->before = last->before ? last->before : account->before;
            last->after = last->after ? last->after : account->after;
        } else {
            accounts->items[kept++] = *account;
        }
    }
    accounts->count = kept;
    for (size_t i = 0; i < kept; i++) {
        cluster_amounts_read(accounts->items[i].before, &accounts->items[i].amounts_before);
        cluster_amounts_read(accounts->items[i].after, &accounts->items[i].amounts_after);
    }
}

void fragment_accounts_build(struct fragment_accounts *accounts) {
    struct fragment_list before = {0};
    struct fragment_list after = {0};
    fragment_set_list(accounts->before, accounts->arena, &before);
    fragment_set_list(accounts->after, accounts->arena, &after);
    accounts->items =
        arena_alloc(accounts->arena, (before.count + after.count + 1) * sizeof(*accounts->items));
    add_side(accounts, accounts->before, &before, false);
    add_side(accounts, accounts->after, &after, true);
    join_sides(accounts);
}

size_t fragment_accounts_find(const struct fragment_accounts *accounts, const struct object_key *key,
                              bool *ret_found) {
    size_t low = 0;
    for (size_t high = accounts->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (fragment_account_compare(&accounts->items[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_found = low < accounts->count && fragment_account_compare(&accounts->items[low].key, key) == 0;
    return low;
}

static int compare_places(const void *left, const void *right) {
    const struct fragment_place *a = left;
    const struct fragment_place *b = right;
    int order = strcmp(a->group, b->group);
    return order ? order : (a->account > b->account) - (a->account < b->account);
}

static int64_t add_up(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static void sum_places(struct fragment_sheet *sheet) {
    for (size_t i = 1; i < sheet->count; i++) {
        const struct fragment_place *last = &sheet->places[i - 1];
        struct fragment_place *place = &sheet->places[i];
        for (int of = 0; of < AMOUNT_COUNT && strcmp(last->group, place->group) == 0; of++) {
            place->kept_sum[of] = add_up(last->kept_sum[of], last->kept[of]);
            place->wanted_sum[of] = add_up(last->wanted_sum[of], last->wanted[of]);
        }
    }
}

static void add_places(struct fragment_accounts *accounts, struct fragment_sheet *sheet, size_t *capacity,
                       size_t index) {
    const struct fragment_account *account = &accounts->items[index];
    struct cluster_groups before;
    struct cluster_groups after;
    if (!cluster_groups_read(accounts->arena, account->before, sheet->per, &before) ||
        !cluster_groups_read(accounts->arena, account->after, sheet->per, &after)) {
        return;
    }
    for (size_t i = 0; i < after.count; i++) {
        if (sheet->count == *capacity) {
            *capacity *= 2;
            struct fragment_place *larger = arena_alloc(accounts->arena, *capacity * sizeof(*larger));
            memcpy(larger, sheet->places, sheet->count * sizeof(*larger));
            sheet->places = larger;
        }
        struct fragment_place *place = &sheet->places[sheet->count++];
        *place = (struct fragment_place){.group = after.names[i], .account = index};
        bool was_there = cluster_groups_hold(&before, after.names[i]);
        for (int of = 0; of < AMOUNT_COUNT; of++) {
            int64_t had = was_there ? account->amounts_before.amounts[of] : 0;
            place->wanted[of] = account->amounts_after.amounts[of];
            place->kept[of] = had < place->wanted[of] ? had : place->wanted[of];
        }
    }
}

const struct fragment_sheet *fragment_accounts_sheet(struct fragment_accounts *accounts, const char *per) {
    for (const struct fragment_sheet *sheet = accounts->sheets; sheet; sheet = sheet->next) {
        if (strcmp(sheet->per, per) == 0) {
            return sheet;
        }
    }
    if (!cluster_groups_has(per)) {
        return NULL;
    }
    struct fragment_sheet *sheet = arena_alloc(accounts->arena, sizeof(*sheet));
    size_t capacity = accounts->count + 1;
    sheet->per = arena_strdup(accounts->arena, per);
    sheet->places = arena_alloc(accounts->arena, capacity * sizeof(*sheet->places));
    for (size_t i = 0; i < accounts->count; i++) {
        add_places(accounts, sheet, &capacity, i);
    }
    if (sheet->count > 1) {
        qsort(sheet->places, sheet->count, sizeof(*sheet->places), compare_places);
    }
    sum_places(sheet);
    sheet->next = accounts->sheets;
    accounts->sheets = sheet;
    return sheet;
}

size_t fragment_sheet_find(const struct fragment_sheet *sheet, const char *group, size_t account) {
    const struct fragment_place wanted = {.group = group, .account = account};
    size_t low = 0;
    for (size_t high = sheet->count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (compare_places(&sheet->places[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
