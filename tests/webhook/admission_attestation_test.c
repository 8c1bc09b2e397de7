// Attestations through both webhooks, as an API server asks them: /mutate, then /validate with the generation
// that the object is stored with.
#include "tests/webhook/attested_gate.h"

#include "tests/support/documents.h"

#include <stdio.h>

// ---- what is written ----

static const struct {
    const char *name, *metadata;
    const char *path, *value; // besides the attestation, or NULL
} creates[] = {
    {"no annotations", "'name': 'eu-7'", NULL, NULL},
    {"no annotations, but null", "'name': 'eu-7', 'annotations': null", NULL, NULL},
    {"an empty map", "'name': 'eu-7', 'annotations': {}", NULL, NULL},
    {"other annotations", "'name': 'eu-7', 'annotations': {'a': 'b'}", "a", "b"},
    {"a forged one", "'name': 'eu-7', 'annotations': {'a': 'b', 'fleetgate.dev/attestation': 'v1.first.1.x'}",
     "a", "b"},
    {"an empty one", "'name': 'eu-7', 'annotations': {'fleetgate.dev/attestation': ''}", NULL, NULL},
    {"a default of a label", "'name': 'eu-7', 'labels': {'default': 'metadata.labels.owner'}", NULL, NULL},
    {"a default of an annotation, and no map",
     "'name': 'eu-7', 'labels': {'default': 'metadata.annotations.owner'}", "owner", "x"},
    {"a default of an annotation, beside a forged one",
     "'name': 'eu-7', 'labels': {'default': 'metadata.annotations.owner'}, 'annotations': "
     "{'fleetgate.dev/attestation': 'x'}",
     "owner", "x"},
    {"a default of the spec", "'name': 'eu-7', 'labels': {'default': 'spec.owner'}", NULL, NULL},
};

static void creates_are_attested(void **state) {
    const struct attested_gate *gate = *state;
    for (size_t i = 0; i < sizeof(creates) / sizeof(creates[0]); i++) {
        for (int dry_run = 0; dry_run < 2; dry_run++) {
            char object[1024];
            snprintf(object, sizeof(object), "{'kind': 'Cluster', 'metadata': {%s}, 'spec': {'a': 1}}",
                     creates[i].metadata);
            struct outcome outcome;
            attested_gate_send(gate, &(struct asked){.object = object, .dry_run = dry_run}, &outcome);
            expect_true(creates[i].name, outcome.allowed, outcome.message);
            expect_text(creates[i].name, outcome.warning, "");
            expect_attested(creates[i].name, outcome.stored, "first", 1);
            CLEANUP(document_free) struct document *stored = document_of(outcome.stored);
            if (creates[i].path) {
                expect_text(creates[i].name, answer_field(stored, creates[i].path), creates[i].value);
            }
            free(outcome.stored);
        }
    }
}

// Stores what comes of the object; caller frees.
// The same manifest, applied again: what the server stores stays as it is, to the byte.
static void a_repeat_changes_nothing(void **state) {
    const struct attested_gate *gate = *state;
    CLEANUP(free) char *first = attested_gate_store(gate, PLAIN, NULL);
    struct outcome outcome;
    attested_gate_send(gate, &(struct asked){.object = first, .old = first}, &outcome);
    assert_true(outcome.allowed);
    assert_false(outcome.was_patched);
    expect_text("a repeat", outcome.stored, first);
    free(outcome.stored);
    CLEANUP(free)
    char *put = attested_gate_store(gate, PLAIN, first); // kubectl replace: without the annotation
    expect_text("a replace", put, first);
    expect_metric(gate, "fleetgate_attestations_total{result=\"written\"} 2\n");
    expect_metric(gate, "fleetgate_attestations_total{result=\"unchanged\"} 1\n");
    expect_metric(gate, "fleetgate_attestations_total{result=\"good\"} 3\n");
}

