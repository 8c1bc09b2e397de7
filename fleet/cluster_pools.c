// The pools of a view: what a topology lists, what is declared as objects, and what the provider's halves
// add, each pool once.
#include "fleet/cluster_pools.h"

#include <string.h>

struct pool_list {
    const struct cluster_scope *scope;
    struct pool_view *views; // parallel to items: they become the view's
    struct pool_item *items;
    size_t count;
    size_t capacity;
    size_t inside_count;        // the first ones: of the topology
    struct pool_item **by_name; // the same, sorted
    bool *used;                 // members that became part of another pool
    bool is_cut;
};

static struct pool_item *add(struct pool_list *list, const struct fragment_pool *pool) {
    if (list->count == list->capacity) {
        list->is_cut = true;
        return NULL;
    }
    struct pool_view *view = &list->views[list->count];
    struct pool_item *item = &list->items[list->count++];
    *view = pool->view;
    *item = (struct pool_item){.view = view, .rules = pool->rules};
    return item;
}

static const char *name_of(const struct pool_view *view, const struct pool_rules *rules) {
    const struct fact *name = &view->facts[POOL_NAME];
    // An unresolved name still tells pools apart and links them.
    const char *text = name->state == FACT_KNOWN ? name->value.text : rules->provider_name;
    return text ? text : "";
}

static int compare_names(const char *kind_a, const char *name_a, const char *kind_b, const char *name_b) {
    int order = strcmp(name_a, name_b);
    return order ? order : strcmp(kind_a, kind_b);
}

static const char *kind_of(const struct pool_item *item) {
    return item->view->facts[POOL_KIND].value.text;
}

static int compare_items(const void *a, const void *b) {
    const struct pool_item *first = *(struct pool_item *const *)a;
    const struct pool_item *second = *(struct pool_item *const *)b;
    int order = compare_names(kind_of(first), name_of(first->view, &first->rules), kind_of(second),
                              name_of(second->view, &second->rules));
    return order ? order : (first > second) - (first < second);
}

static void add_topology(struct pool_list *list) {
    const struct fragment *cluster = list->scope->cluster;
    for (size_t i = 0; cluster && i < cluster->pool_count; i++) {
        add(list, &cluster->pools[i]);
    }
    list->inside_count = list->count;
    list->by_name = arena_alloc(list->scope->arena, (list->count + 1) * sizeof(struct pool_item *));
    for (size_t i = 0; i < list->count; i++) {
        list->by_name[i] = &list->items[i];
    }
    if (list->count > 1) {
        qsort(list->by_name, list->count, sizeof(struct pool_item *), compare_items);
    }
}

static struct pool_item *find_topology(const struct pool_list *list, const struct fragment *fragment) {
    size_t low = 0;
    size_t high = list->inside_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct pool_item *item = list->by_name[middle];
        if (compare_names(kind_of(item), name_of(item->view, &item->rules), fragment->key.kind,
                          fragment->topology_name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == list->inside_count) {
        return NULL;
    }
    struct pool_item *item = list->by_name[low];
    bool is_same = strcmp(name_of(item->view, &item->rules), fragment->topology_name) == 0 &&
                   strcmp(kind_of(item), fragment->key.kind) == 0;
    return is_same && !item->is_taken ? item : NULL;
}

static void take_absent(struct fact *fact, const struct fact *from) {
    if (fact->state == FACT_ABSENT && (from->state != FACT_ABSENT || !fact->origin.path)) {
        *fact = *from;
    }
}

// The provider's half: limits, mode and what else the machine pool leaves out.
static void merge_provider(struct pool_item *pool, const struct fragment_pool *half) {
    static const enum pool_field fields[] = {POOL_MIN,     POOL_MAX,        POOL_SYSTEM,          POOL_SURGE,
                                             POOL_VERSION, POOL_ZONE_COUNT, POOL_VERSION_OBSERVED};
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        take_absent(&pool->view->facts[fields[i]], &half->view.facts[fields[i]]);
    }
    struct fact *replicas = &pool->view->facts[POOL_REPLICAS];
    if (replicas->state == FACT_ABSENT && half->view.facts[POOL_REPLICAS].state != FACT_ABSENT) {
        *replicas = half->view.facts[POOL_REPLICAS];
    }
    if (half->view.zones.count > 0) {
        pool->view->zones = half->view.zones;
    }
    pool->rules.limits_off = half->rules.limits_off && !pool->rules.limits_by_annotation;
    pool->rules.surge_off |= half->rules.surge_off;
    pool->rules.default_surge =
        pool->rules.default_surge ? pool->rules.default_surge : half->rules.default_surge;
    pool->rules.provider_name = half->rules.provider_name;
}

