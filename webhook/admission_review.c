#include "webhook/admission_review.h"

#include "base/json_reader.h"
#include "base/memory.h"
#include "webhook/scale_kind.h"

#include <string.h>

// A UUID has 36; what a sender can size has a cap.
enum { LONGEST_UID = 128, LONGEST_NAME = 1024, MOST_GROUPS = 4096 };

void admission_review_clear(struct admission_review *admission) {
    document_free(admission->document);
    arena_free(admission->arena);
    *admission = (struct admission_review){0};
}

static bool is_absent(const struct node *node) {
    return !node || node_is(node, NODE_NULL);
}

// The text at map.key, "" when it is absent and not required. path is for the message.
static bool read_text(const struct node *map, const char *key, const char *path, bool required,
                      const char **ret_text, struct error *error) {
    const struct node *node = node_get(map, key);
    if (is_absent(node)) {
        *ret_text = "";
        return required ? error_set(error, ERROR_INVALID, "%s%s: missing", path, key) : true;
    }
    const char *text = node_string(node);
    if (!text) {
        return error_set(error, ERROR_INVALID, "%s%s: want a string, got %s", path, key,
                         node_is(node, NODE_STRING) ? "one with a NUL byte" : node_type_name(node));
    }
    if (required && *text == '\0') {
        return error_set(error, ERROR_INVALID, "%s%s: empty", path, key);
    }
    if (node->length > LONGEST_NAME) {
        return error_set(error, ERROR_INVALID, "%s%s: longer than %d bytes", path, key, LONGEST_NAME);
    }
    *ret_text = text;
    return true;
}

// The map at request.key; NULL when it is absent and not required.
static bool read_map(const struct node *request, const char *key, bool required, const struct node **ret_map,
                     struct error *error) {
    const struct node *node = node_get(request, key);
    if (is_absent(node)) {
        *ret_map = NULL;
        return required ? error_set(error, ERROR_INVALID, "request.%s: missing", key) : true;
    }
    if (!node_is(node, NODE_MAP)) {
        return error_set(error, ERROR_INVALID, "request.%s: want an object, got %s", key,
                         node_type_name(node));
    }
    *ret_map = node;
    return true;
}

static bool read_envelope(const struct node *root, struct admission_review *admission,
                          const struct node **ret_request, struct error *error) {
    if (!node_is(root, NODE_MAP)) {
        return error_set(error, ERROR_INVALID, "want an AdmissionReview object, got %s",
                         node_type_name(root));
    }
    const char *kind = NULL;
    if (!read_text(root, "apiVersion", "", true, &admission->api_version, error) ||
        !read_text(root, "kind", "", true, &kind, error)) {
        return false;
    }
    if (!kind || strcmp(kind, "AdmissionReview") != 0) {
        return error_set(error, ERROR_INVALID, "kind: want AdmissionReview, got \"%.64s\"", kind ? kind : "");
    }
    if (strcmp(admission->api_version, "admission.k8s.io/v1") != 0) {
        return error_set(
            error, ERROR_INVALID,
            "apiVersion: want admission.k8s.io/v1, got \"%.64s\"; set admissionReviewVersions: [v1]",
            admission->api_version);
    }
    return read_map(root, "request", false, ret_request, error) && *ret_request
               ? true
               : error_set(error, ERROR_INVALID, "request: want an object, got %s",
                           node_type_name(node_get(root, "request")));
}

static bool read_user(const struct node *request, struct admission_review *admission, struct error *error) {
    struct review *review = &admission->review;
    review->user = "";
    const struct node *user = NULL;
    if (!read_map(request, "userInfo", false, &user, error) ||
        !read_text(user, "username", "request.userInfo.", false, &review->user, error)) {
        return false;
    }
    const struct node *groups = node_get(user, "groups");
    if (is_absent(groups)) {
        return true;
    }
    if (!node_is(groups, NODE_LIST) || groups->length > MOST_GROUPS) {
        return error_set(error, ERROR_INVALID, "request.userInfo.groups: want a list of at most %d strings",
                         MOST_GROUPS);
    }
    const char **texts = arena_alloc(admission->arena, (groups->length + 1) * sizeof(*texts));
    NODE_EACH(group, groups) {
        const char *text = node_string(group);
        if (!text) {
            return error_set(error, ERROR_INVALID, "request.userInfo.groups[%zu]: want a string, got %s",
                             review->group_count, node_type_name(group));
        }
        texts[review->group_count++] = text;
    }
    review->groups = texts;
    return true;
}

static bool read_operation(const struct node *request, struct admission_review *admission,
                           struct error *error) {
    if (!read_text(request, "operation", "request.", true, &admission->operation, error)) {
        return false;
    }
    for (int operation = OPERATION_CREATE; operation <= OPERATION_DELETE; operation++) {
        if (strcmp(admission->operation, operation_name((enum operation)operation)) == 0) {
            admission->review.change.operation = (enum operation)operation;
            return true;
        }
    }
    if (strcmp(admission->operation, "CONNECT") == 0) {
        admission->skip = "CONNECT";
        return true;
    }
    return error_set(error, ERROR_INVALID,
                     "request.operation: want CREATE, UPDATE, DELETE or CONNECT, got \"%.64s\"",
                     admission->operation);
}

