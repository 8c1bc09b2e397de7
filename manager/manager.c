#include "manager/manager.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "engine/policy_wants.h"
#include "fleet/inventory.h"
#include "kube/kube_event.h"
#include "manager/feeder.h"
#include "manager/fleet_metrics.h"
#include "manager/housekeeping.h"
#include "manager/ledger.h"
#include "manager/periodic_audit.h"
#include "manager/shared_store_kube.h"

#include <stdio.h>

// What is known may be this old when a place of a limit is given away. Well below the life of a promise: what
// others gave away and stored meanwhile must not have been forgotten before it was seen here.
enum { STALE_LIMIT_MS = 20000, LOOK_TIMEOUT_NS = 2000000000 };

// In the order in which they are made; the reverse is the order in which they go.
struct manager {
    struct manager_options options;
    struct metrics *metrics;
    struct fleet_metrics *fleet_metrics;
    struct kube_client *client;
    struct inventory *inventory;
    struct feeder *feeder;
    struct shared_store_kube *store;
    struct ledger *ledger;
    struct kube_events *events;
    struct housekeeping *housekeeping;
    struct periodic_audit *audit;
};

void manager_free(struct manager *manager) {
    if (!manager) {
        return;
    }
    periodic_audit_free(manager->audit);
    housekeeping_free(manager->housekeeping);
    kube_events_free(manager->events);
    ledger_free(manager->ledger);
    shared_store_kube_free(manager->store);
    feeder_free(manager->feeder);
    inventory_free(manager->inventory);
    kube_client_free(manager->client);
    fleet_metrics_free(manager->fleet_metrics);
    metrics_free(manager->metrics);
    free(manager);
}

static int64_t stale_ms(const struct feeder_status *status) {
    return status->synced ? (int64_t)(status->stale_ns / 1000000) : -1;
}

static bool look(void *cookie, const struct object_key *key, bool *ret_exists) {
    const struct manager *manager = cookie;
    struct error error;
    return feeder_look(manager->feeder, key, clock_now_ns() + LOOK_TIMEOUT_NS, ret_exists, &error);
}

// Nothing is given away by somebody who does not see the fleet.
static bool ask(void *cookie, const struct budget_request *request, struct arena *arena,
                struct budget_answer *ret_answers, struct error *error) {
    struct manager *manager = cookie;
    struct feeder_status status = feeder_status(manager->feeder);
    if (!status.synced) {
        return error_set(error, ERROR_IO, "the fleet has not been read yet: try again in a moment");
    }
    if (stale_ms(&status) > STALE_LIMIT_MS) {
        return error_set(error, ERROR_IO,
                         "the API server has not been heard for %llu s: the fleet can't be counted",
                         (unsigned long long)(status.stale_ns / 1000000000u));
    }
    const struct budget_keeper *keeper = ledger_keeper(manager->ledger);
    return keeper->methods->ask(keeper->cookie, request, arena, ret_answers, error);
}

static void open_fleet(void *cookie, struct fleet_knowledge *ret_knowledge) {
    static const struct budget_keeper_methods methods = {ask};
    struct manager *manager = cookie;
    struct feeder_status status = feeder_status(manager->feeder);
    *ret_knowledge = (struct fleet_knowledge){.source = feeder_source(manager->feeder),
                                              .keeper = {&methods, manager},
                                              .stale_ms = stale_ms(&status)};
}

struct fleet_access manager_fleet(struct manager *manager) {
    return (struct fleet_access){open_fleet, manager};
}

// What is stored has its place: it is counted, and no promise is made for it.
static bool count_only(void *cookie, const struct budget_request *request, struct arena *arena,
                       struct budget_answer *ret_answers, struct error *error) {
    struct budget_request counted = *request;
    counted.promise = false;
    return ask(cookie, &counted, arena, ret_answers, error);
}

static void open_held_fleet(void *cookie, struct fleet_knowledge *ret_knowledge) {
    static const struct budget_keeper_methods methods = {count_only};
    struct manager *manager = cookie;
    struct feeder_status status = feeder_status(manager->feeder);
    *ret_knowledge = (struct fleet_knowledge){.source = feeder_held_source(manager->feeder),
                                              .keeper = {&methods, manager},
                                              .stale_ms = stale_ms(&status)};
}

struct fleet_access manager_held_fleet(struct manager *manager) {
    return (struct fleet_access){open_held_fleet, manager};
}

bool manager_leads(struct manager *manager) {
    return housekeeping_leads(manager->housekeeping);
}

struct kube_client *manager_client(struct manager *manager) {
    return manager->client;
}

struct served_kinds *manager_served(struct manager *manager) {
    return feeder_served(manager->feeder);
}

void manager_relist(struct manager *manager) {
    feeder_relist(manager->feeder);
}

bool manager_synced(struct manager *manager) {
    return feeder_status(manager->feeder).synced;
}

static bool may_audit(void *cookie) {
    struct manager *manager = cookie;
    return manager_synced(manager) && housekeeping_leads(manager->housekeeping);
}

