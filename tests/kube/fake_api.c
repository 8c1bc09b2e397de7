#include "tests/kube/fake_connection.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void add_connection(struct fake_api *api, int socket) {
    struct fake_connection *connection = memory_calloc(1, sizeof(*connection));
    pthread_mutex_lock(&api->mutex);
    *connection = (struct fake_connection){
        .api = api, .socket = socket, .random = api->seed + 7919 * api->connection_count};
    api->connections =
        memory_realloc(api->connections, api->connection_count + 1, sizeof(api->connections[0]));
    api->connections[api->connection_count++] = connection;
    if (pthread_create(&connection->thread, NULL, fake_connection_serve, connection) != 0) {
        abort();
    }
    pthread_mutex_unlock(&api->mutex);
}

static void *accept_all(void *data) {
    struct fake_api *api = data;
    int socket;
    while ((socket = accept4(api->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        add_connection(api, socket);
    }
    return NULL;
}

struct fake_api *fake_api_new(uint64_t seed) {
    struct fake_api *api = memory_calloc(1, sizeof(*api));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    api->seed = seed;
    fake_store_init(&api->store);
    pthread_mutex_init(&api->mutex, NULL);
    api->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (api->listener < 0 || bind(api->listener, (struct sockaddr *)&address, length) != 0 ||
        listen(api->listener, 128) != 0 ||
        getsockname(api->listener, (struct sockaddr *)&address, &length) != 0 ||
        pthread_create(&api->acceptor, NULL, accept_all, api) != 0) {
        perror("the fake API server can't start");
        abort();
    }
    snprintf(api->url, sizeof(api->url), "http://127.0.0.1:%u", ntohs(address.sin_port));
    return api;
}

void fake_api_disconnect(struct fake_api *api) {
    pthread_mutex_lock(&api->mutex);
    for (size_t i = 0; i < api->connection_count; i++) {
        shutdown(api->connections[i]->socket, SHUT_RDWR);
    }
    pthread_mutex_unlock(&api->mutex);
}

void fake_api_free(struct fake_api *api) {
    if (!api) {
        return;
    }
    api->stopping = true;
    shutdown(api->listener, SHUT_RDWR);
    pthread_join(api->acceptor, NULL);
    close(api->listener);
    fake_api_disconnect(api);
    for (size_t i = 0; i < api->connection_count; i++) {
        pthread_join(api->connections[i]->thread, NULL);
        close(api->connections[i]->socket);
        free(api->connections[i]);
    }
    free(api->connections);
    fake_store_clear(&api->store);
    pthread_mutex_destroy(&api->mutex);
    free(api);
}

const char *fake_api_url(const struct fake_api *api) {
    return api->url;
}

struct fake_store *fake_api_store(struct fake_api *api) {
    return &api->store;
}

void fake_api_set_faults(struct fake_api *api, bool faults) {
    api->faults = faults;
}

void fake_api_set_silent(struct fake_api *api, bool silent) {
    api->silent = silent;
}

void fake_api_answer(struct fake_api *api, unsigned resource, unsigned status) {
    api->answers[resource] = status;
}

struct fake_api_counts fake_api_counts(struct fake_api *api) {
    return (struct fake_api_counts){api->lists, api->pages, api->watches, api->most_lists_at_once};
}
