#include "attest/attestation.h"

#include "tests/support/documents.h"
#include "tests/support/expect.h"

#include <stdio.h>

#define FIRST "first AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define SECOND "second ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

#define SPEC "'spec': {'clusterName': 'eu-7', 'replicas': 3, 'template': {'spec': {'version': 'v1.31.2'}}}"
#define POOL                                                                                                 \
    "{'apiVersion': 'cluster.x-k8s.io/v1beta2', 'kind': 'MachineDeployment', 'metadata': {'name': "          \
    "'eu-7-a'}, " SPEC "}"

static struct key_ring *ring_of(const char *text) {
    struct key_ring *ring = NULL;
    struct error error = {0};
    if (!key_ring_parse(text, strlen(text), "keys", &ring, &error)) {
        fail_msg("%s", error.message);
    }
    return ring;
}

static struct attested_object pool_of(const struct document *document) {
    return (struct attested_object){.group = "cluster.x-k8s.io",
                                    .kind = "MachineDeployment",
                                    .namespace = "prod",
                                    .name = "eu-7-a",
                                    .generation = 3,
                                    .object = document_root(document)};
}

static void make(const char *keys, const char *json, char ret_text[ATTESTATION_BYTES]) {
    CLEANUP(key_ring_unref) struct key_ring *ring = ring_of(keys);
    CLEANUP(document_free) struct document *document = document_of(json);
    const struct attested_object object = pool_of(document);
    attestation_make(ring, &object, ret_text);
}

// Made by another program (Python's hmac), so that stored attestations stay good in later versions.
static void test_format(void **state) {
    (void)state;
    char text[ATTESTATION_BYTES];
    make(FIRST SECOND, POOL, text);
    expect_text("format", text, "v1.first.3.jCbIVRJcycuk-jJnfx7enU2dsdwgDAgwpxQCyYar55Y");
    char again[ATTESTATION_BYTES];
    make(FIRST SECOND, POOL, again);
    expect_text("deterministic", again, text);
}

// What may differ between the object that was attested and the one that is stored.
static const struct {
    const char *name, *json;
    bool good;
} objects[] = {
    {"the same", POOL, true},
    {"other replicas",
     "{'spec': {'clusterName': 'eu-7', 'replicas': 90, 'template': {'spec': {'version': "
     "'v1.31.2'}}}}",
     true},
    {"no replicas", "{'spec': {'clusterName': 'eu-7', 'template': {'spec': {'version': 'v1.31.2'}}}}", true},
    {"members in another order",
     "{'spec': {'template': {'spec': {'version': 'v1.31.2'}}, 'replicas': 3, 'clusterName': 'eu-7'}}", true},
    {"another API version, metadata and status",
     "{'apiVersion': 'v1', 'kind': 'X', 'metadata': {'labels': {'a': 'b'}}, 'status': {'phase': 'Running'}, "
     "" SPEC "}",
     true},
    {"another version",
     "{'spec': {'clusterName': 'eu-7', 'replicas': 3, 'template': {'spec': {'version': 'v1.32.0'}}}}", false},
    {"another field",
     "{'spec': {'clusterName': 'eu-7', 'replicas': 3, 'paused': true, 'template': {'spec': "
     "{'version': 'v1.31.2'}}}}",
     false},
    {"one field less", "{'spec': {'replicas': 3, 'template': {'spec': {'version': 'v1.31.2'}}}}", false},
    {"replicas further down",
     "{'spec': {'clusterName': 'eu-7', 'replicas': 3, 'template': {'replicas': 3, "
     "'spec': {'version': 'v1.31.2'}}}}",
     false},
    {"metadata in the spec",
     "{'spec': {'clusterName': 'eu-7', 'metadata': {}, 'replicas': 3, 'template': "
     "{'spec': {'version': 'v1.31.2'}}}}",
     false},
    {"something beside the spec", "{'data': {'a': 'b'}, " SPEC "}", false},
    {"a spec that is a text", "{'spec': 'eu-7'}", false},
    {"no spec", "{}", false},
};

