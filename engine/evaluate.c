#include "base/field_path.h"
#include "engine/engine.h"
#include "engine/evaluation.h"
#include "engine/policy_run.h"
#include "engine/policy_set_internal.h"
#include "engine/watchdog.h"

#include <string.h>

// Finalizers of an object that is being deleted must come off, whatever the object looks like, or its
// deletion hangs for ever; and deleting it once more changes nothing.
static bool is_already_deleting(const struct object_change *change) {
    return change->operation != OPERATION_CREATE && *change->subresource == '\0' &&
           node_get(node_get(change->old_object, "metadata"), "deletionTimestamp") != NULL;
}

const struct policy_setting *policy_set_setting(const struct policy *policy, struct evaluation *evaluation,
                                                size_t *ret_index) {
    const struct policy_settings *settings = policy->settings;
    size_t count = settings ? settings->count : 0;
    *ret_index = count;
    const struct object_change *change = &evaluation->review->change;
    const struct node *object = change->object ? change->object : change->old_object;
    for (size_t i = 0; i < count; i++) {
        const struct scope *scope = &settings->settings[i].scope;
        const struct cluster_view *cluster = NULL;
        if (scope->labels) {
            const struct cluster_change *views = evaluation_cluster(evaluation);
            cluster = views->after ? views->after : views->before;
        }
        if (scope_matches(scope, change->key.namespace, node_get(node_get(object, "metadata"), "labels"),
                          cluster ? cluster->labels : NULL)) {
            *ret_index = i;
            return &settings->settings[i];
        }
    }
    return NULL;
}

enum policy_mode policy_set_mode(const struct policy *policy, const struct policy_setting *setting,
                                 enum door door) {
    if (setting) {
        return setting->has_mode ? setting->modes[door] : policy->mode;
    }
    // Settings are there, and none of their scopes holds: the policy is not meant for this object.
    return policy->settings && policy->settings->count > 0 ? MODE_OFF : policy->mode;
}

// Was it there before, and is it no worse now?
static bool existed_before(const struct violation *now, const struct violation *before) {
    if (strcmp(now->policy, before->policy) != 0 ||
        !object_key_equal(&now->origin.object, &before->origin.object)) {
        return false;
    }
    if (strcmp(now->message, before->message) == 0) {
        return true;
    }
    if (strcmp(now->origin.path, before->origin.path) != 0) {
        return false;
    }
    if (now->has_excess && before->has_excess) {
        return now->excess <= before->excess;
    }
    const struct node *value_now = NULL;
    const struct node *value_before = NULL;
    return now->origin.root && before->origin.root &&
           field_path_find(now->origin.root, now->origin.path, &value_now, NULL) &&
           field_path_find(before->origin.root, before->origin.path, &value_before, NULL) && value_now &&
           node_equal(value_now, value_before);
}

// "Don't make it worse": runs the same policy on the state before the change and marks what it finds there
// too.
static void mark_existing(struct policy_run *run, size_t first) {
    struct evaluation *evaluation = run->evaluation;
    struct evaluation before;
    evaluation_begin(&before, evaluation->evaluator, evaluation->review, evaluation->arena);
    before.cluster = *evaluation_cluster(evaluation);
    before.cluster_built = true;
    before.before_only = true;
    struct policy_run again = *run;
    again.evaluation = &before;
    struct policy_result ignored = {0};
    const struct object_change *change = &evaluation->review->change;
    if (policy_run_validate(&again, &ignored)) {
        for (size_t i = first; i < evaluation->violations.count; i++) {
            // What is created now can't have been wrong before.
            if (change->operation == OPERATION_CREATE &&
                object_key_equal(&evaluation->violations.items[i].origin.object, &change->key)) {
                continue;
            }
            for (size_t n = 0; n < before.violations.count && !evaluation->violations.items[i].existed; n++) {
                evaluation->violations.items[i].existed =
                    existed_before(&evaluation->violations.items[i], &before.violations.items[n]);
            }
        }
    }
    evaluation->read_user |= before.read_user;
    evaluation_end(&before);
    evaluation_resume(evaluation);
}

static void mark_exceptions(const struct policy_set *set, const struct evaluation *evaluation, size_t first) {
    size_t count = set->configuration ? configuration_exception_count(set->configuration) : 0;
    const struct review *review = evaluation->review;
    for (size_t i = first; i < evaluation->violations.count; i++) {
        struct violation *violation = &evaluation->violations.items[i];
        for (size_t n = 0; n < count && !violation->exception; n++) {
            const struct exception *exception = configuration_exception(set->configuration, n);
            if (exception_covers(exception, violation, &review->change.key, review->now)) {
                violation->exception = exception->name;
            }
        }
    }
}

static bool any_denies(const struct evaluation *evaluation, size_t first) {
    for (size_t i = first; i < evaluation->violations.count; i++) {
        if (violation_denies(&evaluation->violations.items[i])) {
            return true;
        }
    }
    return false;
}

