// Makes findings of decisions, and of files that can't be read.
#pragma once

#include "cli/finding.h"
#include "cli/fleet_side.h"

struct check_findings {
    struct finding_list *list;
    const struct fleet_side *head, *base; // for positions
};

// Everything that the decision says to people; reviewed is what it is about.
void check_findings_decision(struct check_findings *findings, const struct decision *decision,
                             const struct review *review, const struct fleet_object *reviewed);
// Only the policies that could not finish.
void check_findings_faults(struct check_findings *findings, const struct decision *decision,
                           const struct review *review, const struct fleet_object *reviewed);
// A file or document that can't be judged. FINDING_ERROR, _UNKNOWN or _FAULT.
void check_findings_problem(struct check_findings *findings, enum finding_result result,
                            const struct manifest *manifest, const char *message);
void check_findings_duplicate(struct check_findings *findings, const struct fleet_object *second,
                              const struct manifest *first);
