// Pieces of the texts that people read: sanitised, and never longer than asked for.
#pragma once

#include "base/buffer.h"
#include "engine/decision.h"

// Appends text as one sanitised line of at most most_bytes, cut between characters and ended with "…" when
// longer.
void line_append(struct buffer *out, const char *text, size_t most_bytes);
// "[region-limits] "
void line_append_policy(struct buffer *out, const char *policy);
// "AWSCluster prod/eu-7"; nothing when the origin has no object.
void line_append_object(struct buffer *out, const struct origin *origin);
// "AWSCluster prod/eu-7 spec.region: region eu-north-1 is not allowed"
void line_append_finding(struct buffer *out, const struct violation *violation);
// "policy could not be evaluated: time budget of 50 ms exceeded"
void line_append_fault(struct buffer *out, const struct policy_result *result);

size_t line_runes(const char *text);
// Shortens to at most most_runes characters, the last one "…" when something was cut.
void line_cut(struct buffer *line, size_t most_runes);
