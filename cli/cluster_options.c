#include "cli/cluster_options.h"

#include <stddef.h>

bool cluster_options_read(struct cluster_options *options, int option, const char *value) {
    switch (option) {
    case OPTION_KUBECONFIG:
        options->kubeconfig = value;
        return true;
    case OPTION_CONTEXT:
        options->context = value;
        return true;
    case OPTION_IN_CLUSTER:
        options->in_cluster = true;
        return true;
    default:
        return false;
    }
}

bool cluster_options_given(const struct cluster_options *options) {
    return options->kubeconfig || options->context || options->in_cluster;
}

bool cluster_options_load(const struct cluster_options *options, struct kube_config **ret_config,
                          struct error *error) {
    if (options->in_cluster && !options->kubeconfig) {
        return kube_config_in_cluster(NULL, ret_config, error);
    }
    return kube_config_load(options->kubeconfig, options->context, ret_config, error);
}
