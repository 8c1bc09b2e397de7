// What has to be done every now and then: renew the lease, look after the certificate. One thread.
#pragma once

#include "manager/ledger.h"
#include "manager/manager.h"
#include "manager/rotation.h"

struct housekeeping_options {
    struct kube_client *client; // borrowed, as all of these
    struct ledger *ledger;
    const char *namespace, *identity;
    bool elects; // among replicas; false: this one leads
    struct manager_certificates certificates;
};

struct housekeeping;

MUST_CHECK bool housekeeping_start(const struct housekeeping_options *options,
                                   struct housekeeping **ret_housekeeping, struct error *error);
void housekeeping_free(struct housekeeping *housekeeping);
DEFINE_CLEANUP(housekeeping_free, struct housekeeping *)

// NULL: nobody else is there, and this replica leads.
bool housekeeping_leads(struct housekeeping *housekeeping);
// NULL, or nothing rotated: all 0.
struct rotation_status housekeeping_certificates(struct housekeeping *housekeeping);
