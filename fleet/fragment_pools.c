// The pools of one object: a MachineDeployment or machine pool itself, or the ones that lie inside a
// Cluster's topology or an AKS cluster's profiles.
#include "fleet/fragment_internal.h"
#include "fleet/kubernetes_version.h"

#include <string.h>

// Each annotation with its path, which is a constant for pools that are objects of their own.
struct annotation {
    const char *key;
    const char *path;
};
static const struct annotation min_annotation = {
    "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size",
    "metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size\"]"};
static const struct annotation max_annotation = {
    "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size",
    "metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size\"]"};
static const struct annotation managed_annotation = {
    "cluster.x-k8s.io/replicas-managed-by", "metadata.annotations[\"cluster.x-k8s.io/replicas-managed-by\"]"};

static const struct {
    enum kind_says says;
    enum pool_field field;
} fields[] = {
    {SAYS_VERSION, POOL_VERSION}, {SAYS_REPLICAS, POOL_REPLICAS}, {SAYS_SURGE, POOL_SURGE},
    {SAYS_MIN, POOL_MIN},         {SAYS_MAX, POOL_MAX},           {SAYS_MODE, POOL_SYSTEM},
};

static bool field_of(enum kind_says says, enum pool_field *ret_field) {
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        if (fields[i].says == says) {
            *ret_field = fields[i].field;
            return true;
        }
    }
    return false;
}

static struct fact read_field(const struct fact_reader *reader, enum kind_says says,
                              const struct fact_place *place) {
    if (place->wanted) {
        return fact_unknown(reader, place->path,
                            fact_reader_why(reader, place->path, place->node, place->wanted));
    }
    switch (says) {
    case SAYS_REPLICAS:
    case SAYS_MIN:
    case SAYS_MAX:
        return fact_read_integer(reader, place->path, place->node);
    case SAYS_SURGE:
        return fact_read_surge(reader, place->path, place->node);
    default:
        return fact_read_text(reader, place->path, place->node);
    }
}

static void add_zone(struct fragment_builder *builder, struct fragment_pool *pool,
                     const struct fact_place *place) {
    struct fact zone = read_field(&builder->reader, SAYS_ZONE, place);
    struct fact_list *zones = &pool->view.zones;
    if (place->wanted) {
        zones->whole = zone;
        return;
    }
    if (zone.state != FACT_ABSENT) {
        fact_list_add(builder->reader.arena, zones, &zone);
    }
}

static void take_observed(struct fragment_builder *builder, struct fragment_pool *pool,
                          const struct fact_place *place) {
    struct fact *lowest = &pool->view.facts[POOL_VERSION_OBSERVED];
    struct fact fact = read_field(&builder->reader, SAYS_VERSION_OBSERVED, place);
    struct kubernetes_version version;
    struct kubernetes_version known;
    if (fact.state != FACT_KNOWN || kubernetes_version_parse(fact.value.text, &version) != VERSION_OK) {
        return;
    }
    if (lowest->state != FACT_KNOWN || kubernetes_version_parse(lowest->value.text, &known) != VERSION_OK ||
        kubernetes_version_compare(&version, &known) < 0) {
        *lowest = fact;
    }
}

bool fragment_pool_take(struct fragment_builder *builder, struct fragment_pool *pool, enum kind_says says,
                        const struct fact_place *place) {
    enum pool_field field;
    if (field_of(says, &field)) {
        struct fact *fact = &pool->view.facts[field];
        if (fact->state == FACT_ABSENT) {
            *fact = read_field(&builder->reader, says, place);
        }
        return true;
    }
    bool flag;
    struct fact name;
    switch (says) {
    case SAYS_ZONE:
        add_zone(builder, pool, place);
        return true;
    case SAYS_VERSION_OBSERVED:
        take_observed(builder, pool, place);
        return true;
    case SAYS_STRATEGY:
        pool->rules.surge_off = node_string(place->node) && strcmp(node_string(place->node), "OnDelete") == 0;
        return true;
    case SAYS_AUTOSCALING:
        pool->rules.limits_off = node_boolean(place->node, &flag) && !flag;
        return true;
    case SAYS_NAME:
        name = read_field(&builder->reader, says, place);
        if (pool->rules.is_inside) {
            pool->view.facts[POOL_NAME] = name;
        }
        pool->rules.provider_name =
            pool->rules.provider_name ? pool->rules.provider_name : node_string(place->node);
        return true;
    default:
        return false;
    }
}

void fragment_pool_miss(struct fragment_builder *builder, struct fragment_pool *pool, const char *prefix,
                        const struct kind_path *path) {
    enum pool_field field;
    if (!field_of(path->says, &field)) {
        return;
    }
    struct fact *fact = &pool->view.facts[field];
    if (fact->state == FACT_ABSENT && !fact->origin.path) {
        *fact = fact_absent(&builder->reader, fact_reader_join(&builder->reader, prefix, path->path));
    }
}

// more: how many may follow, so that a long list is not copied while it grows.
static struct fragment_pool *add_pool(struct fragment_builder *builder, const char *kind,
                                      const struct kind_entry *entry, size_t more) {
    struct fragment *fragment = builder->fragment;
    if (fragment->pool_count == builder->pool_capacity) {
        size_t capacity = fragment->pool_count + 1 + more;
        capacity = capacity < POOL_LIMIT ? capacity : POOL_LIMIT;
        struct fragment_pool *pools = arena_alloc(builder->reader.arena, capacity * sizeof(*pools));
        if (fragment->pool_count > 0) {
            memcpy(pools, builder->pools, fragment->pool_count * sizeof(*pools));
        }
        builder->pools = pools;
        builder->pool_capacity = capacity;
        fragment->pools = pools;
    }
    struct fragment_pool *pool = &builder->pools[fragment->pool_count++];
    pool->view.object = builder->reader.key;
    pool->view.facts[POOL_KIND] = fact_known_text(&builder->reader, "kind", kind);
    pool->rules.default_replicas = entry ? entry->default_replicas : 0;
    pool->rules.default_surge = entry ? entry->default_surge : 0;
    return pool;
}

