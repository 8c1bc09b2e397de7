// The address of an API server, taken apart and checked.
#pragma once

#include "base/error.h"

struct kube_server {
    char *host; // without brackets
    char *port; // "6443"
    char *path; // "" or "/clusters/c-1", no slash at the end
    bool tls;
    bool loopback; // 127.0.0.0/8, ::1 or localhost
};

void kube_server_clear(struct kube_server *server);
static inline void kube_server_clear_cleanup(struct kube_server *server) {
    kube_server_clear(server);
}
// Caller clears. Fails with INVALID: no URL, not https (http is taken only for loopback), a user name, a
// query.
MUST_CHECK bool kube_server_parse(const char *url, struct kube_server *ret_server, struct error *error);
