#include "reconciler/cluster_owner.h"

#include "reconciler/json_node.h"

#include <string.h>

struct json_object *cluster_owner_reference(const struct node *cluster) {
    const char *uid = node_text_at(cluster, "metadata.uid");
    if (uid[0] == '\0') {
        return NULL;
    }
    struct json_object *reference = json_object_new_object();
    json_object_object_add(reference, "apiVersion",
                           json_object_new_string(node_text_at(cluster, "apiVersion")));
    json_object_object_add(reference, "kind", json_object_new_string("Cluster"));
    json_object_object_add(reference, "name", json_object_new_string(node_text_at(cluster, "metadata.name")));
    json_object_object_add(reference, "uid", json_object_new_string(uid));
    return reference;
}

static bool names_cluster(const struct node *owner, const struct node *cluster) {
    static const char group[] = "cluster.x-k8s.io/";
    return strncmp(node_text_at(owner, "apiVersion"), group, sizeof(group) - 1) == 0 &&
           strcmp(node_text_at(owner, "kind"), "Cluster") == 0 &&
           strcmp(node_text_at(owner, "name"), node_text_at(cluster, "metadata.name")) == 0;
}

static bool has_controller(const struct node *owners) {
    NODE_EACH(owner, owners) {
        bool controls = false;
        if (node_boolean(node_get(owner, "controller"), &controls) && controls) {
            return true;
        }
    }
    return false;
}

struct json_object *cluster_owner_references(const struct node *object, const struct node *cluster) {
    struct json_object *ours = cluster_owner_reference(cluster);
    if (!ours) {
        return NULL;
    }
    const struct node *have = node_at(object, "metadata.ownerReferences");
    struct json_object *list = json_object_new_array();
    bool is_listed = false;
    bool is_right = false;
    NODE_EACH(owner, have) {
        if (!names_cluster(owner, cluster)) {
            json_object_array_add(list, json_from_node(owner));
            continue;
        }
        // Another version of the same group is the same owner: Cluster API's own controllers write theirs.
        is_right = is_right || strcmp(node_text_at(owner, "uid"), node_text_at(cluster, "metadata.uid")) == 0;
        if (!is_listed) {
            struct json_object *copy = json_from_node(owner);
            json_object_object_add(copy, "uid",
                                   json_object_new_string(node_text_at(cluster, "metadata.uid")));
            json_object_array_add(list, copy);
            is_listed = true;
        }
    }
    if (is_right) {
        json_object_put(list);
        json_object_put(ours);
        return NULL;
    }
    if (is_listed) {
        json_object_put(ours);
        return list;
    }
    // The objects of a topology are made for their Cluster; others only belong to it.
    if (node_at(cluster, "spec.topology") && !has_controller(have)) {
        json_object_object_add(ours, "controller", json_object_new_boolean(true));
    }
    json_object_array_add(list, ours);
    return list;
}
