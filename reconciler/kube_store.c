#include "reconciler/kube_store.h"

#include "base/clock.h"
#include "base/memory.h"
#include "kube/kube_async.h"
#include "kube/kube_event_memory.h"

#include <stdio.h>
#include <string.h>

enum { USUAL_TIMEOUT_MS = 20 * 1000, EVENT_TIMEOUT_MS = 5 * 1000 };

// One call under way, of somebody who waits (done) or of an event (ticket).
struct store_call {
    struct kube_store *store;
    struct store_call *next, *previous;
    struct kube_async_call *sent; // NULL: it was not, and problem says why in the next turn
    event_timer timer;
    struct error problem;
    bool is_read;
    store_done *done; // NULL: nobody waits (any more)
    void *done_cookie;
    uint64_t ticket; // of the event memory; 0: no event
};

struct kube_store {
    struct kube_store_options options;
    struct kube_async *async;
    struct kube_event_memory *events;
    struct store_call *first;
};

bool kube_store_new(const struct kube_store_options *options, struct kube_store **ret_store,
                    struct error *error) {
    CLEANUP(kube_store_free) struct kube_store *store = memory_calloc(1, sizeof(*store));
    store->options = *options;
    store->options.timeout_ms = options->timeout_ms ? options->timeout_ms : USUAL_TIMEOUT_MS;
    store->events = kube_event_memory_new(options->component, options->instance);
    const struct kube_async_options async = {.loop = options->loop, .client = options->client};
    if (!kube_async_new(&async, &store->async, error)) {
        return false;
    }
    *ret_store = kube_store_free_take(&store);
    return true;
}

// ---- calls under way ----

static struct store_call *add_call(struct kube_store *store, store_done *done, void *done_cookie) {
    struct store_call *call = memory_calloc(1, sizeof(*call));
    *call =
        (struct store_call){.store = store, .next = store->first, .done = done, .done_cookie = done_cookie};
    if (store->first) {
        store->first->previous = call;
    }
    store->first = call;
    return call;
}

static void free_call(struct store_call *call) {
    event_loop_cancel(call->store->options.loop, call->timer);
    free(call);
}

static void remove_call(struct store_call *call) {
    *(call->previous ? &call->previous->next : &call->store->first) = call->next;
    if (call->next) {
        call->next->previous = call->previous;
    }
    free_call(call);
}

void kube_store_free(struct kube_store *store) {
    if (!store) {
        return;
    }
    kube_async_free(store->async);
    for (struct store_call *call = store->first, *next; call; call = next) {
        next = call->next;
        free_call(call);
    }
    kube_event_memory_free(store->events);
    free(store);
}

static void tell(struct store_call *call, const struct store_answer *told) {
    store_done *done = call->done;
    void *done_cookie = call->done_cookie;
    if (call->ticket) {
        kube_event_memory_told(call->store->events, call->ticket, told->error.kind);
    }
    remove_call(call);
    if (done) {
        done(done_cookie, told);
    }
}

// A time-out says nothing of what was carried out; a limit of the server's does.
static struct error error_of(const struct kube_answer *answer) {
    struct error error = answer->error;
    bool is_time_out = error.kind == ERROR_LIMIT && answer->http_status == 0;
    error.kind = is_time_out ? ERROR_IO : error.kind;
    return error;
}

static void answered(void *cookie, const struct kube_answer *answer) {
    const struct store_answer told = {.error = error_of(answer), .object = answer->object};
    tell(cookie, &told);
}

// What is left of a removed object, or a Status: of no use to who asked.
static void removed(void *cookie, const struct kube_answer *answer) {
    const struct store_answer told = {.error = error_of(answer)};
    tell(cookie, &told);
}

static void tell_problem(void *cookie) {
    struct store_call *call = cookie;
    const struct store_answer told = {.error = call->problem};
    call->timer = 0;
    tell(call, &told);
}

static const struct kube_resource *resource_of(const struct kube_store *store, const struct object_key *key) {
    static const struct kube_resource core[] = {
        {.group = "", .version = "v1", .plural = "secrets", .kind = "Secret", .namespaced = true},
        {.group = "", .version = "v1", .plural = "events", .kind = "Event", .namespaced = true},
    };
    for (size_t i = 0; i < sizeof(core) / sizeof(core[0]); i++) {
        if (!*key->group && strcmp(key->kind, core[i].kind) == 0) {
            return &core[i];
        }
    }
    return store->options.resource(store->options.cookie, key);
}

