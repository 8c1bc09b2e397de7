// Attestations through both webhooks, as an API server asks them: /mutate, then /validate with the generation
// that the object is stored with.
#include "webhook/admission_attestation.h"

#include "base/json_canonical.h"
#include "engine/engine.h"
#include "tests/support/documents.h"
#include "tests/webhook/gate_fixture.h"

#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdio.h>

#define FIRST "first AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
#define SECOND "second ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=\n"

// The label "default" asks for one default, of a label, an annotation or the spec; tier=forbidden is denied,
// by /mutate tier=broken.
static const char policy_text[] =
    "return policy {\n"
    "  name = 'test', title = 'A test', severity = 'high', category = 'test',\n"
    "  match = { clusters = true },\n"
    "  validate = function(change, params, report)\n"
    "    if object.at(change.object or change.old_object, 'metadata.labels.tier') == 'forbidden' then\n"
    "      report.deny { at = 'metadata.labels.tier', message = 'tier forbidden is not allowed' }\n"
    "    end\n"
    "    if change.operation == 'CREATE' and change.user.name == 'mallory' then\n"
    "      report.deny { message = 'mallory makes no clusters' }\n"
    "    end\n"
    "  end,\n"
    "  mutate = function(change, params, patch)\n"
    "    local wanted = object.at(change.object, 'metadata.labels.default')\n"
    "    if wanted then patch.default(wanted, 'x') end\n"
    "    if object.at(change.object, 'metadata.labels.tier') == 'broken' then error('x') end\n"
    "  end,\n"
    "}\n";

struct gate {
    struct gate_metrics *metrics;
    struct webhook *webhook;
    bool has_mutate; // /mutate is registered
};

static struct key_ring *ring_of(const char *text) {
    struct key_ring *ring = NULL;
    struct error error = {0};
    if (!key_ring_parse(text, strlen(text), "keys", &ring, &error)) {
        fail_msg("%s", error.message);
    }
    return ring;
}

static int start(void **state) {
    struct gate *gate = calloc(1, sizeof(*gate));
    const struct policy_source source = {
        .name = "test.lua", .text = policy_text, .length = sizeof(policy_text) - 1};
    const struct policy_set_options options = {.sources = &source, .source_count = 1, .evaluators = 2};
    struct policy_set *set = NULL;
    struct error error = {0};
    if (!policy_set_load(&options, &set, &error)) {
        fail_msg("%s", error.message);
    }
    gate->metrics = gate_metrics_new("test");
    gate->webhook = webhook_new(set, 1000000000, gate->metrics);
    webhook_swap_keys(gate->webhook, ring_of(FIRST));
    gate->has_mutate = true;
    *state = gate;
    return 0;
}

static int stop(void **state) {
    struct gate *gate = *state;
    webhook_free(gate->webhook);
    gate_metrics_free(gate->metrics);
    free(gate);
    return 0;
}

// ---- an API server ----

static char *canonical(const struct node *node) {
    struct buffer text;
    buffer_init(&text, 1 << 20);
    json_canonical_append(&text, node);
    return buffer_take(&text);
}

