// What a replica knows of the fleet and gives away of its limits, as metrics.
#pragma once

#include "base/metrics.h"
#include "fleet/inventory.h"
#include "manager/feeder.h"
#include "manager/ledger.h"
#include "manager/rotation.h"

struct fleet_figures {
    const struct feeder_status *feeder;
    const struct inventory_counts *counts;
    const struct ledger_stats *ledger;
    const struct rotation_status *certificates;
    bool leads;
};

struct fleet_metrics;

struct fleet_metrics *fleet_metrics_new(struct metrics *metrics); // caller owns; metrics is borrowed
void fleet_metrics_free(struct fleet_metrics *fleet);
// Sets all of them to what is true now. Any thread, one at a time.
void fleet_metrics_update(struct fleet_metrics *fleet, const struct fleet_figures *figures);
