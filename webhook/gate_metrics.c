#include "webhook/gate_metrics.h"

#include "base/memory.h"
#include "webhook/process_metrics.h"

#include <stdio.h>
#include <string.h>

struct gate_metrics {
    struct metrics *registry;
    struct metric_family *requests;
    struct metric *duration;
    struct metric_family *evaluations;
    struct metric_family *policy_duration;
    struct metric_family *policy_errors;
    struct metric *policies_loaded;
    struct metric_family *reloads;
    struct metric *certificate_expiry;
    struct metric_family *authority_expiry;
    struct metric_family *rejected;
    struct metric_family *bundle;
    struct metric *bundle_in_force; // NULL: none yet
    struct metric_family *decision_records;
    struct metric_family *attestations;
    struct process_metrics process;
    void (*write_more)(void *cookie, struct buffer *ret_text);
    void *cookie;
};

// A review takes tens of microseconds; what takes longer than a second has met its deadline.
static const double review_bounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                       0.025,  0.05,    0.1,    0.25,  0.5,    1,     2.5};
static const double policy_bounds[] = {0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
                                       0.001,   0.0025,   0.005,   0.01,   0.025,   0.05};

static struct metric_family *add(struct metrics *registry, const struct metric_description *description) {
    return metrics_add(registry, description);
}

static struct metric *add_one(struct metrics *registry, const struct metric_description *description) {
    return metric_series(metrics_add(registry, description), NULL);
}

static void add_review_families(struct gate_metrics *metrics) {
    struct metrics *registry = metrics->registry;
    metrics->requests =
        add(registry,
            &(struct metric_description){.type = METRIC_COUNTER,
                                         .name = "fleetgate_admission_requests_total",
                                         .help = "Admission reviews answered.",
                                         .labels = {"webhook", "operation", "kind", "result", "dry_run"}});
    metrics->duration = add_one(
        registry,
        &(struct metric_description){.type = METRIC_HISTOGRAM,
                                     .name = "fleetgate_admission_duration_seconds",
                                     .help = "From a request's head to its answer, in seconds.",
                                     .bounds = review_bounds,
                                     .bound_count = sizeof(review_bounds) / sizeof(review_bounds[0])});
    metrics->rejected =
        add(registry,
            &(struct metric_description){.type = METRIC_COUNTER,
                                         .name = "fleetgate_requests_rejected_total",
                                         .help = "Requests refused before any policy ran, by HTTP status.",
                                         .labels = {"code"}});
}

static void add_policy_families(struct gate_metrics *metrics) {
    struct metrics *registry = metrics->registry;
    metrics->evaluations =
        add(registry, &(struct metric_description){.type = METRIC_COUNTER,
                                                   .name = "fleetgate_policy_evaluations_total",
                                                   .help = "Policies run: pass, violated, unknown or fault.",
                                                   .labels = {"policy", "result"}});
    metrics->policy_duration =
        add(registry,
            &(struct metric_description){.type = METRIC_HISTOGRAM,
                                         .name = "fleetgate_policy_duration_seconds",
                                         .help = "Time of one policy in one review, in seconds.",
                                         .labels = {"policy"},
                                         .bounds = policy_bounds,
                                         .bound_count = sizeof(policy_bounds) / sizeof(policy_bounds[0])});
    metrics->policy_errors = add(
        registry,
        &(struct metric_description){.type = METRIC_COUNTER,
                                     .name = "fleetgate_policy_errors_total",
                                     .help = "Policies that could not finish: error, time, memory, stack, "
                                             "blocked, deadline or inventory.",
                                     .labels = {"policy", "reason"}});
    metrics->policies_loaded =
        add_one(registry, &(struct metric_description){.type = METRIC_GAUGE,
                                                       .name = "fleetgate_policies_loaded",
                                                       .help = "Policies in force."});
    metrics->reloads =
        add(registry, &(struct metric_description){.type = METRIC_COUNTER,
                                                   .name = "fleetgate_reloads_total",
                                                   .help = "Loads of policies, certificates and keys.",
                                                   .labels = {"what", "result"}});
    metrics->certificate_expiry = add_one(
        registry,
        &(struct metric_description){.type = METRIC_GAUGE,
                                     .name = "fleetgate_cert_expiry_timestamp_seconds",
                                     .help = "When the serving certificate ends, seconds since 1970."});
    metrics->authority_expiry =
        add(registry,
            &(struct metric_description){.type = METRIC_GAUGE,
                                         .name = "fleetgate_ca_expiry_timestamp_seconds",
                                         .help = "When the authority that signed it ends, seconds since "
                                                 "1970."});
}

static void add_attestation_families(struct gate_metrics *metrics) {
    metrics->attestations =
        add(metrics->registry,
            &(struct metric_description){.type = METRIC_COUNTER,
                                         .name = "fleetgate_attestations_total",
                                         .help = "Attestations: written or unchanged by /mutate; good, kept "
                                                 "(not part of the change), absent or refused at /validate.",
                                         .labels = {"result"}});
}

