// A webhook with a policy and attestation keys, and the part of an API server around it.
#pragma once

#include "tests/webhook/gate_fixture.h"
#include "webhook/admission_attestation.h"

#include <inttypes.h>

#define FIRST "first AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define SECOND "second ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

#define PLAIN                                                                                                \
    "{'kind': 'Cluster', 'metadata': {'name': 'eu-7'}, 'spec': {'version': 'v1.31.2', 'replicas': 3}}"
#define CHANGED                                                                                              \
    "{'kind': 'Cluster', 'metadata': {'name': 'eu-7'}, 'spec': {'version': 'v1.32.0', 'replicas': 3}}"

struct attested_gate {
    struct gate_metrics *metrics;
    struct webhook *webhook;
    bool has_mutate; // /mutate is registered
};

// What the API server is asked, and what it stores.
struct asked {
    const char *kind;        // NULL: Cluster
    const char *subresource; // NULL: none
    const char *object;      // NULL: DELETE
    const char *old;         // as it is stored; NULL: CREATE
    const char *name;        // NULL: eu-7
    const char *user;        // NULL: anna
    bool dry_run;
};

struct outcome {
    bool allowed;
    char message[4096];
    char warning[256]; // the first
    char *stored;      // the object; caller frees
    bool was_patched;
};

struct key_ring *attested_gate_ring(const char *text);
int attested_gate_start(void **state);
int attested_gate_stop(void **state);
char *attested_gate_json(const char *text);
void attested_gate_send(const struct attested_gate *gate, const struct asked *request,
                        struct outcome *ret_outcome);
const char *answer_field(const struct document *document, const char *name);
void annotation_of(const char *object, char ret_text[ATTESTATION_BYTES]);
void expect_attested(const char *name, const char *object, const char *key, int64_t generation);
void expect_metric(const struct attested_gate *gate, const char *line);
char *attested_gate_store(const struct attested_gate *gate, const char *object, const char *old);
