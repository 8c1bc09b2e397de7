#include "manager/fleet_metrics.h"

#include "base/memory.h"

#include <pthread.h>

enum figure {
    INVENTORY_CLUSTERS,
    INVENTORY_OBJECTS,
    INVENTORY_BYTES,
    INVENTORY_KINDS,
    INVENTORY_SYNCED,
    INVENTORY_STALENESS,
    WATCH_EVENTS,
    WATCH_RELISTS,
    WATCH_ERRORS,
    OBJECT_READS,
    BUDGET_ASKS,
    BUDGET_REFUSED,
    BUDGET_PROMISES,
    BUDGET_UNSHOWN,
    BUDGET_GIVEN_BACK,
    BUDGET_WRITES,
    BUDGET_CONFLICTS,
    BUDGET_STORE_ERRORS,
    BREAKER_TRIPS,
    BREAKER_TRIPPED,
    ROTATION_FAILURES,
    LEADER,
    FIGURE_COUNT,
};

// Counters are kept by those who count; here they are only shown.
static const struct {
    enum metric_type type;
    const char *name, *help;
} descriptions[FIGURE_COUNT] = {
    [INVENTORY_CLUSTERS] = {METRIC_GAUGE, "fleetgate_inventory_clusters", "Clusters that are known."},
    [INVENTORY_OBJECTS] = {METRIC_GAUGE, "fleetgate_inventory_objects",
                           "Objects that are known: clusters and what they are made of."},
    [INVENTORY_BYTES] = {METRIC_GAUGE, "fleetgate_inventory_bytes", "Memory that the inventory takes."},
    [INVENTORY_KINDS] = {METRIC_GAUGE, "fleetgate_inventory_kinds", "Kinds of objects that are followed."},
    [INVENTORY_SYNCED] = {METRIC_GAUGE, "fleetgate_inventory_synced",
                          "1 once every kind that is served has been listed."},
    [INVENTORY_STALENESS] = {METRIC_GAUGE, "fleetgate_inventory_staleness_seconds",
                             "How long some kind has been without contact to the API server."},
    [WATCH_EVENTS] = {METRIC_COUNTER, "fleetgate_watch_events_total", "Changes that the API server told."},
    [WATCH_RELISTS] = {METRIC_COUNTER, "fleetgate_watch_relists_total",
                       "Lists that were made again, after a kind's first one."},
    [WATCH_ERRORS] = {METRIC_COUNTER, "fleetgate_watch_errors_total",
                      "Lists and watches that failed or broke off."},
    [OBJECT_READS] = {METRIC_COUNTER, "fleetgate_inventory_reads_total",
                      "Single objects that were read because the watch had not shown them."},
    [BUDGET_ASKS] = {METRIC_COUNTER, "fleetgate_budget_asks_total", "Questions whether a change fits."},
    [BUDGET_REFUSED] = {METRIC_COUNTER, "fleetgate_budget_refused_total", "Changes that did not fit."},
    [BUDGET_PROMISES] = {METRIC_GAUGE, "fleetgate_budget_promises",
                         "Places given to changes in the last half minute."},
    [BUDGET_UNSHOWN] = {METRIC_GAUGE, "fleetgate_budget_promises_unshown",
                        "Of them, those that the inventory does not show yet."},
    [BUDGET_GIVEN_BACK] = {METRIC_COUNTER, "fleetgate_budget_given_back_total",
                           "Places taken back because the change was never stored."},
    [BUDGET_WRITES] = {METRIC_COUNTER, "fleetgate_budget_store_writes_total",
                       "Writes of the objects that replicas share."},
    [BUDGET_CONFLICTS] = {METRIC_COUNTER, "fleetgate_budget_store_conflicts_total",
                          "Of them, those that another replica was faster than."},
    [BUDGET_STORE_ERRORS] = {METRIC_COUNTER, "fleetgate_budget_store_errors_total",
                             "Reads and writes of shared objects that failed."},
    [BREAKER_TRIPS] = {METRIC_COUNTER, "fleetgate_breaker_trips_total",
                       "How often the mass-delete breaker tripped here."},
    [BREAKER_TRIPPED] = {METRIC_GAUGE, "fleetgate_breaker_tripped",
                         "Identities that may delete nothing until somebody approves."},
    [ROTATION_FAILURES] = {METRIC_GAUGE, "fleetgate_cert_rotation_failures",
                           "Tries in a row to look after the certificate that failed."},
    [LEADER] = {METRIC_GAUGE, "fleetgate_leader", "1 on the replica that audits."},
};

struct fleet_metrics {
    pthread_mutex_t lock; // two scrapes at a time must not count twice
    struct metric *figures[FIGURE_COUNT];
};

struct fleet_metrics *fleet_metrics_new(struct metrics *metrics) {
    struct fleet_metrics *fleet = memory_calloc(1, sizeof(*fleet));
    pthread_mutex_init(&fleet->lock, NULL);
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        const struct metric_description description = {
            .type = descriptions[i].type, .name = descriptions[i].name, .help = descriptions[i].help};
        fleet->figures[i] = metric_series(metrics_add(metrics, &description), NULL);
    }
    return fleet;
}

void fleet_metrics_free(struct fleet_metrics *fleet) {
    if (fleet) {
        pthread_mutex_destroy(&fleet->lock);
        free(fleet);
    }
}

void fleet_metrics_update(struct fleet_metrics *fleet, const struct fleet_figures *figures) {
    const struct feeder_status *feeder = figures->feeder;
    const struct ledger_stats *ledger = figures->ledger;
    const double values[FIGURE_COUNT] = {
        [INVENTORY_CLUSTERS] = (double)figures->counts->clusters,
        [INVENTORY_OBJECTS] = (double)figures->counts->objects,
        [INVENTORY_BYTES] = (double)figures->counts->bytes,
        [INVENTORY_KINDS] = feeder->kinds,
        [INVENTORY_SYNCED] = feeder->synced,
        [INVENTORY_STALENESS] = (double)feeder->stale_ns / 1e9,
        [WATCH_EVENTS] = (double)feeder->events,
        [WATCH_RELISTS] = (double)feeder->relists,
        [WATCH_ERRORS] = (double)feeder->errors,
        [OBJECT_READS] = (double)feeder->reads,
        [BUDGET_ASKS] = (double)ledger->asks,
        [BUDGET_REFUSED] = (double)ledger->refused,
        [BUDGET_PROMISES] = (double)ledger->promises,
        [BUDGET_UNSHOWN] = (double)ledger->unshown,
        [BUDGET_GIVEN_BACK] = (double)ledger->given_back,
        [BUDGET_WRITES] = (double)ledger->writes,
        [BUDGET_CONFLICTS] = (double)ledger->conflicts,
        [BUDGET_STORE_ERRORS] = (double)ledger->store_errors,
        [BREAKER_TRIPS] = (double)ledger->trips,
        [BREAKER_TRIPPED] = (double)ledger->tripped,
        [ROTATION_FAILURES] = figures->certificates->failures,
        [LEADER] = figures->leads,
    };
    pthread_mutex_lock(&fleet->lock);
    for (size_t i = 0; i < FIGURE_COUNT; i++) {
        metric_set(fleet->figures[i], values[i]);
    }
    pthread_mutex_unlock(&fleet->lock);
}
