// The question: may this change be made? Built by the webhook, by check and by the reconciler alike.
#pragma once

#include "fleet/budget.h"
#include "fleet/cluster_view.h"
#include "fleet/object_change.h"

enum door { DOOR_ADMISSION, DOOR_CHECK, DOOR_RECONCILE, DOOR_COUNT };

// Everything is borrowed from whoever asks, until the decision is freed.
struct review {
    struct object_change change;
    const char *uid;  // of the AdmissionReview; names the decision
    const char *user; // "" where nobody is known (check)
    const char *const *groups;
    size_t group_count;
    bool dry_run;
    bool refused; // it is denied already, whatever policies say: no place of a limit is promised to it
    bool stored;  // audit: the fleet holds the object already, and it is judged as if it came today
    const struct node *options; // CreateOptions, UpdateOptions or DeleteOptions; may be NULL
    enum door door;
    int64_t now;          // seconds since 1970, for the expiry of exceptions; policies don't see it
    uint64_t deadline_ns; // CLOCK_MONOTONIC when the answer must be there; 0: no deadline
    const struct view_source *before; // other objects of the fleet before and after the change; may be NULL
    const struct view_source *after;
    const struct budget_keeper *keeper; // of limits over the whole fleet; NULL: they are not judged
};

const char *door_name(enum door door); // "admission", "check", "reconcile"
