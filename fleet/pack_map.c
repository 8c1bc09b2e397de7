// Labels and annotations, packed.
#include "fleet/pack_codec.h"

#include <string.h>

static const char last_applied[] = "kubectl.kubernetes.io/last-applied-configuration";

// Longer values are hardly shared, and hold what no policy asks for.
enum { SHARED_BYTES = 24, VALUE_BYTES = 1024 };

enum value_form { FORM_NULL, FORM_FALSE, FORM_TRUE, FORM_INTEGER, FORM_SHARED, FORM_INLINE, FORM_UNKNOWN };

static bool is_kept(const struct node *member, size_t *budget) {
    bool is_text = member->type == NODE_STRING && node_string(member);
    bool is_scalar =
        is_text || member->type == NODE_INTEGER || member->type == NODE_BOOL || member->type == NODE_NULL;
    size_t cost = (size_t)member->key_length + (is_text ? member->length : sizeof(int64_t));
    if (!is_scalar || cost > *budget || (is_text && member->length > VALUE_BYTES) ||
        strcmp(member->key, last_applied) == 0) {
        return false;
    }
    *budget -= cost;
    return true;
}

static enum value_form form_of(const struct node *member) {
    switch (member->type) {
    case NODE_STRING:
        return member->unknown ? FORM_UNKNOWN : member->length <= SHARED_BYTES ? FORM_SHARED : FORM_INLINE;
    case NODE_INTEGER:
        return FORM_INTEGER;
    case NODE_BOOL:
        return member->value.boolean ? FORM_TRUE : FORM_FALSE;
    default:
        return FORM_NULL;
    }
}

static void write_member(struct pack_codec *codec, const struct node *member) {
    enum value_form form = form_of(member);
    pack_text(codec, member->key);
    pack_number(codec, form);
    if (form == FORM_SHARED) {
        pack_text(codec, member->value.string);
    } else if (form == FORM_INLINE || form == FORM_UNKNOWN) {
        pack_inline(codec, member->value.string, member->length);
    } else if (form == FORM_INTEGER) {
        pack_integer(codec, member->value.integer);
    }
}

static void read_member(struct pack_codec *codec, struct node *member) {
    *member = (struct node){.span = 1};
    member->key = pack_text(codec, NULL);
    member->key_length = (uint32_t)strlen(member->key);
    enum value_form form = (enum value_form)pack_number(codec, 0);
    switch (form) {
    case FORM_SHARED:
    case FORM_INLINE:
    case FORM_UNKNOWN:
        member->type = NODE_STRING;
        member->value.string = form == FORM_SHARED ? pack_text(codec, NULL) : pack_inline(codec, NULL, 0);
        member->length = (uint32_t)strlen(member->value.string);
        member->unknown = form == FORM_UNKNOWN;
        break;
    case FORM_INTEGER:
        member->type = NODE_INTEGER;
        member->value.integer = pack_integer(codec, 0);
        break;
    case FORM_FALSE:
    case FORM_TRUE:
        member->type = NODE_BOOL;
        member->value.boolean = form == FORM_TRUE;
        break;
    case FORM_NULL:
        member->type = NODE_NULL;
        break;
    }
}

static void write_map(struct pack_codec *codec, const struct node *map, size_t *budget) {
    if (!node_is(map, NODE_MAP)) {
        pack_number(codec, 0);
        return;
    }
    size_t left = *budget;
    uint64_t count = 0;
    NODE_EACH(member, map) {
        count += is_kept(member, &left);
    }
    pack_number(codec, count + 1);
    NODE_EACH(member, map) {
        if (is_kept(member, budget)) {
            write_member(codec, member);
        }
    }
}

const struct node *pack_map(struct pack_codec *codec, const struct node *map, size_t *budget) {
    if (codec->bytes) {
        write_map(codec, map, budget);
        return map;
    }
    uint64_t count = pack_number(codec, 0);
    if (count == 0) {
        return NULL;
    }
    struct node *nodes = arena_alloc(codec->arena, (size_t)count * sizeof(*nodes));
    nodes[0] = (struct node){.type = NODE_MAP, .length = (uint32_t)(count - 1), .span = (uint32_t)count};
    for (size_t i = 1; i < count; i++) {
        read_member(codec, &nodes[i]);
    }
    return nodes;
}

static bool is_text(struct pack_codec *codec, const char *expected) {
    uint64_t place = pack_number(codec, 0);
    return strcmp(text_pool_text(codec->pool, codec->texts[place - 1].id), expected) == 0;
}

bool pack_map_has(struct pack_codec *codec, const char *key, const char *value) {
    uint64_t count = pack_number(codec, 0);
    for (uint64_t i = 1; i < count; i++) {
        bool is_key = is_text(codec, key);
        enum value_form form = (enum value_form)pack_number(codec, 0);
        bool is_value = false;
        if (form == FORM_SHARED) {
            bool is_same = is_text(codec, value ? value : "");
            is_value = is_same || !value;
        } else if (form == FORM_INLINE || form == FORM_UNKNOWN) {
            uint64_t length = pack_number(codec, 0);
            is_value = !value || (strlen(value) == length && memcmp(value, codec->at, (size_t)length) == 0);
            codec->at += length;
        } else if (form == FORM_INTEGER) {
            pack_integer(codec, 0);
        }
        if (is_key) {
            return is_value;
        }
    }
    return false;
}
