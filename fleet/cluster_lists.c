// The lists of a view: regions, zones and address ranges, each put together from several objects.
#include "fleet/cluster_scope.h"
#include "fleet/region.h"

#include <string.h>

// Beyond this many, repeats are kept: no cluster has as many zones, and looking for them would be quadratic.
enum { UNIQUE_ITEMS = 64 };

static bool holds(const struct fact_list *list, const struct fact *fact) {
    if (fact->state != FACT_KNOWN || list->count > UNIQUE_ITEMS) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].state == FACT_KNOWN && strcmp(list->items[i].value.text, fact->value.text) == 0) {
            return true;
        }
    }
    return false;
}

static void add_from(const struct cluster_scope *scope, struct fact_list *list,
                     const struct fragment *fragment, enum kind_says says) {
    for (size_t i = 0; fragment && i < fragment->fact_count; i++) {
        const struct noted_fact *noted = &fragment->facts[i];
        if (noted->says != says || holds(list, &noted->fact)) {
            continue;
        }
        if (noted->is_whole) {
            list->whole = noted->fact;
        } else {
            fact_list_add(scope->arena, list, &noted->fact);
        }
    }
}

// The whole of an empty list: what the slot's object says about a field that is not there.
static void explain(const struct cluster_scope *scope, struct fact_list *list,
                    const struct cluster_slot *slot, enum kind_says says) {
    if (list->count > 0 || list->whole.state == FACT_UNKNOWN) {
        return;
    }
    struct fact fact = cluster_slot_fact(scope, slot, says);
    if (fact.state == FACT_UNKNOWN || !list->whole.origin.path) {
        list->whole = fact;
    }
}

static bool says_region(const struct kind_entry *entry) {
    return entry && (kind_entry_path(entry, SAYS_REGION) || kind_entry_path(entry, SAYS_LOCATION));
}

// A field for the region that is there to be filled in, and is not.
static struct fact unset_region(const struct cluster_scope *scope, const struct cluster_slot *slot) {
    const struct kind_entry *entry = slot->kind.entry;
    enum kind_says says = kind_entry_path(entry, SAYS_REGION) ? SAYS_REGION : SAYS_LOCATION;
    struct fact fact = cluster_slot_fact(scope, slot, says);
    if (fact.state != FACT_ABSENT || slot->is_gone) {
        return fact;
    }
    const char *path = fact.origin.path ? fact.origin.path : "the region";
    const char *why = slot->kind.is_guess
                          ? arena_printf(scope->arena, "%s is not a kind that fleetgate knows the region of",
                                         slot->kind_name)
                      : entry->region_unset
                          ? arena_printf(scope->arena, "%s is not set: %s", path, entry->region_unset)
                          : arena_printf(scope->arena, "%s is not set", path);
    return cluster_scope_unknown(why, entry->region_unseen, fact.origin);
}

// Providers without regions: people write one on the Cluster.
static struct fact labelled_region(const struct cluster_scope *scope) {
    static const struct {
        const char *key;
        const char *path;
    } labels[] = {
        {"region", "metadata.labels.region"},
        {"topology.kubernetes.io/region", "metadata.labels[\"topology.kubernetes.io/region\"]"},
        {"topology.cluster.x-k8s.io/region", "metadata.labels[\"topology.cluster.x-k8s.io/region\"]"},
    };
    const struct fragment *cluster = scope->cluster;
    if (!cluster) {
        return cluster_scope_unknown(scope->no_cluster, true, (struct origin){0});
    }
    struct fact_reader reader = {scope->arena, cluster->key, cluster->root};
    for (size_t i = 0; i < sizeof(labels) / sizeof(*labels); i++) {
        struct fact fact = fact_read_text(&reader, labels[i].path, node_get(cluster->labels, labels[i].key));
        if (fact.state != FACT_ABSENT) {
            return fact;
        }
    }
    return fact_absent(&reader, labels[0].path);
}

// A zone that is written down tells the region that nobody wrote.
static bool region_of_zones(const struct cluster_scope *scope, struct cluster_view *view,
                            struct fact *ret_fact) {
    const struct kind_entry *entry = scope->infrastructure.kind.entry;
    if (!entry || !entry->provider) {
        entry = scope->control_plane.kind.entry;
    }
    const struct fact_list *zones = &view->lists[CLUSTER_ZONES];
    char region[REGION_BYTES];
    for (size_t i = 0; entry && entry->provider && i < zones->count; i++) {
        if (zones->items[i].state == FACT_KNOWN &&
            region_of_zone(entry->provider, zones->items[i].value.text, region)) {
            *ret_fact = zones->items[i];
            ret_fact->value.text = arena_strdup(scope->arena, region);
            return true;
        }
    }
    return false;
}

