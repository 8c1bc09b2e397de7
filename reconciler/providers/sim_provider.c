// The cloud behind the vtable: calls that take their time, and sometimes get no answer.
#include "reconciler/providers/sim.h"

#include "base/memory.h"
#include "reconciler/providers/sim_database.h"
#include "reconciler/providers/sim_random.h"
#include "reconciler/providers/sim_request.h"
#include "reconciler/providers/sim_view.h"
#include "reconciler/providers/sim_work.h"

#include <string.h>

enum {
    DEFAULT_LATENCY_MS = 20,
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
    struct provider_request
        request;        // with texts of its own; of the others: target, and token is the operation
    struct error error; // of start
    int64_t retry_after_ms;
    char operation[SIM_OPERATION_BYTES];
    char texts[]; // what request points to
};

struct sim {
    struct event_loop *loop;
    struct sim_model *model;
    struct sim_database *database; // NULL: in memory
    struct sim_faults faults;
    int64_t latency_ms;
    struct sim_random random; // of latencies and lost calls
    struct call *calls;
    struct arena *scratch; // of one answer
};

// ---- open and free ----

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

bool sim_open(const struct sim_options *options, struct sim **ret_sim, struct error *error) {
    struct sim *sim = memory_calloc(1, sizeof(*sim));
    sim->loop = options->loop;
    sim->model = sim_model_new(options);
    sim->faults = options->faults;
    sim->latency_ms = options->latency_ms > 0 ? options->latency_ms : DEFAULT_LATENCY_MS;
    // A process that comes back must not meet the same bad luck at the same call again.
    sim->random.state = options->seed ^ (uint64_t)event_loop_wall_ms(options->loop);
    sim->scratch = arena_new();
    if (options->path && (!sim_database_open(options->path, &sim->database, error) ||
                          !sim_database_load(sim->database, sim->model, error))) {
        sim_free(sim);
        return error_wrap(error, "embedded cloud");
    }
    *ret_sim = sim;
    return true;
}

void sim_free(struct sim *sim) {
    if (!sim) {
        return;
    }
    while (sim->calls) {
        event_loop_cancel(sim->loop, sim->calls->timer);
        end_call(sim->calls);
    }
    sim_database_close(sim->database);
    sim_model_free(sim->model);
    arena_free(sim->scratch);
    free(sim);
}

void sim_set_faults(struct sim *sim, const struct sim_faults *faults) {
    sim->faults = *faults;
}

// ---- the state now ----

// What is not stored is not told: after a crash it would not have happened.
static bool store(struct sim *sim, struct sim_cluster *cluster, struct error *error) {
    if (!cluster->is_dirty) {
        return true;
    }
    if (!sim->database) {
        cluster->is_dirty = false;
        return true;
    }
    return sim_database_save(sim->database, sim->model, cluster, error) ||
           (error_wrap(error, "embedded cloud"), error->kind = ERROR_IO, false);
}

// Drops what is remembered of deleted clusters once its time has come.
static void forget_gone(struct sim *sim, int64_t now_ms) {
    struct sim_model *model = sim->model;
    if (model->next_forgotten_ms > now_ms) {
        return;
    }
    model->next_forgotten_ms = SIM_NEVER;
    for (size_t i = 0; i < model->slot_count;) {
        struct sim_cluster *cluster = model->slots[i];
        bool is_due = cluster && cluster->is_gone && cluster->forgotten_ms <= now_ms;
        if (is_due && (!sim->database || sim_database_remove(sim->database, cluster, NULL))) {
            sim_model_remove(model, cluster); // another one may have moved here
            continue;
        }
        if (cluster && cluster->is_gone && cluster->forgotten_ms < model->next_forgotten_ms) {
            model->next_forgotten_ms = cluster->forgotten_ms;
        }
        i++;
    }
}

// Fails with IO, NOT_FOUND, DENIED; ret_kept may be one that is gone.
static bool look(struct sim *sim, const struct provider_target *target, bool checks_owner,
                 struct sim_cluster **ret_kept, struct error *error) {
    int64_t now_ms = event_loop_wall_ms(sim->loop);
    forget_gone(sim, now_ms);
    if (!sim_request_check_target(target, error)) {
        return false;
    }
    struct sim_cluster *cluster = sim_model_find_kept(sim->model, target->region, target->id);
    if (!cluster) {
        return error_set(error, ERROR_NOT_FOUND, "there is no cluster %s in region \"%s\"", target->id,
                         target->region);
    }
    sim_work_advance(sim->model, cluster, now_ms);
    if (!store(sim, cluster, error)) {
        return false;
    }
    if (checks_owner && strcmp(cluster->owner, target->owner) != 0) {
        return error_set(error, ERROR_DENIED, "%s: it carries the tag of another owner", target->id);
    }
    *ret_kept = cluster;
    return true;
}

