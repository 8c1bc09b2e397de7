// What one replica does beside answering reviews: it follows the fleet, counts budgets together with the
// other replicas, keeps its certificate fresh, and, when it is the one that is elected, audits what is
// stored.
#pragma once

#include "certs/rotation_plan.h"
#include "engine/policy_set.h"
#include "fleet/fleet_access.h"
#include "kube/kube_client.h"
#include "manager/audit_report.h"
#include "manager/fleet_listener.h"
#include "manager/served_kinds.h"

#include "base/buffer.h"

struct manager_certificates {
    bool rotates;                      // false: the certificate comes from files
    const char *secret;                // name of the Secret
    const char *configuration;         // name of both webhook configurations
    struct rotation_settings settings; // names and lifetimes
    int64_t poll_seconds;              // 0: the usual
    // The certificate that is to be served from now on (PEM, borrowed during the call). A thread of the
    // manager.
    void (*deliver)(void *cookie, const char *certificate, const char *key, int64_t not_before,
                    int64_t not_after);
    // When the authority that signed it ends, seconds since 1970.
    void (*tell_authority)(void *cookie, int64_t not_after);
    void *cookie;
};

struct manager_options {
    struct kube_config *config; // takes ownership, also on failure
    const char *version;
    const char *namespace; // fleetgate's own
    const char *identity;  // of this replica: "fleetgate-7d9f-abcde"
    bool shares;           // budgets and leadership with other replicas, through objects in the namespace
    struct manager_certificates certificates;
    uint64_t audit_interval_ns; // 0: no audits
    enum report_kind reports;
    struct policy_set *(*policies)(void *cookie); // a reference to what is in force, or NULL; any thread
    void *cookie;
    const struct fleet_listener *listener; // copied; NULL: nobody
};

struct manager;

// Texts in options are borrowed until manager_free. Starts at once; an API server that does not answer is no
// failure.
MUST_CHECK bool manager_start(const struct manager_options *options, struct manager **ret_manager,
                              struct error *error);
void manager_free(struct manager *manager);
DEFINE_CLEANUP(manager_free, struct manager *)

// What policies want counted has changed; to be called with every set before it is in force. Any thread.
MUST_CHECK bool manager_use_policies(struct manager *manager, const struct policy_set *set,
                                     struct error *error);
struct fleet_access manager_fleet(struct manager *manager);
// True once the inventory holds everything; false also while nothing is known of the API server.
bool manager_synced(struct manager *manager);
// What is held, and a keeper that only counts: for changes that are stored already. Never waits for the API
// server.
struct fleet_access manager_held_fleet(struct manager *manager);
// Is this the replica that does what only one may do? Asked again before each deed. Any thread.
bool manager_leads(struct manager *manager);
// Any thread; borrowed until manager_free.
struct kube_client *manager_client(struct manager *manager);
// Where kinds are served now; a reference, NULL before the API server has answered. Any thread.
struct served_kinds *manager_served(struct manager *manager);
// Everything is listed again, and the listener hears of it. Any thread.
void manager_relist(struct manager *manager);
// As gate_companion wants them; cookie is the manager.
bool manager_check_ready(void *cookie, struct buffer *ret_text);
void manager_write_metrics(void *cookie, struct buffer *ret_text);
