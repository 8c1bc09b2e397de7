// Credential plugins of a kubeconfig: programs that print an ExecCredential (client.authentication.k8s.io).
#pragma once

#include "kube/kube_config.h"

#include <stdint.h>

struct kube_exec_result {
    char *token, *certificate, *key; // at least a token, or a certificate with its key
    int64_t expires_at;              // seconds since 1970; INT64_MAX: never
};
void kube_exec_result_clear(struct kube_exec_result *result); // overwrites the secrets
static inline void kube_exec_result_clear_cleanup(struct kube_exec_result *result) {
    kube_exec_result_clear(result);
}

static inline struct kube_exec_result kube_exec_result_take(struct kube_exec_result *result) {
    struct kube_exec_result taken = *result;
    *result = (struct kube_exec_result){0};
    return taken;
}

// Runs config->exec without a shell and without a terminal; its stderr is ours. It is killed after 60 s, and
// when it prints more than 1 MiB (LIMIT). NOT_FOUND: no such program. IO: it failed, or printed no
// credential. Caller clears. May block its thread for that long.
MUST_CHECK bool kube_exec_run(const struct kube_config *config, struct kube_exec_result *ret_result,
                              struct error *error);
