// The single facts of a view, from whichever object holds them.
#include "fleet/cluster_scope.h"
#include "fleet/kubernetes_version.h"

#include <string.h>

static struct fact of_cluster(const struct cluster_scope *scope, enum kind_says says) {
    if (!scope->cluster) {
        return cluster_scope_unknown(scope->no_cluster, true, (struct origin){0});
    }
    const struct noted_fact *noted = fragment_fact(scope->cluster, says);
    if (noted) {
        return noted->fact;
    }
    return (struct fact){.origin = {scope->cluster->key, kind_entry_path(scope->cluster->kind.entry, says),
                                    scope->cluster->root}};
}

static struct fact text_at(const char *text, struct origin origin) {
    return (struct fact){.state = FACT_KNOWN, .type = FACT_TEXT, .value.text = text, .origin = origin};
}

static bool is_changed(const struct cluster_scope *scope, const struct cluster_slot *slot) {
    return slot->fragment && slot->fragment == scope->fragment;
}

// The topology leads, unless the control plane itself is what changes.
static struct fact led_by_topology(const struct cluster_scope *scope, enum kind_says says) {
    struct fact control_plane = cluster_slot_fact(scope, &scope->control_plane, says);
    if (is_changed(scope, &scope->control_plane) && control_plane.state != FACT_ABSENT) {
        return control_plane;
    }
    if (!scope->cluster || !scope->has_topology) {
        return control_plane;
    }
    struct fact topology = of_cluster(scope, says);
    bool is_told = control_plane.state == FACT_KNOWN || scope->control_plane.fragment || !scope->class;
    return topology.state == FACT_ABSENT && is_told ? control_plane : topology;
}

static void name(const struct cluster_scope *scope, struct cluster_view *view) {
    struct fact *facts = view->facts;
    if (scope->cluster_name && scope->cluster_name->state != FACT_ABSENT) {
        facts[CLUSTER_NAME] = *scope->cluster_name;
    } else if (scope->cluster) {
        facts[CLUSTER_NAME] = cluster_scope_unknown(
            "metadata.name is not set; the server generates it", false,
            (struct origin){scope->cluster->key, "metadata.name", scope->cluster->root});
    } else {
        facts[CLUSTER_NAME] = cluster_scope_unknown(scope->no_cluster, true, (struct origin){0});
    }
    const struct fragment *member = scope->cluster ? scope->cluster : scope->fragment;
    if (member) {
        facts[CLUSTER_NAMESPACE] = member->namespace;
    } else if (*scope->cluster_key.namespace) {
        facts[CLUSTER_NAMESPACE] =
            text_at(scope->cluster_key.namespace, (struct origin){.object = *scope->changed});
    }
}

// The kind alone tells; where only the pools are known, their machines do.
static struct fact provider(const struct cluster_scope *scope) {
    const struct cluster_slot *const slots[] = {&scope->infrastructure, &scope->control_plane};
    for (size_t i = 0; i < 2; i++) {
        if (slots[i]->kind.entry && slots[i]->kind.entry->provider) {
            return text_at(slots[i]->kind.entry->provider, slots[i]->kind_origin);
        }
    }
    for (size_t i = 0; i < scope->members.count; i++) {
        const struct fragment *member = scope->members.items[i];
        const struct fragment_link *link = fragment_link(member, LINK_INFRASTRUCTURE);
        struct kind_match kind = member->kind;
        struct origin origin = {member->key, "kind", member->root};
        if (!kind.entry->provider && link) {
            kind = kind_table_find(link->target.group, link->target.kind);
            origin = link->origin;
        }
        if (kind.entry && kind.entry->provider) {
            return text_at(kind.entry->provider, origin);
        }
    }
    const struct cluster_slot *slot = &scope->infrastructure;
    if (slot->kind_name && (!slot->kind.entry || slot->kind.is_guess)) {
        return cluster_scope_unknown(
            arena_printf(scope->arena, "%s is not a kind that fleetgate knows", slot->kind_name), false,
            slot->kind_origin);
    }
    if (slot->why) {
        return cluster_scope_unknown(slot->why, slot->why_unseen, slot->kind_origin);
    }
    return (struct fact){.origin = slot->kind_origin};
}

