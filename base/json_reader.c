#include "base/json_reader.h"

#include "base/json_internal.h"
#include "base/memory.h"

#include <string.h>

// Bytes of text for one value in Kubernetes objects: 15 to 20 in reviews; a little less saves the growing.
enum { BYTES_PER_VALUE = 14 };

// Half of a review and more, and of no use to policies: who wrote which field.
static const char left_out[] = "managedFields";
static const char left_out_parent[] = "metadata";

bool json_fail(struct json_reader *reader, enum error_kind kind, const char *at, const char *what) {
    size_t line = 1;
    size_t column = 1;
    for (const char *p = reader->start; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xC0) != 0x80) {
            column++;
        }
    }
    return error_set(reader->error, kind, "line %zu column %zu: %s", line, column, what);
}

// The byte at the cursor; NUL, which no JSON begins or goes on with, at the end.
static char peek(const struct json_reader *reader) {
    return reader->at < reader->end ? *reader->at : '\0';
}

static void skip_space(struct json_reader *reader) {
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\r' || *reader->at == '\t')) {
        reader->at++;
    }
}

static void start_reading(struct json_reader *reader, const char *text, size_t length,
                          const struct document_limits *limits, struct error *error) {
    struct document_builder *builder = document_builder_new(limits, false);
    char *texts = memory_alloc(length + JSON_WORD_BYTES);
    document_builder_adopt_text(builder, texts);
    document_builder_expect(builder, length / BYTES_PER_VALUE + 1);
    *reader = (struct json_reader){.start = text,
                                   .at = text,
                                   .end = text + length,
                                   .write = texts,
                                   .builder = builder,
                                   .limits = limits,
                                   .error = error};
}

static bool read_values(struct json_reader *reader, uint32_t count);

// Reads once more up to that value: keeping every key's place would cost each good text, not only the bad
// ones.
static const char *find_key(const struct json_reader *reader, uint32_t value_index) {
    struct json_reader again;
    start_reading(&again, reader->start, (size_t)(reader->end - reader->start), reader->limits, NULL);
    again.leaves_out = reader->leaves_out;
    bool read = read_values(&again, value_index);
    document_builder_free(again.builder);
    return read ? again.key : reader->at;
}

static bool open_container(struct json_reader *reader, enum node_type type) {
    if (!document_builder_open(reader->builder, type, reader->error)) {
        return json_fail(reader, ERROR_LIMIT, reader->at, reader->error->message);
    }
    reader->at++;
    return true;
}

static bool close_container(struct json_reader *reader) {
    uint32_t duplicate = 0;
    if (!document_builder_close(reader->builder, &duplicate, reader->error)) {
        return json_fail(reader, ERROR_INVALID, find_key(reader, duplicate), reader->error->message);
    }
    reader->at++;
    return true;
}

static bool read_key(struct json_reader *reader) {
    skip_space(reader);
    if (peek(reader) != '"') {
        return json_fail(reader, ERROR_INVALID, reader->at, "expected a key in double quotes");
    }
    const char *key = NULL;
    uint32_t length = 0;
    reader->key = reader->at++;
    if (!json_read_text(reader, &key, &length)) {
        return false;
    }
    if (reader->has_nul) {
        return json_fail(reader, ERROR_INVALID, reader->key, "a key with a NUL character");
    }
    skip_space(reader);
    if (peek(reader) != ':') {
        return json_fail(reader, ERROR_INVALID, reader->at, "expected ':' after a key");
    }
    reader->at++;
    document_builder_key(reader->builder, key, length);
    reader->skips = reader->leaves_out && length == sizeof(left_out) - 1 &&
                    memcmp(key, left_out, length) == 0 &&
                    document_builder_inside_key(reader->builder, left_out_parent);
    return true;
}

static bool read_word(struct json_reader *reader, const char *word) {
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) {
        return json_fail(reader, ERROR_INVALID, reader->at, "expected a value");
    }
    reader->at += length;
    return true;
}

static bool read_scalar(struct json_reader *reader, struct node *ret_node) {
    switch (peek(reader)) {
    case '"':
        ret_node->type = NODE_STRING;
        reader->at++;
        return json_read_text(reader, &ret_node->value.string, &ret_node->length);
    case 't':
        *ret_node = (struct node){.type = NODE_BOOL, .value.boolean = true};
        return read_word(reader, "true");
    case 'f':
        *ret_node = (struct node){.type = NODE_BOOL};
        return read_word(reader, "false");
    case 'n':
        *ret_node = (struct node){.type = NODE_NULL};
        return read_word(reader, "null");
    default:
        return json_read_number(reader, ret_node);
    }
}

static bool skip_value(struct json_reader *reader, uint32_t depth);

