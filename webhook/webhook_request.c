#include "webhook/webhook_server_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

// A chunked body may go on for ever; what comes after this much more than is allowed ends the connection.
enum { MOST_THROWN_AWAY = 2 * LARGEST_BODY_BYTES };

struct request {
    struct request_body body;
    enum http_endpoint endpoint;
    const char *timeout; // of MHD, until the request is completed
    size_t expected;     // of Content-Length; 0: not known
    struct trace_context trace;
    uint64_t received_ns;
    bool refused; // response is what it will get once its body is thrown away
    struct http_response response;
};

// What of the headers is read.
struct headers {
    struct http_head head;
    const char *traceparent;
    unsigned traceparents;
};

static enum MHD_Result read_header(void *data, enum MHD_ValueKind kind, const char *key, const char *value) {
    (void)kind;
    struct headers *headers = data;
    struct http_head *head = &headers->head;
    if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_TYPE) == 0) {
        head->content_type = value;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        head->content_length = value;
        head->content_lengths++;
    } else if (strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        head->transfer_encodings++;
    } else if (strcasecmp(key, "traceparent") == 0) {
        headers->traceparent = value;
        headers->traceparents++;
    }
    return MHD_YES;
}

// The verdict is kept with the connection until the bundle changes: a chain is verified once, not per
// request.
static bool check_client(struct webhook_server *server, struct MHD_Connection *connection,
                         struct request *request) {
    const union MHD_ConnectionInfo *context =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const union MHD_ConnectionInfo *session =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    struct client *client = context ? context->socket_context : NULL;
    if (!client || !session) {
        return http_refuse(&request->response, 500, "the connection has no TLS session");
    }
    CLEANUP(tls_credentials_unref) struct tls_credentials *judge = webhook_server_credentials(server);
    if (client->judge != judge) {
        struct error error = {0};
        client->accepted =
            tls_credentials_check_client(judge, session->tls_session, server->options.client_names,
                                         server->options.client_name_count, &error);
        snprintf(client->reason, sizeof(client->reason), "%.255s", error.message);
        tls_credentials_unref(client->judge);
        client->judge = tls_credentials_unref_take(&judge);
        if (!client->accepted) {
            log_write(LOG_WARN, "client refused", "why", client->reason, NULL);
        }
    }
    if (!client->accepted) {
        return http_refuse(&request->response, 403, "%s", client->reason);
    }
    return true;
}

static bool check_head(struct webhook_server *server, struct MHD_Connection *connection,
                       struct request *request, const char *path, const char *method) {
    struct headers headers = {.head = {.method = method, .path = path}};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, read_header, &headers);
    trace_context_read(headers.traceparents == 1 ? headers.traceparent : NULL, &request->trace);
    const struct http_head head = headers.head;
    if (!http_head_check(&head, &request->endpoint, &request->response)) {
        return false;
    }
    request->expected = head.content_length ? (size_t)strtoull(head.content_length, NULL, 10) : 0;
    request->timeout = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "timeout");
    return check_client(server, connection, request);
}

static enum MHD_Result send_response(struct webhook_server *server, struct MHD_Connection *connection,
                                     struct request *request) {
    struct http_response *response = &request->response;
    struct MHD_Response *message =
        MHD_create_response_from_buffer(strlen(response->body), response->body, MHD_RESPMEM_MUST_FREE);
    if (!message) {
        return MHD_NO;
    }
    response->body = NULL;
    MHD_add_response_header(message, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
    if (response->close || atomic_load_explicit(&server->goodbye, memory_order_relaxed)) {
        MHD_add_response_header(message, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (*request->trace.trace_id) {
        char trace[TRACE_PARENT_BYTES];
        trace_context_write(&request->trace, trace);
        MHD_add_response_header(message, "traceresponse", trace);
    }
    if (response->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(message, MHD_HTTP_HEADER_ALLOW, "POST");
    }
    if (response->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        MHD_add_response_header(message, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    }
    enum MHD_Result result = MHD_queue_response(connection, response->status, message);
    MHD_destroy_response(message);
    return result;
}

static enum MHD_Result begin(struct webhook_server *server, struct MHD_Connection *connection,
                             const char *path, const char *method, void **ret_request) {
    struct request *request = memory_calloc(1, sizeof(*request));
    request->received_ns = clock_now_ns();
    *ret_request = request;
    atomic_fetch_add(&server->requests, 1);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, server->options.receive_seconds);
    if (check_head(server, connection, request, path, method)) {
        return MHD_YES;
    }
    gate_metrics_rejected(server->options.metrics, request->response.status);
    // An answer before the body is read would end the connection, perhaps before the client sees it. So the
    // body is thrown away first, unless where it ends is in doubt.
    request->refused = true;
    return request->response.close ? send_response(server, connection, request) : MHD_YES;
}

// MHD_NO ends the connection.
static enum MHD_Result receive(struct webhook_server *server, struct request *request, const char *bytes,
                               size_t *length) {
    uint64_t patience_ns = (uint64_t)server->options.receive_seconds * 1000000000u;
    if (clock_now_ns() - request->received_ns > patience_ns || request->body.arrived > MOST_THROWN_AWAY) {
        gate_metrics_rejected(server->options.metrics, 408);
        return MHD_NO;
    }
    if (request->refused) {
        request->body.arrived += *length;
    } else {
        request_body_append(&request->body, &server->budget, bytes, *length, request->expected);
    }
    *length = 0;
    return MHD_YES;
}

static void answer(struct webhook_server *server, struct request *request) {
    if (request->refused) {
        return;
    }
    if (request->body.fate == BODY_TOO_LARGE) {
        (void)http_refuse(&request->response, 413, "the body is larger than %d bytes", LARGEST_BODY_BYTES);
    } else if (request->body.fate == BODY_NO_ROOM) {
        (void)http_refuse(&request->response, 503, "too many bytes are being received at once; try again");
    }
    if (request->body.fate != BODY_KEPT) {
        gate_metrics_rejected(server->options.metrics, request->response.status);
        return;
    }
    size_t length = request->body.length;
    const struct http_request question = {
        .endpoint = request->endpoint,
        .timeout = request->timeout,
        .body = request_body_take(&request->body, &server->budget),
        .length = length,
        .trace = request->trace,
        .received_ns = request->received_ns,
    };
    webhook_handle(server->options.webhook, &question, &request->response);
}

enum MHD_Result webhook_request_serve(void *data, struct MHD_Connection *connection, const char *path,
                                      const char *method, const char *version, const char *bytes,
                                      size_t *length, void **request_slot) {
    (void)version;
    struct webhook_server *server = data;
    struct request *request = *request_slot;
    if (!request) {
        return begin(server, connection, path, method, request_slot);
    }
    if (*length > 0) {
        return receive(server, request, bytes, length);
    }
    answer(server, request);
    return send_response(server, connection, request);
}

void webhook_request_completed(void *data, struct MHD_Connection *connection, void **request_slot,
                               enum MHD_RequestTerminationCode code) {
    struct webhook_server *server = data;
    struct request *request = *request_slot;
    if (!request) {
        return;
    }
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK) {
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_SECONDS);
    }
    request_body_clear(&request->body, &server->budget);
    free(request->response.body);
    free(request);
    *request_slot = NULL;
    atomic_fetch_sub(&server->requests, 1);
}
