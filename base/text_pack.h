// Texts that are kept and seldom read, in a few bytes: what repeats in them, or in words that all of them
// share, is written once (LZ77 with byte codes).
#pragma once

#include "base/buffer.h"

enum { TEXT_PACK_MOST_WORDS = 32 * 1024 };

// Appends the packed text. words: what texts of this kind are full of, the most frequent last; at most
// TEXT_PACK_MOST_WORDS are used, and may be "". The same text and words give the same bytes. Any thread.
void text_pack(const char *words, const char *text, size_t length, struct buffer *ret_packed);

// The text again, with a NUL: length bytes were packed, with these words. False: packed is not what text_pack
// made of that many; nothing outside of ret_text[0 … length] is written.
MUST_CHECK bool text_unpack(const char *words, const void *packed, size_t packed_length, char *ret_text,
                            size_t length);
