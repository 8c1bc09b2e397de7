// The decision log as the gate is told to keep it: which decisions, with what masked, and where to.
#pragma once

#include "webhook/decision_file.h"
#include "webhook/decision_record.h"

struct decision_recorder_options {
    const char *path; // NULL: no decision log; "-": stdout
    uint64_t most_bytes;
    unsigned keep;
    bool denied_only;
    const char *const *mask; // JSON pointers into objects
    size_t mask_count;
};

struct decision_recorder;

// options and metrics are borrowed until it is closed. Fails as decision_file_open and decision_mask_new do.
// *ret_recorder is NULL where there is no path; caller owns.
MUST_CHECK bool decision_recorder_open(const struct decision_recorder_options *options,
                                       struct gate_metrics *metrics, struct decision_recorder **ret_recorder,
                                       struct error *error);
// Any thread; never waits for the file. recorder may be NULL.
void decision_recorder_take(struct decision_recorder *recorder, const struct decision_facts *facts);
// recorder may be NULL in all of them.
void decision_recorder_reopen(struct decision_recorder *recorder);
// After the last decision: writes what is waiting, for at most 5 s.
void decision_recorder_close(struct decision_recorder *recorder);
