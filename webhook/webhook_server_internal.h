// What webhook_server.c and webhook_request.c share.
#pragma once

#include "webhook/request_body.h"
#include "webhook/webhook_server.h"

#include <microhttpd.h>
#include <pthread.h>

enum {
    // Go clients drop an idle connection after 90 s. A server that does so earlier may do it while a request
    // is on
    // its way, and a POST is not sent again.
    IDLE_SECONDS = 120,
};

struct webhook_server {
    struct webhook_server_options options;
    struct MHD_Daemon *daemon;
    int quiesced_socket; // accepts nothing any more; -1: it is the daemon's
    struct body_budget budget;
    pthread_mutex_t lock; // of credentials: taken for the time of a count
    struct tls_credentials *credentials;
    _Atomic(bool) goodbye;
    _Atomic(unsigned) requests;    // whose head is there and whose answer is not out yet
    _Atomic(unsigned) connections; // open
};

// One client. MHD calls a connection's callbacks in one thread, one after the other.
struct client {
    struct tls_credentials *credentials; // of its handshake; lives as long as the session
    struct tls_credentials *judge;       // whose bundle last said what follows; NULL: nobody's yet
    bool accepted;
    char reason[256];
};

struct tls_credentials *webhook_server_credentials(struct webhook_server *server); // caller unrefs

// MHD callbacks.
enum MHD_Result webhook_request_serve(void *data, struct MHD_Connection *connection, const char *path,
                                      const char *method, const char *version, const char *bytes,
                                      size_t *length, void **request_slot);
void webhook_request_completed(void *data, struct MHD_Connection *connection, void **request_slot,
                               enum MHD_RequestTerminationCode code);
