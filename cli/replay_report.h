// What fleetgate replay prints: one entry for each record that changes, then a summary by policy.
#pragma once

#include "cli/replay_compare.h"

#include <stdio.h>

struct replay_policy {
    char *name;
    size_t counts[REPLAY_RESULTS];
};

struct replay_report {
    bool json;
    FILE *out;
    size_t counts[REPLAY_RESULTS];
    size_t dropped, bad; // records without input, lines that are none
    struct replay_policy *policies;
    size_t policy_count;
    size_t printed;
};

// Where a record stood and what it said.
struct replay_entry {
    const char *file;
    unsigned long line;
    const struct replay_record *record;
    const struct decision *decision;
    const struct replay_difference *difference;
};

// digest: of the policies that judge now.
void replay_report_begin(struct replay_report *report, const char *digest);
// Counts the record, and prints it when it is not the same.
void replay_report_add(struct replay_report *report, const struct replay_entry *entry);
void replay_report_end(struct replay_report *report);
void replay_report_clear(struct replay_report *report);
size_t replay_report_replayed(const struct replay_report *report);
