#include "base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_append(struct buffer *text, const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    for (; length >= 3; at += 3, length -= 3) {
        const char four[4] = {digits[at[0] >> 2], digits[(at[0] & 3) << 4 | at[1] >> 4],
                              digits[(at[1] & 15) << 2 | at[2] >> 6], digits[at[2] & 63]};
        buffer_append(text, four, 4);
    }
    if (length > 0) {
        unsigned second = length == 2 ? at[1] : 0;
        const char four[4] = {digits[at[0] >> 2], digits[(at[0] & 3U) << 4 | second >> 4],
                              length == 2 ? digits[(second & 15) << 2] : '=', '='};
        buffer_append(text, four, 4);
    }
}

static int value_of(char digit) {
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

bool base64_decode(const char *text, struct buffer *ret_bytes) {
    size_t length = strlen(text);
    if (length % 4 != 0) {
        return false;
    }
    size_t padding = length == 0 || text[length - 1] != '=' ? 0 : text[length - 2] == '=' ? 2 : 1;
    for (size_t i = 0; i < length; i += 4) {
        size_t missing = i + 4 == length ? padding : 0;
        unsigned group = 0;
        for (size_t n = 0; n < 4; n++) {
            int value = n < 4 - missing ? value_of(text[i + n]) : 0;
            if (value < 0) {
                return false;
            }
            group = group << 6 | (unsigned)value;
        }
        const char three[3] = {(char)(group >> 16 & 255), (char)(group >> 8 & 255), (char)(group & 255)};
        buffer_append(ret_bytes, three, 3 - missing);
    }
    return !ret_bytes->cut;
}
