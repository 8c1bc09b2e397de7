// What a credential plugin is told: its environment, with KUBERNETES_EXEC_INFO.
#pragma once

#include "kube/kube_config.h"

// Ours, with what the kubeconfig sets on top; NULL-terminated. Caller owns (kube_exec_environment_free).
char **kube_exec_environment(const struct kube_config *config);
void kube_exec_environment_free(char **environment);