// Nothing says a region: why not?
static struct fact missing_region(const struct cluster_scope *scope, struct cluster_view *view) {
    const struct cluster_slot *const slots[] = {&scope->infrastructure, &scope->control_plane};
    struct fact found = {0};
    bool is_expected = false;
    if (scope->infrastructure.is_gone && says_region(scope->infrastructure.kind.entry)) {
        return unset_region(scope, &scope->infrastructure);
    }
    for (size_t i = 0; i < 2; i++) {
        const struct cluster_slot *slot = slots[i];
        if (says_region(slot->kind.entry)) {
            struct fact fact = unset_region(scope, slot);
            is_expected = true;
            found = fact.state == FACT_UNKNOWN || found.state == FACT_ABSENT ? fact : found;
        } else if (!slot->kind.entry && slot->why && found.state == FACT_ABSENT) {
            is_expected = true;
            found = cluster_scope_unknown(slot->why, slot->why_unseen, slot->kind_origin);
        }
    }
    struct fact of_zone;
    if (is_expected && region_of_zones(scope, view, &of_zone)) {
        return of_zone;
    }
    struct fact label = is_expected ? found : labelled_region(scope);
    return label;
}

static bool is_of_pools(const struct fragment *fragment) {
    return fragment->kind.entry->role == KIND_INFRASTRUCTURE_POOL ||
           fragment->kind.entry->role == KIND_MACHINE_TEMPLATE;
}

static void build_regions(const struct cluster_scope *scope, struct cluster_view *view) {
    const struct fragment *const sources[] = {scope->infrastructure.fragment, scope->control_plane.fragment,
                                              scope->cluster};
    struct fact_list *list = &view->lists[CLUSTER_REGIONS];
    // The changed object first: what it says is what is being asked.
    add_from(scope, list, scope->fragment, SAYS_REGION);
    for (size_t i = 0; i < 3; i++) {
        bool is_repeat = sources[i] == scope->fragment || (i > 0 && sources[i] == sources[0]);
        add_from(scope, list, is_repeat ? NULL : sources[i], SAYS_REGION);
    }
    for (size_t i = 0; i < scope->members.count; i++) {
        const struct fragment *member = scope->members.items[i];
        if (member != scope->fragment && is_of_pools(member) && !member->kind.is_template) {
            add_from(scope, list, member, SAYS_REGION);
        }
    }
    if (list->count == 0 && list->whole.state != FACT_UNKNOWN && scope->class != scope->fragment) {
        add_from(scope, list, scope->class, SAYS_REGION);
    }
    if (list->count == 0 && list->whole.state != FACT_UNKNOWN) {
        add_from(scope, list, scope->infrastructure.pattern, SAYS_REGION);
        add_from(scope, list, scope->control_plane.pattern, SAYS_REGION);
    }
    if (list->count == 0 && list->whole.state != FACT_UNKNOWN) {
        struct fact missing = missing_region(scope, view);
        if (missing.state == FACT_KNOWN) {
            fact_list_add(scope->arena, list, &missing);
        } else {
            list->whole = missing;
        }
    }
    view->facts[CLUSTER_REGION] = list->count > 0 ? list->items[0] : list->whole;
}

static void build_zones(const struct cluster_scope *scope, struct cluster_view *view) {
    struct fact_list *list = &view->lists[CLUSTER_ZONES];
    add_from(scope, list, scope->infrastructure.fragment, SAYS_ZONE);
    add_from(scope, list, scope->control_plane.fragment, SAYS_ZONE);
    if (scope->fragment && scope->fragment->kind.entry->role == KIND_MACHINE_TEMPLATE) {
        add_from(scope, list, scope->fragment, SAYS_ZONE);
    }
    explain(scope, list, &scope->infrastructure, SAYS_ZONE);
    explain(scope, list, &scope->control_plane, SAYS_ZONE);
}

static void build_cidrs(const struct cluster_scope *scope, struct fact_list *list, enum kind_says says,
                        const char *path) {
    add_from(scope, list, scope->cluster, says);
    add_from(scope, list, scope->control_plane.fragment, says);
    if (list->count > 0 || list->whole.state == FACT_UNKNOWN) {
        return;
    }
    if (scope->cluster) {
        list->whole.origin = (struct origin){scope->cluster->key, path, scope->cluster->root};
        explain(scope, list, &scope->control_plane, says);
        return;
    }
    list->whole = cluster_scope_unknown(scope->no_cluster, true, (struct origin){0});
}

void cluster_lists_build(const struct cluster_scope *scope, struct cluster_view *view) {
    build_zones(scope, view);
    build_regions(scope, view);
    build_cidrs(scope, &view->lists[CLUSTER_POD_CIDRS], SAYS_POD_CIDR, "spec.clusterNetwork.pods.cidrBlocks");
    build_cidrs(scope, &view->lists[CLUSTER_SERVICE_CIDRS], SAYS_SERVICE_CIDR,
                "spec.clusterNetwork.services.cidrBlocks");
    struct fact_list *networks = &view->lists[CLUSTER_NETWORK_CIDRS];
    add_from(scope, networks, scope->infrastructure.fragment, SAYS_NETWORK_CIDR);
    add_from(scope, networks, scope->control_plane.fragment, SAYS_NETWORK_CIDR);
    explain(scope, networks, &scope->infrastructure, SAYS_NETWORK_CIDR);
    explain(scope, networks, &scope->control_plane, SAYS_NETWORK_CIDR);
}
