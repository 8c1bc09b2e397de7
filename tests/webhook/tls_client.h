// A small HTTPS client for tests and the bench: one connection, requests as bytes, answers as they come.
#pragma once

#include "base/error.h"

#include <gnutls/gnutls.h>
#include <stddef.h>
#include <stdint.h>

struct tls_client_options {
    uint16_t port;           // on 127.0.0.1
    const char *authority;   // PEM file; NULL: the server's certificate is not verified
    const char *name;        // of the server, "localhost" when NULL
    const char *certificate; // of the client, PEM files; NULL: none
    const char *key;
    const char *priorities; // NULL: "NORMAL"
    unsigned timeout_ms;    // of each read and write; 0: 10 s
};

struct tls_client;

MUST_CHECK bool tls_client_open(const struct tls_client_options *options, struct tls_client **ret_client,
                                struct error *error);
void tls_client_close(struct tls_client *client);
DEFINE_CLEANUP(tls_client_close, struct tls_client *)

gnutls_session_t tls_client_session(struct tls_client *client);
MUST_CHECK bool tls_client_send(struct tls_client *client, const void *bytes, size_t length,
                                struct error *error);

struct tls_reply {
    unsigned status;
    bool close;       // "Connection: close"
    const char *head; // both borrowed until the next read
    const char *body; // NUL-terminated
    size_t length;
};

// One answer with Content-Length. ERROR_IO: the connection ended or was silent.
MUST_CHECK bool tls_client_receive(struct tls_client *client, struct tls_reply *ret_reply,
                                   struct error *error);

// A POST with a JSON body and its answer.
MUST_CHECK bool tls_client_post(struct tls_client *client, const char *path, const char *body, size_t length,
                                struct tls_reply *ret_reply, struct error *error);
