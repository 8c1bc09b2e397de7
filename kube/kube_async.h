// Calls of the API server on an event loop: they return at once, and the answer comes as a callback. The
// loop's thread only.
#pragma once

#include "kube/kube_call.h"
#include "loop/event_loop.h"

struct kube_async;

// Borrowed until kube_async_free; the client's time-outs and retries hold. The loop must not be a virtual
// one.
struct kube_async_options {
    struct event_loop *loop;
    struct kube_client *client;
    unsigned at_once; // requests on their way; others wait in order; 0: 32
};

// A kubeconfig with a credential plugin gets a thread that runs it. Fails with LIMIT: no thread. Caller owns.
MUST_CHECK bool kube_async_new(const struct kube_async_options *options, struct kube_async **ret_async,
                               struct error *error);
// Calls under way are dropped; not inside a callback. Waits for a credential plugin that runs (60 s at most).
void kube_async_free(struct kube_async *async);
DEFINE_CLEANUP(kube_async_free, struct kube_async *)

struct kube_answer {
    struct error error;        // as kube_client.h says; a time-out is LIMIT
    long http_status;          // of the last try; 0: there was no answer
    const struct node *object; // as the server has it now; NULL on failure
};
// What the answer points to is valid during the call.
typedef void kube_async_done(void *cookie, const struct kube_answer *answer);

struct kube_async_call;

// Texts of call are copied. timeout_ms: until the answer, with all tries and waits; 0: what the client's
// options allow. done is never called inside this call; it may start and cancel any calls.
struct kube_async_call *kube_async_start(struct kube_async *async, const struct kube_call *call,
                                         int64_t timeout_ms, kube_async_done *done, void *cookie);
// done is not called any more; what was sent may be carried out all the same. NULL is ignored; a call whose
// done was called must not be named.
void kube_async_cancel(struct kube_async_call *call);
