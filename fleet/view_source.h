// Where a view gets the other fragments of its cluster: the manifests of check, or the live inventory.
#pragma once

#include "fleet/fragment.h"

struct fragment_list {
    const struct fragment **items; // in the arena
    size_t count;
    size_t capacity;
};

void fragment_list_add(struct arena *arena, struct fragment_list *list, const struct fragment *fragment);

// Fragments must stay as they are until the arena is freed: a source that other threads change copies them
// into it. Lists are in any order. Keys are compared as fragment_key_matches does.
struct view_source_methods {
    // NULL when it has not been seen.
    const struct fragment *(*find)(void *cookie, struct arena *arena, const struct object_key *key);
    // Adds every fragment whose cluster_key is this one, except the Cluster itself.
    void (*add_of_cluster)(void *cookie, struct arena *arena, const struct object_key *cluster,
                           struct fragment_list *list);
    // Adds every fragment that has a link to this object.
    void (*add_referrers)(void *cookie, struct arena *arena, const struct object_key *target,
                          struct fragment_list *list);
    // Adds every Cluster whose label has this value (who delivered it, which team owns it), in any order.
    void (*add_labelled)(void *cookie, struct arena *arena, const char *label, const char *value,
                         struct fragment_list *list);
};

struct view_source {
    const struct view_source_methods *methods;
    void *cookie;
    bool is_complete; // holds the whole fleet: what is not found does not exist
};
