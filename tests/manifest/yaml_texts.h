// Reads YAML in tests and writes documents as one line of JSON, to compare with; an unknown value is ?"text".
#pragma once

#include "base/buffer.h"
#include "manifest/yaml_reader.h"
#include "tests/support/expect.h"

#include <stdio.h>

static inline void render_text(struct buffer *out, const char *text, size_t length) {
    buffer_append_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            buffer_append_char(out, '\\');
            buffer_append_char(out, text[i]);
        } else if ((unsigned char)text[i] < 0x20) {
            buffer_printf(out, "\\x%02x", (unsigned)text[i]);
        } else {
            buffer_append_char(out, text[i]);
        }
    }
    buffer_append_char(out, '"');
}

static inline void render(struct buffer *out, const struct node *node) {
    bool map = node->type == NODE_MAP;
    switch ((enum node_type)node->type) {
    case NODE_NULL:
        buffer_append_text(out, "null");
        return;
    case NODE_BOOL:
        buffer_append_text(out, node->value.boolean ? "true" : "false");
        return;
    case NODE_INTEGER:
        buffer_printf(out, "%lld", (long long)node->value.integer);
        return;
    case NODE_NUMBER:
        buffer_printf(out, "%.17gf", node->value.number);
        return;
    case NODE_STRING:
        buffer_append_text(out, node->unknown ? "?" : "");
        render_text(out, node->value.string, node->length);
        return;
    case NODE_LIST:
    case NODE_MAP:
        break;
    }
    buffer_append_char(out, map ? '{' : '[');
    const char *comma = "";
    NODE_EACH(child, node) {
        buffer_append_text(out, comma);
        comma = ",";
        if (map) {
            render_text(out, child->key, child->key_length);
            buffer_append_char(out, ':');
        }
        render(out, child);
    }
    buffer_append_char(out, map ? '}' : ']');
}

static const struct substitution no_variables;

// All documents of a text, one line each: the JSON, or "template|broken line:column what".
static inline void render_stream(struct buffer *out, const char *text, size_t length,
                                 const struct yaml_options *options) {
    CLEANUP(yaml_reader_free) struct yaml_reader *reader = yaml_reader_new(text, length, options);
    struct yaml_result result;
    while (yaml_reader_next(reader, &result)) {
        buffer_append_text(out, out->length ? "\n" : "");
        if (result.outcome == YAML_DOCUMENT) {
            render(out, document_root(result.document));
            document_free(result.document);
        } else {
            buffer_printf(out, "%s %u:%u %s", result.outcome == YAML_TEMPLATE ? "template" : "broken",
                          result.line, result.column, result.problem.message);
        }
    }
}

struct yaml_case {
    const char *name, *text, *expected;
};

static inline void expect_streams(const struct yaml_case *cases, size_t count,
                                  const struct yaml_options *options) {
    for (size_t i = 0; i < count; i++) {
        CLEANUP(buffer_clear) struct buffer out;
        buffer_init(&out, 1 << 20);
        // A copy of the exact size, so that a read past the end is seen.
        size_t length = strlen(cases[i].text);
        char *copy = malloc(length ? length : 1);
        memcpy(copy, cases[i].text, length);
        render_stream(&out, copy, length, options);
        free(copy);
        expect_text(cases[i].name, buffer_text(&out), cases[i].expected);
    }
}

#define EXPECT_STREAMS(cases, options) expect_streams(cases, sizeof(cases) / sizeof((cases)[0]), options)
