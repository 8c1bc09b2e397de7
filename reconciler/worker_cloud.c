// The steps about the cloud: what is there, and doing what is next.
#include "base/hash.h"
#include "base/memory.h"
#include "reconciler/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    POLL_FIRST_MS = 1000,
    POLL_LONGEST_MS = 15000,
    POLL_SHARE = 10, // of the time that the operation runs already
};

static const char *copy_text(struct arena *arena, const char *text) {
    return text ? arena_strdup(arena, text) : NULL;
}

static struct cloud_cluster *copy_cloud(struct arena *arena, const struct cloud_cluster *cloud) {
    struct cloud_cluster *copy = arena_alloc(arena, sizeof(*copy));
    struct cloud_pool *pools = arena_alloc(arena, (cloud->pool_count + 1) * sizeof(*pools));
    *copy = *cloud;
    copy->owner = copy_text(arena, cloud->owner);
    copy->version = copy_text(arena, cloud->version);
    copy->target = copy_text(arena, cloud->target);
    copy->failure = copy_text(arena, cloud->failure);
    copy->endpoint_host = copy_text(arena, cloud->endpoint_host);
    copy->pools = pools;
    for (size_t i = 0; i < cloud->pool_count; i++) {
        pools[i] = cloud->pools[i];
        pools[i].name = copy_text(arena, cloud->pools[i].name);
        pools[i].version = copy_text(arena, cloud->pools[i].version);
        pools[i].target = copy_text(arena, cloud->pools[i].target);
    }
    return copy;
}

// ---- the operation under way ----

static int64_t poll_wait_ms(const struct worker *worker) {
    const struct reconciler *reconciler = worker->reconciler;
    int64_t runs_ms = event_loop_wall_ms(reconciler->options.loop) - worker->record.intent.since_ms;
    int64_t wait_ms = runs_ms / POLL_SHARE;
    wait_ms = wait_ms < POLL_FIRST_MS ? POLL_FIRST_MS : wait_ms;
    return wait_ms < POLL_LONGEST_MS ? wait_ms : POLL_LONGEST_MS;
}

static void finish_operation(struct worker *worker, bool succeeded, const char *failure) {
    struct reconciler_stats *stats = &worker->reconciler->stats;
    struct plan_step step = intent_step(&worker->record.intent);
    const char *text = plan_step_text(worker->arena, &step);
    if (succeeded) {
        stats->steps_done++;
        worker_event(worker, false, "StepDone", text);
    } else {
        stats->steps_failed++;
        worker_fail(worker, "%s failed: %s", text, failure ? failure : "the provider does not say why");
    }
    intent_clear(&worker->record.intent);
    worker->record_dirty = true;
    worker->shown = 0;
}

static void polled(void *cookie, const struct provider_answer *answer) {
    struct worker *worker = cookie;
    worker->step = PASS_OBSERVE;
    if (answer->error.kind == ERROR_NOT_FOUND) {
        intent_clear(&worker->record.intent); // long over: what it did is seen
        worker->record_dirty = true;
    } else if (answer->error.kind != ERROR_NONE) {
        worker_say(worker->waits, "%s", answer->error.message);
        worker->wait_ms = answer->retry_after_ms;
        worker->failures++;
        worker->unreachable = answer->error.kind == ERROR_IO;
    } else if (answer->state != OPERATION_RUNNING) {
        finish_operation(worker, answer->state == OPERATION_SUCCEEDED, answer->failure);
    } else {
        worker->wait_ms = poll_wait_ms(worker);
    }
    worker_run(worker);
}

bool worker_step_poll(struct worker *worker) {
    worker->step = PASS_OBSERVE;
    const struct provider *provider = worker_provider(worker);
    if (!worker_has_operation(worker) || !provider || !worker->record.id) {
        return true;
    }
    struct provider_target target = worker_target(worker);
    provider->methods->poll(provider->cookie, &target, worker->record.intent.operation, polled, worker);
    return false;
}

// ---- what is there ----

static void observed(void *cookie, const struct provider_answer *answer) {
    struct worker *worker = cookie;
    worker->step = PASS_PLAN;
    if (answer->error.kind == ERROR_NONE) {
        worker->cloud = copy_cloud(worker->arena, answer->cluster);
        worker->is_known = true;
    } else if (answer->error.kind == ERROR_NOT_FOUND) {
        worker->cloud = NULL;
        worker->is_known = true;
    } else {
        // Unreachable is not absent: nothing is concluded from it.
        worker->unreachable = true;
        worker->failures++;
        worker->wait_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : worker->wait_ms;
        worker_say(worker->waits, "%s", answer->error.message);
    }
    worker_run(worker);
}

