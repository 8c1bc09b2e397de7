#include "embedded/fleet_doors_internal.h"

#include <string.h>

static bool is_cluster(const struct object_key *key) {
    return strcmp(key->kind, "Cluster") == 0 && strcmp(key->group, "cluster.x-k8s.io") == 0;
}

static bool is_namespace(const struct object_key *key) {
    return !*key->group && strcmp(key->kind, "Namespace") == 0;
}

static bool is_leaving(const struct fleet_entry *entry) {
    return !entry->wanted && (entry->applied || entry->going);
}

// A namespace's end would take along what is in it, unasked.
static const char *why_namespace(const struct fleet_doors *doors, struct arena *arena,
                                 const char *namespace) {
    for (size_t i = 0; i < doors->entries.count; i++) {
        const struct fleet_entry *other = doors->entries.items[i];
        if (strcmp(other->key.namespace, namespace) == 0 && (other->applied || other->going)) {
            return arena_printf(arena, "it holds %s %s/%s", other->key.kind, namespace, other->key.name);
        }
    }
    return NULL;
}

// The Cluster that an object belongs to, as far as the inventory knows.
static struct object_key cluster_of(const struct fleet_doors *doors, struct arena *arena,
                                    const struct object_key *key) {
    const struct view_source *source = inventory_source(doors->options.inventory);
    const struct fragment *fragment = source->methods->find(source->cookie, arena, key);
    if (fragment && *fragment->cluster_key.name) {
        return fragment->cluster_key;
    }
    return inventory_account(doors->options.inventory, arena, key);
}

// Templates and credentials say nothing of whose they are, and the end of a cluster may need them.
static const struct fleet_entry *leaving_cluster_in(const struct fleet_doors *doors, const char *namespace) {
    const struct fleet_entries *entries = &doors->entries;
    for (size_t i = fleet_entries_begin(entries, "Cluster", namespace); i < entries->sorted; i++) {
        const struct fleet_entry *entry = entries->items[i];
        if (strcmp(entry->key.kind, "Cluster") != 0 || strcmp(entry->key.namespace, namespace) != 0) {
            return NULL;
        }
        if (is_cluster(&entry->key) && is_leaving(entry)) {
            return entry;
        }
    }
    return NULL;
}

// Cluster API: "you must always delete the Cluster object"; its end takes its parts along, in an order that
// leaves nothing behind.
const char *fleet_doors_why_kept(const struct fleet_doors *doors, struct arena *arena,
                                 const struct fleet_entry *entry) {
    if (is_namespace(&entry->key)) {
        return why_namespace(doors, arena, entry->key.name);
    }
    if (is_cluster(&entry->key)) {
        return NULL;
    }
    struct object_key key = cluster_of(doors, arena, &entry->key);
    const struct fleet_entry *cluster = is_cluster(&key) ? fleet_entries_find(&doors->entries, &key)
                                                         : leaving_cluster_in(doors, entry->key.namespace);
    return cluster && is_leaving(cluster)
               ? arena_printf(arena, "Cluster %s/%s goes first", cluster->key.namespace, cluster->key.name)
               : NULL;
}
