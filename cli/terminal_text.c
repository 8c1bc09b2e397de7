#include "cli/terminal_text.h"

#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>

// Of one character; *ret_bytes is at least 1.
static size_t width_at(const char *text, size_t length, size_t *ret_bytes) {
    uint32_t code;
    size_t bytes = utf8_decode(text, length, &code);
    *ret_bytes = bytes > 0 ? bytes : 1;
    int width = bytes > 0 ? utf8proc_charwidth((utf8proc_int32_t)code) : 0;
    return width > 0 ? (size_t)width : 0;
}

static bool is_blank(const char *text, size_t bytes) {
    return bytes == 1 && ((unsigned char)*text < 0x20 || *text == 0x7f);
}

size_t terminal_width(const char *text) {
    size_t length = strlen(text);
    size_t width = 0;
    for (size_t at = 0, bytes; at < length; at += bytes) {
        width += width_at(text + at, length - at, &bytes);
    }
    return width;
}

// Bytes of text that take at most columns; *ret_columns: how many they take.
static size_t fitting(const char *text, size_t columns, size_t *ret_columns) {
    size_t length = strlen(text);
    size_t at = 0;
    *ret_columns = 0;
    for (size_t bytes; at < length; at += bytes) {
        size_t width = width_at(text + at, length - at, &bytes);
        width = is_blank(text + at, bytes) ? 1 : width;
        if (*ret_columns + width > columns) {
            break;
        }
        *ret_columns += width;
    }
    return at;
}

void terminal_append_fit(struct buffer *out, const char *text, size_t columns, bool unicode, bool pad) {
    const char *ending = "";
    size_t used;
    size_t taken = fitting(text, columns, &used);
    if (text[taken]) {
        ending = unicode ? "…" : "...";
        size_t room = unicode ? 1 : 3;
        ending = columns >= room ? ending : "";
        taken = fitting(text, columns - (*ending ? room : 0), &used);
        used += *ending ? room : 0;
    }
    for (size_t i = 0; i < taken; i++) {
        buffer_append_char(out, is_blank(text + i, 1) ? ' ' : text[i]);
    }
    buffer_append_text(out, ending);
    for (; pad && used < columns; used++) {
        buffer_append_char(out, ' ');
    }
}

static bool is_unicode(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value) {
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
        }
    }
    return false;
}

struct terminal terminal_of(int descriptor) {
    const char *no_color = getenv("NO_COLOR");
    const char *kind = getenv("TERM");
    bool is_terminal = isatty(descriptor) && kind && *kind && strcmp(kind, "dumb") != 0;
    return (struct terminal){.is_terminal = is_terminal,
                             .color = is_terminal && !(no_color && *no_color),
                             .unicode = is_unicode()};
}

void terminal_size(int descriptor, size_t *ret_columns, size_t *ret_rows) {
    struct winsize size = {0};
    bool known = ioctl(descriptor, TIOCGWINSZ, &size) == 0;
    *ret_columns = known && size.ws_col > 0 ? size.ws_col : 80;
    *ret_rows = known && size.ws_row > 0 ? size.ws_row : 24;
}

void terminal_append(struct buffer *out, const struct terminal *terminal, const char *code,
                     const char *text) {
    if (terminal->color) {
        buffer_printf(out, "\033[%sm%s\033[0m", code, text);
    } else {
        buffer_append_text(out, text);
    }
}
