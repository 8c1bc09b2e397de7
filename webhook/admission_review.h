// AdmissionReview v1: the API server's question as a review.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "engine/review.h"

struct admission_review {
    struct document *document; // holds every node below
    struct arena *arena;       // holds every text that is not in the document
    const char *api_version;   // echoed in the answer
    struct review review;      // door, now and deadline_ns are the caller's to set
    int64_t stale_ms;          // how old what is known of the fleet may be; -1: nothing is known
    const char *operation;     // "CREATE", "UPDATE", "DELETE", "CONNECT"
    const char
        *skip; // why nothing is evaluated and the answer is yes: "CONNECT", "subresource status"; or NULL
};

void admission_review_clear(struct admission_review *admission);
static inline void admission_review_clear_cleanup(struct admission_review *admission) {
    admission_review_clear(admission);
}

// Reads a request body (malloc; takes ownership, also on failure). Fails with INVALID or LIMIT and a message
// that names the field: "request.uid: missing". Caller clears.
// https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
MUST_CHECK bool admission_review_read(char *body, size_t length, struct admission_review *ret_admission,
                                      struct error *error);
