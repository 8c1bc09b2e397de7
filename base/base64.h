// Base64 as Secrets have it (RFC 4648, with padding).
#pragma once

#include "base/buffer.h"

void base64_append(struct buffer *text, const void *bytes, size_t length);
// False: it is no Base64, or more than ret_bytes takes; what was appended by then stays.
MUST_CHECK bool base64_decode(const char *text, struct buffer *ret_bytes);
// A text without NUL bytes inside; caller owns. False: it is no Base64 of one.
MUST_CHECK bool base64_decode_text(const char *base64, char **ret_text);
