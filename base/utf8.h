// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bytes of the sequence that starts at text, 0 if it is not valid. length >= 1; ret_code may be NULL.
size_t utf8_decode(const char *text, size_t length, uint32_t *ret_code);
// Writes code (a Unicode scalar value) to ret_bytes and returns how many bytes it took, 1 to 4.
size_t utf8_encode(uint32_t code, char ret_bytes[4]);
bool utf8_is_valid(const char *text, size_t length);
// The most bytes of text, at most most, that don't end inside a character.
size_t utf8_cut(const char *text, size_t length, size_t most);
// Puts a question mark in place of each byte that belongs to no character.
void utf8_scrub(char *text, size_t length);
