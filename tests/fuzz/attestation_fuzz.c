// A key file, an attestation and an object, with lines "---" between them: no key file is half read, nothing
// is believed but what attestation_make writes, and what it writes is believed for that object alone.
#include "tests/fuzz/fuzz.h"

#include "attest/attestation.h"
#include "base/json_reader.h"

static struct key_ring *read_keys(const char *text) {
    struct key_ring *ring = NULL;
    struct error error = {0};
    if (!key_ring_parse(text, strlen(text), "keys", &ring, &error)) {
        require(!ring && error.kind == ERROR_INVALID, "outputs are untouched, and it is the file's fault");
        require(strncmp(error.message, "keys:", 5) == 0, "it says where");
        return NULL;
    }
    size_t count = key_ring_count(ring);
    require(count > 0 && count <= KEY_RING_MOST_KEYS, "as many keys as there may be");
    for (size_t i = 0; i < count; i++) {
        const char *id = key_ring_id(ring, i);
        require(*id && strlen(id) < KEY_ID_BYTES, "a key has an ID");
        for (size_t j = 0; j < i; j++) {
            require(strcmp(id, key_ring_id(ring, j)) != 0, "IDs are different");
        }
    }
    return ring;
}

// Signed with another key than the first it can't be compared: only that key's HMAC says.
static bool is_of_first_key(const struct key_ring *ring, const char *text) {
    size_t length = strlen(key_ring_id(ring, 0));
    return strncmp(text + strlen("v1."), key_ring_id(ring, 0), length) == 0 &&
           text[strlen("v1.") + length] == '.';
}

static void check_given(const struct key_ring *ring, const struct attested_object *object, const char *text) {
    struct attested_object named = *object;
    named.generation = -1;
    (void)attestation_check(ring, object, text, &named.generation);
    require(named.generation >= -1, "a generation is not negative");
    if (attestation_check(ring, &named, text, NULL) == ATTESTATION_GOOD && is_of_first_key(ring, text)) {
        char made[ATTESTATION_BYTES];
        attestation_make(ring, &named, made);
        require(strcmp(made, text) == 0, "only what was made is good");
    }
}

static void check_made(const struct key_ring *ring, const struct attested_object *object) {
    char text[ATTESTATION_BYTES];
    int64_t generation = -1;
    attestation_make(ring, object, text);
    require(*text != '\0', "an object of this size is attested");
    require(attestation_check(ring, object, text, &generation) == ATTESTATION_GOOD &&
                generation == object->generation,
            "what was made is good");
    struct attested_object others[] = {*object, *object, *object, *object, *object};
    others[0].generation++;
    others[1].name = "";
    others[2].namespace = "";
    others[3].kind = "";
    others[4].group = "";
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        require(attestation_check(ring, &others[i], text, NULL) == ATTESTATION_WRONG, "for this one alone");
    }
    for (size_t i = 0; text[i]; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        require(attestation_check(ring, object, text, NULL) != ATTESTATION_GOOD, "each byte counts");
        text[i] = kept;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    CLEANUP(free) char *text = fuzz_text(data, size);
    const char *rest = text;
    CLEANUP(free) char *keys = fuzz_part(&rest, "\n---\n");
    CLEANUP(free) char *attestation = fuzz_part(&rest, "\n---\n");
    CLEANUP(free) char *json = fuzz_part(&rest, "\n---\n");
    CLEANUP(key_ring_unref) struct key_ring *ring = read_keys(keys);
    CLEANUP(document_free) struct document *document = NULL;
    struct error error = {0};
    if (ring && json_read_copy(json, strlen(json), &document_default_limits, &document, &error)) {
        const struct attested_object object = {.group = "cluster.x-k8s.io",
                                               .kind = "Cluster",
                                               .namespace = "prod",
                                               .name = "eu-1",
                                               .generation = 7,
                                               .object = document_root(document)};
        check_given(ring, &object, attestation);
        check_made(ring, &object);
    }
    return 0;
}
