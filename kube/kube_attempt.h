// One try of a request: what came of it, and whether another one is worth it.
#pragma once

#include "base/buffer.h"
#include "base/document.h"
#include "kube/kube_transport.h"

enum { KUBE_MOST_OBJECT_BYTES = 16 << 20, KUBE_MOST_PAGE_BYTES = 64 << 20, KUBE_UNAUTHORIZED = 401 };

// To be kept in its place until the transfer has ended.
struct kube_attempt {
    CURLcode code;
    long status;        // 0: no answer
    long retry_after_s; // 0: not told
    bool is_prepared;
    struct kube_prepared prepared;
    struct buffer body;
    struct error problem; // of code, or of what came before the request
    char words[CURL_ERROR_SIZE];
};
void kube_attempt_clear(struct kube_attempt *attempt);
static inline void kube_attempt_clear_cleanup(struct kube_attempt *attempt) {
    kube_attempt_clear(attempt);
}

// Sets up easy for the transfer, which the caller runs. most_bytes: of the answer. May block as
// kube_transport_prepare does. False: attempt.problem says why.
MUST_CHECK bool kube_attempt_prepare(struct kube_attempt *attempt, struct kube_transport *transport,
                                     CURL *easy, const struct kube_exchange *exchange, long timeout_ms,
                                     size_t most_bytes);
// The transfer has ended. True: with a 2xx answer, which is in attempt.body.
bool kube_attempt_finish(struct kube_attempt *attempt, struct kube_transport *transport, CURL *easy,
                         CURLcode code);

// repeatable: carrying the request out twice does no harm.
bool kube_attempt_may_repeat(const struct kube_attempt *attempt, bool repeatable);
// How long to wait before the next try; repeat counts from 0.
uint64_t kube_attempt_pause_ns(const struct kube_attempt *attempt, unsigned repeat);
// "GET /api/v1/…: 404 …". Returns false.
bool kube_attempt_fail(const struct kube_attempt *attempt, const struct kube_exchange *exchange,
                       struct error *error);
// The JSON of an answer. Fails with LIMIT or IO.
MUST_CHECK bool kube_answer_read(const struct buffer *body, const char *path, struct document **ret_document,
                                 struct error *error);
