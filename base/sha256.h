// SHA-256 (FIPS 180-4), to name what was judged and by what. For rooms that have no crypto library.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 2 * SHA256_BYTES + 1 };

struct sha256 {
    uint32_t state[8];
    uint64_t length; // bytes so far
    unsigned char block[64];
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t length);
// Ends it: sha256_begin before the next use.
void sha256_end(struct sha256 *hash, unsigned char ret_digest[SHA256_BYTES]);

// The digest of one text in lower-case hexadecimal digits, with a NUL.
void sha256_hex(const void *bytes, size_t length, char ret_hex[SHA256_HEX_BYTES]);