// What the API server is asked, and what it stores.
struct request {
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

static struct document *ask(const struct gate *gate, const struct request *request, const char *object,
                            enum http_endpoint endpoint) {
    const char *kind = request->kind ? request->kind : "Cluster";
    CLEANUP(buffer_clear) struct buffer body;
    buffer_init(&body, 1 << 20);
    buffer_printf(
        &body,
        "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":"
        "\"u-42\",\"kind\":{\"group\":\"cluster.x-k8s.io\",\"version\":\"v1beta2\",\"kind\":\"%s\"},"
        "\"resource\":{\"group\":\"cluster.x-k8s.io\",\"version\":\"v1beta2\",\"resource\":\"%ss\"},",
        kind, kind);
    buffer_printf(&body,
                  "\"subResource\":\"%s\",\"name\":\"%s\",\"namespace\":\"prod\",\"operation\":\"%s\","
                  "\"userInfo\":{\"username\":\"%s\"},\"object\":%s,\"oldObject\":%s,\"dryRun\":%s}}",
                  request->subresource ? request->subresource : "", request->name ? request->name : "eu-7",
                  !object        ? "DELETE"
                  : request->old ? "UPDATE"
                                 : "CREATE",
                  request->user ? request->user : "anna", object ? object : "null",
                  request->old ? request->old : "null", request->dry_run ? "true" : "false");
    unsigned status;
    char *text = gate_ask(gate->webhook, endpoint, buffer_text(&body), &status);
    if (status != 200) {
        fail_msg("%u: %s\n%s", status, text, buffer_text(&body));
    }
    struct document *document = NULL;
    struct error error;
    if (!json_read(text, strlen(text), &document_default_limits, &document, &error)) {
        fail_msg("%s", error.message);
    }
    return document;
}

static void read_answer(const struct document *document, struct outcome *outcome) {
    const struct node *response = node_get(document_root(document), "response");
    outcome->allowed = false;
    assert_true(node_boolean(node_get(response, "allowed"), &outcome->allowed));
    const char *message = node_string(node_get(node_get(response, "status"), "message"));
    snprintf(outcome->message, sizeof(outcome->message), "%s", message ? message : "");
    const char *warning = node_string(node_item(node_get(response, "warnings"), 0));
    snprintf(outcome->warning, sizeof(outcome->warning), "%s", warning ? warning : "");
    int64_t code = 403;
    (void)node_integer(node_get(node_get(response, "status"), "code"), &code);
    assert_int_equal(code, 403);
}

// The object with the answer's patch applied; NULL: there is none.
static char *apply_patch(const struct document *answer, const char *object) {
    const char *patch = node_string(node_get(node_get(document_root(answer), "response"), "patch"));
    if (!patch) {
        return NULL;
    }
    const gnutls_datum_t encoded = {.data = (unsigned char *)(uintptr_t)patch,
                                    .size = (unsigned)strlen(patch)};
    gnutls_datum_t plain;
    assert_int_equal(gnutls_base64_decode2(&encoded, &plain), 0);
    CLEANUP(document_free) struct document *list = NULL;
    CLEANUP(document_free) struct document *source = document_of(object);
    CLEANUP(document_free) struct document *patched = NULL;
    struct error error;
    assert_true(json_read_copy((char *)plain.data, plain.size, &document_default_limits, &list, &error));
    gnutls_free(plain.data);
    CLEANUP(decision_clear) struct decision decision = {.arena = arena_new(), .allowed = true};
    NODE_EACH(operation, document_root(list)) {
        CLEANUP(free) char *value = canonical(node_get(operation, "value"));
        const struct patch_operation copy = {.replace =
                                                 strcmp(node_string(node_get(operation, "op")), "add") != 0,
                                             .path = node_string(node_get(operation, "path")),
                                             .value = arena_strdup(decision.arena, value)};
        decision_add_patch(&decision, &copy);
    }
    if (!engine_apply_patch(source, document_root(source), &decision, &patched, &error)) {
        fail_msg("%s", error.message);
    }
    return canonical(document_root(patched));
}

// Sets metadata.generation, as the API server does before it asks /validate.
static char *set_generation(const char *object, const char *old) {
    CLEANUP(document_free) struct document *document = document_of(object);
    CLEANUP(document_free) struct document *before = old ? document_of(old) : NULL;
    int64_t generation =
        attestation_next_generation(document_root(document), before ? document_root(before) : NULL);
    char value[24];
    snprintf(value, sizeof(value), "%" PRId64, generation);
    CLEANUP(decision_clear) struct decision decision = {.arena = arena_new(), .allowed = true};
    const struct patch_operation operation = {
        .replace = node_get(node_get(document_root(document), "metadata"), "generation") != NULL,
        .path = "/metadata/generation",
        .value = value};
    decision_add_patch(&decision, &operation);
    CLEANUP(document_free) struct document *patched = NULL;
    struct error error;
    assert_true(engine_apply_patch(document, document_root(document), &decision, &patched, &error));
    return canonical(document_root(patched));
}

static char *as_json(const char *text) {
    CLEANUP(document_free) struct document *document = document_of(text);
    return canonical(document_root(document));
}

static void send(const struct gate *gate, const struct request *request, struct outcome *ret_outcome) {
    *ret_outcome = (struct outcome){.allowed = true};
    CLEANUP(free) char *object = request->object ? as_json(request->object) : NULL;
    CLEANUP(free) char *old = request->old ? as_json(request->old) : NULL;
    struct request plain = *request;
    plain.old = old;
    if (gate->has_mutate) {
        CLEANUP(document_free) struct document *answer = ask(gate, &plain, object, ENDPOINT_MUTATE);
        read_answer(answer, ret_outcome);
        char *patched = apply_patch(answer, object);
        ret_outcome->was_patched = patched != NULL;
        if (patched) {
            free(object);
            object = patched;
        }
    }
    if (!ret_outcome->allowed) {
        return;
    }
    ret_outcome->stored = object && !request->subresource ? set_generation(object, old) : NULL;
    const char *final = ret_outcome->stored ? ret_outcome->stored : object;
    CLEANUP(document_free) struct document *answer = ask(gate, &plain, final, ENDPOINT_VALIDATE);
    read_answer(answer, ret_outcome);
}

static const char *field(const struct document *document, const char *name) {
    return node_string(
        node_get(node_get(node_get(document_root(document), "metadata"), "annotations"), name));
}

// "" : none.
static void annotation_of(const char *object, char ret_text[ATTESTATION_BYTES]) {
    CLEANUP(document_free) struct document *document = document_of(object);
    const char *text = field(document, ATTESTATION_ANNOTATION);
    snprintf(ret_text, ATTESTATION_BYTES, "%s", text ? text : "");
}

static void expect_attested(const char *name, const char *object, const char *key, int64_t generation) {
    char text[ATTESTATION_BYTES], start_of[64];
    annotation_of(object, text);
    snprintf(start_of, sizeof(start_of), "v1.%s.%" PRId64 ".", key, generation);
    if (strncmp(text, start_of, strlen(start_of)) != 0) {
        fail_msg("%s: \"%s\" does not begin with %s", name, text, start_of);
    }
}

static void expect_metric(const struct gate *gate, const char *line) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    gate_metrics_write(gate->metrics, &text);
    expect_contains("metrics", buffer_text(&text), line);
}

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
    const struct gate *gate = *state;
    for (size_t i = 0; i < sizeof(creates) / sizeof(creates[0]); i++) {
        for (int dry_run = 0; dry_run < 2; dry_run++) {
            char object[1024];
            snprintf(object, sizeof(object), "{'kind': 'Cluster', 'metadata': {%s}, 'spec': {'a': 1}}",
                     creates[i].metadata);
            struct outcome outcome;
            send(gate, &(struct request){.object = object, .dry_run = dry_run}, &outcome);
            expect_true(creates[i].name, outcome.allowed, outcome.message);
            expect_text(creates[i].name, outcome.warning, "");
            expect_attested(creates[i].name, outcome.stored, "first", 1);
            CLEANUP(document_free) struct document *stored = document_of(outcome.stored);
            if (creates[i].path) {
                expect_text(creates[i].name, field(stored, creates[i].path), creates[i].value);
            }
            free(outcome.stored);
        }
    }
}

