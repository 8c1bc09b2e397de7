// What one object says about its cluster: its facts, its pools and whom it names. A fleet is held as
// fragments.
#pragma once

#include "fleet/cluster_view.h"
#include "fleet/kind_table.h"

// Most pools of one view, and of one object.
enum { POOL_LIMIT = 10000 };

struct noted_fact {
    enum kind_says says;
    bool is_whole; // of a list: the list itself can't be read
    struct fact fact;
};

// The object names another one. LINK_OWNER: in its ownerReferences.
enum link_kind { LINK_INFRASTRUCTURE, LINK_CONTROL_PLANE, LINK_CLASS, LINK_BOOTSTRAP, LINK_OWNER };

struct fragment_link {
    enum link_kind kind;
    struct object_key target; // group as written, "" when it can't be read
    struct origin origin;     // of the reference
};

// What the provider and the defaults need besides the facts.
struct pool_rules {
    const char *provider_name;               // what the provider calls it, or NULL (profiles of AKS)
    uint8_t default_replicas, default_surge; // of kind_entry
    bool is_inside;                          // lies in another object (topology, profiles)
    bool surge_off;                          // strategy OnDelete
    bool limits_off;                         // the autoscaler is switched off
    bool limits_by_annotation;               // both limits come from the cluster autoscaler's annotations
    bool lone_annotation;                    // only one of them is there
};

// view.facts hold what is written: defaults and percentages are worked out when the view is made, because
// another object may hold the rest. POOL_SURGE may be FACT_TEXT ("25%").
struct fragment_pool {
    struct pool_view view;
    struct pool_rules rules;
};

struct fragment {
    struct object_key key;
    struct kind_match kind;
    const struct node *root; // NULL where only the facts are held
    const struct node *labels, *annotations;
    struct fact name, namespace;   // its own
    struct fact cluster;           // name of the Cluster it belongs to; absent when it does not say
    struct object_key cluster_key; // the same as a key; name "" when it does not say
    struct fact paused, deleting;
    const struct noted_fact *facts;
    size_t fact_count;
    const struct fragment_link *links;
    size_t link_count;
    const struct fragment_pool *pools;
    size_t pool_count;
    const char *topology_name;  // of the pool in the Cluster's topology that made it, or NULL
    const char *pools_why;      // why there may be more pools than these, or NULL
    bool pools_unseen;          // of pools_why
    bool is_owned;              // a MachineSet or Machine that its owner counts
    bool is_control_plane_node; // a Machine of the control plane
    bool is_partial;            // only its replicas were seen, by /scale
};

// In arena, borrowing from key and object. NULL: the kind tells nothing about clusters.
const struct fragment *fragment_read(struct arena *arena, const struct object_key *key,
                                     const struct node *object);
// The key as the object's own text has it (namespace "" when it has none). False when it has no kind or is
// not of a group of ours.
bool fragment_object_key(const struct node *object, struct object_key *ret_key);

// What a /scale says about its parent: parent with these replicas, or nothing but them where parent is NULL.
// scale may be NULL: then parent as it is.
const struct fragment *fragment_scaled(struct arena *arena, const struct object_key *key,
                                       const struct fragment *parent, const struct node *scale);

// An update without replicas under the autoscaler's annotations keeps the old ones, within its limits (CAPI's
// defaulting webhook). fragment as it is where that does not apply; both may be NULL.
const struct fragment *fragment_keeping_replicas(struct arena *arena, const struct fragment *fragment,
                                                 const struct fragment *old);

// First fact of this meaning; NULL when nothing is noted.
const struct noted_fact *fragment_fact(const struct fragment *fragment, enum kind_says says);
const struct fragment_link *fragment_link(const struct fragment *fragment, enum link_kind kind);

// The same object: "" and "default" are one namespace, the old exp.* groups are today's.
bool fragment_key_matches(const struct object_key *a, const struct object_key *b);
