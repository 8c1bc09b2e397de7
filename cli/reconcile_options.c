#include "cli/reconcile_options.h"

#include <stdlib.h>

void reconcile_options_init(struct reconcile_options *options) {
    *options = (struct reconcile_options){0};
    sim_settings_init(&options->sim);
}

void reconcile_options_clear(struct reconcile_options *options) {
    sim_settings_clear(&options->sim);
}

bool reconcile_options_read(struct reconcile_options *options, int option, const char *value, bool *ret_fine,
                            struct error *error) {
    *ret_fine = true;
    if (option == OPTION_RECONCILE) {
        options->reconciles = true;
    } else if (option == OPTION_SERVE_SIM_STATE) {
        options->sim_state = value;
        *ret_fine = *value != '\0' || error_set(error, ERROR_INVALID, "--sim-state: want a file");
    } else if (option >= OPTION_SERVE_SIM_FIRST && option < OPTION_SERVE_SIM_FIRST + SIM_SETTINGS) {
        options->has_sim_settings = true;
        *ret_fine = sim_settings_read(&options->sim, (enum sim_setting)(option - OPTION_SERVE_SIM_FIRST),
                                      value, error);
    } else {
        return false;
    }
    return true;
}

bool reconcile_options_check(const struct reconcile_options *options, bool has_fleet, bool has_keys,
                             struct error *error) {
    if (!options->reconciles) {
        return (!options->sim_state && !options->has_sim_settings) ||
               error_set(error, ERROR_INVALID, "--sim-state and what is said of it need --reconcile");
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
