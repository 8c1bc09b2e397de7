// Documents for tests, from JSON in which ' stands for ".
#pragma once

#include "base/json_reader.h"
#include "base/memory.h"
#include "tests/support/expect.h"

// Fails the test when the text is not a document; caller owns.
static inline struct document *document_of(const char *json) {
    char *text = memory_strdup(json);
    for (char *quote = text; (quote = strchr(quote, '\''));) {
        *quote = '"';
    }
    struct error error = {0};
    struct document *document = NULL;
    if (!json_read(text, strlen(text), &document_default_limits, &document, &error)) {
        fail_msg("%s: %s", json, error.message);
    }
    return document;
}
