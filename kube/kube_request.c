#include "kube/kube_request.h"

#include "base/clock.h"
#include "kube/kube_client_internal.h"

#include <time.h>

// True: with a 2xx answer.
static bool try_once(struct kube_client *client, const struct kube_request *request, uint64_t left_ns,
                     struct kube_attempt *attempt) {
    size_t most = request->most_bytes ? request->most_bytes : KUBE_MOST_OBJECT_BYTES;
    long left_ms = (long)(left_ns / 1000000) + 1;
    long timeout_ms = left_ms < (long)client->timeout_ms ? left_ms : (long)client->timeout_ms;
    CURL *easy = kube_connections_take(client->connections);
    bool fine =
        kube_attempt_prepare(attempt, client->transport, easy, &request->exchange, timeout_ms, most) &&
        kube_attempt_finish(attempt, client->transport, easy, curl_easy_perform(easy));
    kube_connections_give(client->connections, easy);
    return fine;
}

static void sleep_ns(uint64_t duration_ns) {
    uint64_t until = clock_now_ns() + duration_ns;
    struct timespec wake = {.tv_sec = (time_t)(until / 1000000000u), .tv_nsec = (long)(until % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wake, NULL) != 0) {
    }
}

// One more try? Waits before it.
static bool repeat_after(struct kube_client *client, const struct kube_request *request, unsigned repeat,
                         const struct kube_attempt *attempt, uint64_t deadline_ns) {
    if (repeat >= client->retries || !kube_attempt_may_repeat(attempt, request->repeatable)) {
        return false;
    }
    uint64_t pause = kube_attempt_pause_ns(attempt, repeat);
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
        CLEANUP(kube_attempt_clear) struct kube_attempt attempt;
        if (try_once(client, request, deadline_ns - now, &attempt)) {
            *ret_body = attempt.body;
            buffer_init(&attempt.body, 0);
            return true;
        }
        if (attempt.status == KUBE_UNAUTHORIZED && !shown_anew) {
            shown_anew = true;
            kube_transport_refused(client->transport, attempt.prepared.credential);
        } else if (repeat_after(client, request, repeat, &attempt, deadline_ns)) {
            repeat++;
        } else {
            return kube_attempt_fail(&attempt, &request->exchange, error);
        }
    }
}

bool kube_request_object(struct kube_client *client, const struct kube_request *request,
                         struct document **ret_document, struct error *error) {
    CLEANUP(buffer_clear) struct buffer body;
    buffer_init(&body, 0);
    return kube_request_send(client, request, &body, error) &&
           (!ret_document || kube_answer_read(&body, request->exchange.path, ret_document, error));
}
