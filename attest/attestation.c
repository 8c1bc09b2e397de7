#include "attest/attestation.h"

#include "base/json_canonical.h"
#include "base/memory.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { DIGEST_BYTES = 32, BASE64_BYTES = 45, MOST_DIGITS = 19 };

// A review has at most 8 MiB; nothing but numbers can grow when they are written anew.
static const size_t largest_canonical = (size_t)256 * 1024 * 1024;
static const char version_tag[] = "v1";

// ---- what is signed ----

static bool is_any_of(const struct node *member, const char *const *names) {
    for (size_t i = 0; names[i]; i++) {
        if (member->key_length == strlen(names[i]) &&
            memcmp(member->key, names[i], member->key_length) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_members(const void *left, const void *right) {
    return json_key_compare(*(const struct node *const *)left, *(const struct node *const *)right);
}

// The map without the members of these names, in the order of RFC 8785. Caller owns.
static const struct node **sort_members(const struct node *map, const char *const *left_out,
                                        size_t *ret_count) {
    const struct node **members = memory_calloc(map->length + (size_t)1, sizeof(struct node *));
    size_t count = 0;
    NODE_EACH(member, map) {
        if (!is_any_of(member, left_out)) {
            members[count++] = member;
        }
    }
    qsort(members, count, sizeof(struct node *), compare_members);
    *ret_count = count;
    return members;
}

static void append_spec(struct buffer *text, const struct node *spec);

static void append_map(struct buffer *text, const struct node *map, const char *const *left_out,
                       bool is_object) {
    size_t count = 0;
    const struct node **members = sort_members(map, left_out, &count);
    buffer_append_char(text, '{');
    for (size_t i = 0; i < count; i++) {
        buffer_append_text(text, i > 0 ? "," : "");
        json_string_append(text, members[i]->key, members[i]->key_length);
        buffer_append_char(text, ':');
        if (is_object && strcmp(members[i]->key, "spec") == 0) {
            append_spec(text, members[i]);
        } else {
            json_canonical_append(text, members[i]);
        }
    }
    buffer_append_char(text, '}');
    free(members);
}

static void append_spec(struct buffer *text, const struct node *spec) {
    static const char *const left_out[] = {"replicas", NULL};
    if (node_is(spec, NODE_MAP)) {
        append_map(text, spec, left_out, false);
    } else {
        json_canonical_append(text, spec);
    }
}

static bool digest(const struct node *object, unsigned char ret_digest[DIGEST_BYTES]) {
    static const char *const left_out[] = {"apiVersion", "kind", "metadata", "status", NULL};
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, largest_canonical);
    if (node_is(object, NODE_MAP)) {
        append_map(&text, object, left_out, true);
    }
    unsigned length = DIGEST_BYTES;
    return !text.cut &&
           EVP_Digest(buffer_text(&text), text.length, ret_digest, &length, EVP_sha256(), NULL) == 1;
}

static void append_number(struct buffer *message, uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        buffer_append_char(message, (char)(number >> shift & 0xff));
    }
}

// With its length in front, so that no two lists of fields read the same.
static void append_field(struct buffer *message, const char *text) {
    size_t length = text ? strlen(text) : 0;
    append_number(message, length);
    buffer_append(message, text ? text : "", length);
}

// False: the object is too large to be attested.
static bool write_message(const struct attested_object *object, struct buffer *ret_message) {
    unsigned char bytes[DIGEST_BYTES];
    if (!digest(object->object, bytes)) {
        return false;
    }
    append_field(ret_message, "fleetgate.dev/attestation/v1");
    append_field(ret_message, object->group);
    append_field(ret_message, object->kind);
    append_field(ret_message, object->namespace);
    append_field(ret_message, object->name);
    append_number(ret_message, (uint64_t)object->generation);
    buffer_append(ret_message, bytes, sizeof(bytes));
    return !ret_message->cut;
}

// ---- its text ----

// Without padding, as RFC 4648 has it for URLs.
static void encode(const unsigned char mac[KEY_RING_MAC_BYTES], char ret_text[BASE64_BYTES]) {
    EVP_EncodeBlock((unsigned char *)ret_text, mac, KEY_RING_MAC_BYTES);
    char *end = ret_text;
    for (; *end && *end != '='; end++) {
        *end = *end == '+' ? '-' : *end == '/' ? '_' : *end;
    }
    *end = '\0';
}

// Only what encode writes.
static bool decode(const char *text, unsigned char ret_mac[KEY_RING_MAC_BYTES]) {
    char padded[BASE64_BYTES];
    unsigned char bytes[BASE64_BYTES];
    char again[BASE64_BYTES];
    if (strlen(text) != BASE64_BYTES - 2) {
        return false;
    }
    for (size_t i = 0; i < BASE64_BYTES - 2; i++) {
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    padded[BASE64_BYTES - 2] = '=';
    if (EVP_DecodeBlock(bytes, (const unsigned char *)padded, BASE64_BYTES - 1) != KEY_RING_MAC_BYTES + 1) {
        return false;
    }
    encode(bytes, again);
    if (strcmp(text, again) != 0) {
        return false;
    }
    memcpy(ret_mac, bytes, KEY_RING_MAC_BYTES);
    return true;
}

struct parts {
    char key[KEY_ID_BYTES];
    int64_t generation;
    unsigned char mac[KEY_RING_MAC_BYTES];
};

static bool read_generation(const char *text, size_t length, int64_t *ret_generation) {
    bool is_short = length > 0 && length <= MOST_DIGITS && strspn(text, "0123456789") >= length;
    if (!is_short || (*text == '0' && length > 1)) {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    if (number > INT64_MAX) {
        return false;
    }
    *ret_generation = (int64_t)number;
    return true;
}

// *ret_parts holds what could be read before the first fault; generation is -1 where it could not.
static bool read_parts(const char *text, struct parts *ret_parts) {
    ret_parts->generation = -1;
    const char *key = text + sizeof(version_tag);
    if (strncmp(text, version_tag, sizeof(version_tag) - 1) != 0 || text[sizeof(version_tag) - 1] != '.') {
        return false;
    }
    size_t key_length = strcspn(key, ".");
    if (key_length == 0 || key_length >= KEY_ID_BYTES || key[key_length] != '.') {
        return false;
    }
    memcpy(ret_parts->key, key, key_length);
    ret_parts->key[key_length] = '\0';
    const char *generation = key + key_length + 1;
    size_t digits = strcspn(generation, ".");
    int64_t number;
    if (generation[digits] != '.' || !read_generation(generation, digits, &number)) {
        return false;
    }
    ret_parts->generation = number;
    return decode(generation + digits + 1, ret_parts->mac);
}

// ---- to make and to check ----

void attestation_make(const struct key_ring *ring, const struct attested_object *object,
                      char ret_text[ATTESTATION_BYTES]) {
    CLEANUP(buffer_clear) struct buffer message;
    buffer_init(&message, largest_canonical);
    unsigned char mac[KEY_RING_MAC_BYTES];
    *ret_text = '\0';
    if (!write_message(object, &message) ||
        !key_ring_sign(ring, NULL, buffer_text(&message), message.length, mac)) {
        return;
    }
    char encoded[BASE64_BYTES];
    encode(mac, encoded);
    snprintf(ret_text, ATTESTATION_BYTES, "%s.%s.%" PRId64 ".%s", version_tag, key_ring_id(ring, 0),
             object->generation, encoded);
}

static bool has_key(const struct key_ring *ring, const char *id) {
    for (size_t i = 0; i < key_ring_count(ring); i++) {
        if (strcmp(key_ring_id(ring, i), id) == 0) {
            return true;
        }
    }
    return false;
}

enum attestation_verdict attestation_check(const struct key_ring *ring, const struct attested_object *object,
                                           const char *text, int64_t *ret_generation) {
    if (!text) {
        return ATTESTATION_MISSING;
    }
    struct parts parts;
    bool is_read = read_parts(text, &parts);
    if (ret_generation && parts.generation >= 0) {
        *ret_generation = parts.generation;
    }
    if (!is_read) {
        return ATTESTATION_MALFORMED;
    }
    if (!has_key(ring, parts.key)) {
        return ATTESTATION_UNKNOWN_KEY;
    }
    CLEANUP(buffer_clear) struct buffer message;
    buffer_init(&message, largest_canonical);
    bool is_good = parts.generation == object->generation && write_message(object, &message) &&
                   key_ring_verify(ring, parts.key, buffer_text(&message), message.length, parts.mac);
    return is_good ? ATTESTATION_GOOD : ATTESTATION_WRONG;
}

const char *attestation_verdict_text(enum attestation_verdict verdict) {
    switch (verdict) {
    case ATTESTATION_GOOD:
        return "is good";
    case ATTESTATION_MISSING:
        return "is missing";
    case ATTESTATION_MALFORMED:
        return "is no attestation";
    case ATTESTATION_UNKNOWN_KEY:
        return "was made with a key that is not in force";
    case ATTESTATION_WRONG:
        return "was made for another object, another spec or another generation, or not by fleetgate";
    }
    return "";
}

// ---- of objects ----

static bool is_same_but_metadata(const struct node *left, const struct node *right) {
    static const char *const left_out[] = {"metadata", "status", NULL};
    size_t counts[2] = {0, 0};
    NODE_EACH(member, left) {
        counts[0] += !is_any_of(member, left_out);
    }
    NODE_EACH(member, right) {
        if (!is_any_of(member, left_out)) {
            counts[1]++;
            if (!node_equal(member, node_get_sized(left, member->key, member->key_length))) {
                return false;
            }
        }
    }
    return counts[0] == counts[1];
}

int64_t attestation_next_generation(const struct node *object, const struct node *old) {
    if (!old) {
        return 1;
    }
    int64_t generation = 0;
    (void)node_integer(node_get(node_get(old, "metadata"), "generation"), &generation);
    bool grows = !is_same_but_metadata(object, old) && generation < INT64_MAX;
    return generation + (grows ? 1 : 0);
}

const char *attestation_of(const struct node *object) {
    return node_string(
        node_get(node_get(node_get(object, "metadata"), "annotations"), ATTESTATION_ANNOTATION));
}
