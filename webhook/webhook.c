#include "webhook/webhook.h"

#include "base/clock.h"
#include "base/memory.h"
#include "engine/engine.h"
#include "webhook/admission_attestation.h"
#include "webhook/admission_response.h"
#include "webhook/decision_log.h"

#include <pthread.h>
#include <time.h>

// Kept of the API server's timeout for the way back: a late answer is worth nothing.
static const uint64_t answer_margin_ns = 100 * 1000 * 1000;

struct webhook {
    uint64_t timeout_ns;
    struct gate_metrics *metrics;
    struct fleet_access fleet;
    struct decision_recorder *recorder; // NULL: no decision log
    pthread_mutex_t lock;               // of what follows: taken for the time of a count
    struct policy_set *policies;
    struct key_ring *keys; // NULL: nothing is attested
};

struct webhook *webhook_new(struct policy_set *set, uint64_t timeout_ns, struct gate_metrics *metrics) {
    struct webhook *webhook = memory_calloc(1, sizeof(*webhook));
    webhook->timeout_ns = timeout_ns;
    webhook->metrics = metrics;
    webhook->policies = set;
    pthread_mutex_init(&webhook->lock, NULL);
    return webhook;
}

void webhook_record_into(struct webhook *webhook, struct decision_recorder *recorder) {
    webhook->recorder = recorder;
}

void webhook_free(struct webhook *webhook) {
    if (!webhook) {
        return;
    }
    policy_set_unref(webhook->policies);
    key_ring_unref(webhook->keys);
    pthread_mutex_destroy(&webhook->lock);
    free(webhook);
}

void webhook_use_fleet(struct webhook *webhook, const struct fleet_access *fleet) {
    webhook->fleet = *fleet;
}

struct policy_set *webhook_policies(struct webhook *webhook) {
    pthread_mutex_lock(&webhook->lock);
    struct policy_set *set = webhook->policies ? policy_set_ref(webhook->policies) : NULL;
    pthread_mutex_unlock(&webhook->lock);
    return set;
}

void webhook_swap_policies(struct webhook *webhook, struct policy_set *set) {
    pthread_mutex_lock(&webhook->lock);
    struct policy_set *old = webhook->policies;
    webhook->policies = set;
    pthread_mutex_unlock(&webhook->lock);
    policy_set_unref(old);
}

bool webhook_has_policies(struct webhook *webhook) {
    CLEANUP(policy_set_unref) struct policy_set *set = webhook_policies(webhook);
    return set != NULL;
}

struct key_ring *webhook_keys(struct webhook *webhook) {
    pthread_mutex_lock(&webhook->lock);
    struct key_ring *keys = webhook->keys ? key_ring_ref(webhook->keys) : NULL;
    pthread_mutex_unlock(&webhook->lock);
    return keys;
}

void webhook_swap_keys(struct webhook *webhook, struct key_ring *keys) {
    pthread_mutex_lock(&webhook->lock);
    struct key_ring *old = webhook->keys;
    webhook->keys = keys;
    pthread_mutex_unlock(&webhook->lock);
    key_ring_unref(old);
}

// The API server waits for timeout=Ns and then fails the request itself, so we answer before that.
static uint64_t choose_deadline(const struct webhook *webhook, const struct http_request *request) {
    uint64_t wait_ns = webhook->timeout_ns;
    uint64_t asked_ns;
    if (request->timeout && http_duration_parse(request->timeout, &asked_ns, NULL) && asked_ns > 0) {
        uint64_t margin = asked_ns / 4 < answer_margin_ns ? asked_ns / 4 : answer_margin_ns;
        wait_ns = asked_ns - margin < wait_ns ? asked_ns - margin : wait_ns;
    }
    return request->received_ns + wait_ns;
}

static void record(struct webhook *webhook, const struct decision_facts *facts) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct decision_facts dated = *facts;
    dated.time_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    decision_recorder_take(webhook->recorder, &dated);
}

