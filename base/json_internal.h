// What json_reader.c, json_text.c and json_number.c share: one reading of one text.
#pragma once

#include "base/document_builder.h"

struct json_reader {
    const char *start, *at, *end; // the source, which stays as it is, so that positions can be counted in it
    const char *key;              // the source of the key read last
    // Where the next decoded text goes, in the document's own memory. A text's two quotes make room for its
    // NUL: writing never overtakes reading.
    char *write;
    bool has_nul;    // the text read last has a NUL character in it
    bool leaves_out; // metadata.managedFields
    bool skips;      // the key read last is that one
    struct document_builder *builder;
    const struct document_limits *limits;
    struct error *error;
};

// Words are copied whole, so up to 7 bytes may be written behind the last text.
enum { JSON_WORD_BYTES = 8 };

// Stops with "line L column C: what"; returns false. at: in the source.
bool json_fail(struct json_reader *reader, enum error_kind kind, const char *at, const char *what);
// Decodes the text whose opening quote was just passed, and passes the closing one.
MUST_CHECK bool json_read_text(struct json_reader *reader, const char **ret_text, uint32_t *ret_length);
// Takes whatever is no other value.
MUST_CHECK bool json_read_number(struct json_reader *reader, struct node *ret_node);
