#include "kube/kube_list_page.h"

#include "base/json_reader.h"
#include "kube/kube_watch_stream.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { LONGEST_TOKEN_BYTES = 8192, LONGEST_API_VERSION_BYTES = 512 };

static void api_version_of(const struct kube_resource *resource, char text[LONGEST_API_VERSION_BYTES]) {
    snprintf(text, LONGEST_API_VERSION_BYTES, "%s%s%s", resource->group, *resource->group ? "/" : "",
             resource->version);
}

// What a proxy mixed up must not be taken for ours. Nothing said is fine here.
static bool check_type(const struct node *object, const char *api_version, const char *kind,
                       struct error *error) {
    const struct node *has_version = node_get(object, "apiVersion");
    const struct node *has_kind = node_get(object, "kind");
    const char *version_text = node_string(has_version);
    const char *kind_text = node_string(has_kind);
    if ((has_version && (!version_text || strcmp(version_text, api_version) != 0)) ||
        (has_kind && (!kind_text || strcmp(kind_text, kind) != 0))) {
        return error_set(error, ERROR_INVALID, "asked for %s %s, got %.64s %.64s", api_version, kind,
                         version_text ? version_text : "(nothing)", kind_text ? kind_text : "(nothing)");
    }
    return true;
}

bool kube_object_check(const struct node *object, const struct kube_resource *resource, struct error *error) {
    char api_version[LONGEST_API_VERSION_BYTES];
    api_version_of(resource, api_version);
    return check_type(object, api_version, resource->kind, error);
}

static bool check_items(const struct node *items, const struct kube_resource *resource, struct error *error) {
    size_t index = 0;
    char api_version[LONGEST_API_VERSION_BYTES];
    api_version_of(resource, api_version);
    NODE_EACH(item, items) {
        const char *name = node_string(node_get(node_get(item, "metadata"), "name"));
        if (!name || !*name) {
            return error_set(error, ERROR_INVALID, "items[%zu] has no metadata.name", index);
        }
        if (!check_type(item, api_version, resource->kind, error)) {
            return error_wrap(error, "items[%zu]", index);
        }
        index++;
    }
    return true;
}

static bool check_list(const struct node *root, const struct kube_resource *resource, struct error *error) {
    char api_version[LONGEST_API_VERSION_BYTES];
    const struct node *items = node_get(root, "items");
    const char *kind =
        node_string(node_get(root, "kind")); // usually ClusterList; a CRD may name it otherwise
    size_t length = kind ? strlen(kind) : 0;
    api_version_of(resource, api_version);
    if (length < 4 || strcmp(kind + length - 4, "List") != 0 || !items ||
        (items->type != NODE_LIST && items->type != NODE_NULL)) {
        return error_set(error, ERROR_INVALID, "asked for a list of %s, got %.64s", resource->kind,
                         kind ? kind : "(nothing)");
    }
    return check_type(root, api_version, kind, error) && check_items(items, resource, error);
}

bool kube_list_page_read(const char *text, size_t length, const struct kube_resource *resource,
                         struct kube_list_page *ret_page, struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    if (!json_read_objects(text, length, &document_default_limits, &document, error)) {
        return false;
    }
    const struct node *root = document_root(document);
    if (!check_list(root, resource, error)) {
        return false;
    }
    const struct node *items = node_get(root, "items");
    const struct node *metadata = node_get(root, "metadata");
    const char *version = node_string(node_get(metadata, "resourceVersion"));
    const char *token = node_string(node_get(metadata, "continue"));
    if (!version || !*version || strlen(version) > KUBE_LONGEST_VERSION_BYTES) {
        return error_set(error, ERROR_INVALID, "the list has no usable metadata.resourceVersion");
    }
    if (token && strlen(token) > LONGEST_TOKEN_BYTES) {
        return error_set(error, ERROR_INVALID, "the list's metadata.continue is longer than %d bytes",
                         LONGEST_TOKEN_BYTES);
    }
    *ret_page = (struct kube_list_page){
        .document = document_free_take(&document),
        .items = items->type == NODE_LIST ? items : NULL,
        .resource_version = version,
        .continue_token = token && *token ? token : NULL,
    };
    return true;
}

void kube_list_page_clear(struct kube_list_page *page) {
    document_free(page->document);
    *page = (struct kube_list_page){0};
}

// ---- apiVersion and kind for items that lack them ----

// The source outlives the copy and is within the limits; two values more don't matter to anyone.
static const struct document_limits copy_limits = {.depth = 1024, .nodes = UINT32_MAX};

static void must(bool done) {
    assert(done);
    (void)done;
}

static void add_text(struct document_builder *builder, const char *key, const char *text) {
    struct error error;
    struct node node = {.type = NODE_STRING, .length = (uint32_t)strlen(text), .value.string = text};
    document_builder_key(builder, key, (uint32_t)strlen(key));
    must(document_builder_add(builder, &node, &error));
}

static void copy_node(struct document_builder *builder, const struct node *node);

static void copy_children(struct document_builder *builder, const struct node *parent) {
    NODE_EACH(child, parent) {
        if (child->key) {
            document_builder_key(builder, child->key, child->key_length);
        }
        copy_node(builder, child);
    }
}

static void copy_node(struct document_builder *builder, const struct node *node) {
    struct error error;
    if (node->type != NODE_LIST && node->type != NODE_MAP) {
        must(document_builder_add(builder, node, &error));
        return;
    }
    must(document_builder_open(builder, node->type, &error));
    copy_children(builder, node);
    must(document_builder_close(builder, NULL, &error));
}

static struct document *copy_with_type(const struct node *object, const char *api_version, const char *kind) {
    struct error error;
    struct document_builder *builder = document_builder_new(&copy_limits, false);
    document_builder_expect(builder, object->span + 2);
    must(document_builder_open(builder, NODE_MAP, &error));
    if (!node_get(object, "apiVersion")) {
        add_text(builder, "apiVersion", api_version);
    }
    if (!node_get(object, "kind")) {
        add_text(builder, "kind", kind);
    }
    copy_children(builder, object);
    must(document_builder_close(builder, NULL, &error));
    return document_builder_finish(builder);
}

void kube_list_page_each(const struct kube_list_page *page, const struct kube_resource *resource,
                         kube_object_handler handler, void *cookie) {
    char api_version[LONGEST_API_VERSION_BYTES];
    api_version_of(resource, api_version);
    NODE_EACH(item, page->items) {
        if (node_get(item, "apiVersion") && node_get(item, "kind")) {
            handler(cookie, item);
        } else {
            CLEANUP(document_free)
            struct document *copy = copy_with_type(item, api_version, resource->kind);
            handler(cookie, document_root(copy));
        }
    }
}
