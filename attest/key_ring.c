#include "attest/key_ring.h"

#include "attest/key_file.h"
#include "base/memory.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_KEY_BYTES = 32, MOST_KEY_BYTES = 256, MOST_LINE_BYTES = 512 };

struct key {
    char id[KEY_ID_BYTES];
    unsigned char bytes[MOST_KEY_BYTES];
    size_t length;
};

struct key_ring {
    atomic_uint references;
    struct key keys[KEY_RING_MOST_KEYS];
    size_t count;
};

static bool is_id(const char *text, size_t length) {
    return length > 0 && length < KEY_ID_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

// Exactly one Base64 text with its padding. ret_bytes: MOST_KEY_BYTES + 2. 0: it is none, or too long.
static size_t decode(const char *text, size_t length, unsigned char *ret_bytes) {
    if (length == 0 || length % 4 != 0 || length / 4 * 3 > MOST_KEY_BYTES + 2) {
        return 0;
    }
    int whole = EVP_DecodeBlock(ret_bytes, (const unsigned char *)text, (int)length);
    size_t padding = text[length - 1] != '=' ? 0 : text[length - 2] == '=' ? 2 : 1;
    if (whole < 0 || (size_t)whole - padding > MOST_KEY_BYTES) {
        return 0;
    }
    size_t decoded = (size_t)whole - padding;
    // EVP_DecodeBlock trims spaces and takes '=' anywhere, so one key would have many texts.
    char again[(MOST_KEY_BYTES + 2) / 3 * 4 + 1];
    int written = EVP_EncodeBlock((unsigned char *)again, ret_bytes, (int)decoded);
    bool is_same = (size_t)written == length && memcmp(again, text, length) == 0;
    OPENSSL_cleanse(again, sizeof(again));
    return is_same ? decoded : 0;
}

static bool add_line(struct key_ring *ring, const char *line, size_t length, const char *where,
                     struct error *error) {
    size_t id_length = strcspn(line, " \t");
    id_length = id_length > length ? length : id_length;
    if (!is_id(line, id_length)) {
        return error_set(error, ERROR_INVALID, "%s: want ID BASE64, with an ID of a-z, 0-9 and -, at most %d",
                         where, KEY_ID_BYTES - 1);
    }
    size_t begin = id_length + strspn(line + id_length, " \t");
    unsigned char bytes[MOST_KEY_BYTES + 2];
    size_t decoded = begin < length ? decode(line + begin, length - begin, bytes) : 0;
    if (decoded < LEAST_KEY_BYTES) {
        OPENSSL_cleanse(bytes, sizeof(bytes));
        return error_set(error, ERROR_INVALID, "%s: the key %.*s is not %d to %d bytes in Base64", where,
                         (int)id_length, line, LEAST_KEY_BYTES, MOST_KEY_BYTES);
    }
    for (size_t i = 0; i < ring->count; i++) {
        if (strlen(ring->keys[i].id) == id_length && memcmp(ring->keys[i].id, line, id_length) == 0) {
            OPENSSL_cleanse(bytes, sizeof(bytes));
            return error_set(error, ERROR_INVALID, "%s: the key %s is there twice", where, ring->keys[i].id);
        }
    }
    if (ring->count == KEY_RING_MOST_KEYS) {
        OPENSSL_cleanse(bytes, sizeof(bytes));
        return error_set(error, ERROR_INVALID, "%s: more than %d keys", where, KEY_RING_MOST_KEYS);
    }
    struct key *key = &ring->keys[ring->count++];
    memcpy(key->id, line, id_length);
    memcpy(key->bytes, bytes, decoded);
    key->length = decoded;
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return true;
}

bool key_ring_parse(const char *text, size_t length, const char *name, struct key_ring **ret_ring,
                    struct error *error) {
    CLEANUP(key_ring_unref) struct key_ring *ring = memory_calloc(1, sizeof(*ring));
    atomic_init(&ring->references, 1);
    char line[MOST_LINE_BYTES];
    unsigned number = 0;
    for (const char *at = text, *end = text + length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *next = newline ? newline + 1 : end;
        size_t line_length = (size_t)((newline ? newline : end) - at);
        while (line_length > 0 && memchr(" \t\r", at[line_length - 1], 3)) {
            line_length--;
        }
        char where[300];
        snprintf(where, sizeof(where), "%.256s:%u", name, ++number);
        if (line_length >= sizeof(line)) {
            return error_set(error, ERROR_INVALID, "%s: the line is longer than %d bytes", where,
                             MOST_LINE_BYTES - 1);
        }
        memcpy(line, at, line_length);
        line[line_length] = '\0';
        bool is_fine = line_length == 0 || *line == '#' || add_line(ring, line, line_length, where, error);
        OPENSSL_cleanse(line, sizeof(line));
        if (!is_fine) {
            return false;
        }
        at = next;
    }
    if (ring->count == 0) {
        return error_set(error, ERROR_INVALID, "%s: there is no key in it", name);
    }
    *ret_ring = key_ring_unref_take(&ring);
    return true;
}

bool key_ring_load(const char *path, struct key_ring **ret_ring, struct error *error) {
    CLEANUP(key_text_clear) struct key_text text = {0};
    return key_file_read(path, &text, error) &&
           key_ring_parse(text.bytes, text.length, path, ret_ring, error);
}

struct key_ring *key_ring_ref(struct key_ring *ring) {
    atomic_fetch_add(&ring->references, 1);
    return ring;
}

void key_ring_unref(struct key_ring *ring) {
    if (ring && atomic_fetch_sub(&ring->references, 1) == 1) {
        OPENSSL_cleanse(ring, sizeof(*ring));
        free(ring);
    }
}

size_t key_ring_count(const struct key_ring *ring) {
    return ring->count;
}

const char *key_ring_id(const struct key_ring *ring, size_t index) {
    return ring->keys[index].id;
}

bool key_ring_new_line(const char *id, struct buffer *ret_line, struct error *error) {
    if (!is_id(id, strlen(id))) {
        return error_set(error, ERROR_INVALID, "%s: an ID is of a-z, 0-9 and -, at most %d", id,
                         KEY_ID_BYTES - 1);
    }
    unsigned char bytes[LEAST_KEY_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return error_set(error, ERROR_IO, "no random bytes can be had for a key");
    }
    char encoded[(LEAST_KEY_BYTES + 2) / 3 * 4 + 1];
    EVP_EncodeBlock((unsigned char *)encoded, bytes, sizeof(bytes));
    buffer_printf(ret_line, "%s %s\n", id, encoded);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    OPENSSL_cleanse(encoded, sizeof(encoded));
    return true;
}

static const struct key *find(const struct key_ring *ring, const char *id) {
    for (size_t i = 0; i < ring->count; i++) {
        if (!id || strcmp(ring->keys[i].id, id) == 0) {
            return &ring->keys[i];
        }
    }
    return NULL;
}

bool key_ring_sign(const struct key_ring *ring, const char *id, const void *bytes, size_t length,
                   unsigned char ret_mac[KEY_RING_MAC_BYTES]) {
    const struct key *key = find(ring, id);
    unsigned size = KEY_RING_MAC_BYTES;
    return key && HMAC(EVP_sha256(), key->bytes, (int)key->length, bytes, length, ret_mac, &size) != NULL;
}

bool key_ring_verify(const struct key_ring *ring, const char *id, const void *bytes, size_t length,
                     const unsigned char mac[KEY_RING_MAC_BYTES]) {
    unsigned char wanted[KEY_RING_MAC_BYTES];
    return id && key_ring_sign(ring, id, bytes, length, wanted) &&
           CRYPTO_memcmp(wanted, mac, sizeof(wanted)) == 0;
}
