// An HTTPS server that plays a script: one answer for each request, with faults. For tests of clients.
#pragma once

#include "kube/kube_client.h"

enum fault {
    FAULT_NONE,
    FAULT_CUT,   // closes in the middle of the body
    FAULT_CLOSE, // closes before it answers
    FAULT_HANG,  // says nothing until the client gives up
};

struct fault_answer {
    int status; // 0: 200
    const char *body;
    const char *headers; // "Retry-After: 1\r\n" or NULL
    enum fault fault;
};

struct fault_server;

// script: borrowed. name: what its certificate is for; NULL: localhost. Listens on 127.0.0.1, a free port.
struct fault_server *fault_server_start(const struct fault_answer *script, size_t count, const char *name);
void fault_server_stop(struct fault_server *server);
DEFINE_CLEANUP(fault_server_stop, struct fault_server *)

unsigned fault_server_port(const struct fault_server *server);
const char *fault_server_authority(const struct fault_server *server); // PEM
// Requests so far, and connections.
size_t fault_server_requests(struct fault_server *server);
size_t fault_server_connections(struct fault_server *server);
// The whole text of a request, from 0; borrowed until the stop. Fails the test when there is none.
const char *fault_server_request(struct fault_server *server, size_t index);

// A configuration that finds and trusts it, in an arena of its own; caller owns.
struct kube_config *fault_server_config(const struct fault_server *server);
// A client of it with this configuration (takes ownership; NULL: fault_server_config and the token "secret").
struct kube_client *fault_server_client(const struct fault_server *server, struct kube_config *config);