static bool look_present(struct sim *sim, const struct provider_target *target, bool checks_owner,
                         struct sim_cluster **ret_cluster, struct error *error) {
    struct sim_cluster *cluster;
    if (!look(sim, target, checks_owner, &cluster, error)) {
        return false;
    }
    if (cluster->is_gone) {
        return error_set(error, ERROR_NOT_FOUND, "there is no cluster %s in region \"%s\"", target->id,
                         target->region);
    }
    *ret_cluster = cluster;
    return true;
}

// ---- what the calls do ----

static void carry_out(struct call *call) {
    struct sim *sim = call->sim;
    struct sim_cluster *kept;
    if (!look(sim, &call->request.target, false, &kept, &call->error) &&
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
    if (outcome.cluster) {
        (void)store(sim, outcome.cluster, &call->error);
    }
}

static void answer_observe(struct call *call, struct provider_answer *answer) {
    struct sim_cluster *cluster;
    if (look_present(call->sim, &call->request.target, false, &cluster, &answer->error)) {
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
    struct sim_cluster *kept;
    if (!look(call->sim, &call->request.target, true, &kept, &answer->error)) {
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
    struct sim_cluster *cluster;
    if (!look_present(call->sim, &call->request.target, true, &cluster, &answer->error)) {
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
    return sim_random_unit(sim_random_next(&sim->random)) < probability;
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
    uint64_t jitter = sim_random_next(&sim->random);
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

// ---- for tests, and for those who describe the cloud ----

static void meddle_group(struct sim_cluster *cluster, struct sim_group *group, int64_t replicas,
                         const char *version) {
    group->version = version ? version : group->version;
    for (uint32_t i = 0; version && i < group->machine_count; i++) {
        group->machines[i].version = version;
    }
    if (replicas < 0 || group->is_managed) {
        return;
    }
    group->replicas = replicas;
    while (group->machine_count > replicas) {
        sim_group_remove_machine(group, 0);
    }
    while (group->machine_count < replicas) {
        struct sim_machine *machine = sim_group_add_machine(group);
        machine->number = ++cluster->last_machine;
        machine->state = MACHINE_READY;
        machine->until_ms = SIM_NEVER;
    }
}

bool sim_meddle(struct sim *sim, const char *region, const char *id, const char *pool, int64_t replicas,
                const char *version) {
    struct sim_cluster *cluster = sim_model_find(sim->model, region, id);
    if (!cluster) {
        return false;
    }
    sim_work_advance(sim->model, cluster, event_loop_wall_ms(sim->loop));
    struct sim_group *group = cluster->is_gone ? NULL
                              : pool           ? sim_cluster_pool(cluster, pool)
                                               : &cluster->control_plane;
    if (!group || replicas > SIM_MOST_MACHINES) {
        return false;
    }
    meddle_group(cluster, group, replicas, version ? sim_model_text(sim->model, version) : NULL);
    cluster->is_dirty = true;
    sim_work_schedule(cluster);
    struct error ignored;
    return store(sim, cluster, &ignored);
}

void sim_each(struct sim *sim,
              void (*each)(void *cookie, const char *region, const char *id,
                           const struct cloud_cluster *cluster),
              void *cookie) {
    struct arena *arena = arena_new();
    int64_t now_ms = event_loop_wall_ms(sim->loop);
    forget_gone(sim, now_ms);
    for (size_t i = 0; i < sim->model->slot_count; i++) {
        struct sim_cluster *cluster = sim->model->slots[i];
        struct cloud_cluster view;
        struct error ignored;
        if (!cluster) {
            continue;
        }
        sim_work_advance(sim->model, cluster, now_ms);
        // What could not be stored stays dirty: whoever asks for it is told.
        if (store(sim, cluster, &ignored) && !cluster->is_gone) {
            sim_view_cluster(arena, cluster, &view);
            each(cookie, cluster->region, cluster->id, &view);
        }
        arena_reset(arena);
    }
    arena_free(arena);
}