static void updates_are_attested(void **state) {
    const struct attested_gate *gate = *state;
    CLEANUP(free) char *first = attested_gate_store(gate, PLAIN, NULL);
    CLEANUP(free) char *second = attested_gate_store(gate, CHANGED, first);
    expect_attested("another spec", second, "first", 2);
    CLEANUP(free)
    char *third = attested_gate_store(
        gate,
        "{'kind': 'Cluster', 'metadata': {'name': 'eu-7'}, 'spec': {'version': 'v1.32.0', 'replicas': 9}}",
        second);
    expect_attested("other replicas", third, "first", 3);
    CLEANUP(free)
    char *fourth = attested_gate_store(
        gate,
        "{'kind': 'Cluster', 'metadata': {'name': 'eu-7', 'labels': {'a': 'b'}}, 'spec': {'version': "
        "'v1.32.0', 'replicas': 9}}",
        third);
    char before[ATTESTATION_BYTES], after[ATTESTATION_BYTES];
    annotation_of(third, before);
    annotation_of(fourth, after);
    expect_text("a label", after, before);
}

static void keys_rotate(void **state) {
    const struct attested_gate *gate = *state;
    CLEANUP(free) char *first = attested_gate_store(gate, PLAIN, NULL);
    webhook_swap_keys(gate->webhook, attested_gate_ring(FIRST SECOND));
    CLEANUP(free) char *added = attested_gate_store(gate, first, first);
    expect_text("a key was added", added, first);
    webhook_swap_keys(gate->webhook, attested_gate_ring(SECOND FIRST));
    CLEANUP(free) char *used = attested_gate_store(gate, first, first);
    expect_attested("another key signs", used, "second", 1);
    webhook_swap_keys(gate->webhook, attested_gate_ring(SECOND));
    CLEANUP(free) char *dropped = attested_gate_store(gate, used, used);
    expect_text("the old key was dropped", dropped, used);
    CLEANUP(free) char *late = attested_gate_store(gate, first, first);
    expect_attested("dropped too early, and applied again", late, "second", 1);
    CLEANUP(free) char *next = attested_gate_store(gate, CHANGED, first);
    expect_attested("its next spec", next, "second", 2);
}

// ---- what is not attested, and passes ----

static const struct {
    const char *name;
    struct asked request;
} quiet[] = {
    {"a status", {.object = PLAIN, .old = PLAIN, .subresource = "status"}},
    {"a scale",
     {.kind = "MachineDeployment",
      .object = "{'kind': 'Scale', 'metadata': {'name': 'eu-7'}, 'spec': {'replicas': 2}}",
      .old = "{'kind': 'Scale', 'metadata': {'name': 'eu-7'}, 'spec': {'replicas': 1}}",
      .subresource = "scale"}},
    {"a delete", {.old = PLAIN}},
    {"a finalizer of an object that is being deleted",
     {.object = "{'kind': 'Cluster', 'metadata': {'name': 'eu-7', 'deletionTimestamp': 't', 'annotations': "
                "{'fleetgate.dev/attestation': 'forged'}}, 'spec': {}}",
      .old =
          "{'kind': 'Cluster', 'metadata': {'name': 'eu-7', 'deletionTimestamp': 't', 'finalizers': ['a'], "
          "'generation': 7}, 'spec': {}}"}},
    {"a kind that is not of clusters",
     {.kind = "ClusterResourceSetBinding", .object = "{'metadata': {'name': 'eu-7'}}"}},
    {"a label of an object that was stored before there were keys",
     {.object = "{'metadata': {'name': 'eu-7', 'labels': {'a': 'b'}}, 'spec': {'a': 1}}",
      .old = "{'metadata': {'name': 'eu-7', 'generation': 7}, 'spec': {'a': 1}}"}},
    {"a label of a pool that was scaled after it was attested",
     {.object = "{'metadata': {'name': 'eu-7', 'labels': {'a': 'b'}, 'annotations': "
                "{'fleetgate.dev/attestation': 'v1.first.6.x'}}, 'spec': {'replicas': 4}}",
      .old = "{'metadata': {'name': 'eu-7', 'generation': 7, 'annotations': {'fleetgate.dev/attestation': "
             "'v1.first.6.x'}}, 'spec': {'replicas': 4}}"}},
};

static void what_is_not_due_passes(void **state) {
    const struct attested_gate *gate = *state;
    for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
        struct outcome outcome;
        attested_gate_send(gate, &quiet[i].request, &outcome);
        expect_true(quiet[i].name, outcome.allowed, outcome.message);
        expect_text(quiet[i].name, outcome.warning, "");
        expect_true(quiet[i].name, !outcome.was_patched, "no patch");
        free(outcome.stored);
    }
}