// Stores what comes of the object; caller frees.
static char *store(const struct gate *gate, const char *object, const char *old) {
    struct outcome outcome;
    send(gate, &(struct request){.object = object, .old = old}, &outcome);
    expect_true(object, outcome.allowed, outcome.message);
    return outcome.stored;
}

#define PLAIN                                                                                                \
    "{'kind': 'Cluster', 'metadata': {'name': 'eu-7'}, 'spec': {'version': 'v1.31.2', 'replicas': 3}}"
#define CHANGED                                                                                              \
    "{'kind': 'Cluster', 'metadata': {'name': 'eu-7'}, 'spec': {'version': 'v1.32.0', 'replicas': 3}}"

// The same manifest, applied again: what the server stores stays as it is, to the byte.
static void a_repeat_changes_nothing(void **state) {
    const struct gate *gate = *state;
    CLEANUP(free) char *first = store(gate, PLAIN, NULL);
    struct outcome outcome;
    send(gate, &(struct request){.object = first, .old = first}, &outcome);
    assert_true(outcome.allowed);
    assert_false(outcome.was_patched);
    expect_text("a repeat", outcome.stored, first);
    free(outcome.stored);
    CLEANUP(free) char *put = store(gate, PLAIN, first); // kubectl replace: without the annotation
    expect_text("a replace", put, first);
    expect_metric(gate, "fleetgate_attestations_total{result=\"written\"} 2\n");
    expect_metric(gate, "fleetgate_attestations_total{result=\"unchanged\"} 1\n");
    expect_metric(gate, "fleetgate_attestations_total{result=\"good\"} 3\n");
}

