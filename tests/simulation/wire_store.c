// The API server behind the wire.
#include "tests/simulation/process.h"
#include "tests/simulation/wire.h"
#include "tests/simulation/world.h"

#include <string.h>

static struct wire_call *new_call(void *cookie, const char *verb, const struct object_key *key,
                                  store_done *done, void *done_cookie) {
    struct wire_call *call = wire_call_new(cookie, verb);
    if (call) {
        call->key = (struct object_key){.group = arena_strdup(call->arena, key->group),
                                        .kind = arena_strdup(call->arena, key->kind),
                                        .namespace = arena_strdup(call->arena, key->namespace),
                                        .name = arena_strdup(call->arena, key->name)};
        call->store_done = done;
        call->done_cookie = done_cookie;
    }
    return call;
}

static const struct object_store *store_of(struct wire_call *call) {
    return &call->process->world->store;
}

static void answered(void *cookie, const struct store_answer *answer) {
    wire_answer_store(cookie, answer);
}

static void carry_read(struct wire_call *call) {
    const struct object_store *store = store_of(call);
    store->methods->read(store->cookie, &call->key, answered, call);
}

static void carry_create(struct wire_call *call) {
    const struct object_store *store = store_of(call);
    store->methods->create(store->cookie, &call->key, call->body, answered, call);
}

static bool is_record(const struct object_key *key) {
    static const char ending[] = "-fleetgate";
    size_t length = strlen(key->name);
    return strcmp(key->kind, "Secret") == 0 && length > sizeof(ending) &&
           strcmp(key->name + length - (sizeof(ending) - 1), ending) == 0;
}

static void carry_replace(struct wire_call *call) {
    const struct object_store *store = store_of(call);
    if (call->process->world->broken == BROKEN_RECORD && is_record(&call->key)) {
        carry_read(call); // and says that it was stored
        return;
    }
    store->methods->replace(store->cookie, &call->key, call->body, answered, call);
}

static void carry_patch(struct wire_call *call) {
    const struct object_store *store = store_of(call);
    store->methods->patch(store->cookie, &call->key, call->subresource, call->body, answered, call);
}

static void carry_remove(struct wire_call *call) {
    const struct object_store *store = store_of(call);
    store->methods->remove(store->cookie, &call->key, call->uid, answered, call);
}

static void send(struct wire_call *call, void (*carry)(struct wire_call *call)) {
    if (!call) {
        return;
    }
    call->carry = carry;
    wire_send(call);
}

static void store_read(void *cookie, const struct object_key *key, store_done *done, void *done_cookie) {
    send(new_call(cookie, "read", key, done, done_cookie), carry_read);
}

static void store_create(void *cookie, const struct object_key *key, const char *body, store_done *done,
                         void *done_cookie) {
    struct wire_call *call = new_call(cookie, "create", key, done, done_cookie);
    if (call) {
        call->body = arena_strdup(call->arena, body);
    }
    send(call, carry_create);
}

static void store_replace(void *cookie, const struct object_key *key, const char *body, store_done *done,
                          void *done_cookie) {
    struct wire_call *call = new_call(cookie, "replace", key, done, done_cookie);
    if (call) {
        call->body = arena_strdup(call->arena, body);
    }
    send(call, carry_replace);
}

static void store_patch(void *cookie, const struct object_key *key, const char *subresource, const char *body,
                        store_done *done, void *done_cookie) {
    struct wire_call *call = new_call(cookie, "patch", key, done, done_cookie);
    if (call) {
        call->body = arena_strdup(call->arena, body);
        call->subresource = arena_strdup(call->arena, subresource);
    }
    send(call, carry_patch);
}

static void store_remove(void *cookie, const struct object_key *key, const char *uid, store_done *done,
                         void *done_cookie) {
    struct wire_call *call = new_call(cookie, "remove", key, done, done_cookie);
    if (call) {
        call->uid = arena_strdup(call->arena, uid);
    }
    send(call, carry_remove);
}

static void store_forget(void *cookie, void *done_cookie) {
    wire_forget(cookie, done_cookie);
}

static void tell_event(void *cookie, const struct object_key *key, const char *uid, bool warning,
                       const char *reason, const char *message) {
    struct process *process = cookie;
    (void)uid;
    if (!process->dead) {
        trace_note(&process->world->trace, world_now_ms(process->world), "%u event %s/%s %s%s: %s",
                   process->number, key->kind, key->name, warning ? "warning " : "", reason, message);
    }
}

struct object_store wire_store(struct process *process) {
    static const struct object_store_methods methods = {
        .read = store_read,
        .create = store_create,
        .replace = store_replace,
        .patch = store_patch,
        .remove = store_remove,
        .forget = store_forget,
        .event = tell_event,
    };
    return (struct object_store){&methods, process};
}
