// Handles of libcurl whose connections are kept for the next request. Any thread.
#pragma once

#include "base/attributes.h"

#include <curl/curl.h>

struct kube_connections;

struct kube_connections *kube_connections_new(void); // caller owns
void kube_connections_free(struct kube_connections *connections);
DEFINE_CLEANUP(kube_connections_free, struct kube_connections *)

// The handle used last, or a new one; to be given back.
CURL *kube_connections_take(struct kube_connections *connections);
// Takes ownership; closes it when enough are kept.
void kube_connections_give(struct kube_connections *connections, CURL *easy);
