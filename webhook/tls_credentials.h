// The serving certificate with its key, and the authorities that clients' certificates must come from. Loaded
// once and never changed: a reload makes new ones.
#pragma once

#include "base/error.h"

#include <gnutls/gnutls.h>
#include <stdint.h>

struct tls_files {
    const char *certificate;        // PEM, the chain after the server's own
    const char *key;                // PEM, not encrypted
    const char *client_authorities; // PEM bundle; NULL: clients need no certificate
};

struct tls_credentials;

// Fails with INVALID (not PEM, the key does not belong to the certificate, an empty bundle) or IO.
// *ret_credentials holds one reference.
MUST_CHECK bool tls_credentials_load(const struct tls_files *files, struct tls_credentials **ret_credentials,
                                     struct error *error);
// The same from PEM texts in memory, which are borrowed during the call; authorities in a file as above. name
// stands for the texts in messages ("the Secret's certificate").
struct tls_texts {
    const char *certificate, *key;
    const char *client_authorities; // a file; NULL: clients need no certificate
    const char *name;
};
MUST_CHECK bool tls_credentials_load_texts(const struct tls_texts *texts,
                                           struct tls_credentials **ret_credentials, struct error *error);
// Thread-safe; NULL gives NULL.
struct tls_credentials *tls_credentials_ref(struct tls_credentials *credentials);
void tls_credentials_unref(struct tls_credentials *credentials);
DEFINE_CLEANUP(tls_credentials_unref, struct tls_credentials *)

// When the serving certificate holds, seconds since 1970.
int64_t tls_credentials_not_before(const struct tls_credentials *credentials);
int64_t tls_credentials_not_after(const struct tls_credentials *credentials);

// Makes a session that has not shaken hands yet use them; the caller keeps a reference as long as the
// session.
MUST_CHECK bool tls_credentials_use(const struct tls_credentials *credentials, gnutls_session_t session,
                                    struct error *error);
// Is the certificate that the client showed a good one: from an authority in the bundle, for client use, in
// its time, and its common name or a DNS name among names (count 0: any)? True when no bundle is set. Fails
// with DENIED and what to tell the client.
MUST_CHECK bool tls_credentials_check_client(const struct tls_credentials *credentials,
                                             gnutls_session_t session, const char *const *names, size_t count,
                                             struct error *error);
