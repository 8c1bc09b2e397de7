// Audits what is stored every so often, on the replica that is elected: reports, Events and metrics.
#pragma once

#include "base/metrics.h"
#include "fleet/fleet_access.h"
#include "manager/audit_report.h"

struct kube_events;

struct periodic_audit_options {
    struct kube_client *client; // borrowed, as all of these
    struct fleet_access fleet;
    uint64_t interval_ns;
    enum report_kind reports;
    struct policy_set *(*policies)(void *cookie); // a reference, or NULL while there is none
    bool (*may_run)(void *cookie);                // elected, and the inventory is complete
    void *cookie;
    struct kube_events *events; // may be NULL: none are written
    struct metrics *metrics;
};

struct periodic_audit;

MUST_CHECK bool periodic_audit_start(const struct periodic_audit_options *options,
                                     struct periodic_audit **ret_audit, struct error *error);
// Breaks off the audit that runs.
void periodic_audit_free(struct periodic_audit *audit);
DEFINE_CLEANUP(periodic_audit_free, struct periodic_audit *)
