// Follows the table's paths through one object and notes what stands there.
#include "fleet/fragment_internal.h"
#include "fleet/region.h"

#include <string.h>

static bool is_list(enum kind_says says) {
    switch (says) {
    case SAYS_VERSION_OBSERVED:
    case SAYS_REGION:
    case SAYS_LOCATION:
    case SAYS_ZONE:
    case SAYS_ZONE_NAMES:
    case SAYS_POD_CIDR:
    case SAYS_SERVICE_CIDR:
    case SAYS_NETWORK_CIDR:
        return true;
    default:
        return false;
    }
}

void fragment_note(struct fragment_builder *builder, enum kind_says says, bool is_whole,
                   const struct fact *fact) {
    struct fragment *fragment = builder->fragment;
    if (fact->state == FACT_ABSENT || (!is_list(says) && fragment_fact(fragment, says))) {
        return;
    }
    if (fragment->fact_count == builder->fact_capacity) {
        size_t capacity = builder->fact_capacity ? builder->fact_capacity * 2 : 8;
        struct noted_fact *facts = arena_alloc(builder->reader.arena, capacity * sizeof(*facts));
        if (fragment->fact_count > 0) {
            memcpy(facts, builder->facts, fragment->fact_count * sizeof(*facts));
        }
        builder->facts = facts;
        builder->fact_capacity = capacity;
        fragment->facts = facts;
    }
    builder->facts[fragment->fact_count++] = (struct noted_fact){says, is_whole, *fact};
}

// GKE: a region, or a zone that tells its region.
static void take_location(struct fragment_builder *builder, const struct fact *location) {
    char region[REGION_BYTES];
    fragment_note(builder, SAYS_LOCATION, false, location);
    struct fact fact = *location;
    if (fact.state == FACT_KNOWN && region_of_zone("gcp", fact.value.text, region)) {
        fragment_note(builder, SAYS_ZONE, false, location);
        fact.value.text = arena_strdup(builder->reader.arena, region);
    }
    fragment_note(builder, SAYS_REGION, false, &fact);
}

static void take_zone_name(struct fragment_builder *builder, const char *path, const struct node *item) {
    bool is_map = node_is(item, NODE_MAP);
    struct fact fact =
        fact_read_text(&builder->reader, is_map ? fact_reader_join_key(&builder->reader, path, "name") : path,
                       is_map ? node_get(item, "name") : item);
    fragment_note(builder, SAYS_ZONE, false, &fact);
}

// Failure domains: {"1": {…}} in v1beta1, [{name: "1"}] in v1beta2, ["1"] at Google.
static void take_zone_names(struct fragment_builder *builder, const struct fact_place *place) {
    const struct fact_reader *reader = &builder->reader;
    if (node_is(place->node, NODE_MAP)) {
        NODE_EACH(member, place->node) {
            struct fact fact =
                fact_known_text(reader, fact_reader_join_key(reader, place->path, member->key), member->key);
            fragment_note(builder, SAYS_ZONE, false, &fact);
        }
        return;
    }
    if (node_is(place->node, NODE_LIST)) {
        size_t index = 0;
        NODE_EACH(item, place->node) {
            take_zone_name(builder, arena_printf(reader->arena, "%s[%zu]", place->path, index++), item);
        }
        return;
    }
    struct fact fact =
        fact_unknown(reader, place->path, fact_reader_why(reader, place->path, place->node, "a list"));
    fragment_note(builder, SAYS_ZONE, true, &fact);
}

static void take_reference(struct fragment_builder *builder, enum kind_says says,
                           const struct fact_place *place) {
    enum link_kind kind = says == SAYS_INFRASTRUCTURE  ? LINK_INFRASTRUCTURE
                          : says == SAYS_CONTROL_PLANE ? LINK_CONTROL_PLANE
                                                       : LINK_BOOTSTRAP;
    if (node_is(place->node, NODE_MAP)) {
        fragment_add_link(builder, kind, place->node, place->path);
        return;
    }
    struct fact fact = fact_unknown(&builder->reader, place->path,
                                    fact_reader_why(&builder->reader, place->path, place->node, "a map"));
    fragment_note(builder, says, true, &fact);
}

