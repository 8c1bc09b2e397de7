// Reads JSON as RFC 8259 has it, and refuses what is doubtful: duplicate keys, NUL in keys, lone surrogates,
// bad UTF-8, integers outside int64, numbers outside double, nesting and counts over the limits.
#pragma once

#include "base/document_builder.h"

// text: length bytes, which need no NUL; borrowed until the return. *ret_document: caller owns. Fails with
// INVALID or LIMIT; the message begins with "line L column C: " (1-based, in characters). Any thread.
MUST_CHECK bool json_read_copy(const char *text, size_t length, const struct document_limits *limits,
                               struct document **ret_document, struct error *error);
// The same, and takes ownership of text (malloc), also on failure.
MUST_CHECK bool json_read(char *text, size_t length, const struct document_limits *limits,
                          struct document **ret_document, struct error *error);
// The same for a text that holds Kubernetes objects: metadata.managedFields is checked (but for duplicate
// keys) and left out.
MUST_CHECK bool json_read_objects(const char *text, size_t length, const struct document_limits *limits,
                                  struct document **ret_document, struct error *error);
