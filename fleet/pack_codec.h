// Small numbers in few bytes, and texts as places in a table of numbers of the text pool. One description of
// a thing serves both ways: each function gives back what it wrote, or what it read.
#pragma once

#include "base/arena.h"
#include "base/buffer.h"
#include "base/document.h"
#include "fleet/text_pool.h"

#include <stdint.h>

struct pack_text {
    uint32_t id;
    const char *text; // NULL: not shown yet
};

// While packing, the table grows; while unpacking, it is what was read.
struct pack_codec {
    struct text_pool *pool; // only read while unpacking
    struct buffer *bytes;   // NULL: unpacking
    const uint8_t *at;
    struct arena *arena;
    struct pack_text *texts;
    size_t text_count, text_capacity;
    uint32_t *slots; // places in texts plus 1, by number
    size_t slot_count;
};

void pack_codec_clear(struct pack_codec *codec); // frees what packing made; bytes stay the caller's
// Forgets the table for the next thing to pack; references to its texts are the caller's.
void pack_codec_restart(struct pack_codec *codec);

uint64_t pack_number(struct pack_codec *codec, uint64_t number);
int64_t pack_integer(struct pack_codec *codec, int64_t integer);
const char *pack_text(struct pack_codec *codec, const char *text); // NULL stays NULL
// A text that few share: as it is, in the bytes.
const char *pack_inline(struct pack_codec *codec, const char *text, size_t length);

// metadata.labels or annotations. *budget: bytes that may still be kept; what does not fit, the annotation of
// kubectl apply and what is neither text nor number is left out.
const struct node *pack_map(struct pack_codec *codec, const struct node *map, size_t *budget);
// Reads the packed map that comes next: has it this key, with this value unless that is NULL?
bool pack_map_has(struct pack_codec *codec, const char *key, const char *value);