// What the request calls the object. For /scale it is the parent, whose kind the request does not tell.
static bool read_kind(const struct node *request, struct admission_review *admission, struct error *error) {
    struct object_change *change = &admission->review.change;
    const struct node *kind = NULL;
    const struct node *resource = NULL;
    const char *resource_group = NULL;
    const char *resource_version = NULL;
    if (!read_map(request, "kind", true, &kind, error) ||
        !read_text(kind, "group", "request.kind.", false, &change->key.group, error) ||
        !read_text(kind, "version", "request.kind.", true, &change->version, error) ||
        !read_text(kind, "kind", "request.kind.", true, &change->key.kind, error) ||
        !read_map(request, "resource", true, &resource, error) ||
        !read_text(resource, "group", "request.resource.", false, &resource_group, error) ||
        !read_text(resource, "version", "request.resource.", true, &resource_version, error) ||
        !read_text(resource, "resource", "request.resource.", true, &change->resource, error) ||
        !read_text(request, "subResource", "request.", false, &change->subresource, error)) {
        return false;
    }
    if (strcmp(change->subresource, "scale") == 0) {
        const char *parent = scale_kind(change->resource);
        change->key.group = resource_group;
        change->key.kind = parent ? parent : change->resource;
        change->version = resource_version;
    } else if (*change->subresource != '\0' && !admission->skip) {
        // Its body is no object that a policy knows (an eviction, a token), or only status.
        admission->skip = arena_printf(admission->arena, "subresource %s", change->subresource);
    }
    return true;
}

static const char *metadata_name(const struct node *object) {
    const char *name = node_string(node_get(node_get(object, "metadata"), "name"));
    return name ? name : "";
}

static bool read_objects(const struct node *request, struct admission_review *admission,
                         struct error *error) {
    struct object_change *change = &admission->review.change;
    bool creates = change->operation == OPERATION_CREATE;
    bool deletes = change->operation == OPERATION_DELETE;
    bool evaluated = !admission->skip;
    if (!read_map(request, "object", evaluated && !deletes, &change->object, error) ||
        !read_map(request, "oldObject", evaluated && !creates, &change->old_object, error)) {
        return error_wrap(error, "%s", admission->operation);
    }
    // The engine relies on it: object only where there is an after, old_object only where there is a before.
    change->object = deletes ? NULL : change->object;
    change->old_object = creates ? NULL : change->old_object;
    return true;
}

static bool read_names(const struct node *request, struct object_change *change, struct error *error) {
    if (!read_text(request, "name", "request.", false, &change->key.name, error) ||
        !read_text(request, "namespace", "request.", false, &change->key.namespace, error)) {
        return false;
    }
    // Empty in a deletecollection (the name is in oldObject) and with generateName (there is none yet).
    if (*change->key.name == '\0') {
        change->key.name = metadata_name(change->old_object ? change->old_object : change->object);
    }
    // The API server repeats a Namespace's own name here, but it is in none.
    if (*change->key.group == '\0' && strcmp(change->key.kind, "Namespace") == 0) {
        change->key.namespace = "";
    }
    return true;
}

static bool read_request(const struct node *request, struct admission_review *admission,
                         struct error *error) {
    struct review *review = &admission->review;
    if (!read_text(request, "uid", "request.", true, &review->uid, error)) {
        return false;
    }
    if (strlen(review->uid) > LONGEST_UID) {
        return error_set(error, ERROR_INVALID, "request.uid: longer than %d bytes", LONGEST_UID);
    }
    const struct node *dry_run = node_get(request, "dryRun");
    if (!is_absent(dry_run) && !node_boolean(dry_run, &review->dry_run)) {
        return error_set(error, ERROR_INVALID, "request.dryRun: want true or false, got %s",
                         node_type_name(dry_run));
    }
    return read_operation(request, admission, error) && read_kind(request, admission, error) &&
           read_map(request, "options", false, &review->options, error) &&
           read_user(request, admission, error) && read_objects(request, admission, error) &&
           read_names(request, &review->change, error);
}

bool admission_review_read(char *body, size_t length, struct admission_review *ret_admission,
                           struct error *error) {
    CLEANUP(admission_review_clear) struct admission_review admission = {0};
    bool read = json_read_objects(body, length, &document_default_limits, &admission.document, error);
    free(body);
    if (!read) {
        return error_wrap(error, "the body is not good JSON");
    }
    admission.arena = arena_new();
    const struct node *request = NULL;
    if (!read_envelope(document_root(admission.document), &admission, &request, error) ||
        !read_request(request, &admission, error)) {
        return error_wrap(error, "AdmissionReview");
    }
    *ret_admission = admission;
    admission = (struct admission_review){0};
    return true;
}