static struct fact flavour(const struct cluster_scope *scope) {
    const struct cluster_slot *slot = &scope->control_plane;
    const struct cluster_slot *infrastructure = &scope->infrastructure;
    if (slot->kind.entry && slot->kind.entry->flavour) {
        return text_at(slot->kind.entry->flavour, slot->kind_origin);
    }
    if (infrastructure->kind.entry && infrastructure->kind.entry->flavour) {
        return text_at(infrastructure->kind.entry->flavour, infrastructure->kind_origin);
    }
    if (slot->kind_name && !slot->is_gone) {
        return cluster_scope_unknown(
            arena_printf(scope->arena, "%s is not a kind that fleetgate knows", slot->kind_name), false,
            slot->kind_origin);
    }
    if (slot->why) {
        return cluster_scope_unknown(slot->why, slot->why_unseen, slot->kind_origin);
    }
    return (struct fact){.origin = slot->kind_origin};
}

static bool is_machine(const struct fragment *fragment) {
    return fragment->is_control_plane_node && fragment->pool_count == 1;
}

// Clusters without a control plane object: the lowest version and the number of their control plane machines.
static void take_machines(const struct cluster_scope *scope, struct cluster_view *view) {
    struct fact *version = &view->facts[CLUSTER_VERSION];
    struct fact *replicas = &view->facts[CLUSTER_CONTROL_PLANE_REPLICAS];
    if (!scope->cluster || scope->control_plane.kind_name || version->state != FACT_ABSENT) {
        return;
    }
    for (size_t i = 0; i < scope->members.count; i++) {
        const struct fragment *member = scope->members.items[i];
        if (!is_machine(member)) {
            continue;
        }
        const struct fact *found = &member->pools[0].view.facts[POOL_VERSION];
        struct kubernetes_version a;
        struct kubernetes_version b;
        bool is_lower = found->state == FACT_KNOWN && version->state == FACT_KNOWN &&
                        kubernetes_version_parse(found->value.text, &a) == VERSION_OK &&
                        kubernetes_version_parse(version->value.text, &b) == VERSION_OK &&
                        kubernetes_version_compare(&a, &b) < 0;
        if (version->state == FACT_ABSENT || is_lower) {
            *version = *found;
        }
        int64_t count = replicas->state == FACT_KNOWN ? replicas->value.integer : 0;
        *replicas = (struct fact){.state = FACT_KNOWN,
                                  .type = FACT_INTEGER,
                                  .value.integer = count + 1,
                                  .origin = {member->key, "kind", member->root}};
    }
}

static void lower(const struct fragment *fragment, struct fact *lowest) {
    for (size_t i = 0; fragment && i < fragment->fact_count; i++) {
        const struct fact *fact = &fragment->facts[i].fact;
        struct kubernetes_version found;
        struct kubernetes_version known;
        if (fragment->facts[i].says != SAYS_VERSION_OBSERVED || fact->state != FACT_KNOWN ||
            kubernetes_version_parse(fact->value.text, &found) != VERSION_OK) {
            continue;
        }
        if (lowest->state != FACT_KNOWN ||
            kubernetes_version_parse(lowest->value.text, &known) != VERSION_OK ||
            kubernetes_version_compare(&found, &known) < 0) {
            *lowest = *fact;
        }
    }
}

static struct fact observed_version(const struct cluster_scope *scope, const struct fact *version) {
    const struct cluster_slot *slot = &scope->control_plane;
    struct fact lowest = {0};
    lower(scope->cluster, &lowest);
    lower(slot->fragment, &lowest);
    if (lowest.state == FACT_KNOWN) {
        return lowest;
    }
    // Before any status: what the topology has not handed down yet is what runs.
    struct fact written = cluster_slot_fact(scope, slot, SAYS_VERSION);
    bool is_behind = slot->fragment && written.state == FACT_KNOWN && version->state == FACT_KNOWN &&
                     strcmp(written.value.text, version->value.text) != 0;
    return is_behind ? written : cluster_slot_fact(scope, slot, SAYS_VERSION_OBSERVED);
}

