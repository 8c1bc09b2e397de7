#include "kube/kube_call.h"

#include "base/json_reader.h"
#include "base/memory.h"
#include "kube/kube_path.h"

#include <json-c/json.h>
#include <string.h>

void kube_call_request_clear(struct kube_call_request *request) {
    buffer_clear(&request->path);
    free(request->options);
    request->options = NULL;
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

static char *delete_options(const struct kube_call *call) {
    struct json_object *options = json_object_new_object();
    json_object_object_add(options, "kind", json_object_new_string("DeleteOptions"));
    json_object_object_add(options, "apiVersion", json_object_new_string("v1"));
    if (call->uid) {
        struct json_object *preconditions = json_object_new_object();
        json_object_object_add(options, "preconditions", preconditions);
        json_object_object_add(preconditions, "uid", json_object_new_string(call->uid));
    }
    if (call->in_background) {
        json_object_object_add(options, "propagationPolicy", json_object_new_string("Background"));
    }
    char *text = memory_strdup(
        json_object_to_json_string_ext(options, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(options);
    return text;
}

static void set_body(struct kube_call_request *request, const char *method, const char *body) {
    request->exchange.method = method;
    request->exchange.body = body;
    request->exchange.body_length = body ? strlen(body) : 0;
}

static bool prepare_patch(const struct kube_call *call, struct kube_call_request *request,
                          struct error *error) {
    static const char *const content_types[] = {
        [KUBE_PATCH_JSON] = "application/json-patch+json",
        [KUBE_PATCH_MERGE] = "application/merge-patch+json",
        [KUBE_PATCH_APPLY] = "application/apply-patch+yaml",
    };
    const struct kube_patch *patch = &call->patch;
    bool applies = patch->type == KUBE_PATCH_APPLY;
    if (applies && !patch->field_manager) {
        return error_set(error, ERROR_INVALID, "%s: an apply patch needs a field manager", call->name.name);
    }
    kube_path_append_query(&request->path, "fieldManager", patch->field_manager);
    kube_path_append_query(&request->path, "force", applies && patch->force ? "true" : NULL);
    set_body(request, "PATCH", patch->body);
    request->exchange.content_type = content_types[patch->type];
    request->is_repeatable = applies || is_guarded(patch->body);
    return true;
}

static bool prepare_verb(const struct kube_call *call, struct kube_call_request *request,
                         struct error *error) {
    switch (call->verb) {
    case KUBE_VERB_READ:
        request->is_repeatable = true;
        return true;
    case KUBE_VERB_CREATE:
        set_body(request, "POST", call->body);
        // One whose name the server makes up would be another.
        request->is_repeatable = call->name.name && !call->name.subresource;
        return true;
    case KUBE_VERB_REPLACE:
        set_body(request, "PUT", call->body);
        request->is_repeatable = is_guarded(call->body);
        return true;
    case KUBE_VERB_PATCH:
        return prepare_patch(call, request, error);
    case KUBE_VERB_DELETE:
        request->options = call->uid || call->in_background ? delete_options(call) : NULL;
        set_body(request, "DELETE", request->options);
        request->is_repeatable = call->uid != NULL;
        return true;
    }
    return error_set(error, ERROR_INVALID, "%s: not a call", call->name.name);
}

bool kube_call_prepare(const struct kube_call *call, struct kube_call_request *ret_request,
                       struct error *error) {
    *ret_request = (struct kube_call_request){0};
    bool names_collection = call->verb == KUBE_VERB_CREATE && !call->name.subresource;
    if (!path_of(&ret_request->path, &call->name, names_collection, error) ||
        !prepare_verb(call, ret_request, error)) {
        return false;
    }
    ret_request->exchange.path = buffer_text(&ret_request->path);
    return true;
}
