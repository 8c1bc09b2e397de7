#include "base/text_pack.h"

#include "base/memory.h"

#include <stdint.h>
#include <string.h>

// A step is one byte with two numbers of four bits, so many bytes as they are and so many, less SHORTEST,
// that were there before; 15 goes on in more bytes. Then the bytes as they are, and the distance, low byte
// first. The last step has no distance.
enum {
    SHORTEST = 4,
    MOST_SHORT = 15,
    FARTHEST = UINT16_MAX,
    HASH_BITS = 13,
};

struct packing {
    const unsigned char *bytes; // words, then the text
    size_t length;
    uint32_t last[1 << HASH_BITS]; // where four bytes of this hash were seen, and 1
    struct buffer *packed;
};

static uint32_t *slot_of(struct packing *packing, size_t at) {
    uint32_t four;
    memcpy(&four, packing->bytes + at, sizeof(four));
    return &packing->last[four * UINT32_C(2654435761) >> (32 - HASH_BITS)];
}

static void append_rest(struct buffer *packed, size_t number) {
    for (number -= MOST_SHORT; number >= UINT8_MAX; number -= UINT8_MAX) {
        buffer_append_char(packed, (char)UINT8_MAX);
    }
    buffer_append_char(packed, (char)number);
}

// match 0: the last step.
static void append_step(struct packing *packing, size_t from, size_t to, size_t match, size_t distance) {
    size_t plain = to - from, longer = match > 0 ? match - SHORTEST : 0;
    size_t high = plain < MOST_SHORT ? plain : MOST_SHORT, low = longer < MOST_SHORT ? longer : MOST_SHORT;
    buffer_append_char(packing->packed, (char)(high << 4 | low));
    if (high == MOST_SHORT) {
        append_rest(packing->packed, plain);
    }
    buffer_append(packing->packed, packing->bytes + from, plain);
    if (match > 0) {
        buffer_append_char(packing->packed, (char)(distance & UINT8_MAX));
        buffer_append_char(packing->packed, (char)(distance >> 8));
        if (low == MOST_SHORT) {
            append_rest(packing->packed, longer);
        }
    }
}

static size_t count_same(const struct packing *packing, size_t earlier, size_t at) {
    size_t count = 0;
    while (at + count < packing->length && packing->bytes[earlier + count] == packing->bytes[at + count]) {
        count++;
    }
    return count;
}

static void pack_from(struct packing *packing, size_t begin) {
    size_t plain = begin, at = begin;
    while (at + SHORTEST <= packing->length) {
        uint32_t *slot = slot_of(packing, at);
        size_t earlier = *slot;
        *slot = (uint32_t)at + 1;
        size_t match =
            earlier > 0 && at - (earlier - 1) <= FARTHEST ? count_same(packing, earlier - 1, at) : 0;
        if (match < SHORTEST) {
            at++;
            continue;
        }
        append_step(packing, plain, at, match, at - (earlier - 1));
        for (size_t end = at + match; ++at < end;) {
            if (at + SHORTEST <= packing->length) {
                *slot_of(packing, at) = (uint32_t)at + 1;
            }
        }
        plain = at;
    }
    append_step(packing, plain, packing->length, 0, 0);
}

static size_t length_of_words(const char *words) {
    return strnlen(words, TEXT_PACK_MOST_WORDS);
}

void text_pack(const char *words, const char *text, size_t length, struct buffer *ret_packed) {
    size_t words_length = length_of_words(words);
    char *bytes = memory_alloc(words_length + length + 1);
    memcpy(bytes, words, words_length);
    memcpy(bytes + words_length, text, length);
    struct packing *packing = memory_calloc(1, sizeof(*packing));
    packing->bytes = (const unsigned char *)bytes;
    packing->length = words_length + length;
    packing->packed = ret_packed;
    for (size_t at = 0; at + SHORTEST <= words_length; at++) {
        *slot_of(packing, at) = (uint32_t)at + 1;
    }
    pack_from(packing, words_length);
    free(packing);
    free(bytes);
}

// ---- back ----

struct unpacking {
    const unsigned char *at, *end;
    const char *words;
    size_t words_length;
    char *text;
    size_t filled, length;
};

static bool read_byte(struct unpacking *unpacking, size_t *ret_byte) {
    if (unpacking->at == unpacking->end) {
        return false;
    }
    *ret_byte = *unpacking->at++;
    return true;
}

static bool read_number(struct unpacking *unpacking, size_t number, size_t *ret_number) {
    size_t byte = UINT8_MAX;
    if (number == MOST_SHORT) {
        while (byte == UINT8_MAX) {
            if (!read_byte(unpacking, &byte)) {
                return false;
            }
            number += byte;
        }
    }
    *ret_number = number;
    return true;
}

static bool copy_plain(struct unpacking *unpacking, size_t count) {
    if (count > (size_t)(unpacking->end - unpacking->at) || count > unpacking->length - unpacking->filled) {
        return false;
    }
    memcpy(unpacking->text + unpacking->filled, unpacking->at, count);
    unpacking->at += count;
    unpacking->filled += count;
    return true;
}

static bool copy_match(struct unpacking *unpacking, size_t low) {
    size_t first, second, count;
    if (!read_byte(unpacking, &first) || !read_byte(unpacking, &second) ||
        !read_number(unpacking, low, &count)) {
        return false;
    }
    size_t distance = first | second << 8, reach = unpacking->words_length + unpacking->filled;
    count += SHORTEST;
    if (distance == 0 || distance > reach || count > unpacking->length - unpacking->filled) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        size_t from = reach + i - distance; // may be among what was copied just now
        unpacking->text[unpacking->filled++] = from < unpacking->words_length
                                                   ? unpacking->words[from]
                                                   : unpacking->text[from - unpacking->words_length];
    }
    return true;
}

bool text_unpack(const char *words, const void *packed, size_t packed_length, char *ret_text, size_t length) {
    struct unpacking unpacking = {.at = packed,
                                  .end = (const unsigned char *)packed + packed_length,
                                  .words = words,
                                  .words_length = length_of_words(words),
                                  .text = ret_text,
                                  .length = length};
    size_t step, plain;
    ret_text[0] = '\0';
    do {
        if (!read_byte(&unpacking, &step) || !read_number(&unpacking, step >> 4, &plain) ||
            !copy_plain(&unpacking, plain)) {
            return false;
        }
    } while (unpacking.at != unpacking.end && copy_match(&unpacking, step & MOST_SHORT));
    ret_text[unpacking.filled] = '\0';
    return unpacking.at == unpacking.end && unpacking.filled == length;
}
