#include "base/sha256.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 64, LENGTH_OFFSET = 56 };

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned bits) {
    return word >> bits | word << (32 - bits);
}

static void expand(const unsigned char block[BLOCK_BYTES], uint32_t ret_words[64]) {
    for (size_t i = 0; i < 16; i++) {
        uint32_t word;
        memcpy(&word, block + 4 * i, sizeof(word));
        ret_words[i] = be32toh(word);
    }
    for (size_t i = 16; i < 64; i++) {
        uint32_t near = ret_words[i - 2];
        uint32_t far = ret_words[i - 15];
        ret_words[i] = ret_words[i - 16] + ret_words[i - 7] + (rotate(far, 7) ^ rotate(far, 18) ^ far >> 3) +
                       (rotate(near, 17) ^ rotate(near, 19) ^ near >> 10);
    }
}

static void compress(struct sha256 *hash, const unsigned char block[BLOCK_BYTES]) {
    uint32_t words[64];
    uint32_t s[8]; // a to h of the standard
    expand(block, words);
    memcpy(s, hash->state, sizeof(s));
    for (size_t i = 0; i < 64; i++) {
        uint32_t first = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                         ((s[4] & s[5]) ^ (~s[4] & s[6])) + constants[i] + words[i];
        uint32_t second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                          ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof(*s));
        s[4] += first;
        s[0] = first + second;
    }
    for (size_t i = 0; i < 8; i++) {
        hash->state[i] += s[i];
    }
}

void sha256_begin(struct sha256 *hash) {
    *hash = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                                      0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t length) {
    const unsigned char *from = bytes;
    while (length > 0) {
        size_t filled = hash->length % BLOCK_BYTES;
        size_t taken = length < BLOCK_BYTES - filled ? length : BLOCK_BYTES - filled;
        memcpy(hash->block + filled, from, taken);
        hash->length += taken;
        from += taken;
        length -= taken;
        if (filled + taken == BLOCK_BYTES) {
            compress(hash, hash->block);
        }
    }
}

void sha256_end(struct sha256 *hash, unsigned char ret_digest[SHA256_BYTES]) {
    static const unsigned char padding[BLOCK_BYTES] = {0x80};
    uint64_t bits = htobe64(hash->length * 8);
    size_t filled = hash->length % BLOCK_BYTES;
    size_t wanted = filled < LENGTH_OFFSET ? LENGTH_OFFSET - filled : LENGTH_OFFSET + BLOCK_BYTES - filled;
    sha256_add(hash, padding, wanted);
    sha256_add(hash, &bits, sizeof(bits));
    for (size_t i = 0; i < 8; i++) {
        uint32_t word = htobe32(hash->state[i]);
        memcpy(ret_digest + 4 * i, &word, sizeof(word));
    }
}

void sha256_hex(const void *bytes, size_t length, char ret_hex[SHA256_HEX_BYTES]) {
    struct sha256 hash;
    unsigned char digest[SHA256_BYTES];
    sha256_begin(&hash);
    sha256_add(&hash, bytes, length);
    sha256_end(&hash, digest);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
    }
}