bool worker_step_observe(struct worker *worker) {
    worker->step = PASS_PLAN;
    const struct provider *provider = worker_provider(worker);
    if (!provider) {
        const char *name = worker->record.provider ? worker->record.provider : worker->provider_name;
        worker_fail(worker, "there is no provider %s here", name ? name : "");
        worker->step = PASS_STATUS;
        return true;
    }
    if (!worker_region(worker)) {
        worker->is_known = worker->record.id == NULL && !worker->record.deleting;
        worker->step = worker->record.deleting ? PASS_RELEASE : PASS_STATUS;
        return true;
    }
    struct provider_target target = worker_target(worker);
    provider->methods->observe(provider->cookie, &target, observed, worker);
    return false;
}

// ---- doing it ----

static void hold_places(struct worker *worker) {
    rollout_hold(worker, PLACE_UPGRADE,
                 worker_holds(worker, PLACE_UPGRADE) || provider_action_upgrades(worker->starting.action));
    rollout_hold(worker, PLACE_DELETE, worker_holds(worker, PLACE_DELETE) || worker->record.deleting);
}

// Where it runs is settled with the first step, whatever the spec says later.
static void settle_home(struct worker *worker) {
    struct cluster_record *record = &worker->record;
    if (!record->id) {
        struct provider_target target = worker_target(worker);
        record->id = memory_strdup(target.id);
        record->region = memory_strdup(target.region);
        record->provider = memory_strdup(worker->provider_name);
    }
}

bool worker_step_intent(struct worker *worker) {
    char token[RECORD_TOKEN_BYTES];
    snprintf(token, sizeof(token), "fg-%016" PRIx64 "%016" PRIx64, reconciler_random(worker->reconciler),
             reconciler_random(worker->reconciler));
    settle_home(worker);
    hold_places(worker);
    intent_set(&worker->record.intent, &worker->starting, token,
               event_loop_wall_ms(worker->reconciler->options.loop));
    worker->starting = intent_step(&worker->record.intent);
    return worker_write_record(worker, PASS_START);
}

static void refuse(struct worker *worker, const struct provider_answer *answer) {
    struct plan_step step = worker->starting;
    const char *text = plan_step_text(worker->arena, &step);
    worker->step = PASS_KUBECONFIG;
    worker->wait_ms = answer->retry_after_ms > 0 ? answer->retry_after_ms : -1;
    switch (answer->error.kind) {
    case ERROR_IO: // it may be under way: asked again with the same token
    case ERROR_LIMIT:
        worker->failures++;
        worker_say(worker->waits, "%s: %s", text, answer->error.message);
        worker->wait_ms = worker->wait_ms > 0 ? worker->wait_ms : POLL_FIRST_MS;
        return;
    case ERROR_CONFLICT:
        worker->failures++;
        worker_say(worker->waits, "%s: %s", text, answer->error.message);
        break;
    default:
        worker_fail(worker, "%s: %s", text, answer->error.message);
        break;
    }
    intent_clear(&worker->record.intent);
    worker->record_dirty = true;
}

static void started(void *cookie, const struct provider_answer *answer) {
    struct worker *worker = cookie;
    struct reconciler_stats *stats = &worker->reconciler->stats;
    if (answer->error.kind != ERROR_NONE) {
        refuse(worker, answer);
        worker_run(worker);
        return;
    }
    const char *text = plan_step_text(worker->arena, &worker->starting);
    stats->steps_started++;
    stats->repairs += *worker->drift != '\0';
    worker_say(worker->step_text, "%s", text);
    worker_event(worker, false, *worker->drift ? "DriftRepaired" : "StepStarted", text);
    worker->shown = 0;
    if (answer->operation) {
        worker->record.intent.operation = memory_strdup(answer->operation);
        worker->step = PASS_OPERATION;
    } else {
        finish_operation(worker, true, NULL);
        worker->again = true;
        worker->step = PASS_KUBECONFIG;
    }
    worker_run(worker);
}

bool worker_step_start(struct worker *worker) {
    const struct reconciler_options *options = &worker->reconciler->options;
    const struct provider *provider = worker_provider(worker);
    worker->step = PASS_KUBECONFIG;
    if (!provider || (options->leads && !options->leads(options->cookie))) {
        worker_say(worker->waits, "another replica is in charge");
        return true;
    }
    const struct plan_step *step = &worker->starting;
    bool is_creation = step->action == ACTION_CREATE_CLUSTER;
    const char *flavour = !is_creation ? NULL : worker->spec ? worker->spec->flavour : "";
    const struct provider_request request = {.action = step->action,
                                             .target = worker_target(worker),
                                             .token = worker->record.intent.token,
                                             .flavour = flavour,
                                             .version = step->version,
                                             .replicas = step->replicas,
                                             .pool = step->pool,
                                             .surge = step->surge,
                                             .drain_s = step->drain_s};
    provider->methods->start(provider->cookie, &request, started, worker);
    return false;
}

bool worker_step_operation(struct worker *worker) {
    worker->wait_ms = POLL_FIRST_MS;
    return worker_write_record(worker, PASS_KUBECONFIG);
}
