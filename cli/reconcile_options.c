#include "cli/reconcile_options.h"

#include <math.h>
#include <stdlib.h>

enum { FASTEST = 1000000 };

static bool read_pace(const char *text, double *ret_pace, struct error *error) {
    char *end;
    double pace = strtod(text, &end);
    if (*text < '0' || *text > '9' || *end || !isfinite(pace) || pace <= 0 || pace > FASTEST) {
        return error_set(error, ERROR_INVALID, "--sim-pace: want a number over 0, up to %d, got %s", FASTEST,
                         text);
    }
    *ret_pace = pace;
    return true;
}

bool reconcile_options_read(struct reconcile_options *options, int option, const char *value, bool *ret_fine,
                            struct error *error) {
    *ret_fine = true;
    switch (option) {
    case OPTION_RECONCILE:
        options->reconciles = true;
        return true;
    case OPTION_SIM_STATE:
        options->sim_state = value;
        *ret_fine = *value != '\0' || error_set(error, ERROR_INVALID, "--sim-state: want a file");
        return true;
    case OPTION_SIM_PACE:
        *ret_fine = read_pace(value, &options->sim_pace, error);
        return true;
    default:
        return false;
    }
}

bool reconcile_options_check(const struct reconcile_options *options, bool has_fleet, bool has_keys,
                             struct error *error) {
    if (!options->reconciles) {
        return (!options->sim_state && options->sim_pace == 0) ||
               error_set(error, ERROR_INVALID, "--sim-state and --sim-pace need --reconcile");
    }
    if (!has_fleet) {
        return error_set(error, ERROR_INVALID, "--reconcile needs --in-cluster or --kubeconfig");
    }
    if (!has_keys) {
        return error_set(error, ERROR_INVALID,
                         "--reconcile needs --attestation-keys: approvals are signed with them");
    }
    return options->sim_state ||
           error_set(error, ERROR_INVALID,
                     "--reconcile needs a provider: --sim-state FILE is where the embedded cloud is kept");
}
