// The kinds that some policy looks at when such an object is created, as far as the API server serves them.
#pragma once

#include "engine/policy_set.h"
#include "kube/kube_client.h"

struct audit_kinds;

// A policy's matcher without a group that is written out looks at cluster kinds only, here.
MUST_CHECK bool audit_kinds_read(struct kube_client *client, const struct policy_set *policies,
                                 struct audit_kinds **ret_kinds, struct error *error);
void audit_kinds_free(struct audit_kinds *kinds);
DEFINE_CLEANUP(audit_kinds_free, struct audit_kinds *)

size_t audit_kinds_count(const struct audit_kinds *kinds);
const struct kube_resource *audit_kinds_resource(const struct audit_kinds *kinds, size_t index);
