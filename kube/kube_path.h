// The paths of the Kubernetes API: /apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME.
#pragma once

#include "base/buffer.h"
#include "kube/kube_client.h"

enum { KUBE_LONGEST_PATH_BYTES = 16 * 1024 };

// namespace NULL: all of them, or cluster-scoped. name and subresource may be NULL. Fails with INVALID on a
// name that can't stand in a path.
MUST_CHECK bool kube_path_append(struct buffer *path, const struct kube_resource *resource,
                                 const char *namespace, const char *name, const char *subresource,
                                 struct error *error);
// Adds "?key=value" or "&key=value", value percent-encoded; nothing when value is NULL.
void kube_path_append_query(struct buffer *path, const char *key, const char *value);