static const char *path_below(const struct fact_reader *reader, const char *prefix, const char *path) {
    return *prefix == '\0' ? path : arena_printf(reader->arena, "%s.%s", prefix, path);
}

// prefix: of the pool, "" when it is the object itself.
static void read_annotations(struct fragment_builder *builder, struct fragment_pool *pool, const char *prefix,
                             const struct node *annotations) {
    const struct fact_reader *reader = &builder->reader;
    struct fact *facts = pool->view.facts;
    const struct node *min = node_get(annotations, min_annotation.key);
    const struct node *max = node_get(annotations, max_annotation.key);
    // One without the other: the missing one is read too, so that it can be pointed at.
    if (min || max) {
        const char *min_path = path_below(reader, prefix, min_annotation.path);
        const char *max_path = path_below(reader, prefix, max_annotation.path);
        facts[POOL_MIN] = min || facts[POOL_MIN].state == FACT_ABSENT
                              ? fact_read_digits(reader, min_path, min)
                              : facts[POOL_MIN];
        facts[POOL_MAX] = max || facts[POOL_MAX].state == FACT_ABSENT
                              ? fact_read_digits(reader, max_path, max)
                              : facts[POOL_MAX];
    }
    pool->rules.limits_by_annotation = min && max;
    pool->rules.lone_annotation = !min != !max;
    const struct node *managed = node_get(annotations, managed_annotation.key);
    const char *text = node_string(managed);
    facts[POOL_MANAGED_REPLICAS] =
        fact_known_boolean(reader, path_below(reader, prefix, managed_annotation.path),
                           managed && !(text && strcmp(text, "false") == 0));
}

static void read_bootstrap(struct fragment_builder *builder, struct fragment_pool *pool) {
    const struct fragment_link *link = fragment_link(builder->fragment, LINK_BOOTSTRAP);
    if (link) {
        bool is_kubeadm = strncmp(link->target.kind, "KubeadmConfig", strlen("KubeadmConfig")) == 0;
        pool->view.facts[POOL_KUBEADM] = fact_known_boolean(&builder->reader, link->origin.path, is_kubeadm);
        return;
    }
    const char *path = kind_entry_path(builder->fragment->kind.entry, SAYS_BOOTSTRAP);
    if (path) {
        pool->view.facts[POOL_KUBEADM] = fact_known_boolean(&builder->reader, path, false);
    }
}

static void read_mode(struct fragment_pool *pool) {
    struct fact *mode = &pool->view.facts[POOL_SYSTEM];
    if (mode->state == FACT_KNOWN) {
        bool is_system = strcmp(mode->value.text, "System") == 0;
        mode->type = FACT_BOOLEAN;
        mode->value.boolean = is_system;
    }
}

void fragment_read_pool_object(struct fragment_builder *builder, const struct node *base,
                               const char *prefix) {
    struct fragment *fragment = builder->fragment;
    const struct kind_entry *entry = fragment->kind.entry;
    const char *kind = entry->role == KIND_INFRASTRUCTURE_POOL ? "MachinePool" : fragment->key.kind;
    struct fragment_pool *pool = add_pool(builder, kind, entry, 0);
    pool->view.facts[POOL_NAME] = fragment->name;
    pool->view.facts[POOL_DELETING] = fragment->deleting;
    fragment_read_paths(builder, base, prefix, entry->paths, pool);
    read_annotations(builder, pool, "", fragment->annotations);
    read_bootstrap(builder, pool);
    read_mode(pool);
    if (strcmp(kind, "Machine") == 0) {
        pool->view.facts[POOL_REPLICAS] = fact_known_integer(&builder->reader, "kind", 1);
    }
}

struct pool_list_context {
    struct fragment_builder *builder;
    const struct kind_pool_list *list;
    const struct kind_entry *entry;
};

static void read_inside(void *cookie, const struct fact_place *place) {
    struct pool_list_context *context = cookie;
    struct fragment_builder *builder = context->builder;
    struct fragment *fragment = builder->fragment;
    if (place->wanted || !node_is(place->node, NODE_MAP)) {
        fragment->pools_why = fact_reader_why(&builder->reader, place->path, place->node,
                                              place->wanted ? place->wanted : "a map");
        return;
    }
    if (fragment->pool_count == POOL_LIMIT) {
        fragment->pools_why = "only the first 10000 pools are counted";
        return;
    }
    struct fragment_pool *pool = add_pool(builder, context->list->kind, context->entry, place->siblings);
    pool->rules.is_inside = true;
    fragment_read_paths(builder, place->node, place->path, context->list->paths, pool);
    const struct node *metadata = node_get(place->node, "metadata");
    read_annotations(builder, pool, place->path, node_get(metadata, "annotations"));
    pool->view.facts[POOL_DELETING] = fact_known_boolean(&builder->reader, place->path, false);
    read_mode(pool);
}

void fragment_read_pool_list(struct fragment_builder *builder, const struct node *base, const char *prefix,
                             const struct kind_pool_list *list) {
    struct pool_list_context context = {builder, list, kind_table_find(NULL, list->kind).entry};
    struct fact_visitor visitor = {read_inside, &context};
    fact_reader_walk(&builder->reader, base, prefix, list->path, &visitor);
}
