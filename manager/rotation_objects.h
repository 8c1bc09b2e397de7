// The Secret and the webhook configurations of a rotation: read from objects, and written as JSON.
#pragma once

#include "base/document.h"
#include "certs/rotation_content.h"
#include "kube/kube_client.h"

extern const struct kube_resource rotation_secrets;
extern const struct kube_resource rotation_validating;
extern const struct kube_resource rotation_mutating;

// Caller clears *ret_content. *ret_version: its resourceVersion; caller owns (free). Fails with INVALID.
MUST_CHECK bool rotation_secret_read(const struct node *object, struct rotation_content *ret_content,
                                     char **ret_version, struct error *error);
// A new Secret (version NULL), or a merge patch of the one that has this version. Caller overwrites and
// frees.
char *rotation_secret_write(const struct kube_name *name, const struct rotation_content *content,
                            const char *version);

enum { ROTATION_MOST_WEBHOOKS = 64 };

struct rotation_webhooks {
    char *bundles[ROTATION_MOST_WEBHOOKS]; // PEM texts, "" when empty
    size_t count;
    char *version;    // resourceVersion
    char *generation; // changes whenever the webhooks do
};

void rotation_webhooks_clear(struct rotation_webhooks *webhooks);
static inline void rotation_webhooks_clear_cleanup(struct rotation_webhooks *webhooks) {
    rotation_webhooks_clear(webhooks);
}
// Caller clears. Fails with INVALID (no webhook configuration) or LIMIT (more webhooks than above).
MUST_CHECK bool rotation_webhooks_read(const struct node *object, struct rotation_webhooks *ret_webhooks,
                                       struct error *error);
// A JSON patch that sets the bundles that are not NULL in wanted, if the object still has the version that
// was read. Caller owns (free).
char *rotation_webhooks_write(const struct rotation_webhooks *webhooks, char *const *wanted);