// call: all but its name.
static void start(struct kube_store *store, const struct object_key *key, struct kube_call *call,
                  store_done *done, void *done_cookie) {
    const char *subresource = call->name.subresource;
    struct store_call *started = add_call(store, done, done_cookie);
    const struct kube_resource *resource = resource_of(store, key);
    if (!resource) {
        error_set(&started->problem, ERROR_INVALID, "%s %s is not served", key->kind, key->group);
        started->timer = event_loop_after(store->options.loop, 0, tell_problem, started);
        return;
    }
    call->name = (struct kube_name){.resource = resource,
                                    .namespace = resource->namespaced ? key->namespace : NULL,
                                    .name = key->name,
                                    .subresource = subresource};
    started->is_read = call->verb == KUBE_VERB_READ;
    started->sent = kube_async_start(store->async, call, store->options.timeout_ms,
                                     call->verb == KUBE_VERB_DELETE ? removed : answered, started);
}

// ---- what the reconciler calls ----

static void read_object(void *cookie, const struct object_key *key, store_done *done, void *done_cookie) {
    struct kube_call call = {.verb = KUBE_VERB_READ};
    start(cookie, key, &call, done, done_cookie);
}

static void create(void *cookie, const struct object_key *key, const char *body, store_done *done,
                   void *done_cookie) {
    struct kube_call call = {.verb = KUBE_VERB_CREATE, .body = body};
    start(cookie, key, &call, done, done_cookie);
}

static void replace(void *cookie, const struct object_key *key, const char *body, store_done *done,
                    void *done_cookie) {
    struct kube_call call = {.verb = KUBE_VERB_REPLACE, .body = body};
    start(cookie, key, &call, done, done_cookie);
}

static void patch(void *cookie, const struct object_key *key, const char *subresource, const char *body,
                  store_done *done, void *done_cookie) {
    struct kube_call call = {.verb = KUBE_VERB_PATCH,
                             .name = {.subresource = subresource},
                             .patch = {.type = KUBE_PATCH_MERGE, .body = body}};
    start(cookie, key, &call, done, done_cookie);
}

static void remove_object(void *cookie, const struct object_key *key, const char *uid, store_done *done,
                          void *done_cookie) {
    struct kube_call call = {.verb = KUBE_VERB_DELETE, .uid = uid, .in_background = true};
    start(cookie, key, &call, done, done_cookie);
}

// A write goes on without anybody who waits: half of what was asked for may be on its way.
static void forget(void *cookie, void *done_cookie) {
    struct kube_store *store = cookie;
    for (struct store_call *call = store->first, *next; call; call = next) {
        next = call->next;
        if (!call->done || call->done_cookie != done_cookie) {
            continue;
        }
        call->done = NULL;
        if (call->is_read) {
            kube_async_cancel(call->sent);
            remove_call(call);
        }
    }
}

static void write_event(void *cookie, const struct object_key *key, const char *uid, bool warning,
                        const char *reason, const char *message) {
    struct kube_store *store = cookie;
    if (store->options.event) {
        store->options.event(store->options.cookie, key, warning, reason, message);
    }
    const struct kube_resource *resource = resource_of(store, key);
    if (!resource) {
        return;
    }
    char api_version[256];
    (void)snprintf(api_version, sizeof(api_version), "%s%s%s", resource->group, *resource->group ? "/" : "",
                   resource->version);
    const struct kube_event event = {.api_version = api_version,
                                     .kind = resource->kind,
                                     .namespace = resource->namespaced ? key->namespace : NULL,
                                     .name = key->name,
                                     .uid = uid,
                                     .reason = reason,
                                     .message = message,
                                     .warning = warning};
    CLEANUP(kube_event_writing_clear) struct kube_event_writing writing = {0};
    struct error ignored;
    if (!kube_event_memory_next(store->events, &event, clock_now_ns(), &writing, &ignored)) {
        return;
    }
    struct store_call *call = add_call(store, NULL, NULL);
    call->ticket = writing.ticket;
    call->sent = kube_async_start(store->async, &writing.call, EVENT_TIMEOUT_MS, answered, call);
}

struct object_store kube_store_get(struct kube_store *store) {
    static const struct object_store_methods methods = {
        .read = read_object,
        .create = create,
        .replace = replace,
        .patch = patch,
        .remove = remove_object,
        .forget = forget,
        .event = write_event,
    };
    return (struct object_store){&methods, store};
}
