#include "tests/simulation/wire.h"

#include "base/memory.h"
#include "base/merge_patch.h"
#include "tests/simulation/process.h"
#include "tests/simulation/world.h"

#include <string.h>

enum { CLIENT_PATIENCE_MS = 10000, MOST_LATE_MS = 40000, MOST_SLOW_MS = 15000 };

struct wire_call *wire_call_new(struct process *process, const char *verb) {
    if (process->dead) {
        return NULL;
    }
    struct wire_call *call = memory_calloc(1, sizeof(*call));
    call->process = process;
    call->verb = verb;
    call->arena = arena_new();
    struct world *world = process->world;
    call->next = world->calls;
    call->link = &world->calls;
    if (call->next) {
        call->next->link = &call->next;
    }
    world->calls = call;
    return call;
}

static void free_call(struct wire_call *call) {
    *call->link = call->next;
    if (call->next) {
        call->next->link = call->link;
    }
    document_free(call->store_object);
    arena_free(call->arena);
    free(call);
}

void wire_free_all(struct world *world) {
    while (world->calls) {
        free_call(world->calls);
    }
}

static int64_t latency_ms(struct world *world) {
    int64_t mean = world->faults.latency_ms;
    return random_chance(&world->network, 0.05) ? random_below(&world->network, 20 * mean + 1)
                                                : random_below(&world->network, 2 * mean + 1);
}

static enum wire_fault roll_fault(struct world *world) {
    for (int fault = WIRE_GOOD + 1; fault < WIRE_FAULTS; fault++) {
        if (random_chance(&world->network, world->faults.chance[fault])) {
            return (enum wire_fault)fault;
        }
    }
    return WIRE_GOOD;
}

static const char *const fault_names[WIRE_FAULTS] = {
    "", " (lost)", " (answer lost)", " (comes late)", " (slow answer)", " (refused)"};

static void carry(void *cookie) {
    struct wire_call *call = cookie;
    call->carry(call);
}

// Gives up waiting, while the call may be on its way.
static void give_up(void *cookie) {
    struct wire_call *call = cookie;
    struct error error = {0};
    (void)error_set(&error, ERROR_IO, "no answer within 10 s");
    bool later = call->fault == WIRE_LATE_REQUEST;
    if (!call->forgotten && !call->process->dead &&
        !world_await(call->process, "no answer", call->verb, &call->key)) {
        if (call->provider_done) {
            call->provider_done(call->done_cookie, &(struct provider_answer){.error = error});
        } else if (call->store_done) {
            call->store_done(call->done_cookie, &(struct store_answer){.error = error});
        }
    }
    call->forgotten = true;
    if (!later) {
        free_call(call);
    }
}

static void refuse(void *cookie) {
    struct wire_call *call = cookie;
    struct error error = {0};
    if (call->provider_done) {
        (void)error_set(&error, ERROR_LIMIT, "too many requests");
        wire_answer_provider(call, &(struct provider_answer){.error = error, .retry_after_ms = 1500});
        return;
    }
    bool conflicts = strcmp(call->verb, "read") != 0 && random_chance(&call->process->world->network, 0.7);
    (void)error_set(&error, conflicts ? ERROR_CONFLICT : ERROR_LIMIT,
                    conflicts ? "the object has been changed" : "too many requests");
    wire_answer_store(call, &(struct store_answer){.error = error});
}

void wire_send(struct wire_call *call) {
    if (!call) {
        return;
    }
    struct world *world = call->process->world;
    call->fault = roll_fault(world);
    trace_note(&world->trace, world_now_ms(world), "%u %s %s/%s%s%s%s", call->process->number, call->verb,
               call->key.kind, call->key.name, call->subresource ? " " : "",
               call->subresource ? call->subresource : "", fault_names[call->fault]);
    if (world_await(call->process, "call", call->verb, &call->key)) {
        free_call(call);
        return;
    }
    int64_t late_ms = latency_ms(world);
    switch (call->fault) {
    case WIRE_LOST_REQUEST:
        event_loop_after(world->loop, CLIENT_PATIENCE_MS, give_up, call);
        break;
    case WIRE_LATE_REQUEST:
        event_loop_after(world->loop, CLIENT_PATIENCE_MS, give_up, call);
        event_loop_after(world->loop, CLIENT_PATIENCE_MS + random_between(&world->network, 1, MOST_LATE_MS),
                         carry, call);
        break;
    case WIRE_REFUSED:
        event_loop_after(world->loop, late_ms, refuse, call);
        break;
    default:
        event_loop_after(world->loop, late_ms, carry, call);
    }
}

