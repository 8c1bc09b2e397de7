// A gate with one small policy, and the reviews that it is asked, for the webhook's tests.
#pragma once

#include "webhook/webhook.h"

// Denies objects with the label tier=forbidden, warns of tier=warned, defaults the label gate/owner to
// "nobody" where there are labels. Fails the test when it does not load.
struct policy_set *gate_policies(unsigned evaluators);

// An AdmissionReview of a Widget prod/sample; tier may be NULL. Caller owns (free).
char *gate_review(const char *operation, const char *tier, bool dry_run);

// Hands a body to webhook_handle, and gives the response's body; caller owns (free).
char *gate_ask(struct webhook *webhook, enum http_endpoint endpoint, const char *body, unsigned *ret_status);