// Marks what the change is not to blame for.
static void excuse(struct policy_run *run, const struct policy_setting *setting, size_t first) {
    struct evaluation *evaluation = run->evaluation;
    mark_exceptions(run->set, evaluation, first);
    bool tolerates = !setting || !setting->existing_denies;
    bool has_before = evaluation->review->change.old_object ||
                      (evaluation->cluster_built && evaluation->cluster.before != NULL);
    if (tolerates && has_before && evaluation->review->change.operation != OPERATION_DELETE &&
        any_denies(evaluation, first)) {
        mark_existing(run, first);
    }
}

static void run_policy(struct policy_run *run, const struct policy_setting *setting,
                       struct policy_result *result) {
    struct evaluation *evaluation = run->evaluation;
    size_t violations = evaluation->violations.count;
    size_t unknowns = evaluation->unknowns.count;
    size_t patched = evaluation->patch.count;
    evaluation->read_user = result->read_user;
    bool finished = evaluation->mutating ? policy_run_mutate(run, result) : policy_run_validate(run, result);
    excuse(run, setting, violations);
    result->read_user = evaluation->read_user;
    if (!finished) {
        evaluation->patch.count = patched; // all of its defaults or none
        result->outcome = OUTCOME_FAULT;
        result->fault_denies = run->mode == MODE_DENY && (!setting || setting->on_error_denies);
    } else if (evaluation->violations.count > violations) {
        result->outcome = OUTCOME_VIOLATED;
    } else if (evaluation->unknowns.count > unknowns) {
        result->outcome = OUTCOME_UNKNOWN;
    }
}

// The reconciler has no user: that a policy may have been meant for this one is all that can be said, and it
// is said.
static bool is_judged(enum policy_match match, enum door door) {
    return match == MATCH_BUT_USER ? door == DOOR_RECONCILE : match != MATCH_NOT;
}

static void run_policies(struct policy_set *set, struct evaluation *evaluation, struct decision *decision) {
    const struct object_key *key = &evaluation->review->change.key;
    bool tells_of_clusters = cluster_view_knows(key->group, key->kind);
    decision->results = arena_alloc(decision->arena, set->count * sizeof(*decision->results) + 1);
    for (size_t i = 0; i < set->count; i++) {
        const struct policy *policy = &set->policies[i];
        enum policy_match match = policy_match(policy, evaluation->review, tells_of_clusters);
        if (!(evaluation->mutating ? policy->mutates : policy->validates) ||
            !is_judged(match, evaluation->review->door)) {
            continue;
        }
        struct policy_run run = {.set = set, .evaluation = evaluation, .index = i};
        const struct policy_setting *setting = policy_set_setting(policy, evaluation, &run.setting);
        run.mode = policy_set_mode(policy, setting, evaluation->review->door);
        // Audit only watches: nothing is filled in.
        if (run.mode == MODE_OFF || (evaluation->mutating && run.mode == MODE_AUDIT)) {
            continue;
        }
        evaluation->result = decision->result_count;
        evaluation->on_error_denies = !setting || setting->on_error_denies;
        struct policy_result *result = &decision->results[decision->result_count++];
        *result = (struct policy_result){
            .policy = policy->name, .mode = run.mode, .read_user = match != MATCH_ANY_USER};
        if (match != MATCH_BUT_USER) {
            run_policy(&run, setting, result);
        }
    }
}

static void run_engine(struct policy_set *set, const struct review *review, bool mutating,
                       struct decision *ret_decision) {
    struct decision decision = {.arena = arena_new(), .allowed = true};
    struct evaluator *evaluator = policy_set_borrow(set);
    struct evaluation evaluation;
    evaluation_begin(&evaluation, evaluator, review, decision.arena);
    evaluation.mutating = mutating;
    evaluation.set = set;
    watchdog_start(evaluator->state, set->policy_budget_ns, review->deadline_ns);
    run_policies(set, &evaluation, &decision);
    watchdog_stop();
    budget_settle(set, &evaluation, decision.results, decision.result_count);
    decision.violations = evaluation.violations.items;
    decision.violation_count = evaluation.violations.count;
    decision.unknowns = evaluation.unknowns.items;
    decision.unknown_count = evaluation.unknowns.count;
    decision.patch = evaluation.patch.items;
    decision.patch_count = evaluation.patch.count;
    evaluation_end(&evaluation);
    policy_set_return(set, evaluator);
    decision_finish(&decision);
    *ret_decision = decision;
}

static void answer_allowed(struct decision *ret_decision) {
    *ret_decision = (struct decision){.arena = arena_new(), .allowed = true};
}

void engine_evaluate(struct policy_set *set, const struct review *review, struct decision *ret_decision) {
    if (is_already_deleting(&review->change)) {
        answer_allowed(ret_decision);
        return;
    }
    run_engine(set, review, false, ret_decision);
}

void engine_mutate(struct policy_set *set, const struct review *review, struct decision *ret_decision) {
    const struct object_change *change = &review->change;
    if (change->operation == OPERATION_DELETE || is_already_deleting(change) ||
        *change->subresource != '\0') {
        answer_allowed(ret_decision);
        return;
    }
    run_engine(set, review, true, ret_decision);
}