static void fill_in(struct fact *fact, uint8_t integer) {
    if (fact->state == FACT_ABSENT && integer > 0) {
        fact->state = FACT_KNOWN;
        fact->type = FACT_INTEGER;
        fact->value.integer = integer;
    }
}

static void control_plane(const struct cluster_scope *scope, struct cluster_view *view) {
    const struct cluster_slot *slot = &scope->control_plane;
    const struct kind_entry *entry = slot->kind.entry;
    struct fact *facts = view->facts;
    bool is_there = entry && !slot->is_gone && (slot->fragment || slot->pattern);
    facts[CLUSTER_VERSION] = led_by_topology(scope, SAYS_VERSION);
    if (facts[CLUSTER_VERSION].state == FACT_ABSENT && scope->infrastructure.kind.entry &&
        kind_entry_path(scope->infrastructure.kind.entry, SAYS_VERSION)) {
        facts[CLUSTER_VERSION] = cluster_slot_fact(scope, &scope->infrastructure, SAYS_VERSION);
    }
    facts[CLUSTER_VERSION_OBSERVED] = observed_version(scope, &facts[CLUSTER_VERSION]);
    facts[CLUSTER_CONTROL_PLANE_REPLICAS] = led_by_topology(scope, SAYS_REPLICAS);
    facts[CLUSTER_CONTROL_PLANE_SURGE] = cluster_slot_fact(scope, slot, SAYS_SURGE);
    facts[CLUSTER_EXTERNAL_ETCD] = cluster_slot_fact(scope, slot, SAYS_EXTERNAL_ETCD);
    if (is_there && !(slot->fragment && slot->fragment->kind.is_template)) {
        fill_in(&facts[CLUSTER_CONTROL_PLANE_REPLICAS], entry->default_replicas);
        fill_in(&facts[CLUSTER_CONTROL_PLANE_SURGE], entry->default_surge);
    }
    cluster_surge_resolve(scope->arena, &facts[CLUSTER_CONTROL_PLANE_SURGE],
                          &facts[CLUSTER_CONTROL_PLANE_REPLICAS]);
    struct fact *etcd = &facts[CLUSTER_EXTERNAL_ETCD];
    if (etcd->state == FACT_ABSENT && is_there && kind_entry_path(entry, SAYS_EXTERNAL_ETCD)) {
        etcd->state = FACT_KNOWN;
        etcd->type = FACT_BOOLEAN;
    }
}

static struct fact version_set(const struct cluster_scope *scope) {
    const struct fragment_link *link = scope->cluster ? fragment_link(scope->cluster, LINK_CLASS) : NULL;
    if (scope->class) {
        const struct noted_fact *noted = fragment_fact(scope->class, SAYS_VERSION_SET);
        struct origin origin = {scope->class->key, "spec.kubernetesVersions", scope->class->root};
        return noted ? noted->fact
                     : (struct fact){.state = FACT_KNOWN, .type = FACT_BOOLEAN, .origin = origin};
    }
    if (link) {
        return cluster_scope_unknown(cluster_scope_unseen(scope, &link->target), true, link->origin);
    }
    return scope->cluster ? (struct fact){0} : of_cluster(scope, SAYS_VERSION_SET);
}

void cluster_facts_build(const struct cluster_scope *scope, struct cluster_view *view) {
    struct fact *facts = view->facts;
    name(scope, view);
    facts[CLUSTER_PROVIDER] = provider(scope);
    facts[CLUSTER_FLAVOUR] = flavour(scope);
    control_plane(scope, view);
    take_machines(scope, view);
    facts[CLUSTER_VERSION_SET] = version_set(scope);
    facts[CLUSTER_CLASS] = of_cluster(scope, SAYS_CLASS);
    if (scope->cluster) {
        facts[CLUSTER_PAUSED] = scope->cluster->paused;
        facts[CLUSTER_DELETING] = scope->cluster->deleting;
        view->cluster = scope->cluster->root;
        view->labels = scope->cluster->labels;
        view->annotations = scope->cluster->annotations;
    } else {
        facts[CLUSTER_PAUSED] = of_cluster(scope, SAYS_NOTHING);
        facts[CLUSTER_DELETING] = facts[CLUSTER_PAUSED];
    }
    view->object = scope->cluster_key;
}
