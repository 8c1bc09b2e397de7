#include "kube/kube_preparer.h"

#include "base/memory.h"

#include <pthread.h>

struct kube_preparer {
    struct event_loop *loop;
    struct kube_transport *transport;
    pthread_t thread;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t wake;
    bool stopping;
    struct kube_preparation *first, **last; // that wait
};

static struct kube_preparation *wait_for_work(struct kube_preparer *preparer) {
    pthread_mutex_lock(&preparer->lock);
    while (!preparer->stopping && !preparer->first) {
        pthread_cond_wait(&preparer->wake, &preparer->lock);
    }
    struct kube_preparation *preparation = preparer->stopping ? NULL : preparer->first;
    if (preparation) {
        preparer->first = preparation->next;
        preparer->last = preparer->first ? preparer->last : &preparer->first;
    }
    pthread_mutex_unlock(&preparer->lock);
    return preparation;
}

static void *run(void *data) {
    struct kube_preparer *preparer = data;
    for (struct kube_preparation *preparation; (preparation = wait_for_work(preparer));) {
        preparation->is_prepared =
            kube_attempt_prepare(preparation->attempt, preparer->transport, preparation->easy,
                                 preparation->exchange, preparation->timeout_ms, KUBE_MOST_OBJECT_BYTES);
        event_loop_post(preparer->loop, preparation->done, preparation->cookie);
    }
    return NULL;
}

bool kube_preparer_new(struct event_loop *loop, struct kube_transport *transport,
                       struct kube_preparer **ret_preparer, struct error *error) {
    struct kube_preparer *preparer = memory_calloc(1, sizeof(*preparer));
    preparer->loop = loop;
    preparer->transport = transport;
    preparer->last = &preparer->first;
    pthread_mutex_init(&preparer->lock, NULL);
    pthread_cond_init(&preparer->wake, NULL);
    if (pthread_create(&preparer->thread, NULL, run, preparer) != 0) {
        pthread_cond_destroy(&preparer->wake);
        pthread_mutex_destroy(&preparer->lock);
        free(preparer);
        return error_set(error, ERROR_LIMIT, "can't start a thread for the credential plugin");
    }
    *ret_preparer = preparer;
    return true;
}

void kube_preparer_free(struct kube_preparer *preparer) {
    if (preparer) {
        pthread_mutex_lock(&preparer->lock);
        preparer->stopping = true;
        pthread_cond_signal(&preparer->wake);
        pthread_mutex_unlock(&preparer->lock);
        pthread_join(preparer->thread, NULL);
        pthread_cond_destroy(&preparer->wake);
        pthread_mutex_destroy(&preparer->lock);
        free(preparer);
    }
}

void kube_preparer_submit(struct kube_preparer *preparer, struct kube_preparation *preparation) {
    preparation->next = NULL;
    pthread_mutex_lock(&preparer->lock);
    *preparer->last = preparation;
    preparer->last = &preparation->next;
    pthread_cond_signal(&preparer->wake);
    pthread_mutex_unlock(&preparer->lock);
}
