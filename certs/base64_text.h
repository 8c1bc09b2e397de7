// Base64 as Kubernetes writes bytes in JSON (RFC 4648, padded).
#pragma once

#include "base/error.h"

#include <stddef.h>

// Caller owns (free).
char *base64_text_write(const char *bytes, size_t length);
// A NUL-terminated text; caller owns (free). Fails with INVALID, also when the bytes hold a NUL.
MUST_CHECK bool base64_text_read(const char *base64, char **ret_text, struct error *error);
