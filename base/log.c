#include "base/log.h"

#include "base/buffer.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// A line above this is cut: one sender-sized value must not fill the disk. The tail is for what closes a cut
// line: the escape that just fitted, "...", a quote, a brace and the newline.
enum { LARGEST_LINE_BYTES = 16 * 1024, TAIL_BYTES = 16 };

static enum log_level least_level = LOG_INFO;
static enum log_format line_format = LOG_TEXT;

void log_configure(enum log_level least, enum log_format format) {
    least_level = least;
    line_format = format;
}

static bool is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F);
}

// Ends with "..." where the line is full.
static void append_escaped(struct buffer *line, const char *text, bool in_quotes) {
    for (size_t left = strlen(text); left > 0;) {
        if (line->length > LARGEST_LINE_BYTES - TAIL_BYTES) {
            buffer_append_text(line, "...");
            return;
        }
        uint32_t code = 0;
        size_t size = utf8_decode(text, left, &code);
        if (size == 0) {
            buffer_append_text(line, "\xEF\xBF\xBD"); // U+FFFD
            size = 1;
        } else if (is_control(code)) {
            buffer_printf(line, "\\u%04x", code);
        } else {
            buffer_append_text(line, in_quotes && (code == '"' || code == '\\') ? "\\" : "");
            buffer_append(line, text, size);
        }
        text += size;
        left -= size;
    }
}

// Only printable ASCII, and nothing that a reader of key=value would stumble over.
static bool is_bare_word(const char *text) {
    const char *at = text;
    while (*at > ' ' && *at < 0x7F && !strchr("\"=\\", *at)) {
        at++;
    }
    return at > text && *at == '\0';
}

static void append_pair(struct buffer *line, const char *key, const char *value) {
    enum { PUNCTUATION_BYTES = 6 };
    if (line->length + strlen(key) + PUNCTUATION_BYTES > LARGEST_LINE_BYTES - TAIL_BYTES) {
        return;
    }
    bool quotes = line_format == LOG_JSON || !is_bare_word(value);
    buffer_printf(line, line_format == LOG_JSON ? ",\"%s\":" : " %s=", key);
    buffer_append_text(line, quotes ? "\"" : "");
    append_escaped(line, value, quotes);
    buffer_append_text(line, quotes ? "\"" : "");
}

static void append_head(struct buffer *line, enum log_level level, const char *message) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    char when[40];
    size_t length = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(when + length, sizeof(when) - length, ".%03ldZ", now.tv_nsec / 1000000);
    if (line_format == LOG_JSON) {
        buffer_printf(line, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":\"", when, names[level]);
        append_escaped(line, message, true);
        buffer_append_char(line, '"');
    } else {
        buffer_printf(line, "%s %-5s ", when, names[level]);
        append_escaped(line, message, false);
    }
}

void log_write(enum log_level level, const char *message, ...) {
    if (level < least_level) {
        return;
    }
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, LARGEST_LINE_BYTES);
    append_head(&line, level, message);
    va_list pairs;
    va_start(pairs, message);
    for (const char *key; (key = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        if (value) {
            append_pair(&line, key, value);
        }
    }
    va_end(pairs);
    buffer_append_text(&line, line_format == LOG_JSON ? "}\n" : "\n");
    // One write a line, so that lines of several threads don't mix. If stderr is gone, nobody can be told.
    ssize_t written = write(STDERR_FILENO, line.data, line.length);
    (void)written;
}
