#include "webhook/webhook_server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "webhook/tls_priorities.h"
#include "webhook/webhook_server_internal.h"

#include <gnutls/abstract.h>
#include <stdio.h>
#include <unistd.h>

enum {
    // Above 32 KiB the cost of a request doubles (MHD clears the pool for each).
    CONNECTION_MEMORY_BYTES = 32 * 1024,
    DEFAULT_RECEIVE_SECONDS = 20,
    DEFAULT_CONNECTIONS = 512,
    DEFAULT_BODY_BYTES = 64 * 1024 * 1024,
};

struct tls_credentials *webhook_server_credentials(struct webhook_server *server) {
    pthread_mutex_lock(&server->lock);
    struct tls_credentials *credentials = tls_credentials_ref(server->credentials);
    pthread_mutex_unlock(&server->lock);
    return credentials;
}

void webhook_server_swap_credentials(struct webhook_server *server, struct tls_credentials *credentials) {
    pthread_mutex_lock(&server->lock);
    struct tls_credentials *old = server->credentials;
    server->credentials = credentials;
    pthread_mutex_unlock(&server->lock);
    tls_credentials_unref(old);
}

// MHD asks for a certificate at the start unless there is such a callback. Ours are set on each session, so
// that every session keeps a reference to what it uses; a session that has none ends here.
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                          gnutls_pcert_st **pcert, unsigned *pcert_count, gnutls_privkey_t *key) {
    (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    (void)pcert, (void)pcert_count, (void)key;
    return -1;
}

static void open_client(struct webhook_server *server, struct MHD_Connection *connection,
                        void **socket_context) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    struct client *client = memory_calloc(1, sizeof(*client));
    client->credentials = webhook_server_credentials(server);
    struct error error;
    if (!info ||
        (client->credentials && !tls_credentials_use(client->credentials, info->tls_session, &error))) {
        log_write(LOG_WARN, "TLS", "detail", info ? error.message : "a connection without a session", NULL);
    }
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, server->options.receive_seconds);
    atomic_fetch_add(&server->connections, 1);
    *socket_context = client;
}

static void notice_connection(void *data, struct MHD_Connection *connection, void **socket_context,
                              enum MHD_ConnectionNotificationCode code) {
    struct webhook_server *server = data;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        open_client(server, connection, socket_context);
        return;
    }
    struct client *client = *socket_context;
    if (client) {
        tls_credentials_unref(client->judge);
        tls_credentials_unref(client->credentials);
        free(client);
        *socket_context = NULL;
        atomic_fetch_sub(&server->connections, 1);
    }
}

// Health probes that connect and close, and clients that don't trust the certificate, are told here.
static void __attribute__((format(printf, 2, 0)))
log_library(void *data, const char *format, va_list arguments) {
    (void)data;
    char text[256];
    vsnprintf(text, sizeof(text), format, arguments);
    log_write(LOG_DEBUG, "webhook connection", "detail", text, NULL);
}

static void set_defaults(struct webhook_server_options *options) {
    options->threads = options->threads ? options->threads : 4;
    options->most_connections = options->most_connections ? options->most_connections : DEFAULT_CONNECTIONS;
    options->most_body_bytes = options->most_body_bytes ? options->most_body_bytes : DEFAULT_BODY_BYTES;
    options->receive_seconds = options->receive_seconds ? options->receive_seconds : DEFAULT_RECEIVE_SECONDS;
    // MHD refuses a limit below the number of its threads.
    if (options->most_connections < options->threads) {
        options->most_connections = options->threads;
    }
}

bool webhook_server_start(const struct webhook_server_options *options, struct webhook_server **ret_server,
                          struct error *error) {
    struct webhook_server *server = memory_calloc(1, sizeof(*server));
    server->quiesced_socket = -1;
    server->options = *options;
    set_defaults(&server->options);
    server->credentials = options->credentials;
    server->budget.most = server->options.most_body_bytes;
    pthread_mutex_init(&server->lock, NULL);
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        webhook_request_serve, server, MHD_OPTION_EXTERNAL_LOGGER, log_library,
        NULL, // first: it also hears of what is wrong with the others
        MHD_OPTION_LISTEN_SOCKET, server->options.listen_socket, //
        MHD_OPTION_THREAD_POOL_SIZE, server->options.threads > 1 ? server->options.threads : 0,
        MHD_OPTION_CONNECTION_LIMIT, server->options.most_connections,       //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES, //
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,               //
        MHD_OPTION_HTTPS_PRIORITIES, tls_priorities,                         //
        MHD_OPTION_HTTPS_CERT_CALLBACK, no_certificate,                      //
        MHD_OPTION_NOTIFY_CONNECTION, notice_connection, server,             //
        MHD_OPTION_NOTIFY_COMPLETED, webhook_request_completed, server,      //
        MHD_OPTION_STRICT_FOR_CLIENT, 1,                                     //
        MHD_OPTION_END);
    if (!server->daemon) {
        close(server->options.listen_socket);
        webhook_server_free(server);
        return error_set(error, ERROR_IO, "can't start the HTTPS server");
    }
    *ret_server = server;
    return true;
}

void webhook_server_say_goodbye(struct webhook_server *server) {
    atomic_store(&server->goodbye, true);
}

// A request on an idle connection may be on its way to us at this moment; clients that are used get
// "Connection: close" with their next answer, so the wait ends when all are gone, or all were silent for this
// long.
static const uint64_t silence_ns = 300 * 1000 * 1000;

bool webhook_server_drain(struct webhook_server *server, uint64_t timeout_ns) {
    webhook_server_say_goodbye(server);
    MHD_socket listening = MHD_quiesce_daemon(server->daemon);
    if (listening != MHD_INVALID_SOCKET) {
        // Nobody connects any more. The threads may still have its number in hand, so it is closed after
        // them.
        shutdown(listening, SHUT_RDWR);
        server->quiesced_socket = listening;
    }
    uint64_t start = clock_now_ns();
    uint64_t silent_since = start;
    for (;;) {
        uint64_t now = clock_now_ns();
        unsigned requests = atomic_load(&server->requests);
        silent_since = requests > 0 ? now : silent_since;
        if (atomic_load(&server->connections) == 0 || now - silent_since >= silence_ns) {
            return true;
        }
        if (now - start >= timeout_ns) {
            return requests == 0;
        }
        usleep(5000);
    }
}

void webhook_server_free(struct webhook_server *server) {
    if (!server) {
        return;
    }
    if (server->daemon) {
        MHD_stop_daemon(server->daemon);
    }
    if (server->quiesced_socket >= 0) {
        close(server->quiesced_socket);
    }
    tls_credentials_unref(server->credentials);
    pthread_mutex_destroy(&server->lock);
    free(server);
}
