// One line in the log for each denial, for the operator. No object contents, no secrets.
#pragma once

#include "engine/decision.h"
#include "webhook/admission_review.h"
#include "webhook/trace_context.h"

// A denial at level info, a policy's fault at level warn, anything else at level debug. webhook is "validate"
// or "mutate".
void decision_log(const char *webhook, const struct admission_review *admission,
                  const struct decision *decision, const struct trace_context *trace, uint64_t duration_ns);
void decision_log_skipped(const struct admission_review *admission, const struct trace_context *trace);
