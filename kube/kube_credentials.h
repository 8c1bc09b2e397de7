// Who we are to the API server: a token or a client certificate, read again when it changes. Any thread.
#pragma once

#include "kube/kube_config.h"

#include <stdint.h>

// What one request shows. Texts are NULL when not used.
struct kube_credential {
    char *token;
    char *certificate, *key; // PEM
    uint64_t generation;     // grows whenever something else is shown
};
void kube_credential_clear(struct kube_credential *credential); // overwrites the secrets
static inline void kube_credential_clear_cleanup(struct kube_credential *credential) {
    kube_credential_clear(credential);
}

struct kube_credentials;

struct kube_credentials *
kube_credentials_new(const struct kube_config *config); // config borrowed, caller owns
void kube_credentials_free(struct kube_credentials *credentials);
DEFINE_CLEANUP(kube_credentials_free, struct kube_credentials *)

// Reads the token file when it changed, runs the exec plugin when what it gave is about to expire. Caller
// clears. Fails with NOT_FOUND, IO, LIMIT or INVALID.
MUST_CHECK bool kube_credentials_get(struct kube_credentials *credentials,
                                     struct kube_credential *ret_credential, struct error *error);
// The server refused what this generation showed (401): it is not shown again, unless it is all there is.
void kube_credentials_refused(struct kube_credentials *credentials, uint64_t generation);
