// Attestations that are wrong, or missing, where the gate asks for them.
#include "tests/webhook/attested_gate.h"

#include "tests/support/documents.h"

#include <stdio.h>

// ---- what is wrong ----

#define REFUSED "[attestation] Cluster prod/eu-7 metadata.annotations[\"fleetgate.dev/attestation\"]: "

// Without /mutate the object comes as it was sent.
static void wrong_ones_are_refused(void **state) {
    struct attested_gate *gate = *state;
    CLEANUP(free) char *good = attested_gate_store(gate, PLAIN, NULL);
    char text[ATTESTATION_BYTES];
    annotation_of(good, text);
    gate->has_mutate = false;
    static const struct {
        const char *name;
        const char *kind, *object_name, *spec;
        const char *annotation; // NULL: the good one
        const char *old_spec;   // NULL: it is created
        const char *message;    // NULL: allowed
    } cases[] = {
        {"good", NULL, NULL, "{'version': 'v1.31.2'}", NULL, NULL, NULL},
        {"forged", NULL, NULL, "{'version': 'v1.31.2'}", "v1.first.1.AAAA", NULL,
         REFUSED "is no attestation"},
        {"of a key that is not there", NULL, NULL, "{'version': 'v1.31.2'}",
         "v1.other.1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", NULL,
         REFUSED "was made with a key that is not in force"},
        {"for another spec", NULL, NULL, "{'version': 'v1.32.0'}", NULL, NULL,
         REFUSED "was made for another"},
        {"copied to another name", NULL, "eu-8", "{'version': 'v1.31.2'}", NULL, NULL,
         "[attestation] Cluster prod/eu-8 metadata.annotations"},
        {"copied to another kind", "MachinePool", NULL, "{'version': 'v1.31.2'}", NULL, NULL,
         "[attestation] MachinePool prod/eu-7 metadata.annotations"},
        {"replayed", NULL, NULL, "{'version': 'v1.31.2'}", NULL, "{'version': 'v1.30.0'}",
         "it names generation 1; the object has generation 8"},
        {"added to an object whose spec stays", NULL, NULL, "{'version': 'v1.31.2'}", NULL,
         "{'version': 'v1.31.2'}", "it names generation 1; the object has generation 7"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char object[1024], old[1024];
        const char *name = cases[i].object_name ? cases[i].object_name : "eu-7";
        snprintf(
            object, sizeof(object),
            "{'kind': 'Cluster', 'metadata': {'name': '%s', 'annotations': {'fleetgate.dev/attestation': "
            "'%s'}}, 'spec': %s}",
            name, cases[i].annotation ? cases[i].annotation : text, cases[i].spec);
        snprintf(old, sizeof(old),
                 "{'kind': 'Cluster', 'metadata': {'name': '%s', 'generation': 7}, 'spec': %s}", name,
                 cases[i].old_spec ? cases[i].old_spec : "");
        struct outcome outcome;
        attested_gate_send(
            gate,
            &(struct asked){
                .kind = cases[i].kind, .name = name, .object = object, .old = cases[i].old_spec ? old : NULL},
            &outcome);
        free(outcome.stored);
        expect_true(cases[i].name, outcome.allowed == (cases[i].message == NULL),
                    cases[i].message ? "refused" : "allowed");
        if (cases[i].message) {
            expect_contains(cases[i].name, outcome.message, cases[i].message);
            expect_contains(cases[i].name, outcome.message, "reinvocationPolicy: IfNeeded");
            expect_contains(cases[i].name, outcome.message, "leave the annotation out of Git");
        }
    }
    expect_metric(gate, "fleetgate_attestations_total{result=\"refused\"} 7\n");
}

// The rest of the denial is there, too.
static void policies_are_heard_all_the_same(void **state) {
    struct attested_gate *gate = *state;
    gate->has_mutate = false;
    struct outcome outcome;
    attested_gate_send(gate,
                       &(struct asked){.object =
                                           "{'metadata': {'name': 'eu-7', 'labels': {'tier': 'forbidden'}, "
                                           "'annotations': {'fleetgate.dev/attestation': 'x'}}, 'spec': {}}"},
                       &outcome);
    free(outcome.stored);
    assert_false(outcome.allowed);
    expect_contains("both", outcome.message, REFUSED "is no attestation");
    expect_contains("both", outcome.message, "[test] Cluster prod/eu-7 metadata.labels.tier: tier forbidden");
}

#define NOT_ATTESTED                                                                                         \
    "[attestation] Cluster prod/eu-7: not attested by /mutate: it may be held until applied again"

static void absent_ones_are_warned_of(void **state) {
    struct attested_gate *gate = *state;
    CLEANUP(free) char *good = attested_gate_store(gate, PLAIN, NULL);
    gate->has_mutate = false;
    char text[ATTESTATION_BYTES];
    annotation_of(good, text);
    char left[512];
    snprintf(left, sizeof(left),
             "{'kind': 'Cluster', 'metadata': {'name': 'eu-7', 'annotations': {'fleetgate.dev/attestation': "
             "'%s'}}, 'spec': {'version': 'v1.32.0'}}",
             text);
    const struct {
        const char *name;
        struct asked request;
    } cases[] = {
        {"created", {.object = PLAIN}},
        {"stripped", {.object = PLAIN, .old = good}},
        {"another spec, and stripped", {.object = CHANGED, .old = good}},
        {"another spec, and left as it was", {.object = left, .old = good}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome outcome;
        attested_gate_send(gate, &cases[i].request, &outcome);
        free(outcome.stored);
        expect_true(cases[i].name, outcome.allowed, outcome.message);
        expect_contains(cases[i].name, outcome.warning, NOT_ATTESTED);
    }
    expect_metric(gate, "fleetgate_attestations_total{result=\"absent\"} 4\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_ones_are_refused, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(policies_are_heard_all_the_same, attested_gate_start,
                                        attested_gate_stop),
        cmocka_unit_test_setup_teardown(absent_ones_are_warned_of, attested_gate_start, attested_gate_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
