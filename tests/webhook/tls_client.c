#include "tests/webhook/tls_client.h"

#include "base/memory.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { REPLY_BYTES = 256 * 1024 };

struct tls_client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    char *data; // REPLY_BYTES and a NUL
    size_t filled, used;
};

static bool tls_error(struct error *error, const char *what, ssize_t status) {
    return error_set(error, ERROR_IO, "%s: %s", what, gnutls_strerror((int)status));
}

void tls_client_close(struct tls_client *client) {
    if (!client) {
        return;
    }
    if (client->session) {
        gnutls_deinit(client->session);
    }
    if (client->credentials) {
        gnutls_certificate_free_credentials(client->credentials);
    }
    if (client->fd >= 0) {
        close(client->fd);
    }
    free(client->data);
    free(client);
}

static bool connect_to(struct tls_client *client, const struct tls_client_options *options,
                       struct error *error) {
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unsigned timeout_ms = options->timeout_ms ? options->timeout_ms : 10000;
    const struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = (timeout_ms % 1000) * 1000};
    const int on = 1;
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(options->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        return true;
    }
    // A tick of the watchdog came meanwhile (a socket with a time-out is not restarted): the connection is
    // still being made.
    if (errno == EINTR) {
        struct pollfd wait = {.fd = client->fd, .events = POLLOUT};
        while (poll(&wait, 1, (int)timeout_ms) < 0 && errno == EINTR) {
        }
        int problem = ETIMEDOUT;
        socklen_t size = sizeof(problem);
        if (wait.revents != 0 && getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 &&
            problem == 0) {
            return true;
        }
        errno = problem;
    }
    return error_set(error, ERROR_IO, "connect: %s", strerror(errno));
}

static bool prepare(struct tls_client *client, const struct tls_client_options *options,
                    struct error *error) {
    const char *name = options->name ? options->name : "localhost";
    gnutls_certificate_allocate_credentials(&client->credentials);
    if (options->authority && gnutls_certificate_set_x509_trust_file(client->credentials, options->authority,
                                                                     GNUTLS_X509_FMT_PEM) <= 0) {
        return error_set(error, ERROR_INVALID, "%s: no certificate inside", options->authority);
    }
    if (options->certificate &&
        gnutls_certificate_set_x509_key_file(client->credentials, options->certificate, options->key,
                                             GNUTLS_X509_FMT_PEM) < 0) {
        return error_set(error, ERROR_INVALID, "%s: no certificate with its key", options->certificate);
    }
    // A broken pipe is an error here, not the end of the program.
    gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL | GNUTLS_FORCE_CLIENT_CERT);
    int status = gnutls_priority_set_direct(client->session,
                                            options->priorities ? options->priorities : "NORMAL", NULL);
    if (status < 0) {
        return tls_error(error, "priorities", status);
    }
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
    gnutls_server_name_set(client->session, GNUTLS_NAME_DNS, name, strlen(name));
    const gnutls_datum_t protocol = {.data = (unsigned char *)"http/1.1", .size = 8};
    gnutls_alpn_set_protocols(client->session, &protocol, 1, 0);
    if (options->authority) {
        gnutls_session_set_verify_cert(client->session, name, 0);
    }
    gnutls_transport_set_int(client->session, client->fd);
    return true;
}

bool tls_client_open(const struct tls_client_options *options, struct tls_client **ret_client,
                     struct error *error) {
    CLEANUP(tls_client_close) struct tls_client *client = memory_calloc(1, sizeof(*client));
    client->fd = -1;
    client->data = memory_alloc(REPLY_BYTES + 1);
    if (!connect_to(client, options, error) || !prepare(client, options, error)) {
        return false;
    }
    int status;
    do {
        status = gnutls_handshake(client->session);
    } while (status == GNUTLS_E_INTERRUPTED);
    if (status < 0) {
        return tls_error(error, "handshake", status);
    }
    *ret_client = tls_client_close_take(&client);
    return true;
}

gnutls_session_t tls_client_session(struct tls_client *client) {
    return client->session;
}

bool tls_client_send(struct tls_client *client, const void *bytes, size_t length, struct error *error) {
    const char *at = bytes;
    while (length > 0) {
        ssize_t sent = gnutls_record_send(client->session, at, length);
        if (sent == GNUTLS_E_INTERRUPTED) {
            continue;
        }
        if (sent <= 0) {
            return tls_error(error, "send", sent);
        }
        at += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool fill(struct tls_client *client, struct error *error) {
    if (client->filled == REPLY_BYTES) {
        return error_set(error, ERROR_LIMIT, "the answer is too long");
    }
    ssize_t got;
    do {
        got =
            gnutls_record_recv(client->session, client->data + client->filled, REPLY_BYTES - client->filled);
    } while (got == GNUTLS_E_INTERRUPTED);
    if (got <= 0) {
        return got == 0 ? error_set(error, ERROR_IO, "the connection was closed")
                        : tls_error(error, "receive", got);
    }
    client->filled += (size_t)got;
    client->data[client->filled] = '\0';
    return true;
}

// The value of a header in head, or NULL.
static const char *find_header(const char *head, const char *name) {
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            return line + 3 + length + strspn(line + 3 + length, " ");
        }
    }
    return NULL;
}

bool tls_client_receive(struct tls_client *client, struct tls_reply *ret_reply, struct error *error) {
    memmove(client->data, client->data + client->used, client->filled - client->used);
    client->filled -= client->used;
    client->used = 0;
    client->data[client->filled] = '\0';
    char *end;
    while (!(end = strstr(client->data, "\r\n\r\n"))) {
        if (!fill(client, error)) {
            return false;
        }
    }
    const char *length_text = find_header(client->data, "Content-Length");
    size_t length = length_text ? strtoull(length_text, NULL, 10) : 0;
    const char *connection = find_header(client->data, "Connection");
    bool close = connection && strncasecmp(connection, "close", 5) == 0;
    size_t head_length = (size_t)(end - client->data) + 4;
    while (client->filled < head_length + length) {
        if (!fill(client, error)) {
            return false;
        }
    }
    client->used = head_length + length;
    end[2] = '\0';
    if (client->used == client->filled) {
        client->data[client->used] = '\0';
    }
    *ret_reply = (struct tls_reply){.status = (unsigned)strtoul(client->data + 9, NULL, 10),
                                    .close = close,
                                    .head = client->data,
                                    .body = client->data + head_length,
                                    .length = length};
    return true;
}

bool tls_client_post(struct tls_client *client, const char *path, const char *body, size_t length,
                     struct tls_reply *ret_reply, struct error *error) {
    // One record where it fits, as the API server's client does it.
    char *message = memory_alloc(length + 512);
    int head =
        snprintf(message, 512,
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\n"
                 "Content-Length: %zu\r\nContent-Type: application/json\r\nAccept: application/json, */*\r\n"
                 "Accept-Encoding: gzip\r\n\r\n",
                 path, length);
    memcpy(message + head, body, length);
    bool sent = tls_client_send(client, message, (size_t)head + length, error);
    free(message);
    return sent && tls_client_receive(client, ret_reply, error);
}