static void updates_are_attested(void **state) {
    const struct gate *gate = *state;
    CLEANUP(free) char *first = store(gate, PLAIN, NULL);
    CLEANUP(free) char *second = store(gate, CHANGED, first);
    expect_attested("another spec", second, "first", 2);
    CLEANUP(free)
    char *third = store(
        gate,
        "{'kind': 'Cluster', 'metadata': {'name': 'eu-7'}, 'spec': {'version': 'v1.32.0', 'replicas': 9}}",
        second);
    expect_attested("other replicas", third, "first", 3);
    CLEANUP(free)
    char *fourth =
        store(gate,
              "{'kind': 'Cluster', 'metadata': {'name': 'eu-7', 'labels': {'a': 'b'}}, 'spec': {'version': "
              "'v1.32.0', 'replicas': 9}}",
              third);
    char before[ATTESTATION_BYTES], after[ATTESTATION_BYTES];
    annotation_of(third, before);
    annotation_of(fourth, after);
    expect_text("a label", after, before);
}

static void keys_rotate(void **state) {
    const struct gate *gate = *state;
    CLEANUP(free) char *first = store(gate, PLAIN, NULL);
    webhook_swap_keys(gate->webhook, ring_of(FIRST SECOND));
    CLEANUP(free) char *added = store(gate, first, first);
    expect_text("a key was added", added, first);
    webhook_swap_keys(gate->webhook, ring_of(SECOND FIRST));
    CLEANUP(free) char *used = store(gate, first, first);
    expect_attested("another key signs", used, "second", 1);
    webhook_swap_keys(gate->webhook, ring_of(SECOND));
    CLEANUP(free) char *dropped = store(gate, used, used);
    expect_text("the old key was dropped", dropped, used);
    CLEANUP(free) char *late = store(gate, first, first);
    expect_attested("dropped too early, and applied again", late, "second", 1);
    CLEANUP(free) char *next = store(gate, CHANGED, first);
    expect_attested("its next spec", next, "second", 2);
}

// ---- what is not attested, and passes ----

static const struct {
    const char *name;
    struct request request;
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
    const struct gate *gate = *state;
    for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
        struct outcome outcome;
        send(gate, &quiet[i].request, &outcome);
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
    const struct gate *gate = *state;
    CLEANUP(free)
    char *stored =
        as_json("{'metadata': {'name': 'eu-7', 'generation': 7, 'labels': {'a': 'b'}, 'annotations': "
                "{'e': 'f'}}, 'spec': {'a': 1}}");
    for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
        char object[512], text[ATTESTATION_BYTES];
        snprintf(object, sizeof(object), "{'metadata': {'name': 'eu-7', %s}, 'spec': {'a': 1}}",
                 again[i].metadata);
        struct outcome outcome;
        send(gate, &(struct request){.object = object, .old = stored, .user = again[i].user}, &outcome);
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
    CLEANUP(free) char *changed = store(gate, "{'metadata': {'name': 'eu-7'}, 'spec': {'a': 2}}", stored);
    expect_attested("another spec", changed, "first", 8);
}

