// What serve runs beside the gate when it knows a management cluster.
#pragma once

#include "cli/fleet_options.h"
#include "webhook/gate.h"

struct serve_fleet;

// Starts it and fills in what the gate has to know. options are borrowed until serve_fleet_free.
MUST_CHECK bool serve_fleet_start(const struct fleet_options *options, struct gate_options *gate_options,
                                  struct serve_fleet **ret_fleet, struct error *error);
// The gate is there: certificates go to it. NULL: it is about to go.
void serve_fleet_attach(struct serve_fleet *fleet, struct gate *gate);
// After the gate is gone.
void serve_fleet_free(struct serve_fleet *fleet);
DEFINE_CLEANUP(serve_fleet_free, struct serve_fleet *)

// Before a policy set is put in force: what it wants counted. fleet may be NULL.
MUST_CHECK bool serve_fleet_use_policies(struct serve_fleet *fleet, const struct policy_set *set,
                                         struct error *error);
