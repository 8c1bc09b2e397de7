// A decision as people read it. The texts are the same at every door.
#pragma once

#include "base/buffer.h"
#include "engine/decision.h"

enum { DENIAL_MAXIMUM_BYTES = 4096, DENIAL_MAXIMUM_VIOLATIONS = 10, WARNING_MAXIMUM_RUNES = 120 };

// "[region-limits] AWSCluster prod/eu-7 spec.region: region eu-north-1 is not allowed": stands alone, one
// line.
void violation_headline(const struct violation *violation, struct buffer *ret_line);

// The message of a denial (DESIGN "Message"): all that deny, worst first, at most 10 and 4 KiB, then "and N
// more". Sanitised: no control character but newlines, and nothing that Flux reads as an immutable-field
// error.
// "" when the decision allows.
void decision_denial(const struct decision *decision, const struct review *review, struct buffer *ret_text);

// What a denial calls its decision, "8f3a51c2": the beginning of the review's uid, sanitised. uid may be
// NULL: nothing.
void decision_name(const char *uid, struct buffer *ret_name);

// One-line warnings of at most 120 runes without control characters, in ret_list (caller's arena), without
// duplicates: violations in warn mode, denials that were excused or there before, policies that failed open,
// and one line that names what could not be judged. At most 16.
size_t decision_warnings(const struct decision *decision, const struct review *review, struct arena *arena,
                         const char *const **ret_list);

// Replaces what must never be in a text that an API server passes on (control characters, bidi overrides, bad
// UTF-8, "immutable" in any case) in place of text; *text may be rebuilt. Exposed for warnings and for tests.
void text_sanitise(struct buffer *text, bool one_line);
// Would text_sanitise leave it as it is? Plain ASCII only: false is no verdict on other texts.
bool text_is_clean(const char *text, size_t length, bool one_line);
