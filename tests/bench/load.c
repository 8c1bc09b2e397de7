#include "tests/bench/load.h"

#include "base/clock.h"
#include "base/memory.h"
#include "tests/bench/server_process.h"
#include "tests/webhook/tls_client.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SAMPLES = 1 << 20, MOST_CONNECTIONS = 1024 };

struct worker {
    const struct load_options *options;
    pthread_barrier_t *start;
    struct tls_client *client;
    uint64_t requests, failures;
    uint64_t ended_ns;
    uint32_t *samples; // nanoseconds; the first MOST_SAMPLES / connections of them
    uint32_t sample_count, most_samples;
    char first_failure[256];
};

static bool ask(struct worker *worker, struct error *error) {
    struct tls_reply reply;
    const struct load_options *options = worker->options;
    uint64_t before = clock_now_ns();
    if (!tls_client_post(worker->client, "/validate?timeout=10s", options->body, options->length, &reply,
                         error)) {
        return false;
    }
    uint64_t took = clock_now_ns() - before;
    if (worker->sample_count < worker->most_samples) {
        worker->samples[worker->sample_count++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
    }
    if (reply.status != 200 || (options->expect && !strstr(reply.body, options->expect))) {
        return error_set(error, ERROR_INVALID, "%u %.200s", reply.status, reply.body);
    }
    return true;
}

static void *work(void *data) {
    struct worker *worker = data;
    pthread_barrier_wait(worker->start);
    uint64_t end = clock_now_ns() + worker->options->duration_ns;
    while (clock_now_ns() < end) {
        struct error error;
        worker->requests++;
        if (!ask(worker, &error)) {
            if (worker->failures++ == 0) {
                snprintf(worker->first_failure, sizeof(worker->first_failure), "%.255s", error.message);
            }
            if (error.kind == ERROR_IO) {
                break;
            }
        }
    }
    worker->ended_ns = clock_now_ns();
    return NULL;
}

static int by_size(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void sum_up(const struct worker *workers, unsigned count, uint64_t started_ns,
                   struct load_result *result) {
    uint32_t *all = memory_alloc(sizeof(*all) * MOST_SAMPLES);
    size_t samples = 0;
    for (unsigned i = 0; i < count; i++) {
        result->requests += workers[i].requests;
        result->failures += workers[i].failures;
        uint64_t elapsed = workers[i].ended_ns - started_ns;
        result->elapsed_ns = elapsed > result->elapsed_ns ? elapsed : result->elapsed_ns;
        memcpy(all + samples, workers[i].samples, sizeof(*all) * workers[i].sample_count);
        samples += workers[i].sample_count;
        if (workers[i].failures && !*result->first_failure) {
            strcpy(result->first_failure, workers[i].first_failure);
        }
    }
    qsort(all, samples, sizeof(*all), by_size);
    if (samples > 0) {
        result->p50_us = all[samples / 2] / 1e3;
        result->p99_us = all[samples * 99 / 100] / 1e3;
    }
    free(all);
}

static bool open_all(struct worker *workers, const struct load_options *options, struct error *error) {
    const struct tls_client_options client = {.port = options->port};
    for (unsigned i = 0; i < options->connections; i++) {
        if (!tls_client_open(&client, &workers[i].client, error)) {
            return false;
        }
    }
    return true;
}

bool load_run(const struct load_options *options, struct load_result *ret_result, struct error *error) {
    unsigned count = options->connections;
    if (count == 0 || count > MOST_CONNECTIONS) {
        return error_set(error, ERROR_INVALID, "1 to %d connections", MOST_CONNECTIONS);
    }
    struct worker *workers = memory_calloc(count, sizeof(*workers));
    pthread_t *threads = memory_calloc(count, sizeof(*threads));
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, count + 1);
    bool opened = open_all(workers, options, error);
    *ret_result = (struct load_result){0};
    for (unsigned i = 0; opened && i < count; i++) {
        workers[i].options = options;
        workers[i].start = &start;
        workers[i].most_samples = MOST_SAMPLES / count;
        workers[i].samples = memory_alloc(sizeof(uint32_t) * workers[i].most_samples);
        pthread_create(&threads[i], NULL, work, &workers[i]);
    }
    if (opened) {
        pthread_barrier_wait(&start);
        uint64_t started = clock_now_ns();
        for (unsigned i = 0; i < count; i++) {
            pthread_join(threads[i], NULL);
        }
        sum_up(workers, count, started, ret_result);
    }
    for (unsigned i = 0; i < count; i++) {
        tls_client_close(workers[i].client);
        free(workers[i].samples);
    }
    pthread_barrier_destroy(&start);
    free(workers);
    free(threads);
    return opened;
}

bool load_ask_once(const struct load_options *options, uint64_t *ret_ns, struct error *error) {
    CLEANUP(tls_client_close) struct tls_client *client = NULL;
    struct tls_reply reply;
    uint64_t before = clock_now_ns();
    if (!tls_client_open(&(struct tls_client_options){.port = options->port}, &client, error) ||
        !tls_client_post(client, "/validate", options->body, options->length, &reply, error)) {
        return false;
    }
    *ret_ns = clock_now_ns() - before;
    return reply.status == 200 ? true
                               : error_set(error, ERROR_INVALID, "%u %.200s", reply.status, reply.body);
}
