// Reads YAML (and JSON) as Kubernetes does into documents that know line and column.
#pragma once

#include "base/document_builder.h"
#include "manifest/substitution.h"

struct yaml_options {
    size_t most_bytes;             // of the text
    unsigned most_documents;       // in one text
    struct document_limits limits; // of each document, aliases expanded
    // NULL: ${} and {{ }} are ordinary text. Else unresolved ones give unknown nodes.
    const struct substitution *substitution;
};
// 8 MiB, 10,000 documents, document_default_limits, no substitution.
extern const struct yaml_options yaml_default_options;

enum yaml_outcome {
    YAML_DOCUMENT,
    YAML_TEMPLATE, // {{ }} or ${} make it something that is no YAML before it is rendered
    YAML_BROKEN,
};

struct yaml_result {
    enum yaml_outcome outcome;
    unsigned number;           // of the document in its text, from 1; 0 when the whole text can't be read
    uint32_t line, column;     // 1-based: where the document begins, or where the problem is
    struct document *document; // of YAML_DOCUMENT, with positions; caller owns. Null root: an empty document
    struct error problem;      // of the others: what is wrong, without the position. INVALID or LIMIT
};

struct yaml_reader;

// text is borrowed until yaml_reader_free; so are the options' substitution and its cookie.
struct yaml_reader *yaml_reader_new(const char *text, size_t length, const struct yaml_options *options);
void yaml_reader_free(struct yaml_reader *reader);
DEFINE_CLEANUP(yaml_reader_free, struct yaml_reader *)

// The next document; false at the end, and *ret_result is left alone. A broken document does not hide those
// before it, nor those after the next "---".
MUST_CHECK bool yaml_reader_next(struct yaml_reader *reader, struct yaml_result *ret_result);

// A text of exactly one document (a configuration file): *ret_document: caller owns. Fails with INVALID or
// LIMIT; the message begins with "line L column C: ".
MUST_CHECK bool yaml_read_one(const char *text, size_t length, const struct yaml_options *options,
                              struct document **ret_document, struct error *error);
