// Which stored objects a cluster is made of: what belongs to it, and what that names.
#pragma once

#include "fleet/view_source.h"

enum { MEMBERS_MOST = 1000 };

struct member_list {
    const struct object_key *
        *keys; // in arena: the Cluster first, then what it names, then pools and what they name
    size_t count;
};

// Everything that is stored of this Cluster, each object once, in the order in which it is to be judged:
// Cluster, infrastructure, control plane, templates and classes, pools. False: more than MEMBERS_MOST.
bool members_collect(struct arena *arena, const struct view_source *fleet, const struct object_key *cluster,
                     struct member_list *ret_members);

// The Clusters that this object is part of, or is named by, each once and however many they are. In arena.
void members_clusters(struct arena *arena, const struct view_source *fleet, const struct fragment *fragment,
                      struct member_list *ret_clusters);
