// What to ask next about one resource, and when: list, watch, resume, wait. Pure: it is told the time and
// what came, and does no I/O. One thread at a time. Times are CLOCK_MONOTONIC in ns.
#pragma once

#include "kube/kube_watch_stream.h"

#include <stdint.h>

struct kube_watch_rules {
    uint64_t random_seed;
    unsigned page_limit;
    unsigned quiet_s;
    unsigned longest_wait_ms; // between two tries
    unsigned relist_s;
};

struct kube_watch_resource;

struct kube_watch_resource *kube_watch_resource_new(const struct kube_watch_rules *rules,
                                                    uint64_t now_ns); // caller owns
void kube_watch_resource_free(struct kube_watch_resource *resource);
DEFINE_CLEANUP(kube_watch_resource_free, struct kube_watch_resource *)

enum kube_watch_request { KUBE_WATCH_LIST, KUBE_WATCH_STREAM };

// The next request, and not before when; UINT64_MAX while one is under way.
enum kube_watch_request kube_watch_resource_next(const struct kube_watch_resource *resource,
                                                 uint64_t *ret_at_ns);

// Some pages of a list came, others are to come.
bool kube_watch_resource_is_in_a_list(const struct kube_watch_resource *resource);

struct kube_watch_query {
    enum kube_watch_request request;
    unsigned limit;               // LIST
    const char *continue_token;   // LIST; NULL: the first page
    const char *resource_version; // STREAM
    unsigned timeout_s;           // STREAM
};
// The next request starts now. Texts are borrowed until the next change.
struct kube_watch_query kube_watch_resource_start(struct kube_watch_resource *resource, uint64_t now_ns);
// When the request under way is to be cut because nothing was heard.
uint64_t kube_watch_resource_deadline(const struct kube_watch_resource *resource);

// Bytes of a good answer (status 200) came. The first ones of a watch may be just its header.
void kube_watch_resource_heard(struct kube_watch_resource *resource, uint64_t now_ns);

// A page of a list was read and its objects are with the sink. True: it was the last. To be followed by
// kube_watch_resource_ended.
bool kube_watch_resource_page(struct kube_watch_resource *resource, uint64_t now_ns,
                              const char *resource_version, const char *continue_token);

enum kube_watch_verdict {
    KUBE_WATCH_APPLY, // tell the sink
    KUBE_WATCH_SKIP,  // nothing to tell
    KUBE_WATCH_CUT,   // end this stream
};
enum kube_watch_verdict kube_watch_resource_event(struct kube_watch_resource *resource, uint64_t now_ns,
                                                  const struct kube_watch_event *event);

enum kube_watch_end {
    KUBE_WATCH_WHOLE,     // the answer came whole (status 200)
    KUBE_WATCH_BROKEN,    // no connection, or an answer that is cut
    KUBE_WATCH_WRONG,     // something came that can't be read
    KUBE_WATCH_QUIET,     // the deadline passed
    KUBE_WATCH_TOO_LARGE, // a page that is over our caps
    KUBE_WATCH_REFUSED,   // any other status
};
struct kube_watch_outcome {
    enum kube_watch_end end;
    long http_status;       // 0: no answer began
    uint64_t retry_after_s; // 0: not said
    const char *problem;    // "" for WHOLE
};
// The request that was under way is over, also after CUT.
void kube_watch_resource_ended(struct kube_watch_resource *resource, uint64_t now_ns,
                               const struct kube_watch_outcome *outcome);

// The server was heard by somebody else at heard_ns: one that could not reach it before that tries again
// soon, however long its wait has grown.
void kube_watch_resource_hurry(struct kube_watch_resource *resource, uint64_t heard_ns, uint64_t now_ns);

// A new list from its beginning. True: the request under way must be ended first.
MUST_CHECK bool kube_watch_resource_relist(struct kube_watch_resource *resource, uint64_t now_ns);

struct kube_watch_resource_status {
    bool synced, connected;
    uint64_t contact_ns; // when the server was last heard, or when it began
    uint64_t relists, events, errors;
    const char *problem; // borrowed until the next change; "" when all is well
};
struct kube_watch_resource_status kube_watch_resource_status(const struct kube_watch_resource *resource);
