// The groups that a cluster counts in: its region, its provider, its team.
#pragma once

#include "fleet/cluster_view.h"

struct cluster_groups {
    const char **names; // in the arena, each once; empty: it counts in none (no region, no such label)
    size_t count;
    struct fact unknown; // FACT_UNKNOWN when there may be more: why says so
};

// per: "fleet" (one group ""), "region", "provider", "namespace", "version" (minor: "1.31") or "label:NAME"
// of the Cluster. A cluster with several regions counts in each. Regions are in lower case without spaces
// ("West Europe" is westeurope). view may be NULL: no group. False: there is no such per.
bool cluster_groups_read(struct arena *arena, const struct cluster_view *view, const char *per,
                         struct cluster_groups *ret_groups);
bool cluster_groups_hold(const struct cluster_groups *groups, const char *name);
// Whether per is one of the above.
bool cluster_groups_has(const char *per);
// The group's name of a region or a version as written; NULL: it has none ("latest").
const char *cluster_group_region(struct arena *arena, const char *region);
const char *cluster_group_version(struct arena *arena, const char *version);
