// A running HTTPS server with the fixture's policy and fresh certificates in a temporary folder.
#pragma once

#include "tests/webhook/tls_client.h"
#include "webhook/webhook_server.h"

enum served_file {
    SERVER_AUTHORITY,
    SERVER_CERTIFICATE,
    SERVER_KEY,
    CLIENT_AUTHORITY,
    CLIENT_CERTIFICATE, // CN kube-apiserver
    CLIENT_KEY,
    NAMED_CERTIFICATE, // CN somebody, DNS name apiserver.example.org
    NAMED_KEY,
    EXPIRED_CERTIFICATE, // CN kube-apiserver
    EXPIRED_KEY,
    STRANGE_AUTHORITY,
    STRANGE_CERTIFICATE, // CN kube-apiserver, but of another authority
    STRANGE_KEY,
    SERVED_FILE_COUNT,
};

struct served {
    char folder[64];
    char files[SERVED_FILE_COUNT][96]; // PEM
    uint16_t port;
    struct gate_metrics *metrics;
    struct webhook *webhook;
    struct webhook_server *server;
};

// options: listen_socket, credentials, webhook and metrics are filled in. with_client_authority: clients must
// show a certificate of CLIENT_AUTHORITY.
void served_start(struct served *served, struct webhook_server_options options, bool with_client_authority);
void served_stop(struct served *served);
// Makes the certificates only.
void served_make_certificates(struct served *served);
void served_remove_certificates(struct served *served);
// client_authority: of enum served_file; -1: none.
struct tls_credentials *served_credentials(const struct served *served, int client_authority);

// Connects and verifies the server.
struct tls_client *served_connect(const struct served *served);
// The same, and shows a certificate: of enum served_file, its key follows it.
struct tls_client *served_connect_as(const struct served *served, enum served_file certificate);
