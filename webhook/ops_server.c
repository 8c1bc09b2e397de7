#include "webhook/ops_server.h"

#include "base/log.h"
#include "base/memory.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 64, IDLE_SECONDS = 30, LARGEST_PAGE_BYTES = 16 * 1024 * 1024 };

struct ops_server {
    struct MHD_Daemon *daemon;
    struct readiness *readiness;
    struct gate_metrics *metrics;
};

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned status, const char *type,
                                 struct buffer *text) {
    size_t length = text->length;
    struct MHD_Response *message =
        MHD_create_response_from_buffer(length, buffer_take(text), MHD_RESPMEM_MUST_FREE);
    if (!message) {
        return MHD_NO;
    }
    MHD_add_response_header(message, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(message, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(message, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, status, message);
    MHD_destroy_response(message);
    return result;
}

static enum MHD_Result serve(void *data, struct MHD_Connection *connection, const char *path,
                             const char *method, const char *version, const char *bytes, size_t *length,
                             void **state) {
    (void)version, (void)bytes, (void)state;
    struct ops_server *server = data;
    *length = 0;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, LARGEST_PAGE_BYTES);
    unsigned status = MHD_HTTP_OK;
    const char *type = "text/plain; charset=utf-8";
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
        buffer_append_text(&text, "only GET is answered here\n");
    } else if (strcmp(path, "/healthz") == 0) {
        buffer_append_text(&text, "ok\n");
    } else if (strcmp(path, "/readyz") == 0) {
        status = readiness_check(server->readiness, time(NULL), &text) ? MHD_HTTP_OK
                                                                       : MHD_HTTP_SERVICE_UNAVAILABLE;
    } else if (strcmp(path, "/metrics") == 0) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        gate_metrics_write(server->metrics, &text);
    } else {
        status = MHD_HTTP_NOT_FOUND;
        buffer_append_text(&text, "no such path; there are /healthz, /readyz and /metrics\n");
    }
    return send_text(connection, status, type, &text);
}

static void __attribute__((format(printf, 2, 0)))
log_library(void *data, const char *format, va_list arguments) {
    (void)data;
    char text[256];
    vsnprintf(text, sizeof(text), format, arguments);
    log_write(LOG_DEBUG, "ops connection", "detail", text, NULL);
}

bool ops_server_start(int listen_socket, struct readiness *readiness, struct gate_metrics *metrics,
                      struct ops_server **ret_server, struct error *error) {
    struct ops_server *server = memory_calloc(1, sizeof(*server));
    server->readiness = readiness;
    server->metrics = metrics;
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, 0, NULL, NULL, serve,
                                      server, MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, //
                                      MHD_OPTION_LISTEN_SOCKET, listen_socket,               //
                                      MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
                                      MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (!server->daemon) {
        close(listen_socket);
        free(server);
        return error_set(error, ERROR_IO, "can't start the HTTP server for probes and metrics");
    }
    *ret_server = server;
    return true;
}

void ops_server_free(struct ops_server *server) {
    if (server) {
        MHD_stop_daemon(server->daemon);
        free(server);
    }
}
