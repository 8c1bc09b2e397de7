// Replicas that another object or the past decides: a /scale (autoscaling/v1 Scale carries nothing but
// replicas and a selector), and the autoscaler's annotations on an update without replicas.
#include "fleet/fragment_internal.h"

#include <string.h>

// spec.replicas is left out when it is 0.
static struct fact read_replicas(const struct fact_reader *reader, const struct node *scale) {
    struct fact fact =
        fact_read_integer(reader, "spec.replicas", node_get(node_get(scale, "spec"), "replicas"));
    return fact.state == FACT_ABSENT ? fact_known_integer(reader, "spec.replicas", 0) : fact;
}

// status.selector: "cluster.x-k8s.io/cluster-name=eu-7,cluster.x-k8s.io/deployment-name=eu-7-md-0".
static const char *cluster_of_selector(struct arena *arena, const struct node *scale) {
    static const char label[] = "cluster.x-k8s.io/cluster-name=";
    const char *at = node_string(node_get(node_get(scale, "status"), "selector"));
    while (at && *at) {
        size_t length = strcspn(at, ",");
        if (length >= sizeof(label) && memcmp(at, label, sizeof(label) - 1) == 0) {
            return arena_copy_text(arena, at + sizeof(label) - 1, length - (sizeof(label) - 1));
        }
        at += length + (at[length] == ',');
    }
    return NULL;
}

static void scale_pool(struct arena *arena, struct fragment *fragment, const struct fact *replicas) {
    struct fragment_pool *pool = arena_alloc(arena, sizeof(*pool));
    *pool = fragment->pools[0];
    pool->view.facts[POOL_REPLICAS] = *replicas;
    fragment->pools = pool;
    fragment->pool_count = 1;
}

static void scale_control_plane(struct arena *arena, struct fragment *fragment, const struct fact *replicas) {
    struct noted_fact *facts = arena_alloc(arena, (fragment->fact_count + 1) * sizeof(*facts));
    size_t count = 0;
    for (size_t i = 0; i < fragment->fact_count; i++) {
        if (fragment->facts[i].says != SAYS_REPLICAS) {
            facts[count++] = fragment->facts[i];
        }
    }
    facts[count++] = (struct noted_fact){SAYS_REPLICAS, false, *replicas};
    fragment->facts = facts;
    fragment->fact_count = count;
}

static struct fragment *partial(const struct fact_reader *reader, const struct node *scale) {
    struct arena *arena = reader->arena;
    const struct object_key *key = &reader->key;
    struct fragment *fragment = arena_alloc(arena, sizeof(*fragment));
    fragment->key = *key;
    fragment->kind = kind_table_find(key->group, key->kind);
    fragment->is_partial = true;
    fragment->name = fact_known_text(reader, "metadata.name", key->name);
    fragment->cluster_key = (struct object_key){"cluster.x-k8s.io", "Cluster", key->namespace, ""};
    const char *cluster = cluster_of_selector(arena, scale);
    if (cluster) {
        fragment->cluster_key.name = cluster;
        fragment->cluster = fact_known_text(reader, "status.selector", cluster);
    }
    struct fragment_pool *pool = arena_alloc(arena, sizeof(*pool));
    const char *why = arena_printf(arena, "%s %s%s%s has not been seen", key->kind, key->namespace,
                                   *key->namespace ? "/" : "", key->name);
    for (size_t i = 0; i < POOL_FIELD_COUNT; i++) {
        pool->view.facts[i] = fact_unknown(reader, NULL, why);
        pool->view.facts[i].unseen = true;
    }
    pool->view.zones.whole = pool->view.facts[0];
    pool->view.facts[POOL_KIND] = fact_known_text(reader, "kind", key->kind);
    pool->view.facts[POOL_NAME] = fragment->name;
    pool->view.object = *key;
    fragment->pools = pool;
    fragment->pool_count = 1;
    return fragment;
}

const struct fragment *fragment_scaled(struct arena *arena, const struct object_key *key,
                                       const struct fragment *parent, const struct node *scale) {
    struct kind_match kind = kind_table_find(key->group, key->kind);
    if (!scale || !kind.entry) {
        return parent;
    }
    struct fact_reader reader = {arena, *key, scale};
    struct fact replicas = read_replicas(&reader, scale);
    struct fragment *fragment = parent ? arena_alloc(arena, sizeof(*fragment)) : partial(&reader, scale);
    if (parent) {
        *fragment = *parent;
    }
    bool is_pool = kind.entry->role == KIND_POOL || kind.entry->role == KIND_INFRASTRUCTURE_POOL;
    if (is_pool && fragment->pool_count > 0) {
        scale_pool(arena, fragment, &replicas);
    } else {
        fragment->pools = parent ? fragment->pools : NULL;
        fragment->pool_count = parent ? fragment->pool_count : 0;
        scale_control_plane(arena, fragment, &replicas);
    }
    return fragment;
}

const struct fragment *fragment_keeping_replicas(struct arena *arena, const struct fragment *fragment,
                                                 const struct fragment *old) {
    if (!fragment || !old || fragment->kind.entry->role != KIND_POOL || fragment->pool_count != 1 ||
        old->pool_count != 1 || !fragment->pools[0].rules.limits_by_annotation) {
        return fragment;
    }
    const struct fact *facts = fragment->pools[0].view.facts;
    const struct fact *kept = &old->pools[0].view.facts[POOL_REPLICAS];
    if (facts[POOL_REPLICAS].state != FACT_ABSENT || kept->state != FACT_KNOWN ||
        facts[POOL_MIN].state != FACT_KNOWN || facts[POOL_MAX].state != FACT_KNOWN) {
        return fragment;
    }
    struct fact replicas = facts[POOL_REPLICAS];
    replicas.state = FACT_KNOWN;
    replicas.type = FACT_INTEGER;
    replicas.value.integer = kept->value.integer;
    if (replicas.value.integer > facts[POOL_MAX].value.integer) {
        replicas.value.integer = facts[POOL_MAX].value.integer;
    }
    if (replicas.value.integer < facts[POOL_MIN].value.integer) {
        replicas.value.integer = facts[POOL_MIN].value.integer;
    }
    struct fragment *copy = arena_alloc(arena, sizeof(*copy));
    *copy = *fragment;
    scale_pool(arena, copy, &replicas);
    return copy;
}
