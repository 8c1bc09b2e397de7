// An audit's findings as report objects, one or more for each namespace: Report and ClusterReport of
// openreports.io, or PolicyReport and ClusterPolicyReport of wgpolicyk8s.io. What was found before and is no
// more goes away.
#pragma once

#include "manager/audit.h"

enum report_kind { REPORT_NONE, REPORT_OPENREPORTS, REPORT_POLICYREPORT };

struct audit_report;

// now: seconds since 1970, for the results' time stamps. Caller owns.
struct audit_report *audit_report_new(enum report_kind kind, int64_t now);
// The audit was of this namespace only: reports of others are left alone. Borrowed until audit_report_free.
void audit_report_only(struct audit_report *report, const char *namespace);
void audit_report_free(struct audit_report *report);
DEFINE_CLEANUP(audit_report_free, struct audit_report *)

// At most 50,000 results are kept in all; what is over is counted in the last report's summary only.
void audit_report_add(struct audit_report *report, const struct audit_finding *finding);
// Are the kinds there? Fails with NOT_FOUND when they are not installed, else as kube_discover does.
MUST_CHECK bool audit_report_check(enum report_kind kind, struct kube_client *client, struct error *error);
// Applies all reports (server-side, as field manager "fleetgate") and deletes those of earlier audits that
// are not among them; namespaces that are going get none. Fails as audit_report_check and kube_patch do.
// What was written stays.
MUST_CHECK bool audit_report_write(struct audit_report *report, struct kube_client *client,
                                   struct error *error);

const char *report_kind_name(enum report_kind kind); // "none", "openreports", "policyreport"
// For tests and for the command: one report object as JSON; caller owns (free). NULL after the last.
char *audit_report_text(struct audit_report *report, size_t index);
