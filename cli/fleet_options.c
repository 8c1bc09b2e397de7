#include "cli/fleet_options.h"

#include "webhook/http_message.h"

#include <string.h>

const char *const cert_modes[] = {"files", "self", NULL};
const char *const report_kinds[] = {"none", "openreports", "policyreport", NULL};

enum { MOST_HOURS = 20 * 365 * 24 }; // of a lifetime; far below what 64 bits of nanoseconds hold

static const char *option_name(int letter) {
    static const struct option_entry entries[] = {FLEET_OPTIONS};
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].letter == letter) {
            return entries[i].name;
        }
    }
    return "?";
}

static const char **text_slot(struct fleet_options *options, int option) {
    switch (option) {
    case OPTION_OWN_NAMESPACE:
        return &options->namespace;
    case OPTION_IDENTITY:
        return &options->identity;
    case OPTION_CERT_SECRET:
        return &options->cert_secret;
    case OPTION_WEBHOOK_CONFIGURATION:
        return &options->webhook_configuration;
    case OPTION_SERVICE:
        return &options->service;
    default:
        return NULL;
    }
}

static uint64_t *duration_slot(struct fleet_options *options, int option) {
    switch (option) {
    case OPTION_CA_LIFETIME:
        return &options->ca_lifetime_ns;
    case OPTION_CERT_LIFETIME:
        return &options->cert_lifetime_ns;
    case OPTION_CERT_GRACE:
        return &options->cert_grace_ns;
    case OPTION_AUDIT_INTERVAL:
        return &options->audit_interval_ns;
    default:
        return NULL;
    }
}

static bool read_choice(struct fleet_options *options, int option, const char *value, struct error *error) {
    bool is_mode = option == OPTION_CERT_MODE;
    int index = option_choice(is_mode ? cert_modes : report_kinds, value);
    if (index < 0) {
        return error_set(error, ERROR_INVALID, "%s, got %s",
                         is_mode ? "--cert-mode: want files or self"
                                 : "--reports: want none, openreports or policyreport",
                         value);
    }
    if (is_mode) {
        options->rotates = index == 1;
    } else {
        options->reports = (enum report_kind)index;
    }
    return true;
}

bool fleet_options_read(struct fleet_options *options, int option, const char *value, bool *ret_fine,
                        struct error *error) {
    *ret_fine = true;
    if (cluster_options_read(&options->cluster, option, value) ||
        reconcile_options_read(&options->reconcile, option, value, ret_fine, error)) {
        return true;
    }
    const char **text = text_slot(options, option);
    uint64_t *duration = duration_slot(options, option);
    if (text) {
        *text = value;
        *ret_fine =
            *value != '\0' || error_set(error, ERROR_INVALID, "--%s: want a name", option_name(option));
    } else if (duration) {
        *ret_fine = http_long_duration_parse(value, MOST_HOURS, duration, error) ||
                    error_wrap(error, "--%s", option_name(option));
    } else if (option == OPTION_CERT_MODE || option == OPTION_REPORTS_KIND) {
        *ret_fine = read_choice(options, option, value, error);
    } else {
        return false;
    }
    return true;
}

bool fleet_options_given(const struct fleet_options *options) {
    return cluster_options_given(&options->cluster);
}
