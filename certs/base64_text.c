#include "certs/base64_text.h"

#include "base/memory.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

char *base64_text_write(const char *bytes, size_t length) {
    char *text = memory_alloc((length + 2) / 3 * 4 + 1);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes, (int)length);
    return text;
}

bool base64_text_read(const char *base64, char **ret_text, struct error *error) {
    size_t length = strlen(base64);
    if (length > INT_MAX || length % 4 != 0) {
        return error_set(error, ERROR_INVALID, "not base64");
    }
    CLEANUP(free) char *text = memory_calloc(1, length / 4 * 3 + 1);
    int written =
        length > 0 ? EVP_DecodeBlock((unsigned char *)text, (const unsigned char *)base64, (int)length) : 0;
    size_t padding = length == 0 ? 0 : strlen(base64 + length - 2) - strcspn(base64 + length - 2, "=");
    if (written < 0 || memchr(text, 0, (size_t)written - padding)) {
        return error_set(error, ERROR_INVALID, "not the base64 of a text");
    }
    *ret_text = free_take(&text);
    return true;
}
