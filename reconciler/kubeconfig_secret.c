#include "reconciler/cluster_status.h"

#include "base/memory.h"
#include "reconciler/cluster_owner.h"

#include <stdint.h>
#include <string.h>

static char *base64_of(const char *text) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strlen(text);
    char *base64 = memory_alloc((length + 2) / 3 * 4 + 1);
    char *end = base64;
    for (size_t i = 0; i < length; i += 3) {
        uint32_t group = 0;
        for (size_t byte = 0; byte < 3; byte++) {
            group = group << 8 | (i + byte < length ? (unsigned char)text[i + byte] : 0);
        }
        for (unsigned digit = 0; digit < 4; digit++) {
            bool is_padding = i + digit > length;
            *end++ = is_padding ? '=' : digits[group >> (18 - 6 * digit) & 63];
        }
    }
    *end = '\0';
    return base64;
}

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
    CLEANUP(free) char *value = base64_of(kubeconfig);
    struct json_object *data = json_object_new_object();
    json_object_object_add(data, "value", json_object_new_string(value));
    json_object_object_add(secret, "data", data);
    buffer_append_text(ret_object, json_object_to_json_string_ext(
                                       secret, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
