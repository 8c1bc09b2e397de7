// Options of serve about carrying out approved specs.
#pragma once

#include "base/error.h"
#include "cli/options.h"
#include "reconciler/providers/sim_options.h"

// Must not move once reconcile_options_init was called.
struct reconcile_options {
    bool reconciles;
    const char *sim_state;   // database of the embedded cloud; NULL: there is none
    struct sim_settings sim; // what else is said of it
    bool has_sim_settings;
};

void reconcile_options_init(struct reconcile_options *options);
void reconcile_options_clear(struct reconcile_options *options);
static inline void reconcile_options_clear_cleanup(struct reconcile_options *options) {
    reconcile_options_clear(options);
}

enum {
    OPTION_RECONCILE = OPTION_LONG + 300,
    OPTION_SERVE_SIM_STATE,
    OPTION_SERVE_SIM_FIRST,
    OPTION_SERVE_SIM_PACE = OPTION_SERVE_SIM_FIRST + SIM_SETTING_PACE,
    OPTION_SERVE_SIM_SEED = OPTION_SERVE_SIM_FIRST + SIM_SETTING_SEED,
    OPTION_SERVE_SIM_REGION = OPTION_SERVE_SIM_FIRST + SIM_SETTING_REGION,
    OPTION_SERVE_SIM_FAULT = OPTION_SERVE_SIM_FIRST + SIM_SETTING_FAULT,
};

#define RECONCILE_OPTIONS                                                                                    \
    {OPTION_RECONCILE, "reconcile", NULL,                                                                    \
     "carry out the approved specs of Clusters with the label fleetgate.dev/provider", NULL},                \
        {OPTION_SERVE_SIM_STATE, "sim-state", "FILE", "database of the provider sim, an embedded cloud",     \
         NULL},                                                                                              \
        {OPTION_SERVE_SIM_PACE, "sim-pace", "FACTOR", "how much faster than real time it works (1)", NULL},  \
        {OPTION_SERVE_SIM_SEED, "sim-seed", "NUMBER", "seed of its chances", NULL},                          \
        {OPTION_SERVE_SIM_REGION, "sim-region", "NAME[=CLUSTERS[,NODES]]",                                   \
         "a region of it with its limits; again for each (without: any region)", NULL},                      \
    {                                                                                                        \
        OPTION_SERVE_SIM_FAULT, "sim-fault", "NAME=PROBABILITY",                                             \
            "how often a call or operation goes wrong; again for each", NULL                                 \
    }

// True when the option was one of these; then *ret_fine says whether its value was good, else error says why
// not.
bool reconcile_options_read(struct reconcile_options *options, int option, const char *value, bool *ret_fine,
                            struct error *error);
// Fails with INVALID: options that don't go together. has_fleet: a management cluster was named; has_keys:
// keys were.
MUST_CHECK bool reconcile_options_check(const struct reconcile_options *options, bool has_fleet,
                                        bool has_keys, struct error *error);
