#include "kube/kube_client.h"

#include "base/json_reader.h"
#include "base/memory.h"
#include "kube/kube_client_internal.h"
#include "kube/kube_path.h"
#include "kube/kube_request.h"

#include <json-c/json.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 10 * 1000, DEFAULT_RETRIES = 4 };

bool kube_client_new(const struct kube_client_options *options, struct kube_client **ret_client,
                     struct error *error) {
    CLEANUP(kube_config_free) struct kube_config *config = options->config;
    struct kube_transport *transport = NULL;
    if (!kube_transport_new(config, options->user_agent, &transport, error)) {
        return false;
    }
    struct kube_client *client = memory_calloc(1, sizeof(*client));
    client->config = kube_config_free_take(&config);
    client->transport = transport;
    client->connections = kube_connections_new();
    client->timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
    client->retries = options->retries ? options->retries : DEFAULT_RETRIES;
    *ret_client = client;
    return true;
}

void kube_client_free(struct kube_client *client) {
    if (client) {
        kube_connections_free(client->connections);
        kube_transport_free(client->transport);
        kube_config_free(client->config);
        free(client);
    }
}

const struct kube_config *kube_client_config(const struct kube_client *client) {
    return client->config;
}

struct kube_transport *kube_client_transport(struct kube_client *client) {
    return client->transport;
}

static bool path_of(struct buffer *path, const struct kube_name *name, bool collection, struct error *error) {
    buffer_init(path, KUBE_LONGEST_PATH_BYTES);
    if (!collection && !name->name) {
        return error_set(error, ERROR_INVALID, "%s: a request for one object needs its name",
                         name->resource->plural);
    }
    if (name->resource->namespaced && !name->namespace) {
        return error_set(error, ERROR_INVALID, "%s \"%s\": needs a namespace", name->resource->plural,
                         name->name ? name->name : "");
    }
    return kube_path_append(path, name->resource, name->resource->namespaced ? name->namespace : NULL,
                            collection ? NULL : name->name, name->subresource, error);
}

static bool has_resource_version(const struct node *object) {
    const char *version = node_string(node_get(node_get(object, "metadata"), "resourceVersion"));
    return version && *version;
}

static bool has_test(const struct node *patch) {
    NODE_EACH(step, patch) {
        const char *operation = node_string(node_get(step, "op"));
        if (operation && strcmp(operation, "test") == 0) {
            return true;
        }
    }
    return false;
}

// Does the body say of itself that it holds only for the state that its writer saw?
static bool is_guarded(const char *body) {
    CLEANUP(document_free) struct document *document = NULL;
    struct error ignored;
    if (!json_read_copy(body, strlen(body), &document_default_limits, &document, &ignored)) {
        return false;
    }
    const struct node *root = document_root(document);
    return node_is(root, NODE_LIST) ? has_test(root) : has_resource_version(root);
}

bool kube_read(struct kube_client *client, const struct kube_name *name, uint64_t deadline_ns,
               struct document **ret_document, struct error *error) {
    CLEANUP(buffer_clear) struct buffer path;
    if (!path_of(&path, name, false, error)) {
        return false;
    }
    const struct kube_request request = {
        .exchange = {.path = buffer_text(&path)}, .deadline_ns = deadline_ns, .repeatable = true};
    return kube_request_object(client, &request, ret_document, error);
}

bool kube_create(struct kube_client *client, const struct kube_name *name, const char *body,
                 uint64_t deadline_ns, struct document **ret_document, struct error *error) {
    CLEANUP(buffer_clear) struct buffer path;
    if (!path_of(&path, name, !name->subresource, error)) {
        return false;
    }
    const struct kube_request request = {
        .exchange = {.method = "POST", .path = buffer_text(&path), .body = body, .body_length = strlen(body)},
        .deadline_ns = deadline_ns,
        // A second one of the same name is refused; one whose name the server makes up would be another.
        .repeatable = name->name && !name->subresource,
    };
    return kube_request_object(client, &request, ret_document, error);
}

bool kube_replace(struct kube_client *client, const struct kube_name *name, const char *body,
                  uint64_t deadline_ns, struct document **ret_document, struct error *error) {
    CLEANUP(buffer_clear) struct buffer path;
    if (!path_of(&path, name, false, error)) {
        return false;
    }
    const struct kube_request request = {
        .exchange = {.method = "PUT", .path = buffer_text(&path), .body = body, .body_length = strlen(body)},
        .deadline_ns = deadline_ns,
        .repeatable = is_guarded(body),
    };
    return kube_request_object(client, &request, ret_document, error);
}

bool kube_patch(struct kube_client *client, const struct kube_name *name, const struct kube_patch *patch,
                uint64_t deadline_ns, struct document **ret_document, struct error *error) {
    static const char *const content_types[] = {
        [KUBE_PATCH_JSON] = "application/json-patch+json",
        [KUBE_PATCH_MERGE] = "application/merge-patch+json",
        [KUBE_PATCH_APPLY] = "application/apply-patch+yaml",
    };
    CLEANUP(buffer_clear) struct buffer path;
    if (!path_of(&path, name, false, error)) {
        return false;
    }
    bool apply = patch->type == KUBE_PATCH_APPLY;
    if (apply && !patch->field_manager) {
        return error_set(error, ERROR_INVALID, "%s: an apply patch needs a field manager", name->name);
    }
    kube_path_append_query(&path, "fieldManager", patch->field_manager);
    kube_path_append_query(&path, "force", apply && patch->force ? "true" : NULL);
    const struct kube_request request = {
        .exchange = {.method = "PATCH",
                     .path = buffer_text(&path),
                     .content_type = content_types[patch->type],
                     .body = patch->body,
                     .body_length = strlen(patch->body)},
        .deadline_ns = deadline_ns,
        .repeatable = apply || is_guarded(patch->body),
    };
    return kube_request_object(client, &request, ret_document, error);
}

static char *delete_options(const char *uid) {
    struct json_object *options = json_object_new_object(), *preconditions = json_object_new_object();
    json_object_object_add(options, "kind", json_object_new_string("DeleteOptions"));
    json_object_object_add(options, "apiVersion", json_object_new_string("v1"));
    json_object_object_add(options, "preconditions", preconditions);
    json_object_object_add(preconditions, "uid", json_object_new_string(uid));
    char *text = memory_strdup(
        json_object_to_json_string_ext(options, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(options);
    return text;
}

bool kube_delete(struct kube_client *client, const struct kube_name *name, const char *uid,
                 uint64_t deadline_ns, struct error *error) {
    CLEANUP(buffer_clear) struct buffer path;
    if (!path_of(&path, name, false, error)) {
        return false;
    }
    CLEANUP(free) char *options = uid ? delete_options(uid) : NULL;
    const struct kube_request request = {
        .exchange = {.method = "DELETE",
                     .path = buffer_text(&path),
                     .body = options,
                     .body_length = options ? strlen(options) : 0},
        .deadline_ns = deadline_ns,
        .repeatable = uid != NULL,
    };
    return kube_request_object(client, &request, NULL, error);
}

bool kube_get_path(struct kube_client *client, const char *path, struct document **ret_document,
                   struct error *error) {
    const struct kube_request request = {.exchange = {.path = path, .accept = "application/json, */*"},
                                         .repeatable = true};
    return kube_request_object(client, &request, ret_document, error);
}
