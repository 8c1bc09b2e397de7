#include "kube/kube_request.h"

#include "base/clock.h"
#include "base/json_reader.h"
#include "kube/kube_client_internal.h"
#include "kube/kube_status.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

// The back-off doubles from the first to the last; a Retry-After is obeyed up to its cap.
enum { FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 10 * 1000, MOST_RETRY_AFTER_S = 30 };
// A page of 500 objects of 1.5 MB would be cut by its bytes first.
static const struct document_limits answer_limits = {.depth = 128, .nodes = 8u << 20};

// How one try ended.
struct outcome {
    CURLcode code;
    long status;        // 0: no answer
    long retry_after_s; // 0: not told
    uint64_t credential;
    bool prepared;
    struct buffer body;
    struct error problem; // of code, or of what came before the request
};

static size_t take_body(char *bytes, size_t size, size_t count, void *cookie) {
    struct buffer *body = cookie;
    buffer_append(body, bytes, size * count);
    return body->cut ? 0 : size * count;
}

// No proxy and no echo server shall bring our token into a message.
static void hide_token(const struct kube_prepared *prepared, struct buffer *body) {
    static const char prefix[] = "Authorization: Bearer ";
    for (const struct curl_slist *header = prepared->headers; header; header = header->next) {
        if (strncmp(header->data, prefix, sizeof(prefix) - 1) != 0 || !body->data) {
            continue;
        }
        const char *token = header->data + sizeof(prefix) - 1;
        size_t length = strlen(token);
        for (char *at = body->data;
             (at = memmem(at, body->length - (size_t)(at - body->data), token, length)); at += length) {
            memset(at, '*', length);
        }
    }
}

static void perform(struct kube_client *client, CURL *easy, struct outcome *outcome) {
    char words[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
    outcome->code = curl_easy_perform(easy);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    if (outcome->code == CURLE_OK) {
        curl_off_t retry_after = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &outcome->status);
        curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
        outcome->retry_after_s = retry_after > MOST_RETRY_AFTER_S ? MOST_RETRY_AFTER_S : (long)retry_after;
    } else if (outcome->body.cut) {
        error_set(&outcome->problem, ERROR_LIMIT, "the answer is larger than %zu MiB",
                  outcome->body.maximum >> 20);
    } else {
        kube_transport_error(client->transport, outcome->code, words, &outcome->problem);
    }
}

static void try_once(struct kube_client *client, const struct kube_request *request, uint64_t left_ns,
                     struct outcome *ret_outcome) {
    size_t most = request->most_bytes ? request->most_bytes : KUBE_MOST_OBJECT_BYTES;
    long left_ms = (long)(left_ns / 1000000) + 1;
    CLEANUP(kube_prepared_clear) struct kube_prepared prepared = {0};
    *ret_outcome = (struct outcome){0};
    buffer_init(&ret_outcome->body, most);
    CURL *easy = kube_connections_take(client->connections);
    ret_outcome->prepared =
        kube_transport_prepare(client->transport, easy, &request->exchange, &prepared, &ret_outcome->problem);
    if (ret_outcome->prepared) {
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &ret_outcome->body);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                         left_ms < (long)client->timeout_ms ? left_ms : (long)client->timeout_ms);
        perform(client, easy, ret_outcome);
        ret_outcome->credential = prepared.credential;
        if (ret_outcome->status >= 300) {
            hide_token(&prepared, &ret_outcome->body);
        }
    }
    kube_connections_give(client->connections, easy);
}

// The request never left us, so that the server can't have carried it out.
static bool was_not_sent(CURLcode code) {
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_COULDNT_RESOLVE_PROXY;
}

// Trying again does not give another certificate, another proxy password or a smaller answer.
static bool can_pass(const struct outcome *outcome) {
    switch (outcome->code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return false;
    default:
        return !outcome->body.cut;
    }
}

