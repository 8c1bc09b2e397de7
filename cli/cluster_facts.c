#include "cli/cluster_facts.h"

#include "cli/timestamp.h"
#include "reconciler/cluster_status.h"
#include "reconciler/conditions.h"
#include "reconciler/json_node.h"
#include "reconciler/members.h"

#include <inttypes.h>
#include <string.h>

int64_t object_time(const struct node *object, const char *path) {
    int64_t seconds;
    const char *text = node_string(node_at(object, path));
    return text && timestamp_parse(text, &seconds, NULL) ? seconds : -1;
}

const char *age_text(struct arena *arena, int64_t since_s, int64_t now_s) {
    static const struct {
        int64_t seconds, until;
        char unit;
    } units[] = {{1, 120, 's'}, {60, 120, 'm'}, {3600, 48, 'h'}, {86400, INT64_MAX, 'd'}};
    if (since_s < 0) {
        return "";
    }
    int64_t age_s = now_s > since_s ? now_s - since_s : 0;
    size_t i = 0;
    while (age_s / units[i].seconds >= units[i].until) {
        i++;
    }
    return arena_printf(arena, "%" PRId64 "%c", age_s / units[i].seconds, units[i].unit);
}

// v1beta2 has metav1 conditions in status.conditions, v1beta1 in status.v1beta2.conditions.
const struct node *object_condition(const struct node *object, const char *type) {
    static const char *const lists[] = {"status.v1beta2.conditions", "status.conditions"};
    const struct node *found = NULL;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]) && !found; i++) {
        found = condition_find(node_at(object, lists[i]), type);
    }
    return found;
}

static int64_t integer_at(const struct node *object, const char *path) {
    int64_t value;
    return node_integer(node_at(object, path), &value) ? value : -1;
}

static struct replica_counts counts_at(struct arena *arena, const struct node *cluster, const char *part) {
    struct replica_counts counts = {-1, -1};
    const char *const places[] = {"status", "status.v1beta2"};
    for (size_t i = 0; i < 2 && counts.desired < 0; i++) {
        counts.desired = integer_at(cluster, arena_printf(arena, "%s.%s.desiredReplicas", places[i], part));
        counts.ready = integer_at(cluster, arena_printf(arena, "%s.%s.readyReplicas", places[i], part));
    }
    return counts;
}

// Where the Cluster does not count its workers, its pools do.
static struct replica_counts count_pools(const struct stored_fleet *fleet, const struct cluster_view *view) {
    struct replica_counts counts = {-1, -1};
    for (size_t i = 0; view && i < view->pool_count; i++) {
        const struct fact *replicas = &view->pools[i].facts[POOL_REPLICAS];
        const struct node *object = stored_fleet_find(fleet, &view->pools[i].object);
        int64_t ready = integer_at(object, "status.readyReplicas");
        if (replicas->state == FACT_KNOWN) {
            counts.desired = (counts.desired > 0 ? counts.desired : 0) + replicas->value.integer;
            counts.ready = (counts.ready > 0 ? counts.ready : 0) + (ready > 0 ? ready : 0);
        }
    }
    return counts;
}

static const char *known_text(const struct cluster_view *view, enum cluster_field field) {
    const struct fact *fact = view ? &view->facts[field] : NULL;
    return fact && fact->state == FACT_KNOWN ? fact->value.text : "";
}

static const char *regions_of(struct arena *arena, const struct cluster_view *view) {
    const struct fact_list *regions = view ? &view->lists[CLUSTER_REGIONS] : NULL;
    const char *text = "";
    for (size_t i = 0; regions && i < regions->count; i++) {
        const struct fact *region = &regions->items[i];
        if (region->state == FACT_KNOWN) {
            text = *text ? arena_printf(arena, "%s,%s", text, region->value.text) : region->value.text;
        }
    }
    return text;
}

static int badness(const char *status) {
    return strcmp(status, "False") == 0 ? 3 : strcmp(status, "Unknown") == 0 ? 2 : *status ? 1 : 0;
}

static void find_approval(const struct stored_fleet *fleet, struct arena *arena,
                          struct cluster_facts *facts) {
    struct member_list members = {0};
    (void)members_collect(arena, stored_fleet_source(fleet), facts->key, &members);
    for (size_t i = 0; i < members.count; i++) {
        const struct node *condition =
            object_condition(stored_fleet_find(fleet, members.keys[i]), CONDITION_POLICY_APPROVED);
        const char *status = node_text_at(condition, "status");
        if (badness(status) > badness(facts->approved)) {
            facts->approved = status;
            facts->approval_message = node_text_at(condition, "message");
        }
    }
}

// The most telling one: what is done, else why it is not available.
static const char *message_of(const struct node *cluster) {
    static const char *const types[] = {CONDITION_RECONCILED, "TopologyReconciled", "Available", "Ready"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const struct node *condition = object_condition(cluster, types[i]);
        const char *message = node_text_at(condition, "message");
        if (*message && strcmp(node_text_at(condition, "status"), "True") != 0) {
            return message;
        }
    }
    return "";
}

void cluster_facts_read(const struct stored_fleet *fleet, struct arena *arena, const struct object_key *key,
                        struct cluster_facts *ret_facts) {
    const struct node *cluster = stored_fleet_find(fleet, key);
    const struct cluster_view *view = cluster_view_of(arena, stored_fleet_source(fleet), key);
    *ret_facts = (struct cluster_facts){
        .key = key,
        .object = cluster,
        .provider = known_text(view, CLUSTER_PROVIDER),
        .flavour = known_text(view, CLUSTER_FLAVOUR),
        .region = regions_of(arena, view),
        .phase = node_text_at(cluster, "status.phase"),
        .version = known_text(view, CLUSTER_VERSION),
        .running_version = known_text(view, CLUSTER_VERSION_OBSERVED),
        .control_plane = counts_at(arena, cluster, "controlPlane"),
        .workers = counts_at(arena, cluster, "workers"),
        .approved = "",
        .approval_message = "",
        .message = message_of(cluster),
        .deleting = node_at(cluster, "metadata.deletionTimestamp") != NULL,
        .created_s = object_time(cluster, "metadata.creationTimestamp"),
    };
    ret_facts->managed =
        *ret_facts->flavour && view->facts[CLUSTER_CONTROL_PLANE_REPLICAS].state == FACT_ABSENT;
    const struct fact *paused = view ? &view->facts[CLUSTER_PAUSED] : NULL;
    ret_facts->paused = paused && paused->state == FACT_KNOWN && paused->value.boolean;
    if (ret_facts->workers.desired < 0) {
        ret_facts->workers = count_pools(fleet, view);
    }
    find_approval(fleet, arena, ret_facts);
}
