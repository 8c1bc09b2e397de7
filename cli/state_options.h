// Where the state of 'fleetgate run' is: options that several commands share.
#pragma once

#include "base/error.h"
#include "cli/options.h"

#include <limits.h>

struct state_options {
    const char *fleet; // the directory
    const char *state; // a folder; NULL: the one that belongs to fleet
};

enum { OPTION_FLEET = OPTION_LONG + 300, OPTION_STATE };

#define OPTIONS_STATE                                                                                        \
    {OPTION_FLEET, "fleet", "DIR", "the fleet directory that 'fleetgate run' follows", NULL}, {              \
        OPTION_STATE, "state", "DIR",                                                                        \
            "where its state is ($XDG_STATE_HOME/fleetgate/NAME, a NAME for each fleet directory)", NULL     \
    }

// True when the option was one of these.
bool state_options_read(struct state_options *options, int option, const char *value);
// Was one of them given?
bool state_options_given(const struct state_options *options);
// As state_options_path; fails with NOT_FOUND where no 'fleetgate run' has been.
MUST_CHECK bool state_options_find(const struct state_options *options, char ret_path[PATH_MAX],
                                   struct error *error);
// The folder of the state: the one that was named, or the one of the fleet directory, which need not be there
// any more. Fails with INVALID when neither is named, or the path is too long.
MUST_CHECK bool state_options_path(const struct state_options *options, char ret_path[PATH_MAX],
                                   struct error *error);
// Sets the error for a folder that holds no state; returns false.
bool state_options_missing(const char *path, struct error *error);