static struct policy_set *policies_in_force(void *cookie) {
    const struct manager *manager = cookie;
    return manager->options.policies(manager->options.cookie);
}

static bool start_client(struct manager *manager, struct error *error) {
    char agent[96];
    snprintf(agent, sizeof(agent), "fleetgate/%s", manager->options.version);
    const struct kube_client_options options = {.config = manager->options.config, .user_agent = agent};
    manager->options.config = NULL;
    return kube_client_new(&options, &manager->client, error);
}

static bool start_counting(struct manager *manager, struct error *error) {
    const struct manager_options *options = &manager->options;
    manager->inventory = inventory_new();
    const struct feeder_options feeder = {
        .client = manager->client, .inventory = manager->inventory, .listener = options->listener};
    if (!feeder_start(&feeder, &manager->feeder, error)) {
        return false;
    }
    if (options->shares) {
        manager->store = shared_store_kube_new(manager->client, options->namespace);
    }
    const struct ledger_options ledger = {
        .inventory = manager->inventory,
        .store = manager->store ? shared_store_kube(manager->store) : NULL,
        .replica = options->identity,
        .look = look,
        .cookie = manager,
    };
    return ledger_new(&ledger, &manager->ledger, error);
}

static bool start_helpers(struct manager *manager, struct error *error) {
    const struct manager_options *options = &manager->options;
    if (!options->shares && options->audit_interval_ns == 0 && !options->certificates.rotates) {
        return true;
    }
    const struct housekeeping_options housekeeping = {.client = manager->client,
                                                      .ledger = manager->ledger,
                                                      .namespace = options->namespace,
                                                      .identity = options->identity,
                                                      .elects = options->shares,
                                                      .certificates = options->certificates};
    if (!housekeeping_start(&housekeeping, &manager->housekeeping, error)) {
        return false;
    }
    if (options->audit_interval_ns == 0) {
        return true;
    }
    manager->events = kube_events_new(&(struct kube_event_options){
        .client = manager->client, .component = "fleetgate", .instance = options->identity});
    const struct periodic_audit_options audit = {.client = manager->client,
                                                 .fleet = manager_fleet(manager),
                                                 .interval_ns = options->audit_interval_ns,
                                                 .reports = options->reports,
                                                 .policies = policies_in_force,
                                                 .may_run = may_audit,
                                                 .cookie = manager,
                                                 .events = manager->events,
                                                 .metrics = manager->metrics};
    return periodic_audit_start(&audit, &manager->audit, error);
}

bool manager_start(const struct manager_options *options, struct manager **ret_manager, struct error *error) {
    CLEANUP(manager_free) struct manager *manager = memory_calloc(1, sizeof(*manager));
    manager->options = *options;
    manager->metrics = metrics_new();
    manager->fleet_metrics = fleet_metrics_new(manager->metrics);
    if (!start_client(manager, error) || !start_counting(manager, error) || !start_helpers(manager, error)) {
        return false;
    }
    *ret_manager = manager_free_take(&manager);
    return true;
}

bool manager_check_ready(void *cookie, struct buffer *ret_text) {
    struct manager *manager = cookie;
    struct feeder_status status = feeder_status(manager->feeder);
    struct inventory_counts counts = inventory_counts(manager->inventory);
    if (!status.synced) {
        buffer_printf(ret_text, "fleet: not read yet%s%s\n", *status.problem ? ": " : "", status.problem);
        return false;
    }
    buffer_printf(ret_text, "fleet: %zu clusters, %zu objects of %u kinds", counts.clusters, counts.objects,
                  status.kinds);
    if (status.stale_ns > 0) {
        buffer_printf(ret_text, ", not heard of for %llu s%s%s",
                      (unsigned long long)(status.stale_ns / 1000000000u), *status.problem ? ": " : "",
                      status.problem);
    }
    buffer_append_char(ret_text, '\n');
    return true;
}

void manager_write_metrics(void *cookie, struct buffer *ret_text) {
    struct manager *manager = cookie;
    struct feeder_status feeder = feeder_status(manager->feeder);
    struct inventory_counts counts = inventory_counts(manager->inventory);
    struct ledger_stats ledger = ledger_stats(manager->ledger);
    struct rotation_status certificates = housekeeping_certificates(manager->housekeeping);
    fleet_metrics_update(manager->fleet_metrics,
                         &(struct fleet_figures){.feeder = &feeder,
                                                 .counts = &counts,
                                                 .ledger = &ledger,
                                                 .certificates = &certificates,
                                                 .leads = housekeeping_leads(manager->housekeeping)});
    metrics_write(manager->metrics, ret_text);
}

bool manager_use_policies(struct manager *manager, const struct policy_set *set, struct error *error) {
    const struct policy_wants *wants = policy_set_wants(set);
    bool relist = false;
    if (!inventory_configure(manager->inventory, wants->labels, wants->label_count, wants->fields,
                             wants->field_count, &relist, error)) {
        return false;
    }
    if (relist) {
        feeder_relist(manager->feeder);
    }
    return true;
}
