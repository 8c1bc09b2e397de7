// One line of the decision log: what was asked, what was answered, by which policies, and why. JSON.
#pragma once

#include "engine/decision.h"
#include "webhook/admission_review.h"
#include "webhook/decision_mask.h"
#include "webhook/trace_context.h"

#define DECISION_RECORD_SCHEMA "fleetgate.dev/decision/v1"

enum { LARGEST_DECISION_INPUT = 256 * 1024, LARGEST_DECISION_RECORD = 1024 * 1024 };

// What a record is made of; all borrowed.
struct decision_facts {
    const char *webhook; // "validate" or "mutate"
    const struct admission_review *admission;
    const struct decision *decision;
    const char *policy_digest, *policy_revision;
    const struct trace_context *trace;
    int64_t time_ms; // since 1970
    uint64_t duration_ns;
    int64_t inventory_stale_ms; // how old what other objects said is; -1: there is no inventory
};

// Appends the record and a newline. An input over 256 KiB is left out, and the record says so. mask may be
// NULL. False: even so it is over 1 MiB, and nothing was appended.
bool decision_record_append(const struct decision_facts *facts, const struct decision_mask *mask,
                            struct buffer *ret_line);
