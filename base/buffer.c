#include "base/buffer.h"

#include "base/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void buffer_init(struct buffer *buffer, size_t maximum) {
    *buffer = (struct buffer){.maximum = maximum};
}

void buffer_clear(struct buffer *buffer) {
    free(buffer->data);
    buffer_init(buffer, buffer->maximum);
}

// Makes room for length more bytes and a NUL.
static void reserve(struct buffer *buffer, size_t length) {
    size_t wanted = buffer->length + length + 1;
    if (wanted <= buffer->capacity) {
        return;
    }
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 128;
    if (capacity < wanted) {
        capacity = wanted;
    }
    if (capacity - 1 > buffer->maximum) {
        capacity = buffer->maximum + 1;
    }
    buffer->data = memory_realloc(buffer->data, capacity, 1);
    buffer->capacity = capacity;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
    if (buffer->cut || length == 0) {
        return;
    }
    if (length > buffer->maximum - buffer->length) {
        length = buffer->maximum - buffer->length;
        buffer->cut = true;
    }
    reserve(buffer, length);
    memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text) {
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_char(struct buffer *buffer, char character) {
    buffer_append(buffer, &character, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof(small), format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof(small)) {
        buffer_append(buffer, small, (size_t)length);
    } else if (length >= 0) {
        CLEANUP(free) char *large = memory_alloc((size_t)length + 1);
        vsnprintf(large, (size_t)length + 1, format, again);
        buffer_append(buffer, large, (size_t)length);
    }
    va_end(again);
}

void buffer_truncate(struct buffer *buffer, size_t length) {
    assert(length <= buffer->length);
    buffer->length = length;
    buffer->cut = false;
    if (buffer->data) {
        buffer->data[length] = '\0';
    }
}

const char *buffer_text(const struct buffer *buffer) {
    return buffer->data ? buffer->data : "";
}

char *buffer_take(struct buffer *buffer) {
    char *data = buffer->data ? buffer->data : memory_copy_text("", 0);
    buffer_init(buffer, buffer->maximum);
    return data;
}
