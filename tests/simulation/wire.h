// The network between one process and the API server or the cloud: calls are late, lost, answered late or
// never, and overtake each other. Every call and every answer is an await point, at which the process may
// crash.
#pragma once

#include "base/arena.h"
#include "reconciler/object_store.h"
#include "reconciler/provider.h"

struct process;
struct world;

enum wire_fault {
    WIRE_GOOD,
    WIRE_LOST_REQUEST, // never carried out, no answer
    WIRE_LOST_ANSWER,  // carried out, no answer
    WIRE_LATE_REQUEST, // no answer, and carried out long after the caller has given up
    WIRE_SLOW_ANSWER,  // what it tells is old when it comes
    WIRE_REFUSED,      // by whoever is asked: a conflict, or too many requests
    WIRE_FAULTS,
};

struct wire_faults {
    double chance[WIRE_FAULTS];
    int64_t latency_ms; // mean time of a call
};

// One call under way. It belongs to the world and is freed with its answer, or with the world.
struct wire_call {
    struct process *process;
    const char *verb; // for the trace
    enum wire_fault fault;
    void (*carry)(struct wire_call *call); // does it
    struct arena *arena;                   // of all that follows
    struct object_key key;                 // store: of what
    const char *body, *subresource, *uid;
    store_done *store_done;          // NULL: nobody waits
    struct provider_request request; // cloud: target, and all of a start
    const char *operation;           // of poll
    provider_done *provider_done;
    void *done_cookie;
    bool forgotten;
    struct store_answer store_answer; // kept for later
    struct document *store_object;
    struct provider_answer provider_answer;
    struct wire_call *next, **link;
};

struct wire_call *wire_call_new(struct process *process, const char *verb);
// Sends it: rolls the fault and the time that it takes. NULL (of wire_call_new, process is dead) is ignored.
void wire_send(struct wire_call *call);
// The answer of a call that was carried out is here. Frees the call.
void wire_answer_store(struct wire_call *call, const struct store_answer *answer);
void wire_answer_provider(struct wire_call *call, const struct provider_answer *answer);
// What is asked for by this cookie is not answered any more.
void wire_forget(struct process *process, void *done_cookie);
void wire_free_all(struct world *world);

// What the process is given in place of the real ones.
struct object_store wire_store(struct process *process);
struct provider wire_cloud(struct process *process);
