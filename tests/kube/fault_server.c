#include "tests/kube/fault_server.h"

#include "base/arena.h"
#include "base/memory.h"
#include "certs/certificate_authority.h"
#include "tests/support/expect.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 64, MOST_REQUESTS = 64, MOST_REQUEST_BYTES = 64 * 1024 };

struct connection {
    struct fault_server *server;
    pthread_t thread;
    int socket;
};

struct fault_server {
    const struct fault_answer *script;
    size_t count;
    SSL_CTX *context;
    struct certificate_pair authority;
    int listener;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock; // of all below
    struct connection connections[MOST_CONNECTIONS];
    size_t connection_count, request_count;
    char *requests[MOST_REQUESTS];
};

static void load_certificate(struct fault_server *server, const char *name) {
    const char *const dns[] = {name ? name : "localhost"};
    const char *const addresses[] = {"127.0.0.1"};
    const struct certificate_names names = {dns, 1, addresses, name ? 0 : 1};
    CLEANUP(certificate_authority_free) struct certificate_authority *authority = NULL;
    CLEANUP(certificate_pair_clear) struct certificate_pair pair = {0};
    struct error error;
    assert_true(certificate_authority_new(2, &authority, &error));
    assert_true(certificate_authority_export(authority, &server->authority, &error));
    assert_true(certificate_authority_issue(authority, &names, 1, &pair, &error));
    BIO *certificate_text = BIO_new_mem_buf(pair.certificate, -1), *key_text = BIO_new_mem_buf(pair.key, -1);
    X509 *certificate = PEM_read_bio_X509(certificate_text, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_text, NULL, NULL, NULL);
    server->context = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate(server->context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server->context, key), 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    BIO_free(certificate_text);
    BIO_free(key_text);
}

static size_t body_length(const char *head) {
    const char *line = strcasestr(head, "\r\ncontent-length:");
    return line ? (size_t)strtoul(line + 17, NULL, 10) : 0;
}

// One whole request as text; NULL: the client has gone.
static char *read_request(SSL *tls) {
    char *text = memory_calloc(1, MOST_REQUEST_BYTES + 1);
    size_t length = 0;
    for (;;) {
        const char *end = strstr(text, "\r\n\r\n");
        if (end && length >= (size_t)(end - text) + 4 + body_length(text)) {
            return text;
        }
        int got = SSL_read(tls, text + length, (int)(MOST_REQUEST_BYTES - length));
        if (got <= 0) {
            free(text);
            return NULL;
        }
        length += (size_t)got;
    }
}

static const struct fault_answer *next_answer(struct fault_server *server, char *request) {
    static const struct fault_answer over = {.status = 418, .body = "the script is over"};
    pthread_mutex_lock(&server->lock);
    size_t index = server->request_count;
    if (index < MOST_REQUESTS) {
        server->requests[server->request_count++] = request;
    } else {
        free(request);
    }
    pthread_mutex_unlock(&server->lock);
    return index < server->count ? &server->script[index] : &over;
}

// False: the connection ends.
static bool answer(SSL *tls, const struct fault_answer *answer) {
    const char *body = answer->body ? answer->body : "{}";
    size_t length = strlen(body);
    char head[512];
    char wait[1];
    if (answer->fault == FAULT_CLOSE) {
        return false;
    }
    if (answer->fault == FAULT_HANG) {
        (void)SSL_read(tls, wait, 1); // until the client closes
        return false;
    }
    int head_length =
        snprintf(head, sizeof(head), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n",
                 answer->status ? answer->status : 200, length, answer->headers ? answer->headers : "");
    size_t sent = answer->fault == FAULT_CUT ? length / 2 : length;
    return SSL_write(tls, head, head_length) > 0 && (sent == 0 || SSL_write(tls, body, (int)sent) > 0) &&
           answer->fault == FAULT_NONE;
}

static void *serve(void *cookie) {
    struct connection *connection = cookie;
    SSL *tls = SSL_new(connection->server->context);
    SSL_set_fd(tls, connection->socket);
    if (SSL_accept(tls) == 1) {
        for (char *request; (request = read_request(tls));) {
            if (!answer(tls, next_answer(connection->server, request))) {
                break;
            }
        }
    }
    shutdown(connection->socket, SHUT_RDWR);
    SSL_free(tls);
    return NULL;
}

static void *listen_loop(void *cookie) {
    struct fault_server *server = cookie;
    for (int socket; (socket = accept(server->listener, NULL, NULL)) >= 0;) {
        pthread_mutex_lock(&server->lock);
        if (server->connection_count < MOST_CONNECTIONS) {
            struct connection *connection = &server->connections[server->connection_count++];
            connection->server = server;
            connection->socket = socket;
            pthread_create(&connection->thread, NULL, serve, connection);
        } else {
            close(socket);
        }
        pthread_mutex_unlock(&server->lock);
    }
    return NULL;
}

struct fault_server *fault_server_start(const struct fault_answer *script, size_t count, const char *name) {
    struct fault_server *server = memory_calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    (void)signal(SIGPIPE, SIG_IGN);
    server->script = script;
    server->count = count;
    load_certificate(server, name);
    pthread_mutex_init(&server->lock, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, listen_loop, server), 0);
    return server;
}

void fault_server_stop(struct fault_server *server) {
    if (!server) {
        return;
    }
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (size_t i = 0; i < server->connection_count; i++) {
        shutdown(server->connections[i].socket, SHUT_RDWR);
        pthread_join(server->connections[i].thread, NULL);
        close(server->connections[i].socket);
    }
    for (size_t i = 0; i < server->request_count; i++) {
        free(server->requests[i]);
    }
    certificate_pair_clear(&server->authority);
    SSL_CTX_free(server->context);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

unsigned fault_server_port(const struct fault_server *server) {
    return server->port;
}

const char *fault_server_authority(const struct fault_server *server) {
    return server->authority.certificate;
}

size_t fault_server_requests(struct fault_server *server) {
    pthread_mutex_lock(&server->lock);
    size_t count = server->request_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

size_t fault_server_connections(struct fault_server *server) {
    pthread_mutex_lock(&server->lock);
    size_t count = server->connection_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

const char *fault_server_request(struct fault_server *server, size_t index) {
    pthread_mutex_lock(&server->lock);
    const char *text = index < server->request_count ? server->requests[index] : NULL;
    pthread_mutex_unlock(&server->lock);
    assert_non_null(text);
    return text;
}

struct kube_config *fault_server_config(const struct fault_server *server) {
    struct arena *arena = arena_new();
    struct kube_config *config = arena_alloc(arena, sizeof(*config));
    config->arena = arena;
    config->server = arena_printf(arena, "https://127.0.0.1:%u", server->port);
    config->ca_data = arena_strdup(arena, server->authority.certificate);
    config->namespace = "default";
    config->source = "test";
    return config;
}

struct kube_client *fault_server_client(const struct fault_server *server, struct kube_config *config) {
    if (!config) {
        config = fault_server_config(server);
        config->token = "secret";
    }
    const struct kube_client_options options = {.config = config, .user_agent = "fleetgate/test"};
    struct kube_client *client = NULL;
    struct error error;
    if (!kube_client_new(&options, &client, &error)) {
        fail_msg("%s", error.message);
    }
    return client;
}
