// A fragment and what else the inventory keeps of an object, in about 150 bytes instead of some kilobytes.
#pragma once

#include "fleet/fragment.h"
#include "fleet/pack_codec.h"

enum { MARK_BYTES = 64 };

// Which writing of which object it is.
struct object_marks {
    char uid[MARK_BYTES];     // "" when it has none; longer ones are cut
    char version[MARK_BYTES]; // metadata.resourceVersion, the same
    int64_t generation;       // 0: none
};

struct packed_field {
    uint32_t id; // of the configured field
    const char *text;
};

struct packed_object {
    struct object_marks marks;
    const char *endpoint; // host that it declares for its control plane, or NULL
    const struct packed_field *fields;
    size_t field_count;
    const struct fragment *fragment;
};

struct fragment_packer {
    struct pack_codec codec;
    struct buffer head; // marks
    struct buffer body;
    struct buffer all;
};

void fragment_packer_open(struct fragment_packer *packer, struct text_pool *pool);
void fragment_packer_close(struct fragment_packer *packer);
// The bytes lie in packer->all until the next call; *ret_head is how many of them are the marks. The texts in
// it are referred to until fragment_pack_release. Fails when it is larger than 64 MiB.
MUST_CHECK bool fragment_pack(struct fragment_packer *packer, const struct packed_object *object,
                              size_t *ret_head);
void fragment_pack_release(struct text_pool *pool, const uint8_t *bytes);

// Copies into arena, but for texts that the pool has pinned. The fragment's root is NULL.
void fragment_unpack(struct text_pool *pool, const uint8_t *bytes, struct arena *arena,
                     struct packed_object *ret_object);
// All but the fragment.
void fragment_unpack_extras(struct text_pool *pool, const uint8_t *bytes, struct arena *arena,
                            struct packed_object *ret_object);
// The marks alone; gives where the rest begins.
const uint8_t *fragment_unpack_marks(const uint8_t *bytes, struct object_marks *ret_marks);
// Has it this label, with this value unless that is NULL? arena is for scratch.
bool fragment_pack_has_label(struct text_pool *pool, const uint8_t *bytes, struct arena *arena,
                             const char *label, const char *value);
