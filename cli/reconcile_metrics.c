#include "cli/reconcile_metrics.h"

#include "base/memory.h"
#include "base/metrics.h"

enum gauge { CLUSTERS, CONVERGED, WORKING, WAITING, REFUSED, FAILED, GAUGE_COUNT };
enum counter {
    PASSES,
    STEPS_STARTED,
    STEPS_DONE,
    STEPS_FAILED,
    APPROVALS,
    DENIALS,
    HOLDS,
    REPAIRS,
    COUNTER_COUNT
};

static const char *const gauge_states[GAUGE_COUNT] = {
    [CLUSTERS] = "driven", [CONVERGED] = "converged", [WORKING] = "working",
    [WAITING] = "waiting", [REFUSED] = "refused",     [FAILED] = "failed"};

static const struct {
    const char *name, *help;
} counters[COUNTER_COUNT] = {
    [PASSES] = {"fleetgate_reconcile_passes_total", "Looks at a cluster, from objects to cloud."},
    [STEPS_STARTED] = {"fleetgate_reconcile_steps_started_total", "Steps that a provider was asked for."},
    [STEPS_DONE] = {"fleetgate_reconcile_steps_done_total", "Of them, those that ended well."},
    [STEPS_FAILED] = {"fleetgate_reconcile_steps_failed_total", "Of them, those that did not."},
    [APPROVALS] = {"fleetgate_reconcile_approvals_total", "Specs that were approved."},
    [DENIALS] = {"fleetgate_reconcile_denials_total", "Specs that policies denied."},
    [HOLDS] = {"fleetgate_reconcile_holds_total", "Specs that wait: not attested, or not to be judged."},
    [REPAIRS] = {"fleetgate_reconcile_repairs_total", "Steps that put right what somebody else changed."},
};

struct reconcile_metrics {
    struct metrics *metrics;
    struct metric *active, *gauges[GAUGE_COUNT], *counters[COUNTER_COUNT];
    struct metric_family *decisions;
    uint64_t seen[COUNTER_COUNT]; // of the reconciler that there is now
};

static struct metric_family *add(struct metrics *metrics, enum metric_type type, const char *name,
                                 const char *help, const char *label) {
    const struct metric_description description = {
        .type = type, .name = name, .help = help, .labels = {label}};
    return metrics_add(metrics, &description);
}

struct reconcile_metrics *reconcile_metrics_new(void) {
    struct reconcile_metrics *metrics = memory_calloc(1, sizeof(*metrics));
    struct metrics *registry = metrics->metrics = metrics_new();
    metrics->active = metric_series(add(registry, METRIC_GAUGE, "fleetgate_reconcile_active",
                                        "1 on the replica that carries out approved specs.", NULL),
                                    NULL);
    struct metric_family *clusters = add(registry, METRIC_GAUGE, "fleetgate_reconcile_clusters",
                                         "Clusters by state; one can be in several.", "state");
    for (size_t i = 0; i < GAUGE_COUNT; i++) {
        metrics->gauges[i] = metric_series(clusters, &gauge_states[i]);
    }
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        metrics->counters[i] =
            metric_series(add(registry, METRIC_COUNTER, counters[i].name, counters[i].help, NULL), NULL);
    }
    metrics->decisions = add(registry, METRIC_COUNTER, "fleetgate_reconcile_decisions_total",
                             "Changes that were judged before they are carried out.", "verdict");
    return metrics;
}

void reconcile_metrics_free(struct reconcile_metrics *metrics) {
    if (metrics) {
        metrics_free(metrics->metrics);
        free(metrics);
    }
}

void reconcile_metrics_update(struct reconcile_metrics *metrics, const struct reconciler_stats *stats) {
    const struct reconciler_stats none = {0};
    const struct reconciler_stats *now = stats ? stats : &none;
    const size_t gauges[GAUGE_COUNT] = {
        [CLUSTERS] = now->clusters, [CONVERGED] = now->converged, [WORKING] = now->working,
        [WAITING] = now->waiting,   [REFUSED] = now->refused,     [FAILED] = now->failed};
    const uint64_t counts[COUNTER_COUNT] = {
        [PASSES] = now->passes,         [STEPS_STARTED] = now->steps_started,
        [STEPS_DONE] = now->steps_done, [STEPS_FAILED] = now->steps_failed,
        [APPROVALS] = now->approvals,   [DENIALS] = now->denials,
        [HOLDS] = now->holds,           [REPAIRS] = now->repairs};
    metric_set(metrics->active, stats != NULL);
    for (size_t i = 0; i < GAUGE_COUNT; i++) {
        metric_set(metrics->gauges[i], (double)gauges[i]);
    }
    for (size_t i = 0; i < COUNTER_COUNT; i++) {
        // A new reconciler counts from 0; a counter of Prometheus must not go back.
        metric_add(metrics->counters[i],
                   counts[i] > metrics->seen[i] ? (double)(counts[i] - metrics->seen[i]) : 0);
        metrics->seen[i] = counts[i];
    }
}

void reconcile_metrics_decided(struct reconcile_metrics *metrics, const struct decision *decision) {
    const char *verdict = decision->allowed ? "allowed" : "denied";
    metric_add(metric_series(metrics->decisions, &verdict), 1);
}

void reconcile_metrics_write(const struct reconcile_metrics *metrics, struct buffer *ret_text) {
    metrics_write(metrics->metrics, ret_text);
}