// A spec that came in past the gate is not vouched for by whoever sets a label, or by a user who may not make
// it; it is by one who may and applies it again.
static const struct {
    const char *name;
    const char *metadata; // of the request, besides the name
    const char *user;     // NULL: anna
    bool attested;
} again[] = {
    {"a label", "'labels': {'a': 'b', 'c': 'd'}, 'annotations': {'e': 'f'}", NULL, false},
    {"a label less", "'annotations': {'e': 'f'}", NULL, false},
    {"an annotation", "'labels': {'a': 'b'}, 'annotations': {'e': 'f', 'g': 'h'}", NULL, false},
    {"an annotation less", "'labels': {'a': 'b'}", NULL, false},
    {"a finalizer", "'labels': {'a': 'b'}, 'annotations': {'e': 'f'}, 'finalizers': ['x']", NULL, false},
    {"an owner", "'labels': {'a': 'b'}, 'annotations': {'e': 'f'}, 'ownerReferences': [{'name': 'x'}]", NULL,
     false},
    {"nothing, by one who may not make it", "'labels': {'a': 'b'}, 'annotations': {'e': 'f'}", "mallory",
     false},
    {"nothing", "'labels': {'a': 'b'}, 'annotations': {'e': 'f'}", NULL, true},
    {"nothing, with empty lists", "'finalizers': [], 'labels': {'a': 'b'}, 'annotations': {'e': 'f'}", NULL,
     true},
    {"the attestation", "'labels': {'a': 'b'}, 'annotations': {'e': 'f', 'fleetgate.dev/attestation': ''}",
     NULL, true},
};

static void applying_again_attests(void **state) {
    const struct attested_gate *gate = *state;
    CLEANUP(free)
    char *stored = attested_gate_json(
        "{'metadata': {'name': 'eu-7', 'generation': 7, 'labels': {'a': 'b'}, 'annotations': "
        "{'e': 'f'}}, 'spec': {'a': 1}}");
    for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
        char object[512], text[ATTESTATION_BYTES];
        snprintf(object, sizeof(object), "{'metadata': {'name': 'eu-7', %s}, 'spec': {'a': 1}}",
                 again[i].metadata);
        struct outcome outcome;
        attested_gate_send(gate, &(struct asked){.object = object, .old = stored, .user = again[i].user},
                           &outcome);
        expect_true(again[i].name, outcome.allowed, outcome.message);
        expect_text(again[i].name, outcome.warning, "");
        annotation_of(outcome.stored, text);
        if (again[i].attested) {
            expect_attested(again[i].name, outcome.stored, "first", 7);
        } else {
            expect_text(again[i].name, text, "");
        }
        free(outcome.stored);
    }
    CLEANUP(free)
    char *changed = attested_gate_store(gate, "{'metadata': {'name': 'eu-7'}, 'spec': {'a': 2}}", stored);
    expect_attested("another spec", changed, "first", 8);
}

// Asked for by one who may not vouch for it, an attestation is refused, not forgotten.
static void who_may_not_vouch_is_told(void **state) {
    const struct attested_gate *gate = *state;
    struct outcome outcome;
    attested_gate_send(
        gate,
        &(struct asked){.user = "mallory",
                        .object = "{'metadata': {'name': 'eu-7', 'annotations': "
                                  "{'fleetgate.dev/attestation': ''}}, 'spec': {'a': 1}}",
                        .old = "{'metadata': {'name': 'eu-7', 'generation': 7}, 'spec': {'a': 1}}"},
        &outcome);
    free(outcome.stored);
    assert_false(outcome.allowed);
    expect_contains("refused", outcome.message, "is no attestation");
}

