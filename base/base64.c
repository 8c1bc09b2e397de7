#include "base/base64.h"

#include <string.h>

// Appending piece by piece, not digit by digit: a record or a bundle of certificates has many.
enum { PIECE_GROUPS = 256 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Of 1 to 3 bytes.
static void encode(const unsigned char *bytes, size_t length, char ret_digits[4]) {
    unsigned group = (unsigned)bytes[0] << 16;
    group |= length > 1 ? (unsigned)bytes[1] << 8 : 0;
    group |= length > 2 ? (unsigned)bytes[2] : 0;
    ret_digits[0] = digits[group >> 18];
    ret_digits[1] = digits[group >> 12 & 63];
    ret_digits[2] = length > 1 ? digits[group >> 6 & 63] : '=';
    ret_digits[3] = length > 2 ? digits[group & 63] : '=';
}

void base64_append(struct buffer *text, const void *bytes, size_t length) {
    char piece[4 * PIECE_GROUPS];
    size_t used = 0;
    for (const unsigned char *at = bytes; length > 0;) {
        size_t taken = length < 3 ? length : 3;
        encode(at, taken, piece + used);
        used += 4;
        at += taken;
        length -= taken;
        if (used == sizeof(piece) || length == 0) {
            buffer_append(text, piece, used);
            used = 0;
        }
    }
}

static int value_of(char digit) {
    if (digit >= 'A' && digit <= 'Z') {
        return digit - 'A';
    }
    if (digit >= 'a' && digit <= 'z') {
        return digit - 'a' + 26;
    }
    if (digit >= '0' && digit <= '9') {
        return digit - '0' + 52;
    }
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

// present: digits that are no padding.
static bool decode(const char *text, size_t present, char ret_bytes[3]) {
    unsigned group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < present ? value_of(text[i]) : 0;
        if (value < 0) {
            return false;
        }
        group = group << 6 | (unsigned)value;
    }
    ret_bytes[0] = (char)(group >> 16 & 255);
    ret_bytes[1] = (char)(group >> 8 & 255);
    ret_bytes[2] = (char)(group & 255);
    return true;
}

bool base64_decode(const char *text, struct buffer *ret_bytes) {
    size_t length = strlen(text);
    if (length % 4 != 0) {
        return false;
    }
    size_t padding = length == 0 || text[length - 1] != '=' ? 0 : text[length - 2] == '=' ? 2 : 1;
    char piece[3 * PIECE_GROUPS];
    size_t used = 0;
    for (size_t i = 0; i < length; i += 4) {
        bool is_last = i + 4 == length;
        size_t missing = is_last ? padding : 0;
        if (!decode(text + i, 4 - missing, piece + used)) {
            return false;
        }
        used += 3 - missing;
        if (is_last || used == sizeof(piece)) {
            buffer_append(ret_bytes, piece, used);
            used = 0;
        }
    }
    return !ret_bytes->cut;
}

bool base64_decode_text(const char *base64, char **ret_text) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, strlen(base64));
    bool is_text = base64_decode(base64, &text) && strlen(buffer_text(&text)) == text.length;
    if (is_text) {
        *ret_text = buffer_take(&text);
    } else if (text.data) {
        explicit_bzero(text.data, text.length);
    }
    return is_text;
}
