// The cloud behind the vtable: calls that take their time, and sometimes get no answer.
#include "base/memory.h"
#include "base/random.h"
#include "reconciler/providers/sim_internal.h"
#include "reconciler/providers/sim_request.h"
#include "reconciler/providers/sim_view.h"

#include <string.h>

enum {
    TIMEOUT_LATENCIES = 50, // a call without an answer takes so much longer
    LEAST_THROTTLE_MS = 500,
    THROTTLE_JITTER_MS = 2000,
    MOST_KUBECONFIG = 16 * 1024,
};

enum call_kind { CALL_OBSERVE, CALL_START, CALL_POLL, CALL_KUBECONFIG };
enum call_end { END_ANSWERED, END_THROTTLED, END_REQUEST_LOST, END_ANSWER_LOST };

// A call that is under way.
struct call {
    struct sim *sim;
    struct call *previous, *next;
    enum call_kind kind;
    enum call_end end;
    int64_t answer_after_ms; // the request was carried out
    event_timer timer;
    provider_done *done; // NULL: nobody waits any more
    void *done_cookie;
    struct provider_request request; // the others' target, too; token: the operation that is polled
    struct error error;              // of start
    int64_t retry_after_ms;
    char operation[SIM_OPERATION_BYTES];
    char texts[]; // what request points to
};

static void end_call(struct call *call) {
    if (call->previous) {
        call->previous->next = call->next;
    } else {
        call->sim->calls = call->next;
    }
    if (call->next) {
        call->next->previous = call->previous;
    }
    free(call);
}

void sim_drop_calls(struct sim *sim) {
    for (struct call *call = sim->calls, *next; call; call = next) {
        next = call->next;
        event_loop_cancel(sim->loop, call->timer);
        free(call);
    }
    sim->calls = NULL;
}

// ---- what the calls do ----

static void carry_out(struct call *call) {
    struct sim *sim = call->sim;
    struct sim_cluster *kept = NULL;
    if (!sim_look(sim, &call->request.target, false, &kept, &call->error) &&
        call->error.kind != ERROR_NOT_FOUND) {
        return;
    }
    struct sim_outcome outcome;
    sim_request_start(sim->model, &call->request, &sim->faults, event_loop_wall_ms(sim->loop), &outcome);
    call->error = outcome.error;
    call->retry_after_ms = outcome.retry_after_ms;
    if (outcome.started) {
        memcpy(call->operation, outcome.started->id, sizeof(call->operation));
    }
    if (outcome.cluster && !sim_store(sim, outcome.cluster, &call->error)) {
        call->operation[0] = '\0';
    }
}

static void answer_observe(struct call *call, struct provider_answer *answer) {
    struct sim_cluster *cluster = NULL;
    if (sim_look_present(call->sim, &call->request.target, false, &cluster, &answer->error)) {
        struct cloud_cluster *view = arena_alloc(call->sim->scratch, sizeof(*view));
        sim_view_cluster(call->sim->scratch, cluster, view);
        answer->cluster = view;
    }
}

static void answer_start(const struct call *call, struct provider_answer *answer) {
    answer->error = call->error;
    answer->retry_after_ms = call->retry_after_ms;
    answer->operation = call->error.kind == ERROR_NONE && call->operation[0] ? call->operation : NULL;
    answer->state = answer->operation ? OPERATION_RUNNING : OPERATION_SUCCEEDED;
}

static void answer_poll(struct call *call, struct provider_answer *answer) {
    struct sim_cluster *kept = NULL;
    if (!sim_look(call->sim, &call->request.target, true, &kept, &answer->error)) {
        return;
    }
    int64_t now_ms = event_loop_wall_ms(call->sim->loop);
    for (size_t i = kept->operation_count; i-- > 0;) {
        const struct sim_operation *operation = &kept->operations[i];
        if (strcmp(operation->id, call->request.token) == 0 && operation->known_until_ms > now_ms) {
            answer->state = operation->state;
            answer->failure = operation->failure;
            return;
        }
    }
    error_set(&answer->error, ERROR_NOT_FOUND, "%s: there is no operation %.64s", kept->id,
              call->request.token);
}

static void answer_kubeconfig(struct call *call, struct provider_answer *answer) {
    struct sim_cluster *cluster = NULL;
    if (!sim_look_present(call->sim, &call->request.target, true, &cluster, &answer->error)) {
        return;
    }
    if (!cluster->has_endpoint) {
        error_set(&answer->error, ERROR_CONFLICT, "%s: it has no endpoint yet", cluster->id);
        return;
    }
    struct buffer text;
    buffer_init(&text, MOST_KUBECONFIG);
    sim_view_kubeconfig(call->sim->model, cluster, &text);
    answer->kubeconfig = arena_strdup(call->sim->scratch, buffer_text(&text));
    buffer_clear(&text);
}

// ---- the way there and back ----

