// All policies ran: the keeper is asked once for all that they asked.
#include "engine/budget_ask.h"
#include "engine/configuration.h"
#include "engine/evaluation.h"
#include "engine/policy.h"
#include "engine/policy_set_internal.h"

#include <string.h>

enum { MOST_PARTS = 64 };

static struct object_key account_of(struct evaluation *evaluation) {
    const struct cluster_change *views = evaluation_cluster(evaluation);
    const struct cluster_view *view = views->after ? views->after : views->before;
    return view && *view->object.name ? view->object : evaluation->review->change.key;
}

// What a Cluster names belongs to it, also where it was there before and counted on its own.
static void add_parts(struct evaluation *evaluation, struct budget_request *request) {
    const struct object_change *change = &evaluation->review->change;
    const struct fragment *fragment =
        change->object && *change->subresource == '\0' && object_key_equal(&request->account, &change->key)
            ? fragment_read(evaluation->arena, &change->key, change->object)
            : NULL;
    struct object_key *parts = arena_alloc(evaluation->arena, MOST_PARTS * sizeof(*parts));
    size_t count = 0;
    if (!object_key_equal(&request->account, &change->key)) {
        parts[count++] = change->key;
    }
    for (size_t i = 0; fragment && fragment->kind.entry->role == KIND_CLUSTER && i < fragment->link_count;
         i++) {
        enum link_kind kind = fragment->links[i].kind;
        if ((kind == LINK_INFRASTRUCTURE || kind == LINK_CONTROL_PLANE) && count < MOST_PARTS) {
            parts[count++] = fragment->links[i].target;
        }
    }
    request->parts = parts;
    request->part_count = count;
}

// Labels and annotations (the autoscaler's limits among them) raise no generation: then it tells nothing, and
// the keeper goes by amounts.
static int64_t new_generation(const struct object_change *change) {
    int64_t before = 0;
    int64_t after = 0;
    node_integer(node_get(node_get(change->old_object, "metadata"), "generation"), &before);
    node_integer(node_get(node_get(change->object, "metadata"), "generation"), &after);
    return after > before ? after : 0;
}

static struct budget_request request_of(struct evaluation *evaluation, bool promise) {
    const struct review *review = evaluation->review;
    const struct object_change *change = &review->change;
    const struct node *object = change->object ? change->object : change->old_object;
    bool is_whole = *change->subresource == '\0';
    struct budget_request request = {.account = account_of(evaluation),
                                     .object = change->key,
                                     .uid =
                                         is_whole ? node_get_text(node_get(object, "metadata"), "uid") : "",
                                     .replicas = -1,
                                     .removes = change->operation == OPERATION_DELETE && is_whole,
                                     .promise = promise,
                                     .stored = review->stored,
                                     .deadline_ns = review->deadline_ns};
    if (is_whole) {
        request.generation = new_generation(change);
    } else {
        node_integer(node_get(node_get(object, "spec"), "replicas"), &request.replicas);
    }
    add_parts(evaluation, &request);
    return request;
}

static struct violation violation_of(const struct budget_ask *ask) {
    return (struct violation){.policy = ask->policy->name,
                              .severity = ask->policy->severity,
                              .mode = ask->mode,
                              .docs = ask->policy->docs,
                              .origin = ask->origin};
}

static const char *exception_of(const struct policy_set *set, const struct review *review,
                                const struct violation *violation) {
    size_t count = set->configuration ? configuration_exception_count(set->configuration) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct exception *exception = configuration_exception(set->configuration, i);
        if (exception_covers(exception, violation, &review->change.key, review->now)) {
            return exception->name;
        }
    }
    return NULL;
}

static bool is_denied(const struct evaluation *evaluation, const struct policy_result *results,
                      size_t result_count) {
    bool denied = false;
    for (size_t i = 0; i < evaluation->violations.count; i++) {
        denied |= violation_denies(&evaluation->violations.items[i]);
    }
    for (size_t i = 0; i < result_count; i++) {
        denied |= policy_result_denies(&results[i]);
    }
    return denied;
}

static void note_unjudged(struct evaluation *evaluation, struct policy_result *results) {
    for (size_t i = 0; i < evaluation->asks.count; i++) {
        const struct budget_ask *ask = &evaluation->asks.items[i];
        struct policy_result *result = &results[ask->result];
        evaluation->policy = ask->policy;
        evaluation_add_unknown(evaluation, &ask->origin, "no inventory: limits over the fleet are not judged",
                               true);
        result->outcome = result->outcome == OUTCOME_PASS ? OUTCOME_UNKNOWN : result->outcome;
    }
}

static void note_failure(struct evaluation *evaluation, struct policy_result *results,
                         const struct error *error) {
    for (size_t i = 0; i < evaluation->asks.count; i++) {
        const struct budget_ask *ask = &evaluation->asks.items[i];
        struct policy_result *result = &results[ask->result];
        if (result->fault == FAULT_NONE) {
            result->outcome = OUTCOME_FAULT;
            result->fault = FAULT_INVENTORY;
            result->fault_message = arena_strdup(evaluation->arena, error->message);
            result->fault_denies = ask->mode == MODE_DENY && ask->on_error_denies;
        }
    }
}

static void judge_answers(const struct policy_set *set, struct evaluation *evaluation,
                          struct policy_result *results, const struct budget_answer *answers) {
    for (size_t i = 0; i < evaluation->asks.count; i++) {
        const struct budget_ask *ask = &evaluation->asks.items[i];
        struct policy_result *result = &results[ask->result];
        if (answers[i].fits) {
            continue;
        }
        struct violation violation = violation_of(ask);
        violation.exception = exception_of(set, evaluation->review, &violation);
        budget_explain(evaluation->arena, ask, &answers[i], &violation);
        evaluation_add_violation(evaluation, &violation);
        result->outcome = result->fault == FAULT_NONE ? OUTCOME_VIOLATED : result->outcome;
    }
}

void budget_settle(const struct policy_set *set, struct evaluation *evaluation, struct policy_result *results,
                   size_t result_count) {
    size_t count = evaluation->asks.count;
    const struct review *review = evaluation->review;
    if (count == 0) {
        return;
    }
    if (!review->keeper) {
        note_unjudged(evaluation, results);
        return;
    }
    struct budget_demand *demands = arena_alloc(evaluation->arena, count * sizeof(*demands));
    struct budget_answer *answers = arena_alloc(evaluation->arena, count * sizeof(*answers));
    for (size_t i = 0; i < count; i++) {
        const struct budget_ask *ask = &evaluation->asks.items[i];
        const struct violation violation = violation_of(ask);
        demands[i] = ask->demand;
        demands[i].counts_only = ask->mode != MODE_DENY || exception_of(set, review, &violation);
    }
    bool promise = review->door == DOOR_ADMISSION && !review->dry_run && !review->refused &&
                   !is_denied(evaluation, results, result_count);
    struct budget_request request = request_of(evaluation, promise);
    request.demands = demands;
    request.demand_count = count;
    struct error error = {0};
    if (review->keeper->methods->ask(review->keeper->cookie, &request, evaluation->arena, answers, &error)) {
        judge_answers(set, evaluation, results, answers);
    } else {
        note_failure(evaluation, results, &error);
    }
}