// /scale raises the generation and leaves the annotation: it is of an earlier generation, and good.
static void a_scaled_pool_keeps_its_attestation(void **state) {
    const struct attested_gate *gate = *state;
    CLEANUP(free) char *first = attested_gate_store(gate, PLAIN, NULL);
    char text[ATTESTATION_BYTES], scaled[1024], after[ATTESTATION_BYTES];
    annotation_of(first, text);
    snprintf(scaled, sizeof(scaled),
             "{'kind': 'Cluster', 'metadata': {'name': 'eu-7', 'generation': 4, 'annotations': "
             "{'fleetgate.dev/attestation': '%s'}}, 'spec': {'version': 'v1.31.2', 'replicas': 9}}",
             text);
    CLEANUP(free) char *old = attested_gate_json(scaled);
    struct outcome outcome;
    attested_gate_send(gate, &(struct asked){.object = scaled, .old = old}, &outcome);
    expect_true("applied again", outcome.allowed, outcome.message);
    expect_text("applied again", outcome.warning, "");
    expect_text("applied again", outcome.stored, old);
    free(outcome.stored);
    webhook_swap_keys(gate->webhook, attested_gate_ring(SECOND FIRST));
    CLEANUP(free) char *signed_anew = attested_gate_store(gate, scaled, old);
    expect_attested("another key signs", signed_anew, "second", 1);
    annotation_of(signed_anew, after);
    webhook_swap_keys(gate->webhook, attested_gate_ring(SECOND));
    CLEANUP(free) char *same = attested_gate_store(gate, signed_anew, signed_anew);
    expect_text("once more", same, signed_anew);
}

// An old annotation that is not good comes back as it was, whatever is in it, when one who may not vouch for
// the object strips or replaces it.
static void what_was_there_is_put_back(void **state) {
    const struct attested_gate *gate = *state;
    CLEANUP(free)
    char *stored = attested_gate_json("{'metadata': {'name': 'eu-7', 'generation': 7, 'annotations': "
                                      "{'fleetgate.dev/attestation': 'a\\\\b\\n'}}, 'spec': {'a': 1}}");
    static const struct {
        const char *name, *annotations;
    } cases[] = {
        {"stripped", "{}"},
        {"replaced", "{'fleetgate.dev/attestation': 'v1.first.7.x'}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char object[512];
        snprintf(object, sizeof(object),
                 "{'metadata': {'name': 'eu-7', 'annotations': %s}, 'spec': {'a': 1}}", cases[i].annotations);
        struct outcome outcome;
        attested_gate_send(gate, &(struct asked){.user = "mallory", .object = object, .old = stored},
                           &outcome);
        expect_true(cases[i].name, outcome.allowed, outcome.message);
        expect_text(cases[i].name, outcome.stored, stored);
        free(outcome.stored);
    }
}

static void without_a_name_nothing_is_attested(void **state) {
    struct attested_gate *gate = *state;
    struct outcome outcome;
    attested_gate_send(
        gate,
        &(struct asked){.name = "", .object = "{'metadata': {'generateName': 'eu-'}, 'spec': {'a': 1}}"},
        &outcome);
    assert_true(outcome.allowed);
    assert_false(outcome.was_patched);
    free(outcome.stored);
}

static void without_keys_nothing_is_attested(void **state) {
    const struct attested_gate *gate = *state;
    webhook_swap_keys(gate->webhook, NULL);
    CLEANUP(free)
    char *forged = attested_gate_store(
        gate, "{'metadata': {'name': 'eu-7', 'annotations': {'fleetgate.dev/attestation': 'x'}}, 'spec': {}}",
        NULL);
    char text[ATTESTATION_BYTES];
    annotation_of(forged, text);
    expect_text("left alone", text, "x");
}

// Half of what /mutate does is none of it.
static void a_failed_mutation_attests_nothing(void **state) {
    const struct attested_gate *gate = *state;
    struct outcome outcome;
    attested_gate_send(
        gate,
        &(struct asked){.object = "{'metadata': {'name': 'eu-7', 'labels': {'tier': 'broken'}}, 'spec': {}}"},
        &outcome);
    assert_false(outcome.allowed);
    assert_false(outcome.was_patched);
    free(outcome.stored);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(creates_are_attested, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(a_repeat_changes_nothing, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(updates_are_attested, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(keys_rotate, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(what_is_not_due_passes, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(applying_again_attests, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(who_may_not_vouch_is_told, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(a_scaled_pool_keeps_its_attestation, attested_gate_start,
                                        attested_gate_stop),
        cmocka_unit_test_setup_teardown(what_was_there_is_put_back, attested_gate_start, attested_gate_stop),
        cmocka_unit_test_setup_teardown(without_a_name_nothing_is_attested, attested_gate_start,
                                        attested_gate_stop),
        cmocka_unit_test_setup_teardown(without_keys_nothing_is_attested, attested_gate_start,
                                        attested_gate_stop),
        cmocka_unit_test_setup_teardown(a_failed_mutation_attests_nothing, attested_gate_start,
                                        attested_gate_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
