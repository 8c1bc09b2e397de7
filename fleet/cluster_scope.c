#include "fleet/cluster_scope.h"

#include <string.h>

// Machine template → control plane → Cluster is the longest chain of references.
enum { REFERENCE_DEPTH = 3 };

const struct fragment *cluster_scope_find(const struct cluster_scope *scope, const struct object_key *key) {
    if (fragment_key_matches(key, scope->changed)) {
        return scope->fragment;
    }
    return scope->source ? scope->source->methods->find(scope->source->cookie, scope->arena, key) : NULL;
}

static int compare(const struct fragment *a, const struct fragment *b) {
    int order = strcmp(a->key.kind, b->key.kind);
    order = order ? order : strcmp(a->key.namespace, b->key.namespace);
    order = order ? order : strcmp(a->key.name, b->key.name);
    return order ? order : strcmp(a->key.group, b->key.group);
}

static int compare_items(const void *a, const void *b) {
    return compare(*(const struct fragment *const *)a, *(const struct fragment *const *)b);
}

static void sort(struct fragment_list *list) {
    if (list->count < 2) {
        return;
    }
    qsort(list->items, list->count, sizeof(*list->items), compare_items);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++) {
        // By key: a source that copies gives the same object at two places.
        if (compare(list->items[i], list->items[kept - 1]) != 0) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

size_t cluster_scope_member(const struct cluster_scope *scope, const struct fragment *fragment) {
    size_t low = 0;
    size_t high = scope->members.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (compare(scope->members.items[middle], fragment) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_there = low < scope->members.count && compare(scope->members.items[low], fragment) == 0;
    return is_there ? low : scope->members.count;
}

// Who the fragment belongs to by its own words or by those of objects around it. False: nobody says, or they
// don't agree.
// NOLINTNEXTLINE(misc-no-recursion): at most REFERENCE_DEPTH deep.
static bool find_cluster(const struct cluster_scope *scope, const struct fragment *fragment, int depth,
                         const struct fragment **ret_who) {
    // Templates and classes serve many clusters.
    if (fragment->kind.is_template || fragment->kind.entry->role == KIND_CLASS) {
        return false;
    }
    if (*fragment->cluster_key.name || fragment->kind.entry->role == KIND_CLUSTER) {
        *ret_who = fragment;
        return true;
    }
    if (depth == REFERENCE_DEPTH) {
        return false;
    }
    for (size_t i = 0; i < fragment->link_count; i++) {
        const struct fragment_link *link = &fragment->links[i];
        const struct fragment *owner =
            link->kind == LINK_OWNER ? cluster_scope_find(scope, &link->target) : NULL;
        if (owner && find_cluster(scope, owner, depth + 1, ret_who)) {
            return true;
        }
    }
    struct fragment_list list = {0};
    if (scope->source) {
        scope->source->methods->add_referrers(scope->source->cookie, scope->arena, &fragment->key, &list);
    }
    sort(&list);
    const struct fragment *found = NULL;
    for (size_t i = 0; i < list.count; i++) {
        const struct fragment *who;
        if (fragment_key_matches(&list.items[i]->key, scope->changed) ||
            !find_cluster(scope, list.items[i], depth + 1, &who)) {
            continue;
        }
        if (found && !fragment_key_matches(&found->cluster_key, &who->cluster_key)) {
            return false;
        }
        found = found ? found : who;
    }
    *ret_who = found;
    return found != NULL;
}

bool cluster_scope_claimed(struct arena *arena, const struct view_source *source,
                           const struct fragment *fragment, struct object_key *ret_cluster) {
    struct cluster_scope scope = {
        .arena = arena, .source = source, .changed = &fragment->key, .fragment = fragment};
    const struct fragment *who = NULL;
    if (!find_cluster(&scope, fragment, 0, &who)) {
        return false;
    }
    *ret_cluster = who->cluster_key;
    return true;
}

static void add_reference(struct cluster_scope *scope, const struct object_key *key) {
    const struct fragment *fragment = cluster_scope_find(scope, key);
    if (fragment) {
        fragment_list_add(scope->arena, &scope->members, fragment);
    }
}

// What pools are made from, where that tells something.
static void add_machines(struct cluster_scope *scope, const struct fragment *pool) {
    const struct fragment_link *link = fragment_link(pool, LINK_INFRASTRUCTURE);
    if (pool->kind.entry->role != KIND_POOL || !link) {
        return;
    }
    const struct kind_entry *entry = kind_table_find(link->target.group, link->target.kind).entry;
    if (entry && entry->paths->says != SAYS_NOTHING) {
        add_reference(scope, &link->target);
    }
}

static void gather(struct cluster_scope *scope) {
    struct fragment_list found = {0};
    if (scope->source && *scope->cluster_key.name) {
        scope->source->methods->add_of_cluster(scope->source->cookie, scope->arena, &scope->cluster_key,
                                               &found);
    }
    for (size_t i = 0; i < found.count; i++) {
        if (!fragment_key_matches(&found.items[i]->key, scope->changed)) {
            fragment_list_add(scope->arena, &scope->members, found.items[i]);
        }
    }
    if (scope->fragment && scope->fragment != scope->cluster) {
        fragment_list_add(scope->arena, &scope->members, scope->fragment);
    }
    for (size_t i = 0; scope->cluster && i < scope->cluster->link_count; i++) {
        if (scope->cluster->links[i].kind == LINK_INFRASTRUCTURE ||
            scope->cluster->links[i].kind == LINK_CONTROL_PLANE) {
            add_reference(scope, &scope->cluster->links[i].target);
        }
    }
    for (size_t i = 0, count = scope->members.count; i < count; i++) {
        add_machines(scope, scope->members.items[i]);
    }
    sort(&scope->members);
}

const char *cluster_scope_unseen(const struct cluster_scope *scope, const struct object_key *key) {
    return arena_printf(scope->arena, "%s %s%s%s has not been seen", key->kind, key->namespace,
                        *key->namespace ? "/" : "", key->name);
}

static const char *why_no_cluster(const struct cluster_scope *scope) {
    if (*scope->cluster_key.name) {
        return cluster_scope_unseen(scope, &scope->cluster_key);
    }
    const struct object_key *key = scope->changed;
    return arena_printf(scope->arena, "no Cluster that names %s %s%s%s has been seen", key->kind,
                        key->namespace, *key->namespace ? "/" : "", key->name);
}

struct fact cluster_scope_unknown(const char *why, bool is_unseen, struct origin origin) {
    return (struct fact){.state = FACT_UNKNOWN, .why = why, .unseen = is_unseen, .origin = origin};
}

static void take(struct cluster_slot *slot, const struct fragment *fragment) {
    slot->fragment = fragment;
    slot->kind = fragment->kind;
    slot->kind_name = fragment->key.kind;
    slot->kind_origin = (struct origin){fragment->key, "kind", fragment->root};
}

static void take_link(const struct cluster_scope *scope, struct cluster_slot *slot,
                      const struct fragment_link *link) {
    slot->kind = kind_table_find(link->target.group, link->target.kind);
    slot->kind_name = link->target.kind;
    slot->kind_origin = link->origin;
    const struct fragment *fragment = cluster_scope_find(scope, &link->target);
    if (fragment) {
        take(slot, fragment);
        return;
    }
    slot->is_gone = fragment_key_matches(&link->target, scope->changed);
    slot->why = slot->is_gone ? NULL : cluster_scope_unseen(scope, &link->target);
    slot->why_unseen = true;
}

static bool take_member(const struct cluster_scope *scope, struct cluster_slot *slot, enum kind_role role) {
    for (size_t i = 0; i < scope->members.count; i++) {
        const struct fragment *member = scope->members.items[i];
        if (member->kind.entry->role == role && !member->kind.is_template) {
            take(slot, member);
            return true;
        }
    }
    return false;
}

// The class tells the kind; its template may tell more.
static void take_class(const struct cluster_scope *scope, struct cluster_slot *slot, enum link_kind kind) {
    slot->why_unseen = true;
    const struct fragment_link *class_link =
        scope->cluster ? fragment_link(scope->cluster, LINK_CLASS) : NULL;
    if (!scope->class) {
        slot->why = class_link ? cluster_scope_unseen(scope, &class_link->target) : "its class is not known";
        return;
    }
    const struct fragment_link *link = fragment_link(scope->class, kind);
    if (!link) {
        return;
    }
    slot->kind = kind_table_find(link->target.group, link->target.kind);
    slot->kind_name = link->target.kind;
    slot->kind_origin = link->origin;
    slot->pattern = cluster_scope_find(scope, &link->target);
    slot->is_unmade = slot->pattern && scope->source && scope->source->is_complete;
    slot->why = slot->pattern ? arena_printf(scope->arena, "the object made from %s has not been seen",
                                             link->target.kind)
                              : cluster_scope_unseen(scope, &link->target);
}

static void fill(const struct cluster_scope *scope, struct cluster_slot *slot, enum link_kind kind,
                 enum kind_role role) {
    const struct fragment *changed = scope->fragment;
    bool is_nameless = *scope->cluster_key.name == '\0';
    if (changed && changed->kind.entry->role == role && (!changed->kind.is_template || is_nameless)) {
        take(slot, changed);
        return;
    }
    const struct fragment_link *link = scope->cluster ? fragment_link(scope->cluster, kind) : NULL;
    if (link) {
        take_link(scope, slot, link);
        return;
    }
    const struct noted_fact *unreadable =
        scope->cluster ? fragment_fact(scope->cluster,
                                       kind == LINK_INFRASTRUCTURE ? SAYS_INFRASTRUCTURE : SAYS_CONTROL_PLANE)
                       : NULL;
    if (unreadable) {
        slot->why = unreadable->fact.why;
        return;
    }
    if (take_member(scope, slot, role)) {
        return;
    }
    struct kind_match kind_of_changed = kind_table_find(scope->changed->group, scope->changed->kind);
    if (!changed && kind_of_changed.entry && kind_of_changed.entry->role == role) {
        slot->kind = kind_of_changed;
        slot->kind_name = scope->changed->kind;
        slot->kind_origin = (struct origin){.object = *scope->changed, .path = "kind"};
        slot->is_gone = true;
    } else if (scope->has_topology || scope->class) {
        take_class(scope, slot, kind);
    } else if (!scope->cluster) {
        slot->why = scope->no_cluster;
        slot->why_unseen = true;
    } else {
        const char *path = kind == LINK_INFRASTRUCTURE ? "spec.infrastructureRef" : "spec.controlPlaneRef";
        slot->kind_origin = (struct origin){scope->cluster->key, path, scope->cluster->root};
    }
}

static void find_class(struct cluster_scope *scope) {
    if (scope->fragment && scope->fragment->kind.entry->role == KIND_CLASS) {
        scope->class = scope->fragment;
    }
    if (scope->cluster) {
        const struct fragment_link *link = fragment_link(scope->cluster, LINK_CLASS);
        scope->class = link ? cluster_scope_find(scope, &link->target) : NULL;
        scope->has_topology = fragment_fact(scope->cluster, SAYS_CLASS) ||
                              fragment_fact(scope->cluster, SAYS_VERSION) || scope->cluster->pool_count > 0;
    }
}

void cluster_scope_open(struct cluster_scope *scope, struct arena *arena, const struct view_source *source,
                        const struct object_key *changed, const struct fragment *fragment,
                        const struct fragment *other) {
    *scope =
        (struct cluster_scope){.arena = arena, .source = source, .changed = changed, .fragment = fragment};
    const struct fragment *who = NULL;
    const struct fragment *speaker = fragment ? fragment : other;
    const struct kind_entry *entry = kind_table_find(changed->group, changed->kind).entry;
    scope->cluster_key = (struct object_key){"cluster.x-k8s.io", "Cluster", changed->namespace, ""};
    if (speaker && find_cluster(scope, speaker, 0, &who)) {
        scope->cluster_key = who->cluster_key;
        scope->cluster_name = &who->cluster;
        scope->cluster = cluster_scope_find(scope, &scope->cluster_key);
    } else if (!speaker && entry && entry->role == KIND_CLUSTER) {
        // Not there, but its parts may be.
        scope->cluster_key = *changed;
    }
    if (scope->cluster) {
        scope->cluster_key = scope->cluster->key;
        scope->cluster_name = &scope->cluster->name;
    } else {
        scope->no_cluster = why_no_cluster(scope);
    }
    gather(scope);
    find_class(scope);
    fill(scope, &scope->control_plane, LINK_CONTROL_PLANE, KIND_CONTROL_PLANE);
    fill(scope, &scope->infrastructure, LINK_INFRASTRUCTURE, KIND_INFRASTRUCTURE_CLUSTER);
}

static const char *path_of(const struct cluster_scope *scope, const struct kind_match *kind,
                           enum kind_says says) {
    struct fact_reader reader = {.arena = scope->arena};
    const char *path = kind_entry_path(kind->entry, says);
    if (!path) {
        return NULL;
    }
    return kind->is_template ? fact_reader_join(&reader, "spec.template", path)
                             : fact_reader_join(&reader, "", path);
}

struct fact cluster_slot_fact(const struct cluster_scope *scope, const struct cluster_slot *slot,
                              enum kind_says says) {
    const struct fragment *fragment = slot->fragment ? slot->fragment : slot->pattern;
    const struct noted_fact *noted = fragment ? fragment_fact(fragment, says) : NULL;
    if (noted) {
        return noted->fact;
    }
    bool is_asked = slot->kind.entry ? kind_entry_path(slot->kind.entry, says) != NULL : slot->why != NULL;
    if (!is_asked || slot->is_gone) {
        return (struct fact){.origin = slot->kind_origin};
    }
    if (!slot->fragment) {
        // A class's template stands in for what it would hand down unchanged.
        bool is_told =
            slot->pattern && (says == SAYS_REPLICAS || says == SAYS_SURGE || says == SAYS_EXTERNAL_ETCD);
        // What nothing was made from yet has no status and no zones; its region may come from a patch of the
        // class.
        is_told = is_told || (slot->is_unmade && says != SAYS_REGION && says != SAYS_LOCATION);
        return is_told ? (struct fact){.origin = slot->kind_origin}
                       : cluster_scope_unknown(slot->why, slot->why_unseen, slot->kind_origin);
    }
    struct origin origin = {slot->fragment->key, path_of(scope, &slot->kind, says), slot->fragment->root};
    if (slot->fragment->is_partial) {
        return cluster_scope_unknown(cluster_scope_unseen(scope, &slot->fragment->key), true, origin);
    }
    if (slot->fragment->kind.is_template) {
        return cluster_scope_unknown("clusters made from the template may set it", true, origin);
    }
    return (struct fact){.origin = origin};
}
