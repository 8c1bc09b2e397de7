// The keys that attestations and approvals are signed with: the first signs, all of them are believed.
#pragma once

#include "base/attributes.h"
#include "base/buffer.h"
#include "base/error.h"

#include <stddef.h>

// Key files: one key a line, "ID BASE64" with 32 to 256 bytes; a line that begins with "#" is a comment. ID
// is [a-z0-9-]{1,32}.
enum { KEY_RING_MOST_KEYS = 16, KEY_ID_BYTES = 33, KEY_RING_MAC_BYTES = 32 };

struct key_ring;

// Fails with INVALID and "NAME:line: what"; never says anything of a key. Caller owns one reference. The text
// is not kept.
MUST_CHECK bool key_ring_parse(const char *text, size_t length, const char *name, struct key_ring **ret_ring,
                               struct error *error);
// Fails also as key_file_read does.
MUST_CHECK bool key_ring_load(const char *path, struct key_ring **ret_ring, struct error *error);
// Thread-safe. Keys are wiped with the last reference.
struct key_ring *key_ring_ref(struct key_ring *ring);
void key_ring_unref(struct key_ring *ring);
DEFINE_CLEANUP(key_ring_unref, struct key_ring *)

size_t key_ring_count(const struct key_ring *ring);
const char *key_ring_id(const struct key_ring *ring, size_t index); // borrowed from the ring

// A line with a new random key and this id, for a key file. Fails with INVALID (id) or IO.
MUST_CHECK bool key_ring_new_line(const char *id, struct buffer *ret_line, struct error *error);

// HMAC-SHA256 by the first key (id NULL) or the one named. False: there is no such key. Any thread.
MUST_CHECK bool key_ring_sign(const struct key_ring *ring, const char *id, const void *bytes, size_t length,
                              unsigned char ret_mac[KEY_RING_MAC_BYTES]);
// In constant time.
MUST_CHECK bool key_ring_verify(const struct key_ring *ring, const char *id, const void *bytes, size_t length,
                                const unsigned char mac[KEY_RING_MAC_BYTES]);