// A list or map whose opening bracket is at the cursor.
static bool skip_members(struct json_reader *reader, uint32_t depth) {
    bool map = *reader->at == '{';
    if (depth >= reader->limits->depth) {
        return json_fail(reader, ERROR_LIMIT, reader->at, "lists and maps nested too deeply");
    }
    reader->at++;
    skip_space(reader);
    if (peek(reader) == (map ? '}' : ']')) {
        reader->at++;
        return true;
    }
    for (;;) {
        if ((map && !read_key(reader)) || !skip_value(reader, depth + 1)) {
            return false;
        }
        skip_space(reader);
        char next = peek(reader);
        if (next != ',' && next != (map ? '}' : ']')) {
            return json_fail(reader, ERROR_INVALID, reader->at,
                             map ? "expected ',' or '}'" : "expected ',' or ']'");
        }
        reader->at++;
        if (next != ',') {
            return true;
        }
    }
}

// Checks a value like any other, but for duplicate keys, and keeps nothing of it.
static bool skip_value(struct json_reader *reader, uint32_t depth) {
    char *write = reader->write;
    skip_space(reader);
    struct node ignored = {0};
    bool opens = peek(reader) == '{' || peek(reader) == '[';
    bool fine = opens ? skip_members(reader, depth) : read_scalar(reader, &ignored);
    reader->write = write;
    return fine;
}

// One value; a list or map is only opened.
static bool read_value(struct json_reader *reader, bool *ret_opened) {
    skip_space(reader);
    char first = peek(reader);
    *ret_opened = first == '{' || first == '[';
    if (*ret_opened) {
        return open_container(reader, first == '{' ? NODE_MAP : NODE_LIST);
    }
    struct node node = {0};
    const char *start = reader->at;
    if (!read_scalar(reader, &node)) {
        return false;
    }
    return document_builder_add(reader->builder, &node, reader->error) ||
           json_fail(reader, ERROR_LIMIT, start, reader->error->message);
}

// After a value: closes what ends here and passes the comma. *ret_more says whether another value follows.
static bool finish_value(struct json_reader *reader, bool opened, bool *ret_more) {
    enum node_type inside;
    while ((inside = document_builder_inside(reader->builder)) != NODE_NULL) {
        bool map = inside == NODE_MAP;
        skip_space(reader);
        char next = peek(reader);
        if (next == (map ? '}' : ']')) {
            if (!close_container(reader)) {
                return false;
            }
            opened = false;
            continue;
        }
        if (!opened && next != ',') {
            return json_fail(reader, ERROR_INVALID, reader->at,
                             map ? "expected ',' or '}'" : "expected ',' or ']'");
        }
        reader->at += !opened;
        *ret_more = true;
        if (!map) {
            return true;
        }
        if (!read_key(reader)) {
            return false;
        }
        if (!reader->skips) {
            return true;
        }
        if (!skip_value(reader, 0)) {
            return false;
        }
        document_builder_key(reader->builder, NULL, 0);
        reader->skips = false;
        opened = false;
    }
    *ret_more = false;
    return true;
}

// All values, but at most count.
static bool read_values(struct json_reader *reader, uint32_t count) {
    bool more = true;
    for (uint32_t i = 0; more && i < count; i++) {
        bool opened = false;
        if (!read_value(reader, &opened) || !finish_value(reader, opened, &more)) {
            return false;
        }
    }
    return true;
}

static bool read_document(struct json_reader *reader) {
    if (!read_values(reader, UINT32_MAX)) {
        return false;
    }
    skip_space(reader);
    return reader->at == reader->end ||
           json_fail(reader, ERROR_INVALID, reader->at, "unexpected text after the value");
}

static bool read_text(const char *text, size_t length, const struct document_limits *limits, bool leaves_out,
                      struct document **ret_document, struct error *error) {
    if (length >= UINT32_MAX) {
        return error_set(error, ERROR_LIMIT, "line 1 column 1: a document of %zu bytes is too large", length);
    }
    struct error local;
    struct json_reader reader;
    start_reading(&reader, text ? text : "", length, limits, &local);
    reader.leaves_out = leaves_out;
    CLEANUP(document_builder_free) struct document_builder *builder = reader.builder;
    if (!read_document(&reader)) {
        return error_set(error, local.kind, "%s", local.message);
    }
    *ret_document = document_builder_finish(document_builder_free_take(&builder));
    return true;
}

bool json_read_copy(const char *text, size_t length, const struct document_limits *limits,
                    struct document **ret_document, struct error *error) {
    return read_text(text, length, limits, false, ret_document, error);
}

bool json_read_objects(const char *text, size_t length, const struct document_limits *limits,
                       struct document **ret_document, struct error *error) {
    return read_text(text, length, limits, true, ret_document, error);
}

bool json_read(char *text, size_t length, const struct document_limits *limits,
               struct document **ret_document, struct error *error) {
    bool read = json_read_copy(text, length, limits, ret_document, error);
    free(text);
    return read;
}
