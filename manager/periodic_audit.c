#include "manager/periodic_audit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/decision_text.h"
#include "kube/kube_event.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    FIRST_DELAY_SECONDS = 5, // after the start: rollouts don't need one audit for each new replica
    RETRY_SECONDS = 60,
    MOST_EVENTS = 200, // of one audit
};

struct periodic_audit {
    struct periodic_audit_options options;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    struct metric *last_run, *last_success, *duration, *objects;
    struct metric_family *violations;
};

// What one audit needs while it runs.
struct round {
    struct periodic_audit *audit;
    struct audit_report *report; // NULL: none is wanted
    unsigned events;
};

static struct metric *add_gauge(struct metrics *metrics, const char *name, const char *help) {
    return metric_series(
        metrics_add(metrics, &(struct metric_description){.type = METRIC_GAUGE, .name = name, .help = help}),
        NULL);
}

static void add_metrics(struct periodic_audit *audit) {
    struct metrics *metrics = audit->options.metrics;
    audit->last_run = add_gauge(metrics, "fleetgate_audit_last_run_timestamp_seconds",
                                "When the last audit of this replica ended, seconds since 1970.");
    audit->last_success = add_gauge(metrics, "fleetgate_audit_last_success_timestamp_seconds",
                                    "When the last audit that went through ended, seconds since 1970.");
    audit->duration =
        add_gauge(metrics, "fleetgate_audit_duration_seconds", "How long the last audit took, in seconds.");
    audit->objects = add_gauge(metrics, "fleetgate_audit_objects", "Objects that the last audit judged.");
    audit->violations = metrics_add(
        metrics, &(struct metric_description){.type = METRIC_GAUGE,
                                              .name = "fleetgate_audit_violations",
                                              .help = "Stored objects that a policy would deny or warn of "
                                                      "today, by the last audit.",
                                              .labels = {"policy", "mode"}});
}

static bool is_ending(struct periodic_audit *audit) {
    pthread_mutex_lock(&audit->lock);
    bool stopping = audit->stopping;
    pthread_mutex_unlock(&audit->lock);
    return stopping;
}

static bool is_stopping(void *cookie) {
    const struct round *round = cookie;
    return is_ending(round->audit);
}

static void tell_event(struct round *round, const struct audit_finding *finding,
                       const struct violation *violation) {
    const struct object_key *key = &finding->review->change.key;
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, 1024);
    violation_headline(violation, &line);
    text_sanitise(&line, true);
    const struct kube_event event = {.api_version = finding->api_version,
                                     .kind = key->kind,
                                     .namespace = *key->namespace ? key->namespace : NULL,
                                     .name = key->name,
                                     .uid = finding->uid,
                                     .warning = true,
                                     .reason = "PolicyViolation",
                                     .message = buffer_text(&line)};
    struct error error;
    // Reports and metrics tell them all; Events are for those who describe one object.
    if (!kube_events_write(round->audit->options.events, &event, clock_now_ns(), &error)) {
        round->events = MOST_EVENTS;
        return;
    }
    round->events++;
}

static bool note(void *cookie, const struct audit_finding *finding, struct error *error) {
    (void)error;
    struct round *round = cookie;
    if (round->report) {
        audit_report_add(round->report, finding);
    }
    for (size_t i = 0; i < finding->decision->violation_count; i++) {
        const struct violation *violation = &finding->decision->violations[i];
        if (round->audit->options.events && violation_denies(violation) && round->events < MOST_EVENTS) {
            tell_event(round, finding, violation);
        }
    }
    return true;
}

static void count(struct periodic_audit *audit, const struct audit_summary *summary) {
    for (size_t i = 0; i < summary->count; i++) {
        const char *denied[] = {summary->counts[i].policy, "deny"};
        const char *warned[] = {summary->counts[i].policy, "warn"};
        metric_set(metric_series(audit->violations, denied), (double)summary->counts[i].denied);
        metric_set(metric_series(audit->violations, warned), (double)summary->counts[i].warned);
    }
    metric_set(audit->objects, (double)summary->objects);
    metric_set(audit->duration, (double)summary->duration_ns / 1e9);
    metric_set(audit->last_success, (double)time(NULL));
}

