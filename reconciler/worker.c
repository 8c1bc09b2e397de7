#include "reconciler/worker.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    FIRST_WAIT_MS = 1000, // after a failure; doubled each time
    LONGEST_WAIT_MS = 300000,
    BUSY_WAIT_MS = 2000, // while the cloud does something
    MOST_DOUBLINGS = 9,
    ARRIVING_PASSES = 4,
};

struct worker *worker_new(struct reconciler *reconciler, const struct object_key *key) {
    struct worker *worker = memory_calloc(1, sizeof(*worker) + object_key_bytes(key));
    char *at = (char *)(worker + 1);
    worker->reconciler = reconciler;
    worker->key = object_key_copy_to(key, &at);
    worker->must_judge = true;
    worker->is_stale = true;
    worker->spec_revision = -1;
    worker->wait_ms = -1;
    reconciler->uncounted++;
    return worker;
}

void worker_free(struct worker *worker) {
    if (!worker) {
        return;
    }
    struct reconciler *reconciler = worker->reconciler;
    const struct reconciler_options *options = &reconciler->options;
    options->store.methods->forget(options->store.cookie, worker);
    for (size_t i = 0; i < options->provider_count; i++) {
        const struct provider *provider = &options->providers[i].provider;
        provider->methods->forget(provider->cookie, worker);
    }
    event_loop_cancel(options->loop, worker->timer);
    rollout_count(worker);
    rollout_leave_line(worker);
    rollout_hold(worker, PLACE_UPGRADE, false);
    rollout_hold(worker, PLACE_DELETE, false);
    cluster_record_clear(&worker->record);
    verdict_list_clear(&worker->verdicts);
    free(worker->spec);
    free(worker->uid);
    free(worker->api_version);
    free(worker->provider_name);
    free(worker->wave);
    free(worker->kubeconfig_text);
    free(worker->told_problem);
    arena_free(worker->arena);
    free(worker);
}

void worker_say(char *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, WORKER_MOST_TEXT, format, arguments);
    va_end(arguments);
}

void worker_fail(struct worker *worker, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(worker->problem, WORKER_MOST_TEXT, format, arguments);
    va_end(arguments);
    worker->failures++;
}

const struct stored_object *worker_stored(const struct worker *worker) {
    return object_table_find(worker->reconciler->objects, &worker->key);
}

const struct provider *worker_provider(struct worker *worker) {
    const struct reconciler_options *options = &worker->reconciler->options;
    const char *name = worker->record.provider ? worker->record.provider : worker->provider_name;
    for (size_t i = 0; name && i < options->provider_count; i++) {
        if (strcmp(options->providers[i].name, name) == 0) {
            return &options->providers[i].provider;
        }
    }
    return NULL;
}

const char *worker_region(const struct worker *worker) {
    return worker->record.region ? worker->record.region : worker->spec ? worker->spec->region : NULL;
}

// "prod-eu-1", or what the record says.
struct provider_target worker_target(const struct worker *worker) {
    const char *id = worker->record.id;
    if (!id) {
        id = arena_printf(worker->arena, "%s-%s", worker->key.namespace, worker->key.name);
    }
    return (struct provider_target){.region = worker_region(worker), .id = id, .owner = worker->uid};
}

static void replace(char **text, const char *value) {
    free(*text);
    *text = value ? memory_strdup(value) : NULL;
}

void worker_read_cluster(struct worker *worker, const struct stored_object *stored) {
    const struct reconciler_options *options = &worker->reconciler->options;
    CLEANUP(document_free) struct document *document = stored_object_read(stored);
    const struct node *object = document_root(document);
    const struct node *metadata = node_get(object, "metadata");
    const struct node *labels = node_get(metadata, "labels");
    const struct reconcile_settings *settings = options->settings(options->cookie);
    const char *label = node_string(node_get(labels, RECONCILER_LABEL));
    replace(&worker->uid, stored->uid);
    replace(&worker->api_version, node_string(node_get(object, "apiVersion")));
    replace(&worker->provider_name, label ? label : options->default_provider);
    replace(&worker->wave, settings->wave_label ? node_string(node_get(labels, settings->wave_label)) : NULL);
    bool pause = false;
    (void)node_boolean(node_get(node_get(object, "spec"), "paused"), &pause);
    worker->is_paused =
        pause || node_get(node_get(metadata, "annotations"), "cluster.x-k8s.io/paused") != NULL;
    worker->is_deleting = stored->deleting;
    worker->has_finalizer = has_reconciler_finalizer(object);
}

