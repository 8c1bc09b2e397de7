// Options of serve about the management cluster that it works for.
#pragma once

#include "cli/cluster_options.h"
#include "cli/reconcile_options.h"
#include "manager/manager.h"

#include <stdint.h>

struct fleet_options {
    struct cluster_options cluster;
    const char *namespace, *identity; // NULL: found out
    const char *cert_secret, *webhook_configuration, *service;
    bool rotates;
    uint64_t ca_lifetime_ns, cert_lifetime_ns, cert_grace_ns; // 0: the usual
    uint64_t audit_interval_ns;
    enum report_kind reports;
    struct reconcile_options reconcile;
};

enum {
    OPTION_OWN_NAMESPACE = OPTION_LONG + 220,
    OPTION_IDENTITY,
    OPTION_CERT_MODE,
    OPTION_CERT_SECRET,
    OPTION_WEBHOOK_CONFIGURATION,
    OPTION_SERVICE,
    OPTION_CA_LIFETIME,
    OPTION_CERT_LIFETIME,
    OPTION_CERT_GRACE,
    OPTION_AUDIT_INTERVAL,
    OPTION_REPORTS_KIND,
};

extern const char *const cert_modes[], *const report_kinds[]; // ended by NULL

// clang-format off
#define FLEET_OPTIONS                                                                                                  \
    OPTIONS_CLUSTER,                                                                                                   \
    {OPTION_OWN_NAMESPACE, "namespace", "NAME",                                                                        \
     "where fleetgate keeps what its replicas share (the pod's, or the context's)", NULL},                             \
    {OPTION_IDENTITY, "identity", "NAME", "of this replica (the host's name)", NULL},                                  \
    {OPTION_CERT_MODE, "cert-mode", "MODE",                                                                            \
     "files: --tls-cert and --tls-key; self: makes and renews its certificates in a Secret", cert_modes},              \
    {OPTION_CERT_SECRET, "cert-secret", "NAME", "Secret of --cert-mode self (fleetgate-certs)", NULL},                 \
    {OPTION_WEBHOOK_CONFIGURATION, "webhook-configuration", "NAME",                                                    \
     "of both kinds, whose caBundle --cert-mode self keeps (fleetgate)", NULL},                                        \
    {OPTION_SERVICE, "service-name", "NAME", "Service that the certificate is for (fleetgate)", NULL},                 \
    {OPTION_CA_LIFETIME, "ca-lifetime", "DURATION", "of the own authority (17520h)", NULL},                            \
    {OPTION_CERT_LIFETIME, "cert-lifetime", "DURATION", "of a serving certificate (2160h)", NULL},                     \
    {OPTION_CERT_GRACE, "cert-grace", "DURATION", "until API servers use a new caBundle (60s)", NULL},                 \
    {OPTION_AUDIT_INTERVAL, "audit-interval", "DURATION", "between audits of what is stored; 0s: none (0s)", NULL},    \
    {OPTION_REPORTS_KIND, "reports", "KIND", "report objects that audits write (none)", report_kinds},    \
    RECONCILE_OPTIONS
// clang-format on

// True when the option was one of these; then *ret_fine says whether its value was good, else error says why
// not.
bool fleet_options_read(struct fleet_options *options, int option, const char *value, bool *ret_fine,
                        struct error *error);
// Whether a management cluster was named.
bool fleet_options_given(const struct fleet_options *options);
