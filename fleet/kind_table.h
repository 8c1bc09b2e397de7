// One table of the kinds that clusters are made of: who provides them, and where each keeps what policies
// ask.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind_group { GROUP_CORE = 1, GROUP_CONTROL_PLANE = 2, GROUP_INFRASTRUCTURE = 4 };

enum kind_role {
    KIND_CLUSTER,
    KIND_CONTROL_PLANE,
    KIND_INFRASTRUCTURE_CLUSTER,
    KIND_POOL,
    KIND_INFRASTRUCTURE_POOL,
    KIND_MACHINE_TEMPLATE,
    KIND_CLASS,
    KIND_PART, // belongs to a cluster and adds no nodes
};

// What a path says. Several paths of one meaning are alternatives: the first that is there wins, except for
// lists, where all of them count.
enum kind_says {
    SAYS_NOTHING, // ends a list of paths
    SAYS_CLUSTER, // name of the Cluster that the object belongs to
    SAYS_CLASS,
    SAYS_VERSION,
    SAYS_VERSION_OBSERVED, // list: the lowest counts
    SAYS_REPLICAS,
    SAYS_SURGE,    // integer or percent
    SAYS_STRATEGY, // "OnDelete" means no surge
    SAYS_EXTERNAL_ETCD,
    SAYS_VERSION_SET,
    SAYS_REGION,     // list
    SAYS_LOCATION,   // list; a region or a zone of Google Cloud
    SAYS_ZONE,       // list
    SAYS_ZONE_NAMES, // failure domains: keys of a map, texts of a list, or .name of its items
    SAYS_POD_CIDR,   // lists
    SAYS_SERVICE_CIDR,
    SAYS_NETWORK_CIDR,
    SAYS_MIN, // of a pool
    SAYS_MAX,
    SAYS_AUTOSCALING, // false: min and max are not in force
    SAYS_MODE,        // "System" or "User"
    SAYS_NAME,        // of a pool that is not an object of its own
    SAYS_VARIABLES,   // list of {name, value}: regions are among them
    SAYS_CLASS_VARIABLES,
    SAYS_PATCHES,
    SAYS_INFRASTRUCTURE, // references
    SAYS_CONTROL_PLANE,
    SAYS_BOOTSTRAP,
};

struct kind_path {
    enum kind_says says;
    const char *path; // as base/field_path.h, with [] for every item
};

// Pools that lie inside an object.
struct kind_pool_list {
    const char *path; // of each pool
    const char *kind; // what it becomes: POOL_KIND
    const struct kind_path *paths;
};

struct kind_entry {
    const char *kind;
    uint8_t groups; // of enum kind_group; the old exp.* groups count as theirs
    uint8_t role;   // enum kind_role
    bool has_template;
    bool region_unseen;       // an unset region is decided by an object that nobody shows us
    uint8_t default_replicas; // what an unset field means; 0: nothing
    uint8_t default_surge;
    const char *provider; // NULL: does not tell
    const char *flavour;
    const char *region_unset; // who decides where the region is left out; NULL: nobody
    const struct kind_path *paths;
    const struct kind_pool_list *pools; // ended by a NULL path; may be NULL
};

struct kind_match {
    const struct kind_entry *entry; // NULL: not ours
    bool is_template;               // <Kind>Template: the paths lie under spec.template
    bool is_guess;                  // an unknown kind of a known group: the usual paths are tried
};

// By group and kind, any API version. group may be NULL: the kind alone decides (a reference without a
// group that can be read).
struct kind_match kind_table_find(const char *group, const char *kind);
// The group in the spelling of the table, or NULL when it is none of ours; borrowed for ever.
const char *kind_table_group(const char *group, size_t length);
// First path that says this; NULL when the kind does not.
const char *kind_entry_path(const struct kind_entry *entry, enum kind_says says);

// Does such an object alone take a place of a limit on clusters, before a Cluster names it? Infrastructure
// does, and control planes that are infrastructure too (managed ones, which have a region).
bool kind_entry_takes_place(const struct kind_entry *entry);

// For tests: all entries, sorted by kind.
const struct kind_entry *kind_table_entries(size_t *ret_count);
