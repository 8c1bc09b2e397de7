#include "fleet/fragment_pack.h"

#include <stdio.h>
#include <string.h>

// More than the API server takes for all labels and annotations that a policy may ask for; etcd's limit for a
// whole object is 1.5 MB.
enum { MAP_BYTES = 16 * 1024, PACKED_BYTES = 64 * 1024 * 1024, UUID_BYTES = 16, UUID_TEXT = 36 };

enum origin_form { ORIGIN_NONE, ORIGIN_OWN, ORIGIN_OTHER };

static struct object_key code_key(struct pack_codec *codec, struct object_key key) {
    key.group = pack_text(codec, key.group);
    key.kind = pack_text(codec, key.kind);
    key.namespace = pack_text(codec, key.namespace);
    key.name = pack_text(codec, key.name);
    return key;
}

static enum origin_form form_of(const struct object_key *own, const struct object_key *key) {
    return !key->kind ? ORIGIN_NONE : object_key_equal(own, key) ? ORIGIN_OWN : ORIGIN_OTHER;
}

static struct object_key code_origin_key(struct pack_codec *codec, const struct object_key *own,
                                         enum origin_form form, struct object_key key) {
    if (form == ORIGIN_OTHER) {
        return code_key(codec, key);
    }
    return form == ORIGIN_OWN ? *own : (struct object_key){0};
}

// One byte for state, type, flags and whose origin it is; most facts take three.
static struct fact code_fact(struct pack_codec *codec, const struct object_key *own, struct fact fact) {
    bool boolean = fact.state == FACT_KNOWN && fact.type == FACT_BOOLEAN && fact.value.boolean;
    enum origin_form form = form_of(own, &fact.origin.object);
    uint64_t flags = (uint64_t)fact.state | (uint64_t)fact.type << 2 | (uint64_t)fact.unseen << 4 |
                     (uint64_t)boolean << 5 | (uint64_t)form << 6;
    flags = pack_number(codec, flags);
    struct fact coded = {.state = (enum fact_state)(flags & 3),
                         .type = (enum fact_type)(flags >> 2 & 3),
                         .unseen = flags >> 4 & 1};
    form = (enum origin_form)(flags >> 6);
    coded.origin.object = code_origin_key(codec, own, form, fact.origin.object);
    coded.origin.path = form == ORIGIN_NONE ? NULL : pack_text(codec, fact.origin.path);
    if (coded.state == FACT_UNKNOWN) {
        coded.why = pack_text(codec, fact.why);
    } else if (coded.state == FACT_KNOWN && coded.type == FACT_TEXT) {
        coded.value.text = pack_text(codec, fact.value.text);
    } else if (coded.state == FACT_KNOWN && coded.type == FACT_INTEGER) {
        coded.value.integer = pack_integer(codec, fact.value.integer);
    } else if (coded.state == FACT_KNOWN) {
        coded.value.boolean = flags >> 5 & 1;
    }
    return coded;
}

static void *alloc(struct pack_codec *codec, size_t count, size_t size) {
    return codec->bytes || count == 0 ? NULL : arena_alloc(codec->arena, count * size);
}

static struct fact_list code_list(struct pack_codec *codec, const struct object_key *own,
                                  struct fact_list list) {
    struct fact_list coded = {.count = (size_t)pack_number(codec, list.count)};
    struct fact *items = alloc(codec, coded.count, sizeof(*items));
    for (size_t i = 0; i < coded.count; i++) {
        struct fact item = code_fact(codec, own, items ? (struct fact){0} : list.items[i]);
        if (items) {
            items[i] = item;
        }
    }
    coded.items = items;
    coded.whole = code_fact(codec, own, list.whole);
    return coded;
}

static struct pool_rules code_rules(struct pack_codec *codec, struct pool_rules rules) {
    uint64_t flags = (uint64_t)rules.is_inside | (uint64_t)rules.surge_off << 1 |
                     (uint64_t)rules.limits_off << 2 | (uint64_t)rules.limits_by_annotation << 3 |
                     (uint64_t)rules.lone_annotation << 4;
    struct pool_rules coded = {.provider_name = pack_text(codec, rules.provider_name),
                               .default_replicas = (uint8_t)pack_number(codec, rules.default_replicas)};
    coded.default_surge = (uint8_t)pack_number(codec, rules.default_surge);
    flags = pack_number(codec, flags);
    coded.is_inside = flags & 1;
    coded.surge_off = flags >> 1 & 1;
    coded.limits_off = flags >> 2 & 1;
    coded.limits_by_annotation = flags >> 3 & 1;
    coded.lone_annotation = flags >> 4 & 1;
    return coded;
}

