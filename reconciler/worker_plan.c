// The step about what is to be done next: the plan, whose turn it is, and what was decided before.
#include "reconciler/worker.h"

#include <string.h>

enum { CREATE_MAY_ARRIVE_MS = 60000 }; // a create whose answer was lost may still reach the cloud

// The older of what was reached before and what is there, where that is older than wanted.
static bool is_older(const char *is, const char *wanted, struct kubernetes_version *reached) {
    struct kubernetes_version a, b;
    bool older = is && wanted && kubernetes_version_parse(is, &a) == VERSION_OK &&
                 kubernetes_version_parse(wanted, &b) == VERSION_OK && kubernetes_version_compare(&a, &b) < 0;
    if (older && kubernetes_version_compare(&a, reached) < 0) {
        *reached = a;
    }
    return older;
}

// Also where the plan waits for something, and has no steps. Sets worker->reached.
static bool has_old_version(struct worker *worker) {
    const struct cluster_spec *spec = worker->spec;
    const struct cloud_cluster *cloud = worker->cloud;
    if (!spec || !cloud || kubernetes_version_parse(spec->version, &worker->reached) != VERSION_OK) {
        return false;
    }
    bool any = is_older(cloud->version, spec->version, &worker->reached);
    for (size_t i = 0; i < spec->pool_count; i++) {
        for (size_t n = 0; n < cloud->pool_count; n++) {
            any |= strcmp(cloud->pools[n].name, spec->pools[i].name) == 0 &&
                   is_older(cloud->pools[n].version, spec->pools[i].version, &worker->reached);
        }
    }
    return any;
}

static bool plans_upgrade(struct worker *worker) {
    bool is_old = has_old_version(worker);
    bool is_held_up = worker->plan.waits || worker->plan.blocked;
    bool any = provider_action_upgrades(worker->record.intent.action) || (is_held_up && is_old);
    for (size_t i = 0; i < worker->plan.count && !any; i++) {
        any = provider_action_upgrades(worker->plan.steps[i].action);
    }
    return any && !worker->record.deleting;
}

// Nothing is under way and nothing can be: it may last, and others need the place. A pause keeps it.
static bool is_blocked(const struct worker *worker) {
    return !worker_is_paused(worker) && worker->plan.waits && worker->plan.count == 0 &&
           worker->record.intent.action == ACTION_NONE;
}

static void make_plan(struct worker *worker) {
    if (worker->record.deleting && worker->spec) {
        worker->spec->paused = worker->is_paused; // nothing is judged any more, and a pause may end
    }
    const struct plan_question question = {.spec = worker->spec,
                                           .cloud = worker->cloud,
                                           .owner = worker->uid,
                                           .deleting = worker->record.deleting};
    plan_make(worker->arena, &question, &worker->plan);
    bool was_pending = worker->upgrade_pending;
    struct kubernetes_version before = worker->reached;
    worker->upgrade_pending = plans_upgrade(worker);
    if ((!worker->upgrade_pending || is_blocked(worker)) && !worker->plan.is_running) {
        rollout_hold(worker, PLACE_UPGRADE, false);
    }
    if (was_pending &&
        (!worker->upgrade_pending || kubernetes_version_compare(&before, &worker->reached) != 0)) {
        reconciler_move_line(worker->reconciler);
    }
    worker->converged = worker->plan.converged;
    if (worker->converged && !worker->record.deleting &&
        worker->record.converged != worker->record.revision) {
        worker->record.converged = worker->record.revision;
        worker->record_dirty = true;
    }
}

// Why nothing may be started now, whatever is planned; NULL: it may.
static const char *what_holds(const struct worker *worker) {
    if (worker->is_paused) {
        return "paused";
    }
    // Without it, the Cluster could go and leave in the cloud what is begun now.
    return worker->has_finalizer ? NULL : "the Cluster has no finalizer yet";
}