void worker_event(struct worker *worker, bool warning, const char *reason, const char *message) {
    const struct object_store *store = &worker->reconciler->options.store;
    store->methods->event(store->cookie, &worker->key, worker->uid, warning, reason, message);
}

// ---- a pass ----

static void begin(struct worker *worker) {
    worker->arena = arena_new();
    worker->cloud = NULL;
    worker->is_known = false;
    worker->unreachable = false;
    worker->record_is_fresh = false;
    worker->shown = worker->again ? 0 : worker->shown; // what was said may have been of something older
    worker->again = false;
    worker->wait_ms = -1;
    worker->next_member = 0;
    worker->next_approved = 0;
    worker->clean_step = 0;
    worker->plan = (struct plan){0};
    worker->members = (struct member_list){0};
    char *texts = arena_alloc(worker->arena, (size_t)4 * WORKER_MOST_TEXT);
    worker->step_text = texts;
    worker->waits = texts + WORKER_MOST_TEXT;
    worker->problem = texts + (size_t)2 * WORKER_MOST_TEXT;
    worker->drift = texts + (size_t)3 * WORKER_MOST_TEXT;
    worker->asked_line = false;
    worker->reported = false;
    worker->failures_before = worker->failures;
    worker->step = PASS_RECORD;
    worker->reconciler->stats.passes++;
}

static int64_t retry_ms(struct worker *worker) {
    unsigned doublings = worker->failures > MOST_DOUBLINGS ? MOST_DOUBLINGS : worker->failures;
    int64_t wait_ms = (int64_t)FIRST_WAIT_MS << (doublings > 0 ? doublings - 1 : 0);
    return wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS;
}

static int64_t next_wait_ms(struct worker *worker) {
    const struct reconciler_options *options = &worker->reconciler->options;
    if (worker->again) {
        return 0;
    }
    if (worker->failures > worker->failures_before) {
        int64_t wait_ms = retry_ms(worker);
        return reconciler_jitter(worker->reconciler, worker->wait_ms > wait_ms ? worker->wait_ms : wait_ms);
    }
    if (worker->wait_ms >= 0) {
        return worker->wait_ms;
    }
    if (worker->reported && worker->retry_judge) {
        return REPORTED_WAIT_MS;
    }
    bool is_busy =
        *worker->step_text != '\0' || worker->record.intent.action != ACTION_NONE ||
        (worker->cloud && (worker->cloud->state == CLOUD_CREATING || worker->cloud->state == CLOUD_UPDATING ||
                           worker->cloud->state == CLOUD_DELETING));
    int64_t usual_ms = is_busy ? BUSY_WAIT_MS : options->settings(options->cookie)->resync_s * 1000;
    return reconciler_jitter(worker->reconciler, usual_ms);
}

static void tell_problem(struct worker *worker) {
    bool is_same = worker->told_problem && strcmp(worker->told_problem, worker->problem) == 0;
    if (*worker->problem && !is_same) {
        worker_event(worker, true, "ReconcileProblem", worker->problem);
        replace(&worker->told_problem, worker->problem);
    } else if (!*worker->problem) {
        replace(&worker->told_problem, NULL);
    }
}

const char *worker_refusal(const struct worker *worker) {
    for (size_t i = 0; i < worker->verdicts.count; i++) {
        const struct verdict *verdict = worker->verdicts.items[i];
        if (verdict->state == APPROVAL_DENIED || verdict->state == APPROVAL_HELD) {
            return verdict->text;
        }
    }
    return NULL;
}

