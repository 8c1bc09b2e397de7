// The HTTPS server in front of the gate: HTTP/1.1 with keep-alive over TLS 1.2 and 1.3.
#pragma once

#include "webhook/tls_credentials.h"
#include "webhook/webhook.h"

struct webhook_server_options {
    struct webhook *webhook;      // borrowed until webhook_server_free
    struct gate_metrics *metrics; // borrowed until webhook_server_free
    // Takes ownership of one reference, also on failure; NULL: handshakes fail until some are swapped in.
    struct tls_credentials *credentials;
    int listen_socket;               // takes ownership, also on failure
    unsigned threads;                // each answers one review at a time
    const char *const *client_names; // borrowed until webhook_server_free
    size_t client_name_count;
    unsigned most_connections; // 0: 512
    size_t most_body_bytes;    // of all requests together; 0: 64 MiB
    unsigned receive_seconds;  // for a handshake, and for one request to arrive; 0: 20
};

struct webhook_server;

MUST_CHECK bool webhook_server_start(const struct webhook_server_options *options,
                                     struct webhook_server **ret_server, struct error *error);
// New connections use these; those that are open keep theirs, but their clients are judged by the new bundle.
// Takes ownership of one reference. Any thread.
void webhook_server_swap_credentials(struct webhook_server *server, struct tls_credentials *credentials);
// From now on every answer ends its connection, so that clients go elsewhere.
void webhook_server_say_goodbye(struct webhook_server *server);
// Accepts no connection any more, and waits until no request is on its way; false when timeout_ns passed
// before.
bool webhook_server_drain(struct webhook_server *server, uint64_t timeout_ns);
// Ends all connections and threads.
void webhook_server_free(struct webhook_server *server);
DEFINE_CLEANUP(webhook_server_free, struct webhook_server *)