static void mutate(struct webhook *webhook, struct admission_review *admission, struct policy_set *set,
                   struct decision *ret_decision) {
    engine_mutate(set, &admission->review, ret_decision);
    CLEANUP(key_ring_unref) struct key_ring *keys = webhook_keys(webhook);
    if (keys) {
        gate_metrics_attestation(webhook->metrics,
                                 admission_attestation_write(keys, set, admission, ret_decision));
    }
}

static void validate(struct webhook *webhook, struct admission_review *admission, struct policy_set *set,
                     struct decision *ret_decision) {
    CLEANUP(key_ring_unref) struct key_ring *keys = webhook_keys(webhook);
    if (!keys) {
        engine_evaluate(set, &admission->review, ret_decision);
        return;
    }
    const struct admission_attestation attestation = admission_attestation_check(keys, admission);
    gate_metrics_attestation(webhook->metrics, attestation.result);
    admission->review.refused = attestation.result == ATTESTATION_REFUSED;
    engine_evaluate(set, &admission->review, ret_decision);
    admission_attestation_tell(&attestation, admission, ret_decision);
}

static void answer(struct webhook *webhook, const struct http_request *request,
                   struct admission_review *admission, struct policy_set *set,
                   struct http_response *ret_response) {
    bool mutates = request->endpoint == ENDPOINT_MUTATE;
    const char *name = mutates ? "mutate" : "validate";
    if (admission->skip) {
        gate_metrics_review(webhook->metrics, name, admission, NULL, clock_now_ns() - request->received_ns);
        decision_log_skipped(admission, &request->trace);
        *ret_response = (struct http_response){.status = 200, .body = admission_response_skipped(admission)};
        return;
    }
    CLEANUP(decision_clear) struct decision decision = {0};
    if (mutates) {
        mutate(webhook, admission, set, &decision);
    } else {
        validate(webhook, admission, set, &decision);
    }
    uint64_t duration_ns = clock_now_ns() - request->received_ns;
    char *body = admission_response_make(admission, &decision, policy_set_digest(set), duration_ns);
    gate_metrics_review(webhook->metrics, name, admission, &decision, duration_ns);
    decision_log(name, admission, &decision, &request->trace, duration_ns);
    record(webhook, &(struct decision_facts){.webhook = name,
                                             .admission = admission,
                                             .decision = &decision,
                                             .policy_digest = policy_set_digest(set),
                                             .policy_revision = policy_set_revision(set),
                                             .trace = &request->trace,
                                             .duration_ns = duration_ns,
                                             .inventory_stale_ms = admission->stale_ms});
    *ret_response = (struct http_response){.status = 200, .body = body};
}

void webhook_handle(struct webhook *webhook, const struct http_request *request,
                    struct http_response *ret_response) {
    CLEANUP(admission_review_clear) struct admission_review admission = {0};
    struct error error;
    if (!admission_review_read(request->body, request->length, &admission, &error)) {
        unsigned status = error.kind == ERROR_LIMIT ? 413 : 400;
        (void)http_refuse(ret_response, status, "%s", error.message);
        gate_metrics_rejected(webhook->metrics, status);
        return;
    }
    // Declared after admission: the set outlives the decision, and goes before the nodes do.
    CLEANUP(policy_set_unref) struct policy_set *set = webhook_policies(webhook);
    if (!set) {
        (void)http_refuse(ret_response, 503, "no policies are loaded");
        gate_metrics_rejected(webhook->metrics, 503);
        return;
    }
    admission.review.door = DOOR_ADMISSION;
    admission.review.now = time(NULL);
    admission.review.deadline_ns = choose_deadline(webhook, request);
    struct fleet_knowledge knowledge = {.stale_ms = -1};
    if (webhook->fleet.open) {
        webhook->fleet.open(webhook->fleet.cookie, &knowledge);
    }
    if (knowledge.source.methods) {
        // Before and after differ in nothing but the reviewed object, which the engine lays over both.
        admission.review.before = &knowledge.source;
        admission.review.after = &knowledge.source;
    }
    if (knowledge.keeper.methods) {
        admission.review.keeper = &knowledge.keeper;
    }
    admission.stale_ms = knowledge.stale_ms;
    answer(webhook, request, &admission, set, ret_response);
}