static void tell_progress(struct worker *worker) {
    const struct reconciler_options *options = &worker->reconciler->options;
    // The parts of a new cluster come one after the other: that is no news.
    bool is_arriving = worker->incomplete > 0 && worker->incomplete < ARRIVING_PASSES;
    if (!options->progress || worker->is_gone || !worker->provider_name || is_arriving) {
        return;
    }
    const char *refusal = worker_refusal(worker);
    const struct stored_object *stored = worker_stored(worker);
    CLEANUP(document_free) struct document *document = stored ? stored_object_read(stored) : NULL;
    struct cluster_progress progress = {
        .namespace = worker->key.namespace,
        .name = worker->key.name,
        .phase = "",
        .version = worker->cloud && worker->cloud->version ? worker->cloud->version : "",
        .doing = "",
    };
    struct status_question question = {0};
    if (document) {
        question = worker_question(worker, stored, document, document);
        progress.phase = cluster_phase(&question);
    }
    if (*worker->problem) {
        progress.doing = worker->problem;
        progress.state = PROGRESS_FAILED;
    } else if (*worker->step_text) {
        progress.doing = worker->step_text;
        progress.state = PROGRESS_WORKING;
    } else if (refusal) {
        progress.doing = refusal;
        progress.state = PROGRESS_REFUSED;
    } else if (*worker->waits || *worker->drift) {
        progress.doing = *worker->waits ? worker->waits : worker->drift;
        progress.state = PROGRESS_WAITING;
    } else if (!worker->converged && !worker->is_deleting) {
        progress.state = PROGRESS_WAITING;
    }
    if (worker->cloud) {
        progress.ready = worker->cloud->control_plane_ready;
        progress.wanted = worker->cloud->control_plane_replicas;
        for (size_t i = 0; i < worker->cloud->pool_count; i++) {
            progress.ready += worker->cloud->pools[i].ready;
            progress.wanted += worker->cloud->pools[i].replicas;
        }
    }
    options->progress(options->cookie, &progress);
}

static bool is_driven(const struct worker *worker) {
    return worker->provider_name || worker->has_finalizer || worker->again;
}

static void end(struct worker *worker) {
    tell_problem(worker);
    tell_progress(worker);
    bool failed = worker->failures > worker->failures_before;
    worker->failures = failed ? worker->failures_before + 1 : 0;
    if (worker->is_stale && !worker->again && !failed) {
        worker->is_stale = false;
        reconciler_move_line(worker->reconciler);
    }
    if (!worker->asked_line) {
        rollout_leave_line(worker);
    }
    // A verdict may fall otherwise when the world around has changed: it is asked for again with each pass.
    worker->must_judge |= worker->retry_judge;
    if (worker->reported) {
        worker->shown = 0; // it may have been somebody else who wrote a status: all are looked at once more
    }
    int64_t wait_ms = next_wait_ms(worker);
    arena_free(worker->arena);
    worker->arena = NULL;
    worker->cloud = NULL;
    worker->step_text = worker->waits = worker->problem = worker->drift = NULL;
    worker->step = PASS_NONE;
    struct reconciler *reconciler = worker->reconciler;
    if (!worker->is_gone && is_driven(worker)) {
        reconciler_wake(reconciler, worker, wait_ms);
    }
    reconciler_pass_ended(reconciler, worker); // may free worker
}

void worker_run(struct worker *worker) {
    static bool (*const steps[PASS_STEP_COUNT])(struct worker *) = {
        [PASS_RECORD] = worker_step_record,
        [PASS_GONE] = worker_step_gone,
        [PASS_JUDGE] = worker_step_judge,
        [PASS_SPEC] = worker_step_spec,
        [PASS_STORE] = worker_step_store,
        [PASS_METADATA] = worker_step_metadata,
        [PASS_POLL] = worker_step_poll,
        [PASS_OBSERVE] = worker_step_observe,
        [PASS_PLAN] = worker_step_plan,
        [PASS_INTENT] = worker_step_intent,
        [PASS_START] = worker_step_start,
        [PASS_OPERATION] = worker_step_operation,
        [PASS_KUBECONFIG] = worker_step_kubeconfig,
        [PASS_KUBECONFIG_FETCH] = worker_step_kubeconfig_fetch,
        [PASS_KUBECONFIG_WRITE] = worker_step_kubeconfig_write,
        [PASS_STATUS] = worker_step_status,
        [PASS_RELEASE] = worker_step_release,
        [PASS_CLEAN] = worker_step_clean,
        [PASS_TIDY] = worker_step_tidy,
    };
    if (worker->step == PASS_NONE) {
        begin(worker);
    }
    while (worker->step != PASS_END && (!worker->is_gone || worker_leaves_record(worker))) {
        if (!steps[worker->step](worker)) {
            return;
        }
    }
    end(worker);
}
