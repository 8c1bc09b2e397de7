// A growable text with a maximum that is set when it is made; what does not fit is cut and remembered. It is
// cut at a byte: utf8_cut finds the end of the last whole character. One thread at a time.
#pragma once

#include "base/attributes.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data; // NUL-terminated once anything was appended; may be NULL before
    size_t length;
    size_t capacity;
    size_t maximum; // most bytes that length may reach
    bool cut;       // something did not fit; nothing is appended after that
};

void buffer_init(struct buffer *buffer, size_t maximum);
void buffer_clear(struct buffer *buffer); // frees the memory; usable again afterwards
static inline void buffer_clear_cleanup(struct buffer *buffer) {
    buffer_clear(buffer);
}

// What is appended is copied.
void buffer_append(struct buffer *buffer, const void *bytes, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_char(struct buffer *buffer, char character);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
// Shortens to length, which must not exceed the present one, and allows appending again.
void buffer_truncate(struct buffer *buffer, size_t length);
// The text, "" when empty; borrowed until the next change.
const char *buffer_text(const struct buffer *buffer);
// Hands the memory over; caller owns (free). Never NULL.
char *buffer_take(struct buffer *buffer);
