// What a process knows of the fleet besides the reviewed object, asked for once in each review.
#pragma once

#include "fleet/budget.h"
#include "fleet/view_source.h"

struct fleet_knowledge {
    struct view_source source;   // methods NULL: nothing is known
    struct budget_keeper keeper; // methods NULL: nobody counts
    int64_t stale_ms;            // how far behind the API server it may be; 0: up to date, -1: not known
};

// Any thread. What is given stays valid until the process that gave access ends.
struct fleet_access {
    void (*open)(void *cookie, struct fleet_knowledge *ret_knowledge); // NULL: nobody knows the fleet
    void *cookie;
};
