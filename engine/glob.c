#include "engine/glob.h"

#include "base/utf8.h"

#include <string.h>

// Bytes of the character at text; a byte that is not UTF-8 counts as one.
static size_t character_size(const char *text, size_t length) {
    size_t size = utf8_decode(text, length, NULL);
    return size ? size : 1;
}

enum glob_outcome glob_match_sized(const char *pattern, size_t pattern_length, const char *text,
                                   size_t text_length, uint64_t *steps) {
    const size_t none = SIZE_MAX;
    size_t p = 0;
    size_t t = 0;
    size_t after_star = none; // in the pattern; what the last star took ends at star_end in the text
    size_t star_end = 0;
    while (t < text_length) {
        if (*steps == 0) {
            return GLOB_TOO_LONG;
        }
        --*steps;
        if (p < pattern_length && pattern[p] == '*') {
            after_star = ++p;
            star_end = t;
        } else if (p < pattern_length && pattern[p] == '?') {
            p++;
            t += character_size(text + t, text_length - t);
        } else if (p < pattern_length && pattern[p] == text[t]) {
            p++;
            t++;
        } else if (after_star != none) {
            // The star takes whole characters, so that a ? never sees half of one.
            star_end += character_size(text + star_end, text_length - star_end);
            p = after_star;
            t = star_end;
        } else {
            return GLOB_DIFFERS;
        }
        if (after_star != none && after_star == pattern_length) {
            return GLOB_MATCHES; // a star at the end takes the rest
        }
    }
    while (p < pattern_length && pattern[p] == '*') {
        p++;
    }
    return p == pattern_length ? GLOB_MATCHES : GLOB_DIFFERS;
}

bool glob_match(const char *pattern, const char *text) {
    uint64_t steps = UINT64_MAX;
    return glob_match_sized(pattern, strlen(pattern), text, strlen(text), &steps) == GLOB_MATCHES;
}
