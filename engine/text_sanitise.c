#include "engine/decision_text.h"

#include "base/utf8.h"

#include <strings.h>

// Flux deletes and re-creates an object when an error says that a field is this word (domain.md, finding 1).
static const char forbidden_word[] = "immutable";
static const char allowed_word[] = "unchangeable";
static const char replacement[] = "\xEF\xBF\xBD"; // U+FFFD

// Spaces stand for these: C0 and C1 controls, and Unicode's own line ends.
static bool is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

// Characters that change how others are shown, or show nothing: marks of direction, soft hyphens, zero-width
// ones, tags.
static bool is_deceiving(uint32_t code) {
    static const uint32_t ranges[][2] = {
        {0x00AD, 0x00AD}, {0x061C, 0x061C}, {0x180E, 0x180E}, {0x200B, 0x200F},
        {0x202A, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE007F},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

// Whole or not at all: a text is never cut inside a character.
static void append_whole(struct buffer *buffer, const char *bytes, size_t length) {
    if (length > buffer->maximum - buffer->length) {
        buffer->cut = true;
    }
    buffer_append(buffer, bytes, buffer->cut ? 0 : length);
}

// How many bytes a sequence that starts so should have; 1 for bytes that start none.
static size_t announced_size(unsigned char first) {
    return first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1;
}

// Takes a run of bytes that are not UTF-8 and writes one U+FFFD for it, or nothing when it is the start of a
// character that was cut off at the end.
static size_t replace_bytes(struct buffer *clean, const char *at, size_t length, bool was_cut) {
    if (was_cut && length < announced_size((unsigned char)*at)) {
        return length;
    }
    size_t size = 1;
    while (size < length && utf8_decode(at + size, length - size, NULL) == 0) {
        size++;
    }
    append_whole(clean, replacement, sizeof(replacement) - 1);
    return size;
}

// Writes what stands for the character or word at text, and returns how many bytes that was.
static size_t sanitise_next(struct buffer *clean, const char *at, size_t length, bool one_line,
                            bool was_cut) {
    uint32_t code;
    size_t size = utf8_decode(at, length, &code);
    if (size == 0) {
        return replace_bytes(clean, at, length, was_cut);
    }
    size_t word = sizeof(forbidden_word) - 1;
    if (length >= word && strncasecmp(at, forbidden_word, word) == 0) {
        append_whole(clean, allowed_word, sizeof(allowed_word) - 1);
        return word;
    }
    if (code == '\r' && length > 1 && at[1] == '\n') {
        return 1;
    }
    if (code == '\n' && !one_line) {
        append_whole(clean, "\n", 1);
    } else if (is_control(code)) {
        append_whole(clean, " ", 1);
    } else if (is_deceiving(code)) {
        append_whole(clean, replacement, sizeof(replacement) - 1);
    } else {
        append_whole(clean, at, size);
    }
    return size;
}

bool text_is_clean(const char *text, size_t length, bool one_line) {
    size_t word = sizeof(forbidden_word) - 1;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte < 0x20 && (byte != '\n' || one_line)) || byte >= 0x7F) {
            return false;
        }
        if ((byte | 0x20) == 'i' && length - i >= word && strncasecmp(text + i, forbidden_word, word) == 0) {
            return false;
        }
    }
    return true;
}

void text_sanitise(struct buffer *text, bool one_line) {
    if (text->length > 0 && text_is_clean(text->data, text->length, one_line)) {
        return; // nearly all texts
    }
    struct buffer clean;
    buffer_init(&clean, text->maximum);
    for (size_t i = 0; i < text->length && !clean.cut;) {
        i += sanitise_next(&clean, text->data + i, text->length - i, one_line, text->cut);
    }
    clean.cut |= text->cut;
    buffer_clear(text);
    *text = clean;
}