static void add_log_families(struct gate_metrics *metrics) {
    struct metrics *registry = metrics->registry;
    metrics->bundle =
        add(registry,
            &(struct metric_description){.type = METRIC_GAUGE,
                                         .name = "fleetgate_policy_bundle_info",
                                         .help = "1 for the policies and configuration in force, 0 for those "
                                                 "that were; by the configuration's revision and digest.",
                                         .labels = {"revision", "sha256"}});
    metrics->decision_records =
        add(registry, &(struct metric_description){.type = METRIC_COUNTER,
                                                   .name = "fleetgate_decision_log_records_total",
                                                   .help = "Records of the decision log: written, dropped "
                                                           "(the queue was full) or failed (the file).",
                                                   .labels = {"result"}});
}

struct gate_metrics *gate_metrics_new(const char *version) {
    struct gate_metrics *metrics = memory_calloc(1, sizeof(*metrics));
    metrics->registry = metrics_new();
    add_review_families(metrics);
    add_policy_families(metrics);
    add_log_families(metrics);
    add_attestation_families(metrics);
    struct metric_family *build =
        add(metrics->registry,
            &(struct metric_description){.type = METRIC_GAUGE,
                                         .name = "fleetgate_build_info",
                                         .help = "Always 1; the label says which version runs.",
                                         .labels = {"version"}});
    metric_set(metric_series(build, &version), 1);
    process_metrics_add(metrics->registry, &metrics->process);
    return metrics;
}

void gate_metrics_free(struct gate_metrics *metrics) {
    if (metrics) {
        metrics_free(metrics->registry);
        free(metrics);
    }
}

static void count_policies(struct gate_metrics *metrics, const struct decision *decision) {
    for (size_t i = 0; i < decision->result_count; i++) {
        const struct policy_result *result = &decision->results[i];
        const char *outcome[] = {result->policy, policy_outcome_name(result->outcome)};
        metric_add(metric_series(metrics->evaluations, outcome), 1);
        metric_observe(metric_series(metrics->policy_duration, &result->policy),
                       (double)result->duration_ns / 1e9);
        if (result->outcome == OUTCOME_FAULT) {
            const char *reason[] = {result->policy, policy_fault_name(result->fault)};
            metric_add(metric_series(metrics->policy_errors, reason), 1);
        }
    }
}

void gate_metrics_review(struct gate_metrics *metrics, const char *webhook,
                         const struct admission_review *admission, const struct decision *decision,
                         uint64_t duration_ns) {
    const char *result = !decision                   ? "skipped"
                         : !decision->allowed        ? "denied"
                         : decision->patch_count > 0 ? "patched"
                                                     : "allowed";
    const char *values[] = {webhook, admission->operation, admission->review.change.key.kind, result,
                            admission->review.dry_run ? "true" : "false"};
    metric_add(metric_series(metrics->requests, values), 1);
    metric_observe(metrics->duration, (double)duration_ns / 1e9);
    if (decision) {
        count_policies(metrics, decision);
    }
}

void gate_metrics_rejected(struct gate_metrics *metrics, unsigned status) {
    char code[16];
    snprintf(code, sizeof(code), "%u", status);
    const char *value = code;
    metric_add(metric_series(metrics->rejected, &value), 1);
}

void gate_metrics_policies(struct gate_metrics *metrics, size_t loaded) {
    metric_set(metrics->policies_loaded, (double)loaded);
}

void gate_metrics_bundle(struct gate_metrics *metrics, const char *revision, const char *digest) {
    const char *colon = strchr(digest, ':');
    const char *values[] = {revision, colon ? colon + 1 : digest};
    struct metric *bundle = metric_series(metrics->bundle, values);
    if (metrics->bundle_in_force && metrics->bundle_in_force != bundle) {
        metric_set(metrics->bundle_in_force, 0);
    }
    metric_set(bundle, 1);
    metrics->bundle_in_force = bundle;
}

void gate_metrics_decision_record(struct gate_metrics *metrics, const char *result) {
    metric_add(metric_series(metrics->decision_records, &result), 1);
}

void gate_metrics_attestation(struct gate_metrics *metrics, enum attestation_result result) {
    if (result != ATTESTATION_NOT_DUE) {
        const char *name = attestation_result_name(result);
        metric_add(metric_series(metrics->attestations, &name), 1);
    }
}

void gate_metrics_reload(struct gate_metrics *metrics, const char *what, bool succeeded) {
    const char *values[] = {what, succeeded ? "success" : "failure"};
    metric_add(metric_series(metrics->reloads, values), 1);
}

void gate_metrics_certificate(struct gate_metrics *metrics, int64_t not_after) {
    metric_set(metrics->certificate_expiry, (double)not_after);
}

void gate_metrics_authority(struct gate_metrics *metrics, int64_t not_after) {
    metric_set(metric_series(metrics->authority_expiry, NULL), (double)not_after);
}

void gate_metrics_add_writer(struct gate_metrics *metrics,
                             void (*write)(void *cookie, struct buffer *ret_text), void *cookie) {
    metrics->write_more = write;
    metrics->cookie = cookie;
}

void gate_metrics_write(struct gate_metrics *metrics, struct buffer *ret_text) {
    process_metrics_update(&metrics->process);
    metrics_write(metrics->registry, ret_text);
    if (metrics->write_more) {
        metrics->write_more(metrics->cookie, ret_text);
    }
}
