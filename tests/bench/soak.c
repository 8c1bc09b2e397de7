#include "tests/bench/soak.h"

#include "base/clock.h"
#include "base/memory.h"
#include "tests/bench/reviews.h"
#include "tests/webhook/tls_client.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WORKERS = 64, LARGE_BODY_BYTES = 2 * 1024 * 1024, REQUESTS_PER_CONNECTION = 200 };

struct soak {
    const struct stage *stage;
    _Atomic(bool) stop;
    _Atomic(uint64_t) requests, wrong, connections;
    pthread_mutex_t lock; // of first_wrong
    char first_wrong[300];
};

// What one request is and what must come back; serial makes the bodies differ.
struct question {
    const char *name;
    int body;         // of enum review_body; -1: text
    const char *text; // as it is
    unsigned status;
    const char *expect; // NULL: anything
};

static const struct question questions[] = {
    {"small", REVIEW_SMALL, NULL, 200, "\"allowed\":true"},
    {"large", REVIEW_LARGE, NULL, 200, "\"allowed\":true"},
    {"denied", REVIEW_DENIED, NULL, 200, "\"allowed\":false"},
    {"delete", REVIEW_DELETE, NULL, 200, "\"allowed\":false"},
    {"broken JSON", -1, "{\"apiVersion\":\"admission.k8s.io/v1\",", 400, "not good JSON"},
    {"deep JSON", -1, NULL, 400, "error"}, // see make_body
    {"other kind", -1, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}", 400, "want AdmissionReview"},
    {"no object", -1,
     "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\"}}", 400,
     "request.operation: missing"},
};

static void tell_wrong(struct soak *soak, const char *name, const char *what) {
    atomic_fetch_add(&soak->wrong, 1);
    pthread_mutex_lock(&soak->lock);
    if (!*soak->first_wrong) {
        snprintf(soak->first_wrong, sizeof(soak->first_wrong), "%s: %.200s", name, what);
    }
    pthread_mutex_unlock(&soak->lock);
}

static char *make_body(const struct question *question, unsigned serial, size_t *ret_length) {
    if (question->body >= 0) {
        return review_make((enum review_body)question->body, serial, ret_length);
    }
    if (question->text) {
        *ret_length = strlen(question->text);
        return memory_strdup(question->text);
    }
    *ret_length = 100000;
    char *text = memory_alloc(*ret_length);
    memset(text, '[', *ret_length);
    return text;
}

static bool ask(struct soak *soak, struct tls_client *client, const struct question *question,
                unsigned serial) {
    size_t length;
    CLEANUP(free) char *body = make_body(question, serial, &length);
    struct tls_reply reply;
    struct error error;
    atomic_fetch_add(&soak->requests, 1);
    if (!tls_client_post(client, serial % 3 ? "/validate?timeout=5s" : "/validate", body, length, &reply,
                         &error)) {
        tell_wrong(soak, question->name, error.message);
        return false;
    }
    bool limit = question->status == 400 && reply.status == 413;
    if ((reply.status != question->status && !limit) ||
        (question->expect && !strstr(reply.body, question->expect))) {
        tell_wrong(soak, question->name, reply.body);
    }
    return true;
}

// Connections that misbehave: they leave in the middle of a body, or send two lengths, or two megabytes of
// blanks.
static void misbehave(struct soak *soak, unsigned serial) {
    CLEANUP(tls_client_close) struct tls_client *client = NULL;
    struct error error;
    if (!tls_client_open(&(struct tls_client_options){.port = soak->stage->gate.port}, &client, &error)) {
        tell_wrong(soak, "connect", error.message);
        return;
    }
    atomic_fetch_add(&soak->requests, 1);
    if (serial % 3 == 2) {
        CLEANUP(free) char *body = memory_alloc(LARGE_BODY_BYTES);
        memset(body, ' ', LARGE_BODY_BYTES);
        struct tls_reply reply;
        if (!tls_client_post(client, "/mutate", body, LARGE_BODY_BYTES, &reply, &error) ||
            reply.status != 400) {
            tell_wrong(soak, "blanks", error.message);
        }
        return;
    }
    static const char half[] = "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                               "Content-Length: 5000\r\n\r\n{\"apiVersion\":";
    static const char doubled[] = "POST /validate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                                  "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}";
    const char *text = serial % 3 ? half : doubled;
    if (!tls_client_send(client, text, strlen(text), &error)) {
        tell_wrong(soak, "send", error.message);
    }
}

static void *work(void *data) {
    struct soak *soak = data;
    unsigned serial = (unsigned)(uintptr_t)&data % 1000;
    while (!atomic_load(&soak->stop)) {
        CLEANUP(tls_client_close) struct tls_client *client = NULL;
        struct error error;
        if (!tls_client_open(&(struct tls_client_options){.port = soak->stage->gate.port}, &client, &error)) {
            tell_wrong(soak, "connect", error.message);
            usleep(100000);
            continue;
        }
        atomic_fetch_add(&soak->connections, 1);
        for (unsigned i = 0; i < REQUESTS_PER_CONNECTION && !atomic_load(&soak->stop); i++) {
            const struct question *question =
                &questions[serial++ % (sizeof(questions) / sizeof(questions[0]))];
            if (!ask(soak, client, question, serial)) {
                break;
            }
        }
        misbehave(soak, serial);
    }
    return NULL;
}

// Every now and then a reload, as an operator would.
static uint64_t watch(struct soak *soak, unsigned minutes) {
    uint64_t start = clock_now_ns();
    uint64_t length = (uint64_t)minutes * 60 * 1000000000u;
    uint64_t settled_kb = 0;
    for (uint64_t next = 0;; next += length / 20) {
        uint64_t now = clock_now_ns() - start;
        while (now < next && now < length) {
            usleep(100000);
            now = clock_now_ns() - start;
        }
        uint64_t resident = server_process_memory_kb(&soak->stage->gate, "VmRSS");
        printf("%5llu s  %9llu requests  %7llu connections  %llu wrong  %6llu kB resident\n",
               (unsigned long long)(now / 1000000000u), (unsigned long long)atomic_load(&soak->requests),
               (unsigned long long)atomic_load(&soak->connections),
               (unsigned long long)atomic_load(&soak->wrong), (unsigned long long)resident);
        fflush(stdout);
        if (settled_kb == 0 && now >= length / 5) {
            settled_kb = resident;
        }
        if (resident == 0 || now >= length) {
            return settled_kb;
        }
        kill(soak->stage->gate.pid, SIGHUP);
    }
}

bool soak_run(struct stage *stage, unsigned minutes, unsigned connections) {
    struct soak soak = {.stage = stage, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[MOST_WORKERS];
    unsigned count = connections < MOST_WORKERS ? connections : MOST_WORKERS;
    for (unsigned i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, work, &soak);
    }
    uint64_t settled_kb = watch(&soak, minutes);
    atomic_store(&soak.stop, true);
    for (unsigned i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    uint64_t end_kb = server_process_memory_kb(&stage->gate, "VmRSS");
    int code = server_process_stop(&stage->gate);
    printf("resident memory: %llu kB after a fifth of the time, %llu kB at the end; exit code %d\n",
           (unsigned long long)settled_kb, (unsigned long long)end_kb, code);
    if (*soak.first_wrong) {
        printf("first wrong answer: %s\n", soak.first_wrong);
    }
    bool grew = end_kb > settled_kb + settled_kb / 10 && end_kb > settled_kb + 4096;
    return code == 0 && end_kb > 0 && !grew && atomic_load(&soak.wrong) == 0;
}