static void test_objects(void **state) {
    (void)state;
    char text[ATTESTATION_BYTES];
    make(FIRST, POOL, text);
    CLEANUP(key_ring_unref) struct key_ring *ring = ring_of(FIRST);
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        CLEANUP(document_free) struct document *document = document_of(objects[i].json);
        const struct attested_object object = pool_of(document);
        expect_integer(objects[i].name, attestation_check(ring, &object, text, NULL),
                       objects[i].good ? ATTESTATION_GOOD : ATTESTATION_WRONG);
    }
}

// Copied to another object, or replayed after the generation went on.
static void test_identity(void **state) {
    (void)state;
    char text[ATTESTATION_BYTES];
    make(FIRST, POOL, text);
    CLEANUP(key_ring_unref) struct key_ring *ring = ring_of(FIRST);
    CLEANUP(document_free) struct document *document = document_of(POOL);
    const struct attested_object pool = pool_of(document);
    static const struct {
        const char *name;
        const char *group, *kind, *namespace, *object;
        int64_t generation;
    } cases[] = {
        {"another name", "cluster.x-k8s.io", "MachineDeployment", "prod", "eu-7-b", 3},
        {"another namespace", "cluster.x-k8s.io", "MachineDeployment", "dev", "eu-7-a", 3},
        {"no namespace", "cluster.x-k8s.io", "MachineDeployment", "", "eu-7-a", 3},
        {"a letter from the namespace to the name", "cluster.x-k8s.io", "MachineDeployment", "pro", "deu-7-a",
         3},
        {"a letter from the kind to the namespace", "cluster.x-k8s.io", "MachineDeploymen", "tprod", "eu-7-a",
         3},
        {"another kind", "cluster.x-k8s.io", "MachineSet", "prod", "eu-7-a", 3},
        {"another group", "infrastructure.cluster.x-k8s.io", "MachineDeployment", "prod", "eu-7-a", 3},
        {"the same spec later", "cluster.x-k8s.io", "MachineDeployment", "prod", "eu-7-a", 4},
        {"before it was made", "cluster.x-k8s.io", "MachineDeployment", "prod", "eu-7-a", 2},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct attested_object other = {cases[i].group,  cases[i].kind,       cases[i].namespace,
                                              cases[i].object, cases[i].generation, pool.object};
        int64_t generation = 0;
        expect_integer(cases[i].name, attestation_check(ring, &other, text, &generation), ATTESTATION_WRONG);
        expect_integer(cases[i].name, generation, 3);
    }
    // A generation in the text that was not signed.
    char forged[ATTESTATION_BYTES];
    snprintf(forged, sizeof(forged), "v1.first.4%s", strchr(text + strlen("v1.first."), '.'));
    struct attested_object later = pool;
    later.generation = 4;
    expect_integer("a generation written over", attestation_check(ring, &later, forged, NULL),
                   ATTESTATION_WRONG);
}

static const struct {
    const char *name;
    const char *made, *checked; // keys
    enum attestation_verdict verdict;
} rotations[] = {
    {"the same ring", FIRST, FIRST, ATTESTATION_GOOD},
    {"a new key is believed before it signs", SECOND, FIRST SECOND, ATTESTATION_GOOD},
    {"the old key is believed after it signed", FIRST, SECOND FIRST, ATTESTATION_GOOD},
    {"the old key was dropped", FIRST, SECOND, ATTESTATION_UNKNOWN_KEY},
    {"another key of the same name", FIRST, "first ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n",
     ATTESTATION_WRONG},
};

static void test_rotation(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rotations) / sizeof(rotations[0]); i++) {
        char text[ATTESTATION_BYTES];
        make(rotations[i].made, POOL, text);
        CLEANUP(key_ring_unref) struct key_ring *ring = ring_of(rotations[i].checked);
        CLEANUP(document_free) struct document *document = document_of(POOL);
        const struct attested_object object = pool_of(document);
        expect_integer(rotations[i].name, attestation_check(ring, &object, text, NULL), rotations[i].verdict);
    }
}

