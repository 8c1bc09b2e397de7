// Judges what a change of files does to the fleet, as the API server would ask.
#pragma once

#include "cli/finding.h"
#include "engine/policy_set.h"

struct check_request {
    struct policy_set *policies;
    const struct manifest_set *head; // the whole fleet
    const struct manifest_set *base; // NULL: nothing was there before, every object is created
    const char *namespace;           // for objects that name none
    const char *user;                // "" where nobody is known
    const char *const *groups;
    size_t group_count;
    int64_t now; // seconds since 1970, for exceptions
};

// How much was looked at.
struct check_counts {
    size_t files, objects, skipped; // of head; skipped: no Kubernetes objects
    size_t created, updated, deleted;
    size_t judged; // reviews that at least one policy looked at
};

// Findings of what can't be read, what is denied and what is not known, in *findings (initialised).
void check_run(const struct check_request *request, struct finding_list *findings,
               struct check_counts *ret_counts);
