// What every request to the API server has in common: address, TLS, who we are. For users of libcurl. The
// program ignores SIGPIPE.
#pragma once

#include "kube/kube_config.h"

#include <curl/curl.h>
#include <stdint.h>

struct kube_transport;

// config: borrowed until kube_transport_free. Fails with INVALID on an address that is no https URL (http is
// taken for loopback only).
MUST_CHECK bool kube_transport_new(const struct kube_config *config, const char *user_agent,
                                   struct kube_transport **ret_transport, struct error *error);
void kube_transport_free(struct kube_transport *transport);
DEFINE_CLEANUP(kube_transport_free, struct kube_transport *)

// One request. Texts but for body are copied by kube_transport_prepare.
struct kube_exchange {
    const char *method;       // NULL: GET
    const char *path;         // "/api/v1/pods?limit=1"
    const char *accept;       // NULL: application/json
    const char *content_type; // of body
    const char *body;         // NULL: none; borrowed until the request has ended
    size_t body_length;
};

// What belongs to a prepared request; to be kept until it has ended.
struct kube_prepared {
    struct curl_slist *headers;
    uint64_t credential; // for kube_transport_refused
};
void kube_prepared_clear(struct kube_prepared *prepared);
static inline void kube_prepared_clear_cleanup(struct kube_prepared *prepared) {
    kube_prepared_clear(prepared);
}

// Resets easy (open connections stay) and sets all of the above: the caller sets its callbacks, times and
// CURLOPT_ERRORBUFFER afterwards. May run the credential plugin (up to 60 s). Any thread, one per handle.
// Caller clears *ret_prepared. Fails as kube_credentials_get, and with INVALID.
MUST_CHECK bool kube_transport_prepare(struct kube_transport *transport, CURL *easy,
                                       const struct kube_exchange *exchange,
                                       struct kube_prepared *ret_prepared, struct error *error);
// The server answered 401 to prepared.credential: cached tokens are read anew for the next request.
void kube_transport_refused(struct kube_transport *transport, uint64_t credential);
// Sets the error for a transfer that failed: LIMIT for a time-out, else IO. error_buffer: what
// CURLOPT_ERRORBUFFER got, may be "". Returns false.
bool kube_transport_error(const struct kube_transport *transport, CURLcode code, const char *error_buffer,
                          struct error *error);
