#include "manager/shared_store_kube.h"

#include "base/memory.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define DATA_KEY "document.json"

struct shared_store_kube {
    struct kube_client *client;
    char *namespace;
    struct shared_store store;
};

static const struct kube_resource config_maps = {
    .group = "", .version = "v1", .plural = "configmaps", .kind = "ConfigMap", .namespaced = true};

static bool read_version(const struct node *object, char ret_version[SHARED_VERSION_BYTES],
                         struct error *error) {
    const char *version = node_string(node_get(node_get(object, "metadata"), "resourceVersion"));
    if (!version || !*version || strlen(version) >= SHARED_VERSION_BYTES) {
        return error_set(error, ERROR_IO, "the server gave no resourceVersion that can be used");
    }
    snprintf(ret_version, SHARED_VERSION_BYTES, "%s", version);
    return true;
}

static bool read_document(void *cookie, const char *name, uint64_t deadline_ns, char **ret_text,
                          char ret_version[SHARED_VERSION_BYTES], struct error *error) {
    struct shared_store_kube *kube = cookie;
    CLEANUP(document_free) struct document *document = NULL;
    struct kube_name which = {&config_maps, kube->namespace, name, NULL};
    if (!kube_read(kube->client, &which, deadline_ns, &document, error)) {
        if (error->kind != ERROR_NOT_FOUND) {
            return error_wrap(error, "ConfigMap %s/%s", kube->namespace, name);
        }
        *ret_text = NULL;
        ret_version[0] = '\0';
        return true;
    }
    const struct node *root = document_root(document);
    if (!read_version(root, ret_version, error)) {
        return error_wrap(error, "ConfigMap %s/%s", kube->namespace, name);
    }
    // Somebody emptied it: as good as none, but it has to be replaced.
    const char *text = node_string(node_get(node_get(root, "data"), DATA_KEY));
    *ret_text = text ? memory_strdup(text) : NULL;
    return true;
}

static char *body_of(const struct shared_store_kube *kube, const char *name, const char *text,
                     const char *version) {
    struct json_object *root = json_object_new_object();
    struct json_object *metadata = json_object_new_object();
    struct json_object *labels = json_object_new_object();
    struct json_object *data = json_object_new_object();
    json_object_object_add(labels, "app.kubernetes.io/name", json_object_new_string("fleetgate"));
    json_object_object_add(labels, "app.kubernetes.io/managed-by", json_object_new_string("fleetgate"));
    json_object_object_add(metadata, "name", json_object_new_string(name));
    json_object_object_add(metadata, "namespace", json_object_new_string(kube->namespace));
    json_object_object_add(metadata, "labels", labels);
    if (*version) {
        json_object_object_add(metadata, "resourceVersion", json_object_new_string(version));
    }
    json_object_object_add(data, DATA_KEY, json_object_new_string(text));
    json_object_object_add(root, "apiVersion", json_object_new_string("v1"));
    json_object_object_add(root, "kind", json_object_new_string("ConfigMap"));
    json_object_object_add(root, "metadata", metadata);
    json_object_object_add(root, "data", data);
    char *body = memory_strdup(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
    json_object_put(root);
    return body;
}

static bool write_document(void *cookie, const char *name, const char *text, const char *version,
                           uint64_t deadline_ns, char ret_version[SHARED_VERSION_BYTES],
                           struct error *error) {
    struct shared_store_kube *kube = cookie;
    CLEANUP(document_free) struct document *document = NULL;
    CLEANUP(free) char *body = body_of(kube, name, text, version);
    struct kube_name which = {&config_maps, kube->namespace, name, NULL};
    bool written = *version ? kube_replace(kube->client, &which, body, deadline_ns, &document, error)
                            : kube_create(kube->client, &which, body, deadline_ns, &document, error);
    if (!written) {
        // It was deleted since it was read: there is another version to start from.
        if (*version && error->kind == ERROR_NOT_FOUND) {
            error->kind = ERROR_CONFLICT;
        }
        return error_wrap(error, "ConfigMap %s/%s", kube->namespace, name);
    }
    return read_version(document_root(document), ret_version, error) ||
           error_wrap(error, "ConfigMap %s/%s", kube->namespace, name);
}

static const struct shared_store_methods methods = {.read = read_document, .write = write_document};

struct shared_store_kube *shared_store_kube_new(struct kube_client *client, const char *namespace) {
    struct shared_store_kube *kube = memory_calloc(1, sizeof(*kube));
    kube->client = client;
    kube->namespace = memory_strdup(namespace);
    kube->store = (struct shared_store){&methods, kube};
    return kube;
}

void shared_store_kube_free(struct shared_store_kube *kube) {
    if (kube) {
        free(kube->namespace);
        free(kube);
    }
}

const struct shared_store *shared_store_kube(struct shared_store_kube *kube) {
    return &kube->store;
}