static struct fragment_pool code_pool(struct pack_codec *codec, const struct object_key *own,
                                      const struct fragment_pool *pool) {
    struct fragment_pool coded = {0};
    for (size_t i = 0; i < POOL_FIELD_COUNT; i++) {
        coded.view.facts[i] = code_fact(codec, own, pool->view.facts[i]);
    }
    coded.view.zones = code_list(codec, own, pool->view.zones);
    enum origin_form form = (enum origin_form)pack_number(codec, form_of(own, &pool->view.object));
    coded.view.object = code_origin_key(codec, own, form, pool->view.object);
    coded.rules = code_rules(codec, pool->rules);
    return coded;
}

static void code_pools(struct pack_codec *codec, const struct fragment *from, struct fragment *to) {
    static const struct fragment_pool none;
    to->pool_count = (size_t)pack_number(codec, from->pool_count);
    struct fragment_pool *pools = alloc(codec, to->pool_count, sizeof(*pools));
    for (size_t i = 0; i < to->pool_count; i++) {
        struct fragment_pool pool = code_pool(codec, &to->key, pools ? &none : &from->pools[i]);
        if (pools) {
            pools[i] = pool;
        }
    }
    to->pools = pools;
}

static void code_facts(struct pack_codec *codec, const struct fragment *from, struct fragment *to) {
    static const struct noted_fact none;
    to->fact_count = (size_t)pack_number(codec, from->fact_count);
    struct noted_fact *facts = alloc(codec, to->fact_count, sizeof(*facts));
    for (size_t i = 0; i < to->fact_count; i++) {
        const struct noted_fact *noted = facts ? &none : &from->facts[i];
        uint64_t says = pack_number(codec, (uint64_t)noted->says << 1 | noted->is_whole);
        struct fact fact = code_fact(codec, &to->key, noted->fact);
        if (facts) {
            facts[i] = (struct noted_fact){(enum kind_says)(says >> 1), says & 1, fact};
        }
    }
    to->facts = facts;
}

static void code_links(struct pack_codec *codec, const struct fragment *from, struct fragment *to) {
    static const struct fragment_link none;
    to->link_count = (size_t)pack_number(codec, from->link_count);
    struct fragment_link *links = alloc(codec, to->link_count, sizeof(*links));
    for (size_t i = 0; i < to->link_count; i++) {
        const struct fragment_link *link = links ? &none : &from->links[i];
        struct fragment_link coded = {.kind = (enum link_kind)pack_number(codec, link->kind)};
        coded.target = code_key(codec, link->target);
        enum origin_form form = (enum origin_form)pack_number(codec, form_of(&to->key, &link->origin.object));
        coded.origin.object = code_origin_key(codec, &to->key, form, link->origin.object);
        coded.origin.path = pack_text(codec, link->origin.path);
        if (links) {
            links[i] = coded;
        }
    }
    to->links = links;
}

static void code_fragment(struct pack_codec *codec, const struct fragment *from, struct fragment *to) {
    to->key = code_key(codec, from->key);
    uint64_t flags = (uint64_t)from->pools_unseen | (uint64_t)from->is_owned << 1 |
                     (uint64_t)from->is_control_plane_node << 2 | (uint64_t)from->is_partial << 3;
    flags = pack_number(codec, flags);
    to->pools_unseen = flags & 1;
    to->is_owned = flags >> 1 & 1;
    to->is_control_plane_node = flags >> 2 & 1;
    to->is_partial = flags >> 3 & 1;
    to->name = code_fact(codec, &to->key, from->name);
    to->namespace = code_fact(codec, &to->key, from->namespace);
    to->cluster = code_fact(codec, &to->key, from->cluster);
    to->cluster_key = code_key(codec, from->cluster_key);
    to->paused = code_fact(codec, &to->key, from->paused);
    to->deleting = code_fact(codec, &to->key, from->deleting);
    to->topology_name = pack_text(codec, from->topology_name);
    to->pools_why = pack_text(codec, from->pools_why);
    code_facts(codec, from, to);
    code_links(codec, from, to);
    code_pools(codec, from, to);
}

