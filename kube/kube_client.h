// Requests to the API server: one call, one answer. Any thread; connections are kept and shared (HTTP/2
// or 1.1).
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "kube/kube_config.h"

#include <stdint.h>

struct kube_client;

struct kube_client_options {
    struct kube_config *config; // takes ownership, also on failure
    const char *user_agent;     // "fleetgate/0.1.0"
    unsigned timeout_ms;        // of one try; 0: 10 s
    unsigned retries;           // of requests that met 429, 5xx or a broken connection; 0: 4
};

MUST_CHECK bool kube_client_new(const struct kube_client_options *options, struct kube_client **ret_client,
                                struct error *error);
void kube_client_free(struct kube_client *client);
DEFINE_CLEANUP(kube_client_free, struct kube_client *)
const struct kube_config *kube_client_config(const struct kube_client *client);
struct kube_transport;
// For requests that outlive one call, such as watches; borrowed until kube_client_free.
struct kube_transport *kube_client_transport(struct kube_client *client);

// What is asked for. Texts are borrowed during calls.
struct kube_resource {
    const char *group;   // "" for core
    const char *version; // "v1beta1"
    const char *plural;  // "clusters"
    const char *kind;    // "Cluster"
    bool namespaced;
};

struct kube_name {
    const struct kube_resource *resource;
    const char *namespace; // NULL for cluster-scoped
    const char *name;
    const char *subresource; // "status" or NULL
};

enum kube_patch_type { KUBE_PATCH_JSON, KUBE_PATCH_MERGE, KUBE_PATCH_APPLY };

struct kube_patch {
    enum kube_patch_type type;
    const char *body;          // JSON
    const char *field_manager; // needed for APPLY
    bool force;                // APPLY: take fields from other managers
};

// deadline_ns: CLOCK_MONOTONIC, 0: what the client's options say. ret_document: the object as the server has
// it now (may be NULL: not wanted); caller owns. Fails with NOT_FOUND (404, 410), CONFLICT (409), DENIED
// (401, 403), INVALID (400, 422), LIMIT (429 after all retries, 413, deadline), IO. Messages hold the
// server's own words, never a token.
MUST_CHECK bool kube_read(struct kube_client *client, const struct kube_name *name, uint64_t deadline_ns,
                          struct document **ret_document, struct error *error);
// A create, replace or delete that may have been carried out though no answer came is tried again only where
// a second try can do no harm (a CONFLICT or NOT_FOUND after it is told as such).
MUST_CHECK bool kube_create(struct kube_client *client, const struct kube_name *name, const char *body,
                            uint64_t deadline_ns, struct document **ret_document, struct error *error);
// The body's metadata.resourceVersion makes it a compare-and-swap: CONFLICT when somebody else was first.
MUST_CHECK bool kube_replace(struct kube_client *client, const struct kube_name *name, const char *body,
                             uint64_t deadline_ns, struct document **ret_document, struct error *error);
MUST_CHECK bool kube_patch(struct kube_client *client, const struct kube_name *name,
                           const struct kube_patch *patch, uint64_t deadline_ns,
                           struct document **ret_document, struct error *error);
MUST_CHECK bool kube_delete(struct kube_client *client, const struct kube_name *name, const char *uid,
                            uint64_t deadline_ns, struct error *error);

// A list in pages of at most limit objects (0: 500): page is called for each with the whole List document
// (kind "…List", items without their own kind for built-in types); false from it ends the list with its
// error. namespace NULL: all. Labels: a selector or NULL. A 410 in the middle starts again after calling
// restart (may be NULL: then it fails with NOT_FOUND).
struct kube_list {
    const struct kube_resource *resource;
    const char *namespace, *label_selector;
    unsigned limit;
    bool (*page)(void *cookie, const struct node *list, struct error *error);
    void (*restart)(void *cookie);
    void *cookie;
    bool metadata_only; // PartialObjectMetadataList
};
MUST_CHECK bool kube_list(struct kube_client *client, const struct kube_list *list, struct error *error);

// GET of any path ("/apis", "/version", "/readyz"). ret_document may be NULL when the answer is no JSON.
MUST_CHECK bool kube_get_path(struct kube_client *client, const char *path, struct document **ret_document,
                              struct error *error);