static bool worth_repeating(const struct kube_request *request, const struct outcome *outcome) {
    switch (outcome->status) {
    case 0:
        return outcome->prepared && can_pass(outcome) && (request->repeatable || was_not_sent(outcome->code));
    case 429:
        return true;
    case 503:
        return request->repeatable || outcome->retry_after_s > 0;
    case 500:
    case 502:
    case 504:
        return request->repeatable;
    default:
        return false;
    }
}

// Full jitter: anything up to the step, so that many replicas don't come back together.
static uint64_t pause_ns(unsigned repeat, long retry_after_s) {
    uint64_t step_ms = (uint64_t)FIRST_PAUSE_MS << (repeat < 8 ? repeat : 8);
    step_ms = step_ms < LONGEST_PAUSE_MS ? step_ms : LONGEST_PAUSE_MS;
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
        random = clock_now_ns();
    }
    return (uint64_t)retry_after_s * 1000000000u + random % (step_ms * 1000000u);
}

static void sleep_ns(uint64_t duration_ns) {
    uint64_t until = clock_now_ns() + duration_ns;
    struct timespec wake = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) != 0) {
    }
}

static bool fail(const struct kube_request *request, const struct outcome *outcome, struct error *error) {
    const char *path = request->exchange.path;
    if (outcome->status > 0) {
        kube_status_error(outcome->status, buffer_text(&outcome->body), outcome->body.length, error);
    } else {
        error_set(error, outcome->problem.kind, "%s", outcome->problem.message);
    }
    return error_wrap(error, "%s %.*s", request->exchange.method ? request->exchange.method : "GET",
                      (int)strcspn(path, "?"), path);
}

// One more try? Waits before it.
static bool repeat_after(struct kube_client *client, const struct kube_request *request, unsigned repeat,
                         const struct outcome *outcome, uint64_t deadline_ns) {
    if (repeat >= client->retries || !worth_repeating(request, outcome)) {
        return false;
    }
    uint64_t pause = pause_ns(repeat, outcome->retry_after_s);
    if (clock_now_ns() + pause >= deadline_ns) {
        return false;
    }
    sleep_ns(pause);
    return true;
}

bool kube_request_send(struct kube_client *client, const struct kube_request *request,
                       struct buffer *ret_body, struct error *error) {
    uint64_t deadline_ns = request->deadline_ns;
    if (!deadline_ns) {
        deadline_ns = clock_now_ns() + (uint64_t)client->timeout_ms * (client->retries + 1) * 1000000u;
    }
    bool shown_anew = false;
    for (unsigned repeat = 0;;) {
        uint64_t now = clock_now_ns();
        if (now >= deadline_ns) {
            return error_set(error, ERROR_LIMIT, "no time is left for a request to the API server");
        }
        struct outcome outcome;
        try_once(client, request, deadline_ns - now, &outcome);
        if (outcome.status >= 200 && outcome.status < 300) {
            *ret_body = outcome.body;
            return true;
        }
        if (outcome.status == 401 && !shown_anew) {
            shown_anew = true;
            kube_transport_refused(client->transport, outcome.credential);
        } else if (repeat_after(client, request, repeat, &outcome, deadline_ns)) {
            repeat++;
        } else {
            (void)fail(request, &outcome, error);
            buffer_clear(&outcome.body);
            return false;
        }
        buffer_clear(&outcome.body);
    }
}

bool kube_request_object(struct kube_client *client, const struct kube_request *request,
                         struct document **ret_document, struct error *error) {
    CLEANUP(buffer_clear) struct buffer body;
    buffer_init(&body, 0);
    if (!kube_request_send(client, request, &body, error)) {
        return false;
    }
    struct error problem;
    if (ret_document &&
        !json_read_objects(buffer_text(&body), body.length, &answer_limits, ret_document, &problem)) {
        return error_set(error, problem.kind == ERROR_LIMIT ? ERROR_LIMIT : ERROR_IO,
                         "%s: the answer can't be read: %s", request->exchange.path, problem.message);
    }
    return true;
}
