#include "cli/caret.h"

#include "base/utf8.h"

#include <utf8proc.h>

// A line of 100 columns fits beside the number in most terminals; 40 of them are left of the mark.
enum { WIDEST = 100, LEFT_OF_MARK = 40, NUMBER_WIDTH = 5 };

static const char replacement[] = "\xEF\xBF\xBD";

// One character as it is shown.
struct glyph {
    const char *bytes;
    size_t size;
    unsigned width;
};

// The glyph at *at, which moves on.
static struct glyph next_glyph(const char **at, const char *end) {
    uint32_t code = 0;
    size_t size = utf8_decode(*at, (size_t)(end - *at), &code);
    struct glyph glyph = {*at, size, 1};
    *at += size ? size : 1;
    if (size == 0) {
        return (struct glyph){replacement, 3, 1};
    }
    if (code == '\t') {
        return (struct glyph){" ", 1, 1};
    }
    switch (utf8proc_category((utf8proc_int32_t)code)) {
    case UTF8PROC_CATEGORY_CC: // controls
    case UTF8PROC_CATEGORY_CF: // bidi overrides, invisible characters
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return (struct glyph){replacement, 3, 1};
    default:
        break;
    }
    int width = utf8proc_charwidth((utf8proc_int32_t)code);
    glyph.width = width > 0 ? (unsigned)width : 0;
    return glyph;
}

// The part of a line that is shown.
struct window {
    const char *start, *end;
    unsigned left, width; // columns before the mark, and of the mark
    bool cut_left, cut_right;
};

// Moves the start right until the mark is near, and the end left until the rest fits.
static struct window find_window(const struct caret *caret) {
    const char *end = caret->text + caret->length;
    struct window window = {.start = caret->text, .end = end};
    const char *at = caret->text;
    uint32_t column = 1;
    for (; at < end && column < caret->column; column++) {
        window.left += next_glyph(&at, end).width;
    }
    const char *mark = at;
    for (; at < end && column < caret->end_column; column++) {
        window.width += next_glyph(&at, end).width;
    }
    unsigned total = window.left + window.width;
    while (at < end && total <= WIDEST) {
        total += next_glyph(&at, end).width;
    }
    while (total > WIDEST && window.left > LEFT_OF_MARK && window.start < mark) {
        window.left -= next_glyph(&window.start, end).width;
        window.cut_left = true;
    }
    unsigned shown = 0;
    for (at = window.start; at < end;) {
        const char *before = at;
        shown += next_glyph(&at, end).width;
        if (shown > WIDEST) {
            window.end = before;
            window.cut_right = true;
            break;
        }
    }
    unsigned room = WIDEST > window.left ? WIDEST - window.left : 1;
    window.width = window.width > room ? room : window.width;
    window.width = window.width > 0 ? window.width : 1;
    return window;
}

void caret_append(struct buffer *out, const struct caret *caret) {
    struct window window = find_window(caret);
    buffer_printf(out, "%*u | %s", NUMBER_WIDTH, caret->line, window.cut_left ? "…" : "");
    for (const char *at = window.start; at < window.end;) {
        struct glyph glyph = next_glyph(&at, window.end);
        buffer_append(out, glyph.bytes, glyph.size);
    }
    buffer_printf(out, "%s\n%*s | %*s%s", window.cut_right ? "…" : "", NUMBER_WIDTH, "",
                  (int)(window.left + window.cut_left), "", caret->color);
    for (unsigned i = 0; i < window.width; i++) {
        buffer_append_char(out, '^');
    }
    buffer_printf(out, "%s\n", caret->reset);
}
