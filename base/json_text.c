#include "base/json_internal.h"
#include "base/utf8.h"

#include <endian.h>
#include <string.h>

static int hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool fail(struct json_reader *reader, const char *at, const char *what) {
    return json_fail(reader, ERROR_INVALID, at, what);
}

static bool read_hex4(struct json_reader *reader, uint32_t *ret_code) {
    if (reader->end - reader->at < 4) {
        return fail(reader, reader->at, "a \\u escape is cut short");
    }
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(reader->at[i]);
        if (digit < 0) {
            return fail(reader, reader->at + i, "a \\u escape takes four hexadecimal digits");
        }
        code = code << 4 | (uint32_t)digit;
    }
    reader->at += 4;
    *ret_code = code;
    return true;
}

static bool read_unicode_escape(struct json_reader *reader) {
    uint32_t code = 0;
    const char *escape = reader->at - 2;
    if (!read_hex4(reader, &code)) {
        return false;
    }
    if (code >= 0xDC00 && code <= 0xDFFF) {
        return fail(reader, escape, "a lone low surrogate");
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
        uint32_t low = 0;
        if (reader->end - reader->at < 6 || reader->at[0] != '\\' || reader->at[1] != 'u') {
            return fail(reader, escape, "a lone high surrogate");
        }
        reader->at += 2;
        if (!read_hex4(reader, &low)) {
            return false;
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return fail(reader, escape, "a high surrogate without its low one");
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    reader->has_nul |= code == 0;
    reader->write += utf8_encode(code, reader->write);
    return true;
}

static bool read_escape(struct json_reader *reader) {
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *escape = reader->at++;
    if (reader->at >= reader->end) {
        return fail(reader, reader->at, "a text is not closed");
    }
    char escaped = *reader->at++;
    if (escaped == 'u') {
        return read_unicode_escape(reader);
    }
    const char *found = escaped ? strchr(from, escaped) : NULL;
    if (!found) {
        return fail(reader, escape, "an unknown escape in a text");
    }
    *reader->write++ = to[found - from];
    return true;
}

// Reads the one byte, escape or character that stopped copy_words.
static bool read_one(struct json_reader *reader) {
    unsigned char byte = (unsigned char)*reader->at;
    if (byte == '\\') {
        return read_escape(reader);
    }
    if (byte < 0x20) {
        return fail(reader, reader->at, "a control character in a text; write it as \\u00XX");
    }
    size_t size = utf8_decode(reader->at, (size_t)(reader->end - reader->at), NULL);
    if (size == 0) {
        return fail(reader, reader->at, "bytes that are not UTF-8");
    }
    memcpy(reader->write, reader->at, size);
    reader->write += size;
    reader->at += size;
    return true;
}

// A bit in the lowest byte of word (and perhaps higher ones) that is a quote, a backslash, a control
// character or not ASCII; 0 when there is none.
static uint64_t find_special(uint64_t word) {
    const uint64_t ones = 0x0101010101010101;
    uint64_t control = word - ones * 0x20;
    uint64_t quote = (word ^ ones * '"') - ones;
    uint64_t backslash = (word ^ ones * '\\') - ones;
    return (control | quote | backslash | word) & ones * 0x80;
}

// Copies what needs no look at single bytes, eight at a time.
static void copy_words(struct json_reader *reader) {
    const char *at = reader->at;
    char *write = reader->write;
    while (reader->end - at >= JSON_WORD_BYTES) {
        uint64_t word;
        memcpy(&word, at, JSON_WORD_BYTES);
        memcpy(write, at, JSON_WORD_BYTES);
        uint64_t special = find_special(le64toh(word));
        int plain = special ? __builtin_ctzll(special) / 8 : JSON_WORD_BYTES;
        at += plain;
        write += plain;
        if (special) {
            break;
        }
    }
    reader->at = at;
    reader->write = write;
}

bool json_read_text(struct json_reader *reader, const char **ret_text, uint32_t *ret_length) {
    const char *text = reader->write;
    reader->has_nul = false;
    for (;;) {
        copy_words(reader);
        if (reader->at >= reader->end) {
            return fail(reader, reader->at, "a text is not closed");
        }
        if (*reader->at == '"') {
            break;
        }
        if (!read_one(reader)) {
            return false;
        }
    }
    reader->at++;
    *ret_length = (uint32_t)(reader->write - text);
    *ret_text = text;
    *reader->write++ = '\0';
    return true;
}
