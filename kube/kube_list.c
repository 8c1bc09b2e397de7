#include "kube/kube_client.h"
#include "kube/kube_path.h"
#include "kube/kube_request.h"

#include <stdio.h>

// A continue token that ends again and again (etcd compacts every 5 minutes) is a server in trouble.
enum { DEFAULT_LIMIT = 500, MOST_RESTARTS = 5 };

static const char metadata_accept[] =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

static bool fetch_page(struct kube_client *client, const struct kube_list *list, const char *token,
                       struct document **ret_page, struct error *error) {
    char limit[16];
    (void)snprintf(limit, sizeof(limit), "%u", list->limit ? list->limit : DEFAULT_LIMIT);
    CLEANUP(buffer_clear) struct buffer path;
    buffer_init(&path, KUBE_LONGEST_PATH_BYTES);
    if (!kube_path_append(&path, list->resource, list->resource->namespaced ? list->namespace : NULL, NULL,
                          NULL, error)) {
        return false;
    }
    kube_path_append_query(&path, "limit", limit);
    kube_path_append_query(&path, "labelSelector", list->label_selector);
    kube_path_append_query(&path, "continue", token);
    if (path.cut) {
        return error_set(error, ERROR_LIMIT, "%s: the query of a list is too long", list->resource->plural);
    }
    const struct kube_request request = {
        .exchange = {.path = buffer_text(&path), .accept = list->metadata_only ? metadata_accept : NULL},
        .most_bytes = KUBE_MOST_PAGE_BYTES,
        .repeatable = true,
    };
    return kube_request_object(client, &request, ret_page, error);
}

static bool check_page(const struct kube_list *list, const struct node *root, struct error *error) {
    const struct node *items = node_get(root, "items");
    if (!node_is(root, NODE_MAP) || (items && !node_is(items, NODE_LIST) && !node_is(items, NODE_NULL))) {
        return error_set(error, ERROR_IO, "%s: the API server's answer is no list", list->resource->plural);
    }
    return true;
}

bool kube_list(struct kube_client *client, const struct kube_list *list, struct error *error) {
    CLEANUP(document_free) struct document *page = NULL;
    const char *token = NULL; // of the page before
    for (unsigned restarts = 0;;) {
        struct document *next = NULL;
        if (!fetch_page(client, list, token, &next, error)) {
            // 404 in the middle (the kind is being removed) starts again too, and then fails at the first
            // page.
            bool expired = token && error->kind == ERROR_NOT_FOUND && list->restart;
            if (!expired || restarts++ >= MOST_RESTARTS) {
                return false;
            }
            list->restart(list->cookie);
            token = NULL;
            continue;
        }
        document_free(page);
        page = next;
        const struct node *root = document_root(page);
        if (!check_page(list, root, error) || !list->page(list->cookie, root, error)) {
            return false;
        }
        token = node_string(node_get(node_get(root, "metadata"), "continue"));
        if (!token || !*token) {
            return true;
        }
    }
}
