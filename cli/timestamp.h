// Instants as people write them on a command line.
#pragma once

#include "base/error.h"

#include <stdint.h>

// "2026-01-31" (its first second in UTC), "2026-01-31T12:00:00Z", "…+02:00", or "@1769860800", as seconds
// since 1970. Fails with INVALID.
MUST_CHECK bool timestamp_parse(const char *text, int64_t *ret_seconds, struct error *error);
