#include "reconciler/cluster_status.h"

#include "base/base64.h"
#include "reconciler/cluster_owner.h"

#include <string.h>

void cluster_kubeconfig_secret(const struct node *cluster, const char *kubeconfig,
                               struct buffer *ret_object) {
    const char *name = node_string(node_at(cluster, "metadata.name"));
    const char *namespace = node_string(node_at(cluster, "metadata.namespace"));
    CLEANUP(json_object_put) struct json_object *secret = json_object_new_object();
    json_object_object_add(secret, "apiVersion", json_object_new_string("v1"));
    json_object_object_add(secret, "kind", json_object_new_string("Secret"));
    struct json_object *metadata = json_object_new_object();
    json_object_object_add(secret, "metadata", metadata);
    CLEANUP(buffer_clear) struct buffer secret_name;
    buffer_init(&secret_name, 512);
    buffer_printf(&secret_name, "%s-kubeconfig", name ? name : "");
    json_object_object_add(metadata, "name", json_object_new_string(buffer_text(&secret_name)));
    if (namespace) {
        json_object_object_add(metadata, "namespace", json_object_new_string(namespace));
    }
    struct json_object *labels = json_object_new_object();
    json_object_object_add(labels, CLUSTER_NAME_LABEL, json_object_new_string(name ? name : ""));
    json_object_object_add(metadata, "labels", labels);
    struct json_object *owner = cluster_owner_reference(cluster);
    if (owner) {
        struct json_object *owners = json_object_new_array();
        json_object_array_add(owners, owner);
        json_object_object_add(metadata, "ownerReferences", owners);
    }
    json_object_object_add(secret, "type", json_object_new_string("cluster.x-k8s.io/secret"));
    CLEANUP(buffer_clear) struct buffer value;
    buffer_init(&value, strlen(kubeconfig) * 2 + 4);
    base64_append(&value, kubeconfig, strlen(kubeconfig));
    struct json_object *data = json_object_new_object();
    json_object_object_add(data, "value", json_object_new_string(buffer_text(&value)));
    json_object_object_add(secret, "data", data);
    buffer_append_text(ret_object, json_object_to_json_string_ext(
                                       secret, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
