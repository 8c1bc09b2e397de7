// A client of a fake API server.
#pragma once

#include "kube/kube_client.h"

struct kube_client *fake_client_new(const char *url); // caller frees with kube_client_free
