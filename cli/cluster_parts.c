#include "cli/cluster_parts.h"

#include "reconciler/cluster_status.h"
#include "reconciler/json_node.h"
#include "reconciler/members.h"

#include <string.h>

struct collection {
    const struct stored_fleet *fleet;
    struct arena *arena;
    struct cluster_part *parts;
    size_t count;
};

const char *part_role_name(enum part_role role) {
    static const char *const names[] = {[PART_CLUSTER] = "cluster",
                                        [PART_INFRASTRUCTURE] = "infrastructure",
                                        [PART_CONTROL_PLANE] = "control-plane",
                                        [PART_POOL] = "pool",
                                        [PART_OTHER] = "other"};
    return names[role];
}

static int64_t integer_at(const struct node *object, const char *path) {
    int64_t value;
    return node_integer(node_at(object, path), &value) ? value : -1;
}

static const struct node *ready_condition(const struct node *object) {
    const struct node *ready = object_condition(object, "Ready");
    return ready ? ready : object_condition(object, "Available");
}

static struct cluster_part *add(struct collection *collection, enum part_role role,
                                const struct object_key *key) {
    if (collection->count == CLUSTER_PARTS_MOST) {
        return NULL;
    }
    const struct node *object = stored_fleet_find(collection->fleet, key);
    const struct node *ready = ready_condition(object);
    const struct node *approval = object_condition(object, CONDITION_POLICY_APPROVED);
    struct cluster_part *part = &collection->parts[collection->count++];
    *part = (struct cluster_part){
        .role = role,
        .key = *key,
        .object = object,
        .ready = node_text_at(ready, "status"),
        .reason = object ? node_text_at(ready, "reason") : "NotThere",
        .message = object ? node_text_at(ready, "message") : "it is named, and not there",
        .replicas = {integer_at(object, "status.readyReplicas"), integer_at(object, "spec.replicas")},
        .version = "",
        .approved = node_text_at(approval, "status"),
        .approval_message = node_text_at(approval, "message"),
        .created_s = object_time(object, "metadata.creationTimestamp"),
    };
    // A reason says why not.
    if (strcmp(part->ready, "True") == 0) {
        part->reason = part->message = "";
    }
    return part;
}

static bool is_there(const struct collection *collection, const struct object_key *key) {
    for (size_t i = 0; i < collection->count; i++) {
        if (fragment_key_matches(&collection->parts[i].key, key)) {
            return true;
        }
    }
    return false;
}

static void add_named(struct collection *collection, const struct fragment *cluster, enum link_kind kind,
                      enum part_role role) {
    const struct fragment_link *link = cluster ? fragment_link(cluster, kind) : NULL;
    if (link && *link->target.name && !is_there(collection, &link->target)) {
        (void)add(collection, role, &link->target);
    }
}

static void add_pools(struct collection *collection, const struct cluster_view *view) {
    for (size_t i = 0; view && i < view->pool_count; i++) {
        const struct pool_view *pool = &view->pools[i];
        const struct fact *name = &pool->facts[POOL_NAME];
        const struct fact *replicas = &pool->facts[POOL_REPLICAS];
        const struct fact *version = &pool->facts[POOL_VERSION];
        struct cluster_part *part = add(collection, PART_POOL, &pool->object);
        if (!part) {
            return;
        }
        if (strcmp(pool->object.kind, "Cluster") == 0) {
            *part = (struct cluster_part){.role = PART_POOL,
                                          .key = pool->object,
                                          .pool = name->state == FACT_KNOWN ? name->value.text : "?",
                                          .object = part->object,
                                          .ready = "",
                                          .reason = "",
                                          .message = "",
                                          .replicas = {-1, -1},
                                          .approved = "",
                                          .approval_message = "",
                                          .created_s = -1};
        }
        part->version = version->state == FACT_KNOWN ? version->value.text : "";
        part->replicas.desired =
            replicas->state == FACT_KNOWN ? replicas->value.integer : part->replicas.desired;
    }
}

// Templates and classes, which have no state, but an approval of their own.
static void add_others(struct collection *collection, const struct object_key *key) {
    struct member_list members = {0};
    (void)members_collect(collection->arena, stored_fleet_source(collection->fleet), key, &members);
    for (size_t i = 0; i < members.count; i++) {
        if (!is_there(collection, members.keys[i]) && stored_fleet_find(collection->fleet, members.keys[i])) {
            (void)add(collection, PART_OTHER, members.keys[i]);
        }
    }
}

size_t cluster_parts_read(const struct stored_fleet *fleet, struct arena *arena, const struct object_key *key,
                          const struct cluster_part **ret_parts) {
    struct collection collection = {.fleet = fleet, .arena = arena};
    collection.parts = arena_alloc(arena, CLUSTER_PARTS_MOST * sizeof(struct cluster_part));
    const struct view_source *source = stored_fleet_source(fleet);
    const struct fragment *cluster = source->methods->find(source->cookie, arena, key);
    const struct cluster_view *view = cluster_view_of(arena, source, key);
    (void)add(&collection, PART_CLUSTER, key);
    add_named(&collection, cluster, LINK_INFRASTRUCTURE, PART_INFRASTRUCTURE);
    add_named(&collection, cluster, LINK_CONTROL_PLANE, PART_CONTROL_PLANE);
    add_pools(&collection, view);
    add_others(&collection, key);
    *ret_parts = collection.parts;
    return collection.count;
}
