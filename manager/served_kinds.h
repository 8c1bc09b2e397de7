// The kinds that tell about clusters and that this API server serves. Immutable; counted references, any
// thread.
#pragma once

#include "base/attributes.h"
#include "kube/kube_client.h"

struct served_kinds;

MUST_CHECK bool served_kinds_read(struct kube_client *client, struct served_kinds **ret_served,
                                  struct error *error);
struct served_kinds *served_kinds_ref(struct served_kinds *served); // NULL gives NULL
void served_kinds_unref(struct served_kinds *served);

size_t served_kinds_count(const struct served_kinds *served);
const struct kube_resource *served_kinds_resource(const struct served_kinds *served, size_t index);
// Machines and MachineSets that have an owner are counted by it, and are by far the most objects of a fleet:
// nobody keeps or judges them.
bool served_kinds_is_owned(const struct kube_resource *resource, const struct node *object);
// By group as views name it ("" finds the first of that kind); NULL when it is not served.
const struct kube_resource *served_kinds_find(const struct served_kinds *served, const char *group,
                                              const char *kind);