static void provider_unseen(const struct cluster_scope *scope, struct pool_item *pool,
                            const struct fragment_link *link, const struct kind_entry *entry) {
    static const struct {
        enum kind_says says;
        enum pool_field field;
    } asked[] = {{SAYS_MIN, POOL_MIN}, {SAYS_MAX, POOL_MAX}, {SAYS_MODE, POOL_SYSTEM}};
    const char *why = cluster_scope_unseen(scope, &link->target);
    for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
        struct fact *fact = &pool->view->facts[asked[i].field];
        if (fact->state == FACT_ABSENT && kind_entry_path(entry, asked[i].says)) {
            *fact = cluster_scope_unknown(why, true, link->origin);
        }
    }
}

// What a pool's machines are made from: the provider's half of a machine pool, or a machine template.
static void add_machines(struct pool_list *list, struct pool_item *pool, const struct fragment *fragment) {
    const struct cluster_scope *scope = list->scope;
    const struct fragment_link *link = fragment_link(fragment, LINK_INFRASTRUCTURE);
    struct kind_match kind =
        link ? kind_table_find(link->target.group, link->target.kind) : (struct kind_match){0};
    if (!kind.entry) {
        return;
    }
    bool is_half = kind.entry->role == KIND_INFRASTRUCTURE_POOL;
    if (!is_half && !kind_entry_path(kind.entry, SAYS_ZONE)) {
        return;
    }
    const struct fragment *machines = cluster_scope_find(scope, &link->target);
    if (!machines) {
        if (is_half && !fragment_key_matches(&link->target, scope->changed)) {
            provider_unseen(scope, pool, link, kind.entry);
        }
        return;
    }
    if (is_half && machines->pool_count > 0) {
        merge_provider(pool, &machines->pools[0]);
        list->used[cluster_scope_member(scope, machines)] = true;
        return;
    }
    for (size_t i = 0; i < machines->fact_count && pool->view->zones.count == 0; i++) {
        if (machines->facts[i].says == SAYS_ZONE) {
            fact_list_add(scope->arena, &pool->view->zones, &machines->facts[i].fact);
        }
    }
}

// A topology's pool and the object that was made from it are one. The object's own word counts where it is
// what changes; else the topology's, and the object tells what runs.
static void merge_owned(struct pool_item *pool, const struct fragment_pool *object, bool is_changed) {
    for (size_t i = 0; i < POOL_FIELD_COUNT; i++) {
        const struct fact *fact = &object->view.facts[i];
        if (i == POOL_NAME || i == POOL_KIND || (i == POOL_VERSION && !is_changed)) {
            continue;
        }
        if (is_changed && fact->state != FACT_ABSENT) {
            pool->view->facts[i] = *fact;
        }
        take_absent(&pool->view->facts[i], fact);
    }
    take_absent(&pool->view->facts[POOL_VERSION_OBSERVED], &object->view.facts[POOL_VERSION]);
    if (object->view.facts[POOL_MANAGED_REPLICAS].value.boolean) {
        pool->view->facts[POOL_MANAGED_REPLICAS] = object->view.facts[POOL_MANAGED_REPLICAS];
    }
    pool->view->facts[POOL_DELETING] = object->view.facts[POOL_DELETING];
    if (pool->view->zones.count == 0) {
        pool->view->zones = object->view.zones;
    }
    pool->rules.surge_off |= object->rules.surge_off;
    pool->rules.limits_by_annotation |= object->rules.limits_by_annotation;
}

static void add_object(struct pool_list *list, const struct fragment *fragment) {
    const struct cluster_scope *scope = list->scope;
    bool is_changed = fragment == scope->fragment;
    if (fragment->is_owned || fragment->is_control_plane_node || fragment->pool_count == 0) {
        return;
    }
    struct pool_item *item = NULL;
    if (fragment->topology_name && scope->has_topology) {
        item = find_topology(list, fragment);
        // The topology no longer lists it: it is on its way out.
        if (!item && !is_changed) {
            const struct fragment_link *link = fragment_link(fragment, LINK_INFRASTRUCTURE);
            const struct fragment *half = link ? cluster_scope_find(scope, &link->target) : NULL;
            list->used[half ? cluster_scope_member(scope, half) : scope->members.count] = true;
            return;
        }
    }
    struct pool_item *pool = item ? item : add(list, &fragment->pools[0]);
    if (!pool) {
        return;
    }
    if (item) {
        item->is_taken = true;
        merge_owned(pool, &fragment->pools[0], is_changed);
    }
    add_machines(list, pool, fragment);
}

