#include "fleet/pack_codec.h"

#include "base/memory.h"

#include <string.h>

enum { FIRST_SLOTS = 128 };

void pack_codec_clear(struct pack_codec *codec) {
    if (codec->bytes) {
        free(codec->texts);
        free(codec->slots);
    }
    *codec = (struct pack_codec){.pool = codec->pool};
}

void pack_codec_restart(struct pack_codec *codec) {
    codec->text_count = 0;
    if (codec->slots) {
        memset(codec->slots, 0, codec->slot_count * sizeof(*codec->slots));
    }
}

uint64_t pack_number(struct pack_codec *codec, uint64_t number) {
    if (codec->bytes) {
        uint64_t rest = number;
        for (; rest >= 0x80; rest >>= 7) {
            buffer_append_char(codec->bytes, (char)(unsigned char)(rest | 0x80));
        }
        buffer_append_char(codec->bytes, (char)(unsigned char)rest);
        return number;
    }
    uint64_t read = 0;
    for (unsigned shift = 0;; shift += 7) {
        uint8_t byte = *codec->at++;
        read |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return read;
        }
    }
}

int64_t pack_integer(struct pack_codec *codec, int64_t integer) {
    uint64_t folded = ((uint64_t)integer << 1) ^ (integer < 0 ? UINT64_MAX : 0);
    folded = pack_number(codec, folded);
    return (int64_t)((folded >> 1) ^ (folded & 1 ? UINT64_MAX : 0));
}

static size_t slot_of(const struct pack_codec *codec, uint32_t id) {
    size_t slot = (id * UINT32_C(0x9E3779B1)) & (codec->slot_count - 1);
    while (codec->slots[slot] && codec->texts[codec->slots[slot] - 1].id != id) {
        slot = (slot + 1) & (codec->slot_count - 1);
    }
    return slot;
}

static void grow(struct pack_codec *codec) {
    codec->text_capacity = codec->text_capacity ? codec->text_capacity * 2 : FIRST_SLOTS / 2;
    codec->texts = memory_realloc(codec->texts, codec->text_capacity, sizeof(*codec->texts));
    free(codec->slots);
    codec->slot_count = codec->text_capacity * 2;
    codec->slots = memory_calloc(codec->slot_count, sizeof(*codec->slots));
    for (size_t i = 0; i < codec->text_count; i++) {
        codec->slots[slot_of(codec, codec->texts[i].id)] = (uint32_t)i + 1;
    }
}

// One reference for each text of the table, however often it stands in the bytes.
static uint32_t place_of(struct pack_codec *codec, const char *text) {
    uint32_t id = text_pool_add_text(codec->pool, text);
    if (codec->text_count == codec->text_capacity) {
        grow(codec);
    }
    size_t slot = slot_of(codec, id);
    if (codec->slots[slot]) {
        text_pool_drop(codec->pool, id);
        return codec->slots[slot];
    }
    codec->texts[codec->text_count++] = (struct pack_text){.id = id};
    codec->slots[slot] = (uint32_t)codec->text_count;
    return codec->slots[slot];
}

static const char *show(struct pack_codec *codec, size_t place) {
    struct pack_text *text = &codec->texts[place - 1];
    if (!text->text) {
        const char *pooled = text_pool_text(codec->pool, text->id);
        text->text = text_pool_is_pinned(codec->pool, text->id)
                         ? pooled
                         : arena_copy_text(codec->arena, pooled, text_pool_length(codec->pool, text->id));
    }
    return text->text;
}

const char *pack_text(struct pack_codec *codec, const char *text) {
    if (codec->bytes) {
        pack_number(codec, text ? place_of(codec, text) : 0);
        return text;
    }
    uint64_t place = pack_number(codec, 0);
    return place ? show(codec, (size_t)place) : NULL;
}

const char *pack_inline(struct pack_codec *codec, const char *text, size_t length) {
    uint64_t count = pack_number(codec, length);
    if (codec->bytes) {
        buffer_append(codec->bytes, text, length);
        return text;
    }
    const char *copy = arena_copy_text(codec->arena, (const char *)codec->at, (size_t)count);
    codec->at += count;
    return copy;
}
