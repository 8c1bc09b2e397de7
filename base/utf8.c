#include "base/utf8.h"

static bool is_continuation(unsigned char byte) {
    return (byte & 0xC0) == 0x80;
}

size_t utf8_decode(const char *text, size_t length, uint32_t *ret_code) {
    const unsigned char *bytes = (const unsigned char *)text;
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = bytes[0];
    size_t size = first < 0x80   ? 1
                  : first < 0xC2 ? 0
                  : first < 0xE0 ? 2
                  : first < 0xF0 ? 3
                  : first < 0xF5 ? 4
                                 : 0;
    if (size == 0 || size > length) {
        return 0;
    }
    uint32_t code = size == 1 ? first : first & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(bytes[i])) {
            return 0;
        }
        code = code << 6 | (bytes[i] & 0x3FU);
    }
    if (code < smallest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
        return 0;
    }
    if (ret_code) {
        *ret_code = code;
    }
    return size;
}

size_t utf8_encode(uint32_t code, char ret_bytes[4]) {
    if (code < 0x80) {
        ret_bytes[0] = (char)code;
        return 1;
    }
    size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = size - 1; i > 0; i--) {
        ret_bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    ret_bytes[0] = (char)(marks[size] | code);
    return size;
}

bool utf8_is_valid(const char *text, size_t length) {
    for (size_t i = 0; i < length;) {
        size_t size = utf8_decode(text + i, length - i, NULL);
        if (size == 0) {
            return false;
        }
        i += size;
    }
    return true;
}

size_t utf8_cut(const char *text, size_t length, size_t most) {
    if (length <= most) {
        return length;
    }
    for (size_t cut = most; most - cut < 4; cut--) {
        if (!is_continuation((unsigned char)text[cut])) {
            return cut;
        }
        if (cut == 0) {
            break;
        }
    }
    return most;
}

void utf8_scrub(char *text, size_t length) {
    for (size_t i = 0; i < length;) {
        size_t size = utf8_decode(text + i, length - i, NULL);
        if (size == 0) {
            text[i] = '?';
            size = 1;
        }
        i += size;
    }
}
