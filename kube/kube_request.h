// One request with its retries, on a connection that is kept: what kube_client.h and kube_list are made of.
#pragma once

#include "base/buffer.h"
#include "kube/kube_attempt.h"
#include "kube/kube_client.h"

struct kube_request {
    struct kube_exchange exchange;
    uint64_t deadline_ns; // CLOCK_MONOTONIC; 0: as long as all tries may take
    size_t most_bytes;    // of the answer; 0: KUBE_MOST_OBJECT_BYTES
    bool repeatable;      // carrying it out twice does no harm
};

// *ret_body: the body of a 2xx answer; caller clears. Fails as kube_client.h says.
MUST_CHECK bool kube_request_send(struct kube_client *client, const struct kube_request *request,
                                  struct buffer *ret_body, struct error *error);
// The same, and reads the JSON; ret_document may be NULL: not wanted.
MUST_CHECK bool kube_request_object(struct kube_client *client, const struct kube_request *request,
                                    struct document **ret_document, struct error *error);