static void take_presence(struct fragment_builder *builder, enum kind_says says,
                          const struct fact_place *place) {
    const struct node *node = place->node;
    bool is_there =
        says == SAYS_VERSION_SET ? node_is(node, NODE_LIST) && node->length > 0 : node_is(node, NODE_MAP);
    struct fact fact = node->unknown
                           ? fact_unknown(&builder->reader, place->path,
                                          fact_reader_why(&builder->reader, place->path, node, "a map"))
                           : fact_known_boolean(&builder->reader, place->path, is_there);
    fragment_note(builder, says, false, &fact);
}

static void take_scalar(struct fragment_builder *builder, enum kind_says says,
                        const struct fact_place *place) {
    const struct fact_reader *reader = &builder->reader;
    struct fact fact = says == SAYS_REPLICAS ? fact_read_integer(reader, place->path, place->node)
                       : says == SAYS_SURGE  ? fact_read_surge(reader, place->path, place->node)
                                             : fact_read_text(reader, place->path, place->node);
    if (says == SAYS_CLUSTER && builder->fragment->cluster.state == FACT_ABSENT) {
        builder->fragment->cluster = fact;
        const char *name = node_string(place->node);
        builder->fragment->cluster_key.name = name ? name : "";
        return;
    }
    if (says == SAYS_LOCATION) {
        take_location(builder, &fact);
        return;
    }
    fragment_note(builder, says, false, &fact);
}

struct path_context {
    struct fragment_builder *builder;
    struct fragment_pool *pool;
    const struct kind_path *path;
};

static void visit(void *cookie, const struct fact_place *place) {
    struct path_context *context = cookie;
    struct fragment_builder *builder = context->builder;
    enum kind_says what = context->path->says;
    if (context->pool && fragment_pool_take(builder, context->pool, what, place)) {
        return;
    }
    if (place->wanted && what == SAYS_VARIABLES && strchr(context->path->path, '[')) {
        // Workers that can't be read may override a region, but seldom do: pools_why says that they can't.
        return;
    }
    if (place->wanted) {
        struct fact fact =
            fact_unknown(&builder->reader, place->path,
                         fact_reader_why(&builder->reader, place->path, place->node, place->wanted));
        enum kind_says says = what == SAYS_ZONE_NAMES  ? SAYS_ZONE
                              : what == SAYS_LOCATION  ? SAYS_REGION
                              : what == SAYS_VARIABLES ? SAYS_REGION
                                                       : what;
        fragment_note(builder, says, is_list(says), &fact);
        return;
    }
    switch (what) {
    case SAYS_INFRASTRUCTURE:
    case SAYS_CONTROL_PLANE:
    case SAYS_BOOTSTRAP:
        take_reference(builder, what, place);
        break;
    case SAYS_EXTERNAL_ETCD:
    case SAYS_VERSION_SET:
        take_presence(builder, what, place);
        break;
    case SAYS_ZONE_NAMES:
        take_zone_names(builder, place);
        break;
    case SAYS_VARIABLES:
        fragment_read_variables(builder, place);
        break;
    case SAYS_CLASS_VARIABLES:
        fragment_read_class_variables(builder, place);
        break;
    case SAYS_PATCHES:
        fragment_read_patches(builder, place);
        break;
    default:
        take_scalar(builder, what, place);
    }
}

void fragment_read_paths(struct fragment_builder *builder, const struct node *base, const char *prefix,
                         const struct kind_path *paths, struct fragment_pool *pool) {
    for (const struct kind_path *path = paths; path->says != SAYS_NOTHING; path++) {
        struct path_context context = {builder, pool, path};
        struct fact_visitor visitor = {visit, &context};
        fact_reader_walk(&builder->reader, base, prefix, path->path, &visitor);
        if (pool) {
            fragment_pool_miss(builder, pool, prefix, path);
        }
    }
}
