// JSON with one spelling for one value (RFC 8785), so that equal values have equal digests; and its parts,
// for whoever writes JSON piece by piece.
#pragma once

#include "base/buffer.h"
#include "base/document.h"

// Appends node (NULL: null): members by UTF-16 code units, no spaces. RFC 8785 has only doubles; an integer
// past 2^53, which a double need not hold, is written with all its digits, so that two of them never look
// alike.
void json_canonical_append(struct buffer *text, const struct node *node);

// A string with its quotes; bytes that are not UTF-8 become U+FFFD.
void json_string_append(struct buffer *text, const char *string, size_t length);
// As ECMAScript's Number.prototype.toString; number is finite.
void json_number_append(struct buffer *text, double number);
void json_integer_append(struct buffer *text, int64_t integer);
// By UTF-16 code units, as RFC 8785 sorts: < 0, 0 or > 0.
int json_key_compare(const struct node *left, const struct node *right);