#define MAC "jCbIVRJcycuk-jJnfx7enU2dsdwgDAgwpxQCyYar55Y"

static const struct {
    const char *name, *text;
    enum attestation_verdict verdict;
    int64_t generation; // that is told; -1: none
} texts[] = {
    {"good", "v1.first.3." MAC, ATTESTATION_GOOD, 3},
    {"absent", NULL, ATTESTATION_MISSING, -1},
    {"empty", "", ATTESTATION_MALFORMED, -1},
    {"a word", "true", ATTESTATION_MALFORMED, -1},
    {"version alone", "v1", ATTESTATION_MALFORMED, -1},
    {"version and dot", "v1.", ATTESTATION_MALFORMED, -1},
    {"another version", "v2.first.3." MAC, ATTESTATION_MALFORMED, -1},
    {"no version", "first.3." MAC, ATTESTATION_MALFORMED, -1},
    {"no key", "v1..3." MAC, ATTESTATION_MALFORMED, -1},
    {"a long key", "v1.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.3." MAC, ATTESTATION_MALFORMED, -1},
    {"key alone", "v1.first", ATTESTATION_MALFORMED, -1},
    {"no generation", "v1.first.." MAC, ATTESTATION_MALFORMED, -1},
    {"no MAC", "v1.first.3", ATTESTATION_MALFORMED, -1},
    {"an empty MAC", "v1.first.3.", ATTESTATION_MALFORMED, 3},
    {"a generation with a sign", "v1.first.+3." MAC, ATTESTATION_MALFORMED, -1},
    {"a negative generation", "v1.first.-3." MAC, ATTESTATION_MALFORMED, -1},
    {"a generation with a zero", "v1.first.03." MAC, ATTESTATION_MALFORMED, -1},
    {"a generation with a space", "v1.first. 3." MAC, ATTESTATION_MALFORMED, -1},
    {"a generation past int64", "v1.first.9223372036854775808." MAC, ATTESTATION_MALFORMED, -1},
    {"a generation of twenty digits", "v1.first.10000000000000000003." MAC, ATTESTATION_MALFORMED, -1},
    {"the largest generation", "v1.first.9223372036854775807." MAC, ATTESTATION_WRONG, INT64_MAX},
    {"padding", "v1.first.3." MAC "=", ATTESTATION_MALFORMED, 3},
    {"a letter more", "v1.first.3." MAC "A", ATTESTATION_MALFORMED, 3},
    {"a newline", "v1.first.3." MAC "\n", ATTESTATION_MALFORMED, 3},
    {"one part more", "v1.first.3." MAC ".x", ATTESTATION_MALFORMED, 3},
    {"a space in front", " v1.first.3." MAC, ATTESTATION_MALFORMED, -1},
    {"all zeros", "v1.first.3.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ATTESTATION_WRONG, 3},
    {"bits past the end", "v1.first.3.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", ATTESTATION_MALFORMED, 3},
    {"the alphabet that is not for URLs", "v1.first.3.AAAA+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     ATTESTATION_MALFORMED, 3},
    {"an equals sign inside", "v1.first.3.AAAA=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ATTESTATION_MALFORMED,
     3},
    {"spaces in the MAC", "v1.first.3.   AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ATTESTATION_MALFORMED, 3},
    {"no key of ours", "v1.third.3." MAC, ATTESTATION_UNKNOWN_KEY, 3},
    {"a key's name in capitals", "v1.FIRST.3." MAC, ATTESTATION_UNKNOWN_KEY, 3},
};

static void test_texts(void **state) {
    (void)state;
    CLEANUP(key_ring_unref) struct key_ring *ring = ring_of(FIRST);
    CLEANUP(document_free) struct document *document = document_of(POOL);
    const struct attested_object object = pool_of(document);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t generation = -1;
        expect_integer(texts[i].name, attestation_check(ring, &object, texts[i].text, &generation),
                       texts[i].verdict);
        expect_integer(texts[i].name, generation, texts[i].generation);
        expect_true(texts[i].name, *attestation_verdict_text(texts[i].verdict) != '\0', "it has words");
    }
}

// No letter of the MAC can be another one.
static void test_every_letter(void **state) {
    (void)state;
    char text[ATTESTATION_BYTES];
    make(FIRST, POOL, text);
    CLEANUP(key_ring_unref) struct key_ring *ring = ring_of(FIRST);
    CLEANUP(document_free) struct document *document = document_of(POOL);
    const struct attested_object object = pool_of(document);
    for (size_t at = strlen("v1.first.3."); text[at]; at++) {
        char kept = text[at];
        for (const char *other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; *other;
             other++) {
            text[at] = *other;
            if ((attestation_check(ring, &object, text, NULL) == ATTESTATION_GOOD) != (*other == kept)) {
                fail_msg("%s is good", text);
            }
        }
        text[at] = kept;
    }
}

#define OLD "{'kind': 'X', 'metadata': {'generation': 7, 'labels': {}}, 'spec': {'a': 1}, 'status': {'b': 1}}"

static const struct {
    const char *name, *object, *old;
    int64_t generation;
} generations[] = {
    {"create", "{'metadata': {'generation': 9}, 'spec': {}}", NULL, 1},
    {"the same", OLD, OLD, 7},
    {"other metadata", "{'kind': 'X', 'metadata': {'labels': {'a': 'b'}}, 'spec': {'a': 1}}", OLD, 7},
    {"no metadata", "{'kind': 'X', 'spec': {'a': 1}}", OLD, 7},
    {"other status", "{'kind': 'X', 'spec': {'a': 1}, 'status': {'b': 2}}", OLD, 7},
    {"another spec", "{'kind': 'X', 'spec': {'a': 2}}", OLD, 8},
    {"a field more", "{'kind': 'X', 'spec': {'a': 1, 'c': null}}", OLD, 8},
    {"no spec", "{'kind': 'X'}", OLD, 8},
    {"replicas", "{'kind': 'X', 'spec': {'a': 1, 'replicas': 1}}", OLD, 8},
    {"something beside the spec", "{'kind': 'X', 'spec': {'a': 1}, 'data': {}}", OLD, 8},
    {"one member in place of another", "{'kind': 'X', 'data': {'a': 1}}", OLD, 8},
    {"an old one without a generation", "{'spec': 2}", "{'spec': 1}", 1},
    {"no room", "{'spec': 2}", "{'metadata': {'generation': 9223372036854775807}, 'spec': 1}", INT64_MAX},
};

static void test_generations(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
        CLEANUP(document_free) struct document *object = document_of(generations[i].object);
        CLEANUP(document_free)
        struct document *old = generations[i].old ? document_of(generations[i].old) : NULL;
        expect_integer(generations[i].name,
                       attestation_next_generation(document_root(object), old ? document_root(old) : NULL),
                       generations[i].generation);
    }
}

static void test_annotation(void **state) {
    (void)state;
    CLEANUP(document_free)
    struct document *with = document_of("{'metadata': {'annotations': {'fleetgate.dev/attestation': 'x'}}}");
    CLEANUP(document_free)
    struct document *other = document_of("{'metadata': {'annotations': {'fleetgate.dev/attestation': 1}}}");
    CLEANUP(document_free) struct document *without = document_of("{'metadata': {'annotations': null}}");
    expect_text("there", attestation_of(document_root(with)), "x");
    assert_null(attestation_of(document_root(other)));
    assert_null(attestation_of(document_root(without)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),      cmocka_unit_test(test_objects),
        cmocka_unit_test(test_identity),    cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_texts),       cmocka_unit_test(test_every_letter),
        cmocka_unit_test(test_generations), cmocka_unit_test(test_annotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
