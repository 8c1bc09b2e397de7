// What 'fleetgate run' says of the doors' reports.
#pragma once

#include "cli/live_view.h"
#include "embedded/fleet_doors.h"

void run_say_report(struct live_view *view, const struct door_report *report);
// A denial of the reconciler's own door.
void run_say_denied(struct live_view *view, const struct object_key *key, const char *text);