// The first one that changes no version: while upgrades wait for their turn, the rest need not. NULL: there
// is none.
static const struct plan_step *first_other(const struct plan *plan) {
    size_t at = 0;
    while (at < plan->count && provider_action_upgrades(plan->steps[at].action)) {
        at++;
    }
    return at < plan->count ? &plan->steps[at] : NULL;
}

// Is it still what is to be done?
static bool is_intent_wanted(const struct worker *worker) {
    const struct plan *plan = &worker->plan;
    const struct intent *intent = &worker->record.intent;
    const struct plan_step *other = first_other(plan);
    return plan->count > 0 &&
           (intent_matches(intent, &plan->steps[0]) || (other && intent_matches(intent, other)));
}

// What was decided before the process ended, or whose answer was lost: it is asked for again with the same
// token, as long as it is still what is to be done.
static bool resume(struct worker *worker) {
    struct intent *intent = &worker->record.intent;
    if (intent->action == ACTION_NONE || intent->operation) {
        return false;
    }
    const char *holds = what_holds(worker);
    if (holds) {
        worker_say(worker->waits, "%s", holds);
        return true;
    }
    bool is_wanted = is_intent_wanted(worker);
    if (is_wanted && !worker->plan.waits) {
        worker->starting = intent_step(intent);
        worker->step = PASS_START;
        return true;
    }
    int64_t age_ms = event_loop_wall_ms(worker->reconciler->options.loop) - intent->since_ms;
    if (intent->action == ACTION_CREATE_CLUSTER && !worker->cloud && age_ms < CREATE_MAY_ARRIVE_MS) {
        worker_say(worker->waits, "the creation that was asked for may still begin");
        worker->wait_ms = CREATE_MAY_ARRIVE_MS - age_ms;
        return true;
    }
    if (!is_wanted) {
        intent_clear(intent);
        worker->record_dirty = true;
    }
    return false;
}

// Somebody else changed what had been as approved.
static bool is_drift(const struct worker *worker) {
    return !worker->record.deleting && worker->record.converged == worker->record.revision;
}

// Whose turn it is. NULL: nothing's.
static const struct plan_step *choose(struct worker *worker) {
    const struct plan_step *first = worker->plan.steps;
    if (worker->record.deleting) {
        return rollout_may_delete(worker, worker->waits) ? first : NULL;
    }
    bool may = !provider_action_upgrades(first->action) || rollout_may_upgrade(worker, worker->waits);
    return may ? first : first_other(&worker->plan);
}

static void decide(struct worker *worker) {
    const struct reconciler_options *options = &worker->reconciler->options;
    const struct plan *plan = &worker->plan;
    const char *holds = plan->waits ? plan->waits : plan->count > 0 ? what_holds(worker) : NULL;
    if (holds) {
        worker_say(worker->waits, "%s", holds);
        return;
    }
    if (plan->count == 0 || *worker->problem) {
        return; // a step has just failed: after a while
    }
    const struct plan_step *step = choose(worker);
    bool drifts = is_drift(worker);
    if (drifts) {
        worker_say(worker->drift, "somebody else changed it: %s",
                   plan_step_text(worker->arena, step ? step : plan->steps));
    }
    if (step && !(drifts && options->settings(options->cookie)->drift == DRIFT_REPORT)) {
        worker->starting = *step;
        worker->step = PASS_INTENT;
    }
}

bool worker_step_plan(struct worker *worker) {
    worker->step = PASS_KUBECONFIG;
    if (!worker->is_known || worker->unreachable) {
        worker->step = PASS_STATUS;
        return true;
    }
    make_plan(worker);
    if (worker_has_operation(worker)) {
        struct plan_step step = intent_step(&worker->record.intent);
        worker_say(worker->step_text, "%s", plan_step_text(worker->arena, &step));
        return true;
    }
    // Without a spec nothing is decided; what was, and has not begun, is given up.
    if (!resume(worker) && (worker->spec || worker->record.deleting)) {
        decide(worker);
    }
    return true;
}
