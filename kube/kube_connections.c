#include "kube/kube_connections.h"

#include "base/memory.h"

#include <pthread.h>

// More threads than this at once open connections of their own for one request.
enum { MOST_KEPT = 8 };

struct kube_connections {
    pthread_mutex_t lock; // of both below
    CURL *idle[MOST_KEPT];
    unsigned count;
};

struct kube_connections *kube_connections_new(void) {
    struct kube_connections *connections = memory_calloc(1, sizeof(*connections));
    pthread_mutex_init(&connections->lock, NULL);
    return connections;
}

void kube_connections_free(struct kube_connections *connections) {
    if (connections) {
        for (unsigned i = 0; i < connections->count; i++) {
            curl_easy_cleanup(connections->idle[i]);
        }
        pthread_mutex_destroy(&connections->lock);
        free(connections);
    }
}

CURL *kube_connections_take(struct kube_connections *connections) {
    CURL *easy = NULL;
    pthread_mutex_lock(&connections->lock);
    if (connections->count > 0) {
        easy = connections->idle[--connections->count];
    }
    pthread_mutex_unlock(&connections->lock);
    easy = easy ? easy : curl_easy_init();
    if (!easy) {
        abort(); // out of memory, as in base/memory.h
    }
    return easy;
}

void kube_connections_give(struct kube_connections *connections, CURL *easy) {
    curl_easy_reset(easy); // forgets tokens and keys, keeps the connection
    pthread_mutex_lock(&connections->lock);
    if (connections->count < MOST_KEPT) {
        connections->idle[connections->count++] = easy;
        easy = NULL;
    }
    pthread_mutex_unlock(&connections->lock);
    curl_easy_cleanup(easy);
}
