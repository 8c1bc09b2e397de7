// The documents that all replicas share, as ConfigMaps in fleetgate's own namespace.
#pragma once

#include "kube/kube_client.h"
#include "manager/shared_store.h"

struct shared_store_kube;

// client: borrowed until shared_store_kube_free. namespace is copied. Caller owns.
struct shared_store_kube *shared_store_kube_new(struct kube_client *client, const char *namespace);
void shared_store_kube_free(struct shared_store_kube *kube);
DEFINE_CLEANUP(shared_store_kube_free, struct shared_store_kube *)
// Borrowed until shared_store_kube_free. Any thread.
const struct shared_store *shared_store_kube(struct shared_store_kube *kube);
