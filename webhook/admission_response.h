// The answer to an AdmissionReview as JSON.
#pragma once

#include "engine/decision.h"
#include "webhook/admission_review.h"

// A yes with nothing evaluated (admission->skip). Caller owns (free).
char *admission_response_skipped(const struct admission_review *admission);
// What the decision says: allowed, the status of a denial (always 403 Forbidden, whatever the policy: a
// client that reads Invalid or Conflict may delete and recreate the object), warnings, audit annotations, and
// a JSON patch where there is one. Caller owns (free).
char *admission_response_make(const struct admission_review *admission, const struct decision *decision,
                              const char *policy_digest, uint64_t duration_ns);
