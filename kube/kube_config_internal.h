// What kube_config.c and kube_config_user.c share.
#pragma once

#include "kube/kube_config.h"
#include "kube/kubeconfig_file.h"

// Fills in who we are. Fails with INVALID.
MUST_CHECK bool kube_config_read_user(struct kube_config *config, const struct kubeconfig_map *user,
                                      struct error *error);
