#include "kube/kube_attempt.h"

#include "base/clock.h"
#include "base/json_reader.h"
#include "kube/kube_status.h"

#include <string.h>
#include <sys/random.h>

// The back-off doubles from the first to the last; a Retry-After is obeyed up to its cap.
enum { FIRST_PAUSE_MS = 200, LONGEST_PAUSE_MS = 10 * 1000, MOST_RETRY_AFTER_S = 30 };
// A page of 500 objects of 1.5 MB would be cut by its bytes first.
static const struct document_limits answer_limits = {.depth = 128, .nodes = 8u << 20};

void kube_attempt_clear(struct kube_attempt *attempt) {
    kube_prepared_clear(&attempt->prepared);
    buffer_clear(&attempt->body);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *cookie) {
    struct buffer *body = cookie;
    buffer_append(body, bytes, size * count);
    return body->cut ? 0 : size * count;
}

bool kube_attempt_prepare(struct kube_attempt *attempt, struct kube_transport *transport, CURL *easy,
                          const struct kube_exchange *exchange, long timeout_ms, size_t most_bytes) {
    *attempt = (struct kube_attempt){0};
    buffer_init(&attempt->body, most_bytes);
    attempt->is_prepared =
        kube_transport_prepare(transport, easy, exchange, &attempt->prepared, &attempt->problem);
    if (attempt->is_prepared) {
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &attempt->body);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->words);
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    }
    return attempt->is_prepared;
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

bool kube_attempt_finish(struct kube_attempt *attempt, struct kube_transport *transport, CURL *easy,
                         CURLcode code) {
    attempt->code = code;
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
    if (code == CURLE_OK) {
        curl_off_t retry_after = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &attempt->status);
        curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
        attempt->retry_after_s = retry_after > MOST_RETRY_AFTER_S ? MOST_RETRY_AFTER_S : (long)retry_after;
    } else if (attempt->body.cut) {
        error_set(&attempt->problem, ERROR_LIMIT, "the answer is larger than %zu MiB",
                  attempt->body.maximum >> 20);
    } else {
        kube_transport_error(transport, code, attempt->words, &attempt->problem);
    }
    if (attempt->status >= 300) {
        hide_token(&attempt->prepared, &attempt->body);
    }
    return attempt->status >= 200 && attempt->status < 300;
}

// The request never left us, so that the server can't have carried it out.
static bool was_not_sent(CURLcode code) {
    return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_COULDNT_RESOLVE_PROXY;
}

// Trying again does not give another certificate, another proxy password or a smaller answer.
static bool can_pass(const struct kube_attempt *attempt) {
    switch (attempt->code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return false;
    default:
        return !attempt->body.cut;
    }
}

bool kube_attempt_may_repeat(const struct kube_attempt *attempt, bool repeatable) {
    switch (attempt->status) {
    case 0:
        return attempt->is_prepared && can_pass(attempt) && (repeatable || was_not_sent(attempt->code));
    case 429:
        return true;
    case 503:
        return repeatable || attempt->retry_after_s > 0;
    case 500:
    case 502:
    case 504:
        return repeatable;
    default:
        return false;
    }
}

// Full jitter: anything up to the step, so that many replicas don't come back together.
uint64_t kube_attempt_pause_ns(const struct kube_attempt *attempt, unsigned repeat) {
    uint64_t step_ms = (uint64_t)FIRST_PAUSE_MS << (repeat < 8 ? repeat : 8);
    step_ms = step_ms < LONGEST_PAUSE_MS ? step_ms : LONGEST_PAUSE_MS;
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
        random = clock_now_ns();
    }
    return (uint64_t)attempt->retry_after_s * 1000000000u + random % (step_ms * 1000000u);
}

bool kube_attempt_fail(const struct kube_attempt *attempt, const struct kube_exchange *exchange,
                       struct error *error) {
    if (attempt->status > 0) {
        kube_status_error(attempt->status, buffer_text(&attempt->body), attempt->body.length, error);
    } else {
        error_set(error, attempt->problem.kind, "%s", attempt->problem.message);
    }
    return error_wrap(error, "%s %.*s", exchange->method ? exchange->method : "GET",
                      (int)strcspn(exchange->path, "?"), exchange->path);
}

bool kube_answer_read(const struct buffer *body, const char *path, struct document **ret_document,
                      struct error *error) {
    struct error problem;
    return json_read_objects(buffer_text(body), body->length, &answer_limits, ret_document, &problem) ||
           error_set(error, problem.kind == ERROR_LIMIT ? ERROR_LIMIT : ERROR_IO,
                     "%s: the answer can't be read: %s", path, problem.message);
}