static bool run_once(struct periodic_audit *audit, struct policy_set *set, struct error *error) {
    const struct periodic_audit_options *options = &audit->options;
    CLEANUP(audit_report_free)
    struct audit_report *report =
        options->reports == REPORT_NONE ? NULL : audit_report_new(options->reports, time(NULL));
    struct round round = {.audit = audit, .report = report};
    struct audit_options request = {
        .client = options->client, .policies = set, .found = note, .stop = is_stopping, .cookie = &round};
    options->fleet.open(options->fleet.cookie, &request.fleet);
    struct audit_summary summary;
    if (!audit_run(&request, &summary, error)) {
        return false;
    }
    count(audit, &summary);
    char objects[24], denied[24];
    snprintf(objects, sizeof(objects), "%" PRIu64, summary.objects);
    snprintf(denied, sizeof(denied), "%" PRIu64, summary.denied_objects);
    log_write(LOG_INFO, "audited", "objects", objects, "would_be_denied", denied, NULL);
    if (!report || audit_report_write(report, options->client, error)) {
        return true;
    }
    if (error->kind != ERROR_NOT_FOUND) {
        return false;
    }
    // Trying again soon installs nothing.
    log_write(LOG_WARN, "the audit's reports are not written", "why", error->message, NULL);
    return true;
}

// True once it is time to end.
static bool wait_seconds(struct periodic_audit *audit, uint64_t nanoseconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    uint64_t total = (uint64_t)until.tv_nsec + nanoseconds % 1000000000u;
    until.tv_sec += (time_t)(nanoseconds / 1000000000u + total / 1000000000u);
    until.tv_nsec = (long)(total % 1000000000u);
    pthread_mutex_lock(&audit->lock);
    int status = 0;
    while (!audit->stopping && status == 0) {
        status = pthread_cond_timedwait(&audit->wake, &audit->lock, &until);
    }
    bool stopping = audit->stopping;
    pthread_mutex_unlock(&audit->lock);
    return stopping;
}

static uint64_t run_when_due(struct periodic_audit *audit) {
    const struct periodic_audit_options *options = &audit->options;
    if (!options->may_run(options->cookie)) {
        return FIRST_DELAY_SECONDS * UINT64_C(1000000000);
    }
    CLEANUP(policy_set_unref) struct policy_set *set = options->policies(options->cookie);
    if (!set) {
        return FIRST_DELAY_SECONDS * UINT64_C(1000000000);
    }
    struct error error = {0};
    bool fine = run_once(audit, set, &error);
    metric_set(audit->last_run, (double)time(NULL));
    if (!fine && is_ending(audit)) {
        return 0;
    }
    if (!fine) {
        log_write(LOG_WARN, "the audit did not go through", "why", error.message, NULL);
        return RETRY_SECONDS * UINT64_C(1000000000);
    }
    return options->interval_ns;
}

static void *run(void *data) {
    struct periodic_audit *audit = data;
    uint64_t wait_ns = FIRST_DELAY_SECONDS * UINT64_C(1000000000);
    while (!wait_seconds(audit, wait_ns)) {
        wait_ns = run_when_due(audit);
    }
    return NULL;
}

bool periodic_audit_start(const struct periodic_audit_options *options, struct periodic_audit **ret_audit,
                          struct error *error) {
    CLEANUP(periodic_audit_free) struct periodic_audit *audit = memory_calloc(1, sizeof(*audit));
    audit->options = *options;
    add_metrics(audit);
    pthread_mutex_init(&audit->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&audit->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&audit->thread, NULL, run, audit) != 0) {
        return error_set(error, ERROR_LIMIT, "can't start a thread for audits");
    }
    audit->has_thread = true;
    *ret_audit = periodic_audit_free_take(&audit);
    return true;
}

void periodic_audit_free(struct periodic_audit *audit) {
    if (!audit) {
        return;
    }
    pthread_mutex_lock(&audit->lock);
    audit->stopping = true;
    pthread_cond_broadcast(&audit->wake);
    pthread_mutex_unlock(&audit->lock);
    if (audit->has_thread) {
        pthread_join(audit->thread, NULL);
    }
    pthread_cond_destroy(&audit->wake);
    pthread_mutex_destroy(&audit->lock);
    free(audit);
}
