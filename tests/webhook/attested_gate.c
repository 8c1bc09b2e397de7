#include "tests/webhook/attested_gate.h"

#include "base/json_canonical.h"
#include "engine/engine.h"
#include "tests/support/documents.h"

#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <stdio.h>

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

struct key_ring *attested_gate_ring(const char *text) {
    struct key_ring *ring = NULL;
    struct error error = {0};
    if (!key_ring_parse(text, strlen(text), "keys", &ring, &error)) {
        fail_msg("%s", error.message);
    }
    return ring;
}

int attested_gate_start(void **state) {
    struct attested_gate *gate = calloc(1, sizeof(*gate));
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
    webhook_swap_keys(gate->webhook, attested_gate_ring(FIRST));
    gate->has_mutate = true;
    *state = gate;
    return 0;
}

int attested_gate_stop(void **state) {
    struct attested_gate *gate = *state;
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

static struct document *ask(const struct attested_gate *gate, const struct asked *request, const char *object,
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

char *attested_gate_json(const char *text) {
    CLEANUP(document_free) struct document *document = document_of(text);
    return canonical(document_root(document));
}

void attested_gate_send(const struct attested_gate *gate, const struct asked *request,
                        struct outcome *ret_outcome) {
    *ret_outcome = (struct outcome){.allowed = true};
    CLEANUP(free) char *object = request->object ? attested_gate_json(request->object) : NULL;
    CLEANUP(free) char *old = request->old ? attested_gate_json(request->old) : NULL;
    struct asked plain = *request;
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

const char *answer_field(const struct document *document, const char *name) {
    return node_string(
        node_get(node_get(node_get(document_root(document), "metadata"), "annotations"), name));
}

// "" : none.
void annotation_of(const char *object, char ret_text[ATTESTATION_BYTES]) {
    CLEANUP(document_free) struct document *document = document_of(object);
    const char *text = answer_field(document, ATTESTATION_ANNOTATION);
    snprintf(ret_text, ATTESTATION_BYTES, "%s", text ? text : "");
}

void expect_attested(const char *name, const char *object, const char *key, int64_t generation) {
    char text[ATTESTATION_BYTES], start_of[64];
    annotation_of(object, text);
    snprintf(start_of, sizeof(start_of), "v1.%s.%" PRId64 ".", key, generation);
    if (strncmp(text, start_of, strlen(start_of)) != 0) {
        fail_msg("%s: \"%s\" does not begin with %s", name, text, start_of);
    }
}

void expect_metric(const struct attested_gate *gate, const char *line) {
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    gate_metrics_write(gate->metrics, &text);
    expect_contains("metrics", buffer_text(&text), line);
}

char *attested_gate_store(const struct attested_gate *gate, const char *object, const char *old) {
    struct outcome outcome;
    attested_gate_send(gate, &(struct asked){.object = object, .old = old}, &outcome);
    expect_true(object, outcome.allowed, outcome.message);
    return outcome.stored;
}