static struct document *copy_of(const struct node *object) {
    static const struct node nothing = {.type = NODE_MAP, .span = 1};
    struct document *copy = NULL;
    struct error error;
    if (!object || !merge_patch_apply(object, &nothing, &copy, &error)) {
        return NULL;
    }
    return copy;
}

static void deliver_store(void *cookie) {
    struct wire_call *call = cookie;
    if (!call->forgotten && !call->process->dead &&
        !world_await(call->process, "answer", call->verb, &call->key)) {
        call->store_done(call->done_cookie, &call->store_answer);
    }
    free_call(call);
}

static void deliver_provider(void *cookie) {
    struct wire_call *call = cookie;
    if (!call->forgotten && !call->process->dead &&
        !world_await(call->process, "answer", call->verb, &call->key)) {
        call->provider_done(call->done_cookie, &call->provider_answer);
    }
    free_call(call);
}

// What the fault makes of an answer that is there. True: it is not for now.
static bool is_kept(struct wire_call *call, bool nobody_waits) {
    struct world *world = call->process->world;
    if (call->fault == WIRE_LOST_ANSWER) {
        event_loop_after(world->loop, CLIENT_PATIENCE_MS, give_up, call);
        return true;
    }
    if (call->fault == WIRE_LATE_REQUEST || nobody_waits || call->forgotten || call->process->dead) {
        free_call(call);
        return true;
    }
    return false;
}

void wire_answer_store(struct wire_call *call, const struct store_answer *answer) {
    if (is_kept(call, !call->store_done)) {
        return;
    }
    call->store_answer = *answer;
    if (call->fault != WIRE_SLOW_ANSWER) {
        deliver_store(call);
        return;
    }
    struct world *world = call->process->world;
    call->store_object = copy_of(answer->object);
    call->store_answer.object = call->store_object ? document_root(call->store_object) : NULL;
    event_loop_after(world->loop, random_between(&world->network, 1, MOST_SLOW_MS), deliver_store, call);
}

static const struct cloud_cluster *copy_cluster(struct arena *arena, const struct cloud_cluster *cluster) {
    if (!cluster) {
        return NULL;
    }
    struct cloud_cluster *copy = arena_alloc(arena, sizeof(*copy));
    *copy = *cluster;
    copy->owner = arena_strdup(arena, cluster->owner);
    copy->version = arena_strdup(arena, cluster->version);
    copy->target = arena_strdup(arena, cluster->target);
    copy->failure = arena_strdup(arena, cluster->failure);
    copy->endpoint_host = arena_strdup(arena, cluster->endpoint_host);
    struct cloud_pool *pools = arena_alloc(arena, (cluster->pool_count + 1) * sizeof(*pools));
    for (size_t i = 0; i < cluster->pool_count; i++) {
        pools[i] = cluster->pools[i];
        pools[i].name = arena_strdup(arena, pools[i].name);
        pools[i].version = arena_strdup(arena, pools[i].version);
        pools[i].target = arena_strdup(arena, pools[i].target);
    }
    copy->pools = pools;
    return copy;
}

void wire_answer_provider(struct wire_call *call, const struct provider_answer *answer) {
    if (is_kept(call, false)) {
        return;
    }
    call->provider_answer = *answer;
    if (call->fault != WIRE_SLOW_ANSWER) {
        deliver_provider(call);
        return;
    }
    struct world *world = call->process->world;
    struct provider_answer *kept = &call->provider_answer;
    kept->cluster = copy_cluster(call->arena, answer->cluster);
    kept->operation = arena_strdup(call->arena, answer->operation);
    kept->failure = arena_strdup(call->arena, answer->failure);
    kept->kubeconfig = arena_strdup(call->arena, answer->kubeconfig);
    event_loop_after(world->loop, random_between(&world->network, 1, MOST_SLOW_MS), deliver_provider, call);
}

void wire_forget(struct process *process, void *done_cookie) {
    for (struct wire_call *call = process->world->calls; call; call = call->next) {
        if (call->process == process && call->done_cookie == done_cookie) {
            call->forgotten = true;
        }
    }
}
