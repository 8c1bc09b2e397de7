// One call of the API as an HTTP request: its path, its body, and whether it may be sent twice.
#pragma once

#include "base/buffer.h"
#include "kube/kube_client.h"
#include "kube/kube_transport.h"

enum kube_verb { KUBE_VERB_READ, KUBE_VERB_CREATE, KUBE_VERB_REPLACE, KUBE_VERB_PATCH, KUBE_VERB_DELETE };

// Texts are borrowed.
struct kube_call {
    enum kube_verb verb;
    struct kube_name name;
    const char *body;        // CREATE, REPLACE
    struct kube_patch patch; // PATCH
    const char *uid;         // DELETE: what has this uid; NULL: whatever is there
    bool in_background;      // DELETE: what it owns goes after it, whatever the kind's default is
};

struct kube_call_request {
    struct buffer path;
    char *options; // body of a DELETE
    struct kube_exchange exchange;
    // Carrying it out twice does no harm. A create of a name is refused the second time; a replace or patch
    // that names no version might undo what somebody wrote in between.
    bool is_repeatable;
};
void kube_call_request_clear(struct kube_call_request *request);
static inline void kube_call_request_clear_cleanup(struct kube_call_request *request) {
    kube_call_request_clear(request);
}

// The exchange borrows from call and from *ret_request, which must stay in its place; caller clears, also on
// failure. Fails with INVALID or LIMIT.
MUST_CHECK bool kube_call_prepare(const struct kube_call *call, struct kube_call_request *ret_request,
                                  struct error *error);
