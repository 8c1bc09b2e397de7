#include "kube/kube_event.h"

#include "base/memory.h"
#include "kube/kube_event_memory.h"

#define PATIENCE_NS (5 * UINT64_C(1000000000))

struct kube_events {
    struct kube_client *client;
    struct kube_event_memory *memory;
};

struct kube_events *kube_events_new(const struct kube_event_options *options) {
    struct kube_events *events = memory_calloc(1, sizeof(*events));
    events->client = options->client;
    events->memory = kube_event_memory_new(options->component, options->instance);
    return events;
}

void kube_events_free(struct kube_events *events) {
    if (events) {
        kube_event_memory_free(events->memory);
        free(events);
    }
}

static bool send_writing(struct kube_events *events, const struct kube_event_writing *writing,
                         uint64_t deadline_ns, struct error *error) {
    const struct kube_call *call = &writing->call;
    bool sent = call->verb == KUBE_VERB_CREATE
                    ? kube_create(events->client, &call->name, call->body, deadline_ns, NULL, error)
                    : kube_patch(events->client, &call->name, &call->patch, deadline_ns, NULL, error);
    kube_event_memory_told(events->memory, writing->ticket, sent ? ERROR_NONE : error->kind);
    return sent;
}

bool kube_events_write(struct kube_events *events, const struct kube_event *event, uint64_t now_ns,
                       struct error *error) {
    CLEANUP(kube_event_writing_clear) struct kube_event_writing writing = {0}, anew = {0};
    struct error problem = {0};
    if (!kube_event_memory_next(events->memory, event, now_ns, &writing, error)) {
        return false;
    }
    uint64_t deadline_ns = now_ns + PATIENCE_NS;
    if (send_writing(events, &writing, deadline_ns, &problem)) {
        return true;
    }
    if (writing.call.verb == KUBE_VERB_CREATE || problem.kind != ERROR_NOT_FOUND) {
        return error_set(error, problem.kind, "%s", problem.message);
    }
    kube_event_memory_anew(events->memory, event, now_ns, &anew);
    return send_writing(events, &anew, deadline_ns, error);
}
