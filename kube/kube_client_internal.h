// What kube_client.c and kube_request.c share.
#pragma once

#include "kube/kube_client.h"
#include "kube/kube_connections.h"
#include "kube/kube_transport.h"

struct kube_client {
    struct kube_config *config;
    struct kube_transport *transport;
    struct kube_connections *connections;
    unsigned timeout_ms, retries;
};
