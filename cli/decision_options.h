// The options of serve for its decision log.
#pragma once

#include "base/error.h"
#include "cli/options.h"
#include "webhook/decision_recorder.h"

enum {
    OPTION_DECISION_LOG = 512, // beside serve's own numbers
    OPTION_DECISION_LOG_MAX_SIZE,
    OPTION_DECISION_LOG_KEEP,
    OPTION_DECISION_LOG_LEVEL,
    OPTION_DECISION_LOG_MASK,
    OPTION_DECISION_END,
};

extern const char *const decision_log_levels[];

// For the table of options.
#define DECISION_OPTIONS                                                                                     \
    {OPTION_DECISION_LOG, "decision-log", "FILE",                                                            \
     "one line of JSON for each decision, for audits and 'fleetgate replay'; - is stdout", NULL},            \
        {OPTION_DECISION_LOG_MAX_SIZE, "decision-log-max-size", "SIZE",                                      \
         "when the file becomes FILE.1 (64MiB)", NULL},                                                      \
        {OPTION_DECISION_LOG_KEEP, "decision-log-keep", "N", "how many such files stay (5)", NULL},          \
        {OPTION_DECISION_LOG_LEVEL, "decision-log-level", "LEVEL", "denied or all (all)",                    \
         decision_log_levels},                                                                               \
    {                                                                                                        \
        OPTION_DECISION_LOG_MASK, "decision-log-mask", "POINTER",                                            \
            "mask this place of objects too, as /spec/users/*/key; may be repeated", NULL                    \
    }

struct decision_options {
    struct decision_recorder_options recorder;
    const char *mask[MOST_MASK_POINTERS];
};

#define DECISION_OPTION_DEFAULTS                                                                             \
    { .recorder = {.most_bytes = 64 * 1024 * 1024, .keep = 5}, }

bool decision_option_is(int option);
// Fails with INVALID or LIMIT. value is borrowed.
MUST_CHECK bool decision_option_read(struct decision_options *options, int option, const char *value,
                                     struct error *error);
// Borrows from options.
struct decision_recorder_options decision_options_recorder(const struct decision_options *options);
