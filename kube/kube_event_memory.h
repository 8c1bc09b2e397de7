// What Events were written lately, and what is to be sent to tell of one more: kube_event.h without the
// sending.
#pragma once

#include "kube/kube_call.h"
#include "kube/kube_event.h"

struct kube_event_memory;

// component, instance: as in kube_event_options; copied. Caller owns. One thread at a time.
struct kube_event_memory *kube_event_memory_new(const char *component, const char *instance);
void kube_event_memory_free(struct kube_event_memory *memory);
DEFINE_CLEANUP(kube_event_memory_free, struct kube_event_memory *)

// A call that is to be made, and whose outcome is to be told.
struct kube_event_writing {
    struct kube_call call; // borrows from what follows: not to be copied
    char *namespace, *name, *body;
    uint64_t ticket;
};
void kube_event_writing_clear(struct kube_event_writing *writing);
static inline void kube_event_writing_clear_cleanup(struct kube_event_writing *writing) {
    kube_event_writing_clear(writing);
}

// A create, or a patch that counts a repeat. Caller clears. Fails with LIMIT: too many at once, or the same
// event is on its way; it is counted then, and told with the next one.
MUST_CHECK bool kube_event_memory_next(struct kube_event_memory *memory, const struct kube_event *event,
                                       uint64_t now_ns, struct kube_event_writing *ret_writing,
                                       struct error *error);
// How the call ended; ERROR_NONE: well.
void kube_event_memory_told(struct kube_event_memory *memory, uint64_t ticket, enum error_kind outcome);
// After a repeat ended with NOT_FOUND: the Event is gone, and is written anew with its count. Caller clears.
void kube_event_memory_anew(struct kube_event_memory *memory, const struct kube_event *event, uint64_t now_ns,
                            struct kube_event_writing *ret_writing);
