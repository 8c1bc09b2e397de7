// Options of serve about carrying out approved specs.
#pragma once

#include "base/error.h"
#include "cli/options.h"

struct reconcile_options {
    bool reconciles;
    const char *sim_state; // database of the embedded cloud; NULL: there is none
    double sim_pace;       // 0: real time
};

enum { OPTION_RECONCILE = OPTION_LONG + 300, OPTION_SIM_STATE, OPTION_SIM_PACE };

#define RECONCILE_OPTIONS                                                                                    \
    {OPTION_RECONCILE, "reconcile", NULL,                                                                    \
     "carry out the approved specs of Clusters with the label fleetgate.dev/provider", NULL},                \
        {OPTION_SIM_STATE, "sim-state", "FILE", "database of the provider sim, an embedded cloud", NULL}, {  \
        OPTION_SIM_PACE, "sim-pace", "N", "its steps take an Nth of their time (1)", NULL                    \
    }

// True when the option was one of these; then *ret_fine says whether its value was good, else error says why
// not.
bool reconcile_options_read(struct reconcile_options *options, int option, const char *value, bool *ret_fine,
                            struct error *error);
// Fails with INVALID: options that don't go together. has_fleet: a management cluster was named; has_keys:
// keys were.
MUST_CHECK bool reconcile_options_check(const struct reconcile_options *options, bool has_fleet,
                                        bool has_keys, struct error *error);