static void answer(void *cookie) {
    struct call *call = cookie;
    struct provider_answer answer = {0};
    arena_reset(call->sim->scratch);
    if (call->end == END_THROTTLED) {
        error_set(&answer.error, ERROR_LIMIT, "too many requests");
        answer.retry_after_ms = call->retry_after_ms;
    } else if (call->end != END_ANSWERED) {
        error_set(&answer.error, ERROR_IO, "no answer");
    } else if (call->kind == CALL_OBSERVE) {
        answer_observe(call, &answer);
    } else if (call->kind == CALL_START) {
        answer_start(call, &answer);
    } else if (call->kind == CALL_POLL) {
        answer_poll(call, &answer);
    } else {
        answer_kubeconfig(call, &answer);
    }
    if (call->done) {
        call->done(call->done_cookie, &answer);
    }
    end_call(call);
}

static void arrive(void *cookie) {
    struct call *call = cookie;
    carry_out(call);
    call->timer = event_loop_after(call->sim->loop, call->answer_after_ms, answer, call);
}

static bool happens(struct sim *sim, double probability) {
    return sim_random_unit(random_next(&sim->random)) < probability;
}

// Always three numbers of the stream, so one fault more does not change all that follows.
static enum call_end choose_end(struct sim *sim) {
    bool is_throttled = happens(sim, sim->faults.throttle);
    bool is_request_lost = happens(sim, sim->faults.lost_request);
    bool is_answer_lost = happens(sim, sim->faults.lost_answer);
    return is_throttled      ? END_THROTTLED
           : is_request_lost ? END_REQUEST_LOST
           : is_answer_lost  ? END_ANSWER_LOST
                             : END_ANSWERED;
}

static void send_call(struct call *call, provider_done *done, void *done_cookie) {
    struct sim *sim = call->sim;
    call->done = done;
    call->done_cookie = done_cookie;
    call->end = choose_end(sim);
    uint64_t jitter = random_next(&sim->random);
    int64_t way_ms = sim->latency_ms / 4 + (int64_t)(jitter % (uint64_t)(sim->latency_ms / 2 + 1));
    bool is_lost = call->end == END_REQUEST_LOST || call->end == END_ANSWER_LOST;
    call->answer_after_ms = is_lost ? sim->latency_ms * TIMEOUT_LATENCIES : way_ms;
    if (call->end == END_THROTTLED) {
        call->retry_after_ms = LEAST_THROTTLE_MS + (int64_t)(jitter >> 32) % THROTTLE_JITTER_MS;
    }
    bool is_carried_out =
        call->kind == CALL_START && (call->end == END_ANSWERED || call->end == END_ANSWER_LOST);
    call->timer = is_carried_out ? event_loop_after(sim->loop, way_ms, arrive, call)
                                 : event_loop_after(sim->loop, way_ms + call->answer_after_ms, answer, call);
}

// Copies the texts of request behind the call.
static struct call *new_call(struct sim *sim, enum call_kind kind, const struct provider_request *request) {
    struct provider_request copy = *request;
    copy.target.region = copy.target.region ? copy.target.region : "";
    const char **texts[] = {&copy.target.region, &copy.target.id, &copy.target.owner, &copy.token,
                            &copy.flavour,       &copy.version,   &copy.pool};
    size_t size = 0;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        size += *texts[i] ? strlen(*texts[i]) + 1 : 0;
    }
    struct call *call = memory_calloc(1, sizeof(*call) + size);
    char *at = call->texts;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (*texts[i]) {
            size_t length = strlen(*texts[i]) + 1;
            *texts[i] = memcpy(at, *texts[i], length);
            at += length;
        }
    }
    call->request = copy;
    call->sim = sim;
    call->kind = kind;
    call->next = sim->calls;
    if (call->next) {
        call->next->previous = call;
    }
    sim->calls = call;
    return call;
}

static void observe(void *cookie, const struct provider_target *target, provider_done *done,
                    void *done_cookie) {
    struct provider_request request = {.target = *target};
    send_call(new_call(cookie, CALL_OBSERVE, &request), done, done_cookie);
}

static void start(void *cookie, const struct provider_request *request, provider_done *done,
                  void *done_cookie) {
    send_call(new_call(cookie, CALL_START, request), done, done_cookie);
}

static void poll_operation(void *cookie, const struct provider_target *target, const char *operation,
                           provider_done *done, void *done_cookie) {
    struct provider_request request = {.target = *target, .token = operation ? operation : ""};
    send_call(new_call(cookie, CALL_POLL, &request), done, done_cookie);
}

static void kubeconfig(void *cookie, const struct provider_target *target, provider_done *done,
                       void *done_cookie) {
    struct provider_request request = {.target = *target};
    send_call(new_call(cookie, CALL_KUBECONFIG, &request), done, done_cookie);
}

static void forget(void *cookie, void *done_cookie) {
    struct sim *sim = cookie;
    for (struct call *call = sim->calls; call; call = call->next) {
        call->done = call->done_cookie == done_cookie ? NULL : call->done;
    }
}

struct provider sim_provider(struct sim *sim) {
    static const struct provider_methods methods = {.name = "sim",
                                                    .observe = observe,
                                                    .start = start,
                                                    .poll = poll_operation,
                                                    .kubeconfig = kubeconfig,
                                                    .forget = forget};
    return (struct provider){&methods, sim};
}