static void code_extras(struct pack_codec *codec, const struct packed_object *from,
                        struct packed_object *to) {
    static const struct packed_field none;
    to->endpoint = pack_text(codec, from->endpoint);
    to->field_count = (size_t)pack_number(codec, from->field_count);
    struct packed_field *fields = alloc(codec, to->field_count, sizeof(*fields));
    for (size_t i = 0; i < to->field_count; i++) {
        const struct packed_field *field = fields ? &none : &from->fields[i];
        struct packed_field coded = {.id = (uint32_t)pack_number(codec, field->id)};
        coded.text = pack_text(codec, field->text);
        if (fields) {
            fields[i] = coded;
        }
    }
    to->fields = fields;
}

// to is given from's numbers and places while packing: then nobody reads it but for its key.
static void code_body(struct pack_codec *codec, const struct packed_object *from, struct packed_object *to,
                      struct fragment *fragment) {
    size_t budget = MAP_BYTES;
    code_extras(codec, from, to);
    fragment->labels = pack_map(codec, from->fragment->labels, &budget);
    fragment->annotations = pack_map(codec, from->fragment->annotations, &budget);
    code_fragment(codec, from->fragment, fragment);
    to->fragment = fragment;
}

static const char hex[] = "0123456789abcdef";

static bool read_uuid(const char *text, uint8_t ret_bytes[UUID_BYTES]) {
    if (strlen(text) != UUID_TEXT) {
        return false;
    }
    size_t digits = 0;
    for (size_t i = 0; i < UUID_TEXT; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char *digit = is_dash ? NULL : memchr(hex, text[i], sizeof(hex) - 1);
        if (is_dash ? text[i] != '-' : !digit) {
            return false;
        }
        if (digit) {
            unsigned value = (unsigned)(digit - hex);
            ret_bytes[digits / 2] = (uint8_t)(digits % 2 ? ret_bytes[digits / 2] | value : value << 4);
            digits++;
        }
    }
    return true;
}

static void write_uuid(const uint8_t bytes[UUID_BYTES], char ret_text[MARK_BYTES]) {
    size_t length = 0;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            ret_text[length++] = '-';
        }
        ret_text[length++] = hex[bytes[i] >> 4];
        ret_text[length++] = hex[bytes[i] & 15];
    }
    ret_text[length] = '\0';
}

static void write_marks(struct pack_codec *codec, const struct object_marks *marks) {
    uint8_t uuid[UUID_BYTES];
    bool is_uuid = read_uuid(marks->uid, uuid);
    char decimal[MARK_BYTES];
    unsigned long long number = strtoull(marks->version, NULL, 10);
    snprintf(decimal, sizeof(decimal), "%llu", number);
    bool is_decimal = strcmp(decimal, marks->version) == 0;
    pack_number(codec, (uint64_t)is_uuid | (uint64_t)is_decimal << 1);
    if (is_uuid) {
        buffer_append(codec->bytes, uuid, sizeof(uuid));
    } else {
        pack_inline(codec, marks->uid, strlen(marks->uid));
    }
    if (is_decimal) {
        pack_number(codec, number);
    } else {
        pack_inline(codec, marks->version, strlen(marks->version));
    }
    pack_integer(codec, marks->generation);
}

static void read_inline(struct pack_codec *codec, char ret_text[MARK_BYTES]) {
    size_t length = (size_t)pack_number(codec, 0);
    memcpy(ret_text, codec->at, length);
    ret_text[length] = '\0';
    codec->at += length;
}

const uint8_t *fragment_unpack_marks(const uint8_t *bytes, struct object_marks *ret_marks) {
    struct pack_codec codec = {.at = bytes};
    uint64_t flags = pack_number(&codec, 0);
    if (flags & 1) {
        write_uuid(codec.at, ret_marks->uid);
        codec.at += UUID_BYTES;
    } else {
        read_inline(&codec, ret_marks->uid);
    }
    if (flags & 2) {
        snprintf(ret_marks->version, MARK_BYTES, "%llu", (unsigned long long)pack_number(&codec, 0));
    } else {
        read_inline(&codec, ret_marks->version);
    }
    ret_marks->generation = pack_integer(&codec, 0);
    return codec.at;
}

