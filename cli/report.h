// The forms in which check tells its findings.
#pragma once

#include "cli/check_run.h"

#include <stdio.h>

struct report {
    const struct finding_list *findings;
    const struct check_counts *counts;
    const struct policy_set *policies;
    bool compares; // with --base
    int exit_code;
};

struct text_style {
    bool color;
    bool quiet; // no notes
};

void report_text(const struct report *report, const struct text_style *style, FILE *out);
// "5 files, 12 objects: 2 denied, 1 warning, 1 unknown", with a line end.
void report_summary(const struct report *report, FILE *out);
void report_json(const struct report *report, FILE *out); // CheckReport of fleetgate.dev/v1alpha1
void report_github(const struct report *report,
                   FILE *out);                             // workflow commands: annotations of a pull request
void report_sarif(const struct report *report, FILE *out); // 2.1.0, as GitHub code scanning takes it
