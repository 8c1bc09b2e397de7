// Where the API server is and who we are there: kubeconfig files, or the pod's own service account.
#pragma once

#include "base/attributes.h"
#include "base/error.h"

#include <stddef.h>

struct kube_exec {
    const char *command;            // NULL: none
    const char *const *arguments;   // NULL-terminated
    const char *const *environment; // "NAME=value", NULL-terminated
    const char *api_version;
    const char *install_hint; // may be NULL
    bool provides_cluster_info;
};

// Texts live as long as the configuration. Files named relative to a kubeconfig are already made absolute.
struct kube_config {
    const char *server;            // "https://host:6443" with an optional path, no slash at the end
    const char *ca_file, *ca_data; // PEM; at most one is set; neither: the system's authorities
    const char *client_cert_file, *client_key_file;
    const char *client_cert_data, *client_key_data; // PEM
    const char *token, *token_file;          // token_file is read again when it changes (bound tokens rotate)
    const char *tls_server_name, *proxy_url; // may be NULL
    const char *impersonate;                 // user name or NULL
    const char *namespace;                   // of the context; "default"
    const char *source; // for messages: "/root/.kube/config, context kind" or "in-cluster"
    struct kube_exec exec;
    bool insecure; // insecure-skip-tls-verify was written by name
    struct arena *arena;
};

// path NULL: the files that $KUBECONFIG lists (merged: the first to set a value wins), else ~/.kube/config if
// it is there, else the pod's account. context NULL: current-context. Fails with NOT_FOUND (none of them),
// INVALID
// ("FILE:line:column: what"). Caller owns.
MUST_CHECK bool kube_config_load(const char *path, const char *context, struct kube_config **ret_config,
                                 struct error *error);
// /var/run/secrets/kubernetes.io/serviceaccount and KUBERNETES_SERVICE_HOST/PORT; root NULL: that folder.
MUST_CHECK bool kube_config_in_cluster(const char *root, struct kube_config **ret_config,
                                       struct error *error);
void kube_config_free(struct kube_config *config);
DEFINE_CLEANUP(kube_config_free, struct kube_config *)
