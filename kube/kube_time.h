// Times as the API server writes them: RFC 3339, "2026-03-01T10:00:00Z" or with microseconds.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { KUBE_TIME_BYTES = 32 };

// Seconds since 1970; fractions are dropped. False: not such a time.
bool kube_time_parse(const char *text, int64_t *ret_seconds);
// microseconds since 1970 → "2026-03-01T10:00:00Z" or "2026-03-01T10:00:00.000000Z".
void kube_time_format(int64_t microseconds, bool with_fraction, char ret_text[KUBE_TIME_BYTES]);
