#include "cli/decision_options.h"

#include <stdlib.h>
#include <string.h>

const char *const decision_log_levels[] = {"denied", "all", NULL};

static const uint64_t least_size = 64 * 1024;

bool decision_option_is(int option) {
    return option >= OPTION_DECISION_LOG && option < OPTION_DECISION_END;
}

static const struct {
    const char *name;
    uint64_t bytes;
} units[] = {{"", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

static bool read_size(const char *text, uint64_t *ret_bytes, struct error *error) {
    char *end = NULL;
    unsigned long long number = strtoull(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && *text >= '0' && *text <= '9'; i++) {
        if (strcmp(end, units[i].name) == 0 && number <= ((uint64_t)1 << 40) / units[i].bytes &&
            number * units[i].bytes >= least_size) {
            *ret_bytes = number * units[i].bytes;
            return true;
        }
    }
    return error_set(error, ERROR_INVALID,
                     "--decision-log-max-size: want 64KiB to 1024GiB, as 64MiB, got %.50s", text);
}

static bool read_keep(const char *text, unsigned *ret_keep, struct error *error) {
    char *end = NULL;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || number == 0 || number > MOST_DECISION_FILES) {
        return error_set(error, ERROR_INVALID, "--decision-log-keep: want 1 to %d, got %.50s",
                         MOST_DECISION_FILES, text);
    }
    *ret_keep = (unsigned)number;
    return true;
}

static bool read_level(const char *text, bool *ret_denied_only, struct error *error) {
    bool denied = strcmp(text, "denied") == 0;
    if (!denied && strcmp(text, "all") != 0) {
        return error_set(error, ERROR_INVALID, "--decision-log-level: want denied or all, got %.50s", text);
    }
    *ret_denied_only = denied;
    return true;
}

// Checked here, so that a wrong one is a usage error.
static bool add_mask(struct decision_options *options, const char *pointer, struct error *error) {
    struct decision_mask *mask = NULL;
    if (options->recorder.mask_count == MOST_MASK_POINTERS) {
        return error_set(error, ERROR_LIMIT, "more than %d times --decision-log-mask", MOST_MASK_POINTERS);
    }
    if (!decision_mask_new(&pointer, 1, &mask, error)) {
        return error_wrap(error, "--decision-log-mask");
    }
    decision_mask_free(mask);
    options->mask[options->recorder.mask_count++] = pointer;
    return true;
}

bool decision_option_read(struct decision_options *options, int option, const char *value,
                          struct error *error) {
    switch (option) {
    case OPTION_DECISION_LOG_MAX_SIZE:
        return read_size(value, &options->recorder.most_bytes, error);
    case OPTION_DECISION_LOG_KEEP:
        return read_keep(value, &options->recorder.keep, error);
    case OPTION_DECISION_LOG_LEVEL:
        return read_level(value, &options->recorder.denied_only, error);
    case OPTION_DECISION_LOG_MASK:
        return add_mask(options, value, error);
    default:
        options->recorder.path = value;
        return true;
    }
}

struct decision_recorder_options decision_options_recorder(const struct decision_options *options) {
    struct decision_recorder_options recorder = options->recorder;
    recorder.mask = options->mask;
    return recorder;
}
