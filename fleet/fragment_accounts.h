// Who holds what in a fleet of files, before and after a change: clusters, and objects that no Cluster
// claims.
#pragma once

#include "fleet/cluster_amounts.h"
#include "fleet/fragment_set.h"

// What one account takes on either side; NULL views: it is not there.
struct fragment_account {
    struct object_key key;
    const struct cluster_view *before, *after;
    struct cluster_amounts amounts_before, amounts_after;
};

// One account in one group.
struct fragment_place {
    const char *group;
    size_t account;
    int64_t kept[AMOUNT_COUNT];     // of what it has, what it keeps
    int64_t wanted[AMOUNT_COUNT];   // what it will have
    int64_t kept_sum[AMOUNT_COUNT]; // of the places before this one in the same group
    int64_t wanted_sum[AMOUNT_COUNT];
};

// The places of one grouping ("region"), by group and account.
struct fragment_sheet {
    const char *per;
    struct fragment_place *places;
    size_t count;
    struct fragment_sheet *next;
};

struct fragment_accounts {
    struct arena *arena;
    const struct fragment_set *before, *after;
    struct fragment_account *items; // by namespace, name and kind
    size_t count;
    struct fragment_sheet *sheets;
};

// All texts and views in accounts->arena.
void fragment_accounts_build(struct fragment_accounts *accounts);
// The account of a fragment: the Cluster that it belongs to, or itself.
struct object_key fragment_accounts_of(const struct fragment_set *set, struct arena *arena,
                                       const struct fragment *fragment);
// Where it is, or would be: *ret_found says which.
size_t fragment_accounts_find(const struct fragment_accounts *accounts, const struct object_key *key,
                              bool *ret_found);
// Made once for each per. NULL: there is no such per.
const struct fragment_sheet *fragment_accounts_sheet(struct fragment_accounts *accounts, const char *per);
// The first place of group at or after account; ends with sheet->count or another group.
size_t fragment_sheet_find(const struct fragment_sheet *sheet, const char *group, size_t account);
// < 0, 0, > 0 by namespace, name and kind; "" and "default" are one namespace.
int fragment_account_compare(const struct object_key *a, const struct object_key *b);
