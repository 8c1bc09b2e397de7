// What one view is made of: the changed object laid over the other fragments of its cluster.
#pragma once

#include "fleet/fact_reader.h"
#include "fleet/view_source.h"

// The control plane or the infrastructure of a cluster, as far as it is known.
struct cluster_slot {
    const struct fragment *fragment; // NULL: not at hand
    const struct fragment *pattern;  // the class's template in its stead, or NULL
    struct kind_match kind;          // entry NULL: not even the kind is known
    const char *kind_name;
    struct origin kind_origin; // what tells the kind
    bool is_gone;              // known not to be there: its facts are absent
    bool is_unmade;            // only the class's template is there, and all that exists is at hand
    const char *why;           // why its facts are unknown; NULL when it is at hand, gone, or not asked for
    bool why_unseen;
};

struct cluster_scope {
    struct arena *arena;
    const struct view_source *source; // NULL: nothing but the changed object
    const struct object_key *changed; // key of the changed object
    const struct fragment *fragment;  // as it is on this side of the change; NULL: it is not there
    struct object_key cluster_key;    // name "": nothing says which
    const struct fact *cluster_name;  // who says which; NULL: nobody
    const struct fragment *cluster;   // NULL: not at hand
    const char *no_cluster;           // why nothing is known of it then
    bool has_topology;
    const struct fragment *class; // NULL: none, or not at hand
    struct fragment_list members; // sorted, each once; without the Cluster
    struct cluster_slot control_plane;
    struct cluster_slot infrastructure;
};

// fragment: the changed object on this side, NULL when it is not there; other: on the other side of the
// change.
void cluster_scope_open(struct cluster_scope *scope, struct arena *arena, const struct view_source *source,
                        const struct object_key *changed, const struct fragment *fragment,
                        const struct fragment *other);
// The Cluster that the fragment belongs to, by its own words or those of objects around it; false: nobody
// says, or they don't agree. Borrowed from the fragment and the arena.
bool cluster_scope_claimed(struct arena *arena, const struct view_source *source,
                           const struct fragment *fragment, struct object_key *ret_cluster);
// The changed object hides the source's.
const struct fragment *cluster_scope_find(const struct cluster_scope *scope, const struct object_key *key);
// Its place in members, or members.count.
size_t cluster_scope_member(const struct cluster_scope *scope, const struct fragment *fragment);
// "AWSCluster prod/eu-7 has not been seen".
const char *cluster_scope_unseen(const struct cluster_scope *scope, const struct object_key *key);
struct fact cluster_scope_unknown(const char *why, bool is_unseen, struct origin origin);

// A fact of the slot's object: what is noted, or absent, or unknown.

struct fact cluster_slot_fact(const struct cluster_scope *scope, const struct cluster_slot *slot,
                              enum kind_says says);

// "25%" of replicas, rounded up; as it is where it is no percentage.
void cluster_surge_resolve(struct arena *arena, struct fact *surge, const struct fact *replicas);

// The parts of a view, in this order. cluster_lists.c, cluster_facts.c, cluster_pools.c
void cluster_lists_build(const struct cluster_scope *scope, struct cluster_view *view);
void cluster_facts_build(const struct cluster_scope *scope, struct cluster_view *view);
void cluster_pools_build(const struct cluster_scope *scope, struct cluster_view *view);
