#include "reconciler/cluster_status.h"

#include "reconciler/cluster_owner.h"
#include "reconciler/status_draft.h"

#include <string.h>

static bool is_finalizer(const struct node *item) {
    const char *text = node_string(item);
    return text && strcmp(text, RECONCILER_FINALIZER) == 0;
}

bool has_reconciler_finalizer(const struct node *object) {
    NODE_EACH(item, node_at(object, "metadata.finalizers")) {
        if (is_finalizer(item)) {
            return true;
        }
    }
    return false;
}

// Others' finalizers stay, in their order. An object that is going takes no new ones.
static void put_finalizer(const struct node *object, bool wanted, struct json_object *metadata) {
    const struct node *have = node_at(object, "metadata.finalizers");
    bool is_going = node_string(node_at(object, "metadata.deletionTimestamp")) != NULL;
    struct json_object *list = json_object_new_array();
    bool is_there = false;
    NODE_EACH(item, have) {
        is_there = is_there || is_finalizer(item);
        if (wanted || !is_finalizer(item)) {
            json_object_array_add(list, json_from_node(item));
        }
    }
    if (is_there == wanted || (wanted && is_going)) {
        json_object_put(list);
        return;
    }
    if (wanted) {
        json_object_array_add(list, json_object_new_string(RECONCILER_FINALIZER));
    }
    json_object_object_add(metadata, "finalizers", list);
}

static bool has_port(const struct node *endpoint) {
    int64_t port = 0;
    return node_integer(node_get(endpoint, "port"), &port) && port > 0;
}

// An endpoint that is set stays: Cluster API holds it for unchangeable, and somebody may have chosen it.
static void put_endpoint(const struct status_question *question, const char *path,
                         struct json_object *patch) {
    const struct cloud_cluster *cloud = question->cloud;
    const struct node *have = node_at(question->object, path);
    const char *host = node_string(node_get(have, "host"));
    if (!cloud || !cloud->endpoint_host || (host && host[0] != '\0' && has_port(have))) {
        return;
    }
    struct json_object *endpoint = json_object_new_object();
    json_object_object_add(endpoint, "host", json_text(cloud->endpoint_host));
    json_object_object_add(endpoint, "port", json_object_new_int64(cloud->endpoint_port));
    json_set(patch, path, endpoint);
}

static void put_labels(const struct status_question *question, struct json_object *metadata) {
    const char *cluster = node_string(node_at(question->cluster, "metadata.name"));
    const struct node *have = node_get(node_at(question->object, "metadata.labels"), CLUSTER_NAME_LABEL);
    const char *text = node_string(have);
    if (cluster && !(text && strcmp(text, cluster) == 0)) {
        struct json_object *labels = json_object_new_object();
        json_object_object_add(labels, CLUSTER_NAME_LABEL, json_object_new_string(cluster));
        json_object_object_add(metadata, "labels", labels);
    }
}

bool cluster_metadata_patch(const struct status_question *question, bool has_finalizer,
                            struct buffer *ret_patch) {
    struct status_shape shape = status_shape_of(question->object);
    if (!shape.entry) {
        return false;
    }
    CLEANUP(json_object_put) struct json_object *patch = json_object_new_object();
    struct json_object *metadata = json_object_new_object();
    json_object_object_add(patch, "metadata", metadata);
    if (shape.entry->role == KIND_CLUSTER || shape.entry->role == KIND_POOL) {
        put_finalizer(question->object, has_finalizer, metadata);
    }
    // What is going needs nothing more than to be let go.
    bool is_going = node_string(node_at(question->object, "metadata.deletionTimestamp")) != NULL;
    if (shape.entry->role != KIND_CLUSTER && !is_going) {
        put_labels(question, metadata);
        struct json_object *owners = cluster_owner_references(question->object, question->cluster);
        if (owners) {
            json_object_object_add(metadata, "ownerReferences", owners);
        }
    }
    if (shape.endpoint && !is_going) {
        put_endpoint(question, shape.endpoint, patch);
    }
    if (json_object_object_length(metadata) == 0 && json_object_object_length(patch) == 1) {
        return false;
    }
    // Lists are replaced as a whole: what somebody else has added meanwhile must not be lost.
    bool has_lists = json_object_object_get_ex(metadata, "finalizers", NULL) ||
                     json_object_object_get_ex(metadata, "ownerReferences", NULL);
    patch_preconditions(question->object, has_lists, metadata);
    buffer_append_text(ret_patch, json_object_to_json_string_ext(patch, JSON_C_TO_STRING_PLAIN |
                                                                            JSON_C_TO_STRING_NOSLASHESCAPE));
    return true;
}
