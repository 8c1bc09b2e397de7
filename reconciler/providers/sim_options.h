// The embedded cloud as commands are told of it: --sim-pace, --sim-seed, --sim-region and --sim-fault, in the
// same words everywhere.
#pragma once

#include "reconciler/providers/sim.h"

// options is for sim_open, once loop and path are set; it points into this, which must not move.
struct sim_settings {
    struct sim_options options;
    struct sim_region regions[SIM_MOST_REGIONS]; // their names are owned
};

// No region named yet: any is there. Frees nothing: for a new one.
void sim_settings_init(struct sim_settings *settings);
void sim_settings_clear(struct sim_settings *settings);

enum sim_setting { SIM_SETTING_PACE, SIM_SETTING_SEED, SIM_SETTING_REGION, SIM_SETTING_FAULT, SIM_SETTINGS };

// PACE: "60", from 0.001 to 100000. SEED: "42". REGION: "NAME", "NAME=CLUSTERS", "NAME=CLUSTERS,NODES" (0: no
// limit), again for each. FAULT: "NAME=PROBABILITY", "lost-answer=0.05", again for each. Fails with INVALID:
// "--sim-pace: what"; settings stays as it was.
MUST_CHECK bool sim_settings_read(struct sim_settings *settings, enum sim_setting setting, const char *text,
                                  struct error *error);
// "sim-pace", its argument "FACTOR" and its help: one line of a command's options. Borrowed for ever.
const char *sim_setting_name(enum sim_setting setting);
const char *sim_setting_argument(enum sim_setting setting);
const char *sim_setting_help(enum sim_setting setting);