// Provider halves whose machine pool is not at hand.
static void add_half(struct pool_list *list, const struct fragment *fragment) {
    const struct cluster_scope *scope = list->scope;
    struct pool_item *pool = fragment->pool_count > 0 ? add(list, &fragment->pools[0]) : NULL;
    if (!pool) {
        return;
    }
    struct fact *replicas = &pool->view->facts[POOL_REPLICAS];
    if (replicas->state == FACT_ABSENT) {
        const char *why = arena_printf(scope->arena, "no MachinePool that names %s %s%s%s has been seen",
                                       fragment->key.kind, fragment->key.namespace,
                                       *fragment->key.namespace ? "/" : "", fragment->key.name);
        *replicas = cluster_scope_unknown(why, true, (struct origin){.object = fragment->key});
    }
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Profiles inside an AKS cluster, unless an object of its own declares the same pool.
static void add_profiles(struct pool_list *list) {
    const struct cluster_scope *scope = list->scope;
    const struct fragment *control_plane = scope->control_plane.fragment;
    if (!control_plane || control_plane->pool_count == 0) {
        return;
    }
    size_t count = 0;
    const char **names = arena_alloc(scope->arena, (list->count + 1) * sizeof(const char *));
    for (size_t i = 0; i < list->count; i++) {
        const struct pool_rules *rules = &list->items[i].rules;
        if (rules->provider_name && !rules->is_inside) {
            names[count++] = rules->provider_name;
        }
    }
    qsort(names, count, sizeof(const char *), compare_texts);
    for (size_t i = 0; i < control_plane->pool_count; i++) {
        const char *name = name_of(&control_plane->pools[i].view, &control_plane->pools[i].rules);
        if (!bsearch(&name, names, count, sizeof(const char *), compare_texts)) {
            add(list, &control_plane->pools[i]);
        }
    }
}

static struct fact pools_known(const struct pool_list *list) {
    const struct cluster_scope *scope = list->scope;
    const struct fragment *const fragments[] = {scope->cluster, scope->control_plane.fragment};
    for (size_t i = 0; i < 2; i++) {
        if (fragments[i] && fragments[i]->pools_why) {
            return cluster_scope_unknown(fragments[i]->pools_why, false,
                                         (struct origin){.object = fragments[i]->key});
        }
    }
    if (list->is_cut) {
        return cluster_scope_unknown("only the first 10000 pools are counted", false, (struct origin){0});
    }
    if (!scope->cluster) {
        return cluster_scope_unknown(scope->no_cluster, true, (struct origin){0});
    }
    if (!scope->source || !scope->source->is_complete) {
        return cluster_scope_unknown("pools beside the objects at hand have not been seen", true,
                                     (struct origin){.object = scope->cluster->key});
    }
    return (struct fact){.state = FACT_KNOWN, .type = FACT_BOOLEAN, .value.boolean = true};
}

static size_t capacity_of(const struct cluster_scope *scope) {
    size_t capacity = scope->cluster ? scope->cluster->pool_count : 0;
    for (size_t i = 0; i < scope->members.count; i++) {
        capacity += scope->members.items[i]->pool_count;
    }
    const struct fragment *control_plane = scope->control_plane.fragment;
    capacity += control_plane ? control_plane->pool_count : 0;
    return capacity < POOL_LIMIT ? capacity : POOL_LIMIT;
}

void cluster_pools_build(const struct cluster_scope *scope, struct cluster_view *view) {
    struct pool_list list = {.scope = scope, .capacity = capacity_of(scope)};
    list.items = arena_alloc(scope->arena, list.capacity * sizeof(*list.items));
    list.views = arena_alloc(scope->arena, list.capacity * sizeof(*list.views));
    list.used = arena_alloc(scope->arena, (scope->members.count + 1) * sizeof(bool));
    add_topology(&list);
    for (size_t i = 0; i < scope->members.count; i++) {
        if (scope->members.items[i]->kind.entry->role == KIND_POOL) {
            add_object(&list, scope->members.items[i]);
        }
    }
    for (size_t i = 0; i < scope->members.count; i++) {
        const struct fragment *member = scope->members.items[i];
        if (member->kind.entry->role == KIND_INFRASTRUCTURE_POOL && !list.used[i]) {
            add_half(&list, member);
        }
    }
    add_profiles(&list);
    for (size_t i = 0; i < list.count; i++) {
        cluster_pool_settle(scope, view, &list.items[i]);
    }
    view->pools = list.views;
    view->pool_count = list.count;
    view->pools_known = pools_known(&list);
}
