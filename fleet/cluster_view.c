#include "fleet/cluster_view.h"

#include "fleet/cluster_scope.h"

#include <string.h>

bool cluster_view_knows(const char *group, const char *kind) {
    return kind_table_find(group, kind).entry != NULL;
}

// The changed object on both sides of the change; NULL: it is not there.
struct sides {
    const struct fragment *before;
    const struct fragment *after;
};

static const struct fragment *seen(struct arena *arena, const struct view_source *source,
                                   const struct object_key *key) {
    return source ? source->methods->find(source->cookie, arena, key) : NULL;
}

static struct sides read_scale(struct arena *arena, const struct object_change *change,
                               const struct view_source *before, const struct view_source *after) {
    const struct fragment *old_parent = seen(arena, before, &change->key);
    const struct fragment *parent = seen(arena, after, &change->key);
    old_parent = old_parent ? old_parent : parent;
    parent = parent ? parent : old_parent;
    return (struct sides){fragment_scaled(arena, &change->key, old_parent, change->old_object),
                          fragment_scaled(arena, &change->key, parent, change->object)};
}

static struct sides read_sides(struct arena *arena, const struct object_change *change,
                               const struct view_source *before, const struct view_source *after) {
    if (strcmp(change->subresource, "scale") == 0) {
        return read_scale(arena, change, before, after);
    }
    struct sides sides = {0};
    if (change->operation != OPERATION_CREATE) {
        sides.before = change->old_object ? fragment_read(arena, &change->key, change->old_object)
                                          : seen(arena, before, &change->key);
    }
    if (change->operation != OPERATION_DELETE && change->object) {
        sides.after = fragment_read(arena, &change->key, change->object);
        sides.after = fragment_keeping_replicas(arena, sides.after, sides.before);
    }
    return sides;
}

static const struct cluster_view *build(struct arena *arena, const struct object_key *key,
                                        const struct view_source *source, const struct fragment *fragment,
                                        const struct fragment *other) {
    struct cluster_scope scope;
    cluster_scope_open(&scope, arena, source, key, fragment, other);
    bool is_complete = source && source->is_complete;
    if (!scope.cluster && scope.members.count == 0 && is_complete) {
        return NULL;
    }
    struct cluster_view *view = arena_alloc(arena, sizeof(*view));
    cluster_lists_build(&scope, view);
    cluster_facts_build(&scope, view);
    cluster_pools_build(&scope, view);
    return view;
}

void cluster_change_build(struct arena *arena, const struct object_change *change,
                          const struct view_source *before, const struct view_source *after,
                          struct cluster_change *ret_change) {
    *ret_change = (struct cluster_change){0};
    if (!cluster_view_knows(change->key.group, change->key.kind)) {
        return;
    }
    struct sides sides = read_sides(arena, change, before, after);
    const struct kind_entry *entry = kind_table_find(change->key.group, change->key.kind).entry;
    if (sides.before || entry->role != KIND_CLUSTER) {
        ret_change->before = build(arena, &change->key, before, sides.before, sides.after);
    }
    if (sides.after || entry->role != KIND_CLUSTER) {
        ret_change->after = build(arena, &change->key, after, sides.after, sides.before);
    }
}

const struct cluster_view *cluster_view_of(struct arena *arena, const struct view_source *source,
                                           const struct object_key *key) {
    const struct kind_entry *entry = kind_table_find(key->group, key->kind).entry;
    const struct fragment *fragment = entry ? seen(arena, source, key) : NULL;
    if (!entry || (!fragment && entry->role != KIND_CLUSTER)) {
        return NULL;
    }
    struct fragment_list parts = {0};
    if (!fragment) {
        source->methods->add_of_cluster(source->cookie, arena, key, &parts);
    }
    return fragment || parts.count > 0 ? build(arena, key, source, fragment, NULL) : NULL;
}
