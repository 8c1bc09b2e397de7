// Prepares requests in a thread of its own, for a credential plugin may take a minute and an event loop must
// not wait for it.
#pragma once

#include "kube/kube_attempt.h"
#include "loop/event_loop.h"

struct kube_preparer;

// One request. Everything is borrowed until done is called.
struct kube_preparation {
    struct kube_attempt *attempt;
    CURL *easy;
    const struct kube_exchange *exchange;
    long timeout_ms;
    bool is_prepared; // the result; attempt->problem says why not
    event_callback *done;
    void *cookie; // also what done is called with
    struct kube_preparation *next;
};

// Both are borrowed until kube_preparer_free. Caller owns. Fails with LIMIT: no thread.
MUST_CHECK bool kube_preparer_new(struct event_loop *loop, struct kube_transport *transport,
                                  struct kube_preparer **ret_preparer, struct error *error);
// Waits for a plugin that runs. done of what is left is not called any more.
void kube_preparer_free(struct kube_preparer *preparer);
DEFINE_CLEANUP(kube_preparer_free, struct kube_preparer *)

// Calls done on the loop's thread; the loop's thread only.
void kube_preparer_submit(struct kube_preparer *preparer, struct kube_preparation *preparation);
