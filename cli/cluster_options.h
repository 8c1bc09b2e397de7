// Which API server, and as whom: options that several commands share.
#pragma once

#include "cli/options.h"
#include "kube/kube_config.h"

struct cluster_options {
    const char *kubeconfig, *context;
    bool in_cluster;
};

enum { OPTION_KUBECONFIG = OPTION_LONG + 200, OPTION_CONTEXT, OPTION_IN_CLUSTER };

#define OPTIONS_CLUSTER                                                                                      \
    {OPTION_KUBECONFIG, "kubeconfig", "FILE", "the management cluster ($KUBECONFIG, ~/.kube/config)", NULL}, \
        {OPTION_CONTEXT, "context", "NAME", "context of the kubeconfig", NULL}, {                            \
        OPTION_IN_CLUSTER, "in-cluster", NULL, "use the service account of the pod that this runs in", NULL  \
    }

// True when the option was one of these.
bool cluster_options_read(struct cluster_options *options, int option, const char *value);
// Did one of them name a management cluster?
bool cluster_options_given(const struct cluster_options *options);
// Fails as kube_config_load does. Caller owns.
MUST_CHECK bool cluster_options_load(const struct cluster_options *options, struct kube_config **ret_config,
                                     struct error *error);