// Asked for by one who may not vouch for it, an attestation is refused, not forgotten.
static void who_may_not_vouch_is_told(void **state) {
    const struct gate *gate = *state;
    struct outcome outcome;
    send(gate,
         &(struct request){.user = "mallory",
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
    const struct gate *gate = *state;
    CLEANUP(free) char *first = store(gate, PLAIN, NULL);
    char text[ATTESTATION_BYTES], scaled[1024], after[ATTESTATION_BYTES];
    annotation_of(first, text);
    snprintf(scaled, sizeof(scaled),
             "{'kind': 'Cluster', 'metadata': {'name': 'eu-7', 'generation': 4, 'annotations': "
             "{'fleetgate.dev/attestation': '%s'}}, 'spec': {'version': 'v1.31.2', 'replicas': 9}}",
             text);
    CLEANUP(free) char *old = as_json(scaled);
    struct outcome outcome;
    send(gate, &(struct request){.object = scaled, .old = old}, &outcome);
    expect_true("applied again", outcome.allowed, outcome.message);
    expect_text("applied again", outcome.warning, "");
    expect_text("applied again", outcome.stored, old);
    free(outcome.stored);
    webhook_swap_keys(gate->webhook, ring_of(SECOND FIRST));
    CLEANUP(free) char *signed_anew = store(gate, scaled, old);
    expect_attested("another key signs", signed_anew, "second", 1);
    annotation_of(signed_anew, after);
    webhook_swap_keys(gate->webhook, ring_of(SECOND));
    CLEANUP(free) char *same = store(gate, signed_anew, signed_anew);
    expect_text("once more", same, signed_anew);
}

// An old annotation that is not good comes back as it was, whatever is in it, when one who may not vouch for
// the object strips or replaces it.
static void what_was_there_is_put_back(void **state) {
    const struct gate *gate = *state;
    CLEANUP(free)
    char *stored = as_json("{'metadata': {'name': 'eu-7', 'generation': 7, 'annotations': "
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
        send(gate, &(struct request){.user = "mallory", .object = object, .old = stored}, &outcome);
        expect_true(cases[i].name, outcome.allowed, outcome.message);
        expect_text(cases[i].name, outcome.stored, stored);
        free(outcome.stored);
    }
}

static void without_a_name_nothing_is_attested(void **state) {
    struct gate *gate = *state;
    struct outcome outcome;
    send(gate,
         &(struct request){.name = "", .object = "{'metadata': {'generateName': 'eu-'}, 'spec': {'a': 1}}"},
         &outcome);
    assert_true(outcome.allowed);
    assert_false(outcome.was_patched);
    free(outcome.stored);
}

static void without_keys_nothing_is_attested(void **state) {
    const struct gate *gate = *state;
    webhook_swap_keys(gate->webhook, NULL);
    CLEANUP(free)
    char *forged = store(
        gate, "{'metadata': {'name': 'eu-7', 'annotations': {'fleetgate.dev/attestation': 'x'}}, 'spec': {}}",
        NULL);
    char text[ATTESTATION_BYTES];
    annotation_of(forged, text);
    expect_text("left alone", text, "x");
}

// Half of what /mutate does is none of it.
static void a_failed_mutation_attests_nothing(void **state) {
    const struct gate *gate = *state;
    struct outcome outcome;
    send(gate,
         &(struct request){.object =
                               "{'metadata': {'name': 'eu-7', 'labels': {'tier': 'broken'}}, 'spec': {}}"},
         &outcome);
    assert_false(outcome.allowed);
    assert_false(outcome.was_patched);
    free(outcome.stored);
}

// ---- what is wrong ----

#define REFUSED "[attestation] Cluster prod/eu-7 metadata.annotations[\"fleetgate.dev/attestation\"]: "

// Without /mutate the object comes as it was sent.
static void wrong_ones_are_refused(void **state) {
    struct gate *gate = *state;
    CLEANUP(free) char *good = store(gate, PLAIN, NULL);
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
        send(
            gate,
            &(struct request){
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
    struct gate *gate = *state;
    gate->has_mutate = false;
    struct outcome outcome;
    send(gate,
         &(struct request){.object = "{'metadata': {'name': 'eu-7', 'labels': {'tier': 'forbidden'}, "
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
    struct gate *gate = *state;
    CLEANUP(free) char *good = store(gate, PLAIN, NULL);
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
        struct request request;
    } cases[] = {
        {"created", {.object = PLAIN}},
        {"stripped", {.object = PLAIN, .old = good}},
        {"another spec, and stripped", {.object = CHANGED, .old = good}},
        {"another spec, and left as it was", {.object = left, .old = good}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct outcome outcome;
        send(gate, &cases[i].request, &outcome);
        free(outcome.stored);
        expect_true(cases[i].name, outcome.allowed, outcome.message);
        expect_contains(cases[i].name, outcome.warning, NOT_ATTESTED);
    }
    expect_metric(gate, "fleetgate_attestations_total{result=\"absent\"} 4\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(creates_are_attested, start, stop),
        cmocka_unit_test_setup_teardown(a_repeat_changes_nothing, start, stop),
        cmocka_unit_test_setup_teardown(updates_are_attested, start, stop),
        cmocka_unit_test_setup_teardown(keys_rotate, start, stop),
        cmocka_unit_test_setup_teardown(what_is_not_due_passes, start, stop),
        cmocka_unit_test_setup_teardown(applying_again_attests, start, stop),
        cmocka_unit_test_setup_teardown(who_may_not_vouch_is_told, start, stop),
        cmocka_unit_test_setup_teardown(a_scaled_pool_keeps_its_attestation, start, stop),
        cmocka_unit_test_setup_teardown(what_was_there_is_put_back, start, stop),
        cmocka_unit_test_setup_teardown(without_a_name_nothing_is_attested, start, stop),
        cmocka_unit_test_setup_teardown(without_keys_nothing_is_attested, start, stop),
        cmocka_unit_test_setup_teardown(a_failed_mutation_attests_nothing, start, stop),
        cmocka_unit_test_setup_teardown(wrong_ones_are_refused, start, stop),
        cmocka_unit_test_setup_teardown(policies_are_heard_all_the_same, start, stop),
        cmocka_unit_test_setup_teardown(absent_ones_are_warned_of, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