void fragment_packer_open(struct fragment_packer *packer, struct text_pool *pool) {
    *packer = (struct fragment_packer){.codec = {.pool = pool}};
    buffer_init(&packer->head, MARK_BYTES * 4);
    buffer_init(&packer->body, PACKED_BYTES);
    buffer_init(&packer->all, PACKED_BYTES);
}

void fragment_packer_close(struct fragment_packer *packer) {
    packer->codec.bytes = &packer->body;
    pack_codec_clear(&packer->codec);
    buffer_clear(&packer->head);
    buffer_clear(&packer->body);
    buffer_clear(&packer->all);
}

bool fragment_pack(struct fragment_packer *packer, const struct packed_object *object, size_t *ret_head) {
    struct pack_codec *codec = &packer->codec;
    struct packed_object ignored = {0};
    struct fragment fragment = {0};
    buffer_truncate(&packer->body, 0);
    buffer_truncate(&packer->all, 0);
    pack_codec_restart(codec);
    codec->bytes = &packer->body;
    code_body(codec, object, &ignored, &fragment);
    codec->bytes = &packer->all;
    write_marks(codec, &object->marks);
    *ret_head = packer->all.length;
    pack_number(codec, codec->text_count);
    for (size_t i = 0; i < codec->text_count; i++) {
        pack_number(codec, codec->texts[i].id);
    }
    buffer_append(&packer->all, packer->body.data, packer->body.length);
    if (packer->all.cut || packer->body.cut) {
        for (size_t i = 0; i < codec->text_count; i++) {
            text_pool_drop(codec->pool, codec->texts[i].id);
        }
        return false;
    }
    return true;
}

void fragment_pack_release(struct text_pool *pool, const uint8_t *bytes) {
    struct object_marks marks;
    struct pack_codec codec = {.at = fragment_unpack_marks(bytes, &marks)};
    uint64_t count = pack_number(&codec, 0);
    for (uint64_t i = 0; i < count; i++) {
        text_pool_drop(pool, (uint32_t)pack_number(&codec, 0));
    }
}

static void open_body(struct pack_codec *codec, struct text_pool *pool, struct arena *arena,
                      const uint8_t *rest) {
    *codec = (struct pack_codec){.pool = pool, .arena = arena, .at = rest};
    codec->text_count = (size_t)pack_number(codec, 0);
    codec->texts = arena_alloc(arena, (codec->text_count + 1) * sizeof(*codec->texts));
    for (size_t i = 0; i < codec->text_count; i++) {
        codec->texts[i].id = (uint32_t)pack_number(codec, 0);
    }
}

static const struct fragment no_fragment;
static const struct packed_object no_object = {.fragment = &no_fragment};

void fragment_unpack_extras(struct text_pool *pool, const uint8_t *bytes, struct arena *arena,
                            struct packed_object *ret_object) {
    struct pack_codec codec;
    *ret_object = (struct packed_object){0};
    open_body(&codec, pool, arena, fragment_unpack_marks(bytes, &ret_object->marks));
    code_extras(&codec, &no_object, ret_object);
}

void fragment_unpack(struct text_pool *pool, const uint8_t *bytes, struct arena *arena,
                     struct packed_object *ret_object) {
    struct pack_codec codec;
    *ret_object = (struct packed_object){0};
    open_body(&codec, pool, arena, fragment_unpack_marks(bytes, &ret_object->marks));
    struct fragment *fragment = arena_alloc(arena, sizeof(*fragment));
    code_body(&codec, &no_object, ret_object, fragment);
    fragment->kind = kind_table_find(fragment->key.group, fragment->key.kind);
}

bool fragment_pack_has_label(struct text_pool *pool, const uint8_t *bytes, struct arena *arena,
                             const char *label, const char *value) {
    struct object_marks marks;
    struct pack_codec codec;
    struct packed_object ignored;
    open_body(&codec, pool, arena, fragment_unpack_marks(bytes, &marks));
    code_extras(&codec, &no_object, &ignored);
    return pack_map_has(&codec, label, value);
}
