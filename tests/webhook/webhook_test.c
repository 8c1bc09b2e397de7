#include "webhook/webhook.h"

#include "base/json_reader.h"
#include "tests/webhook/gate_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000;

struct gate {
    struct gate_metrics *metrics;
    struct webhook *webhook;
};

static int start_gate(void **state) {
    struct gate *gate = calloc(1, sizeof(*gate));
    gate->metrics = gate_metrics_new("test");
    gate->webhook = webhook_new(gate_policies(2), second_ns, gate->metrics);
    *state = gate;
    return 0;
}

static int stop_gate(void **state) {
    struct gate *gate = *state;
    webhook_free(gate->webhook);
    gate_metrics_free(gate->metrics);
    free(gate);
    return 0;
}

// The answer as a document; caller frees.
static struct document *ask(struct gate *gate, enum http_endpoint endpoint, char *body) {
    unsigned status;
    char *text = gate_ask(gate->webhook, endpoint, body, &status);
    free(body);
    assert_int_equal(status, 200);
    struct document *document = NULL;
    struct error error;
    if (!json_read(text, strlen(text), &document_default_limits, &document, &error)) {
        fail_msg("%s", error.message);
    }
    return document;
}

static const struct node *response_of(const struct document *document) {
    assert_string_equal(node_string(node_get(document_root(document), "apiVersion")), "admission.k8s.io/v1");
    assert_string_equal(node_string(node_get(document_root(document), "kind")), "AdmissionReview");
    const struct node *response = node_get(document_root(document), "response");
    assert_string_equal(node_string(node_get(response, "uid")), "u-42");
    return response;
}

static bool is_allowed(const struct node *response) {
    bool allowed = false;
    assert_true(node_boolean(node_get(response, "allowed"), &allowed));
    return allowed;
}

static void allows(void **state) {
    CLEANUP(document_free)
    struct document *document = ask(*state, ENDPOINT_VALIDATE, gate_review("CREATE", NULL, false));
    const struct node *response = response_of(document);
    assert_true(is_allowed(response));
    assert_null(node_get(response, "status"));
    assert_null(node_get(response, "patch"));
    assert_null(node_get(response, "patchType"));
    assert_null(node_get(response, "warnings"));
    const struct node *annotations = node_get(response, "auditAnnotations");
    assert_string_equal(node_string(node_get(annotations, "decision")), "allowed");
    assert_string_equal(node_string(node_get(annotations, "policies")), "labels");
    CLEANUP(policy_set_unref) struct policy_set *same = gate_policies(1);
    assert_string_equal(node_string(node_get(annotations, "policy-digest")), policy_set_digest(same));
}

// Whatever the policy: 403 and Forbidden, or Flux with force deletes and recreates the object.
static void denies_as_forbidden(void **state) {
    static const char *const operations[] = {"CREATE", "UPDATE", "DELETE"};
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(document_free)
        struct document *document =
            ask(*state, ENDPOINT_VALIDATE, gate_review(operations[i], "forbidden", i == 1));
        const struct node *response = response_of(document);
        assert_false(is_allowed(response));
        const struct node *status = node_get(response, "status");
        int64_t code = 0;
        assert_true(node_integer(node_get(status, "code"), &code));
        assert_int_equal(code, 403);
        assert_string_equal(node_string(node_get(status, "reason")), "Forbidden");
        const char *message = node_string(node_get(status, "message"));
        assert_int_equal(
            strncmp(message, "[labels] Widget prod/sample metadata.labels.tier: tier forbidden", 63), 0);
        const struct node *cause = node_item(node_get(node_get(status, "details"), "causes"), 0);
        assert_string_equal(node_string(node_get(cause, "reason")), "labels");
        assert_string_equal(node_string(node_get(cause, "field")), "metadata.labels.tier");
        const struct node *annotations = node_get(response, "auditAnnotations");
        assert_string_equal(node_string(node_get(annotations, "decision")), "denied");
        assert_string_equal(node_string(node_get(annotations, "violations")), "labels metadata.labels.tier");
    }
}

static void warns(void **state) {
    CLEANUP(document_free)
    struct document *document = ask(*state, ENDPOINT_VALIDATE, gate_review("CREATE", "warned", false));
    const struct node *response = response_of(document);
    assert_true(is_allowed(response));
    const char *warning = node_string(node_item(node_get(response, "warnings"), 0));
    assert_non_null(warning);
    assert_non_null(strstr(warning, "tier warned is odd"));
}

static void patches_only_on_mutate(void **state) {
    CLEANUP(document_free)
    struct document *document = ask(*state, ENDPOINT_MUTATE, gate_review("CREATE", NULL, false));
    const struct node *response = response_of(document);
    assert_true(is_allowed(response));
    assert_string_equal(node_string(node_get(response, "patchType")), "JSONPatch");
    // [{"op":"add","path":"/metadata/labels/gate~1owner","value":"nobody"}]
    assert_string_equal(
        node_string(node_get(response, "patch")),
        "W3sib3AiOiJhZGQiLCJwYXRoIjoiL21ldGFkYXRhL2xhYmVscy9nYXRlfjFvd25lciIsInZhbHVlIjoibm9ib2R5In1d");
    CLEANUP(document_free)
    struct document *deleted = ask(*state, ENDPOINT_MUTATE, gate_review("DELETE", NULL, false));
    assert_null(node_get(response_of(deleted), "patch"));
    assert_true(is_allowed(response_of(deleted)));
}

static void skips_connect(void **state) {
    char *body = gate_review("CONNECT", "forbidden", false);
    CLEANUP(document_free) struct document *document = ask(*state, ENDPOINT_VALIDATE, body);
    const struct node *response = response_of(document);
    assert_true(is_allowed(response));
    assert_string_equal(node_string(node_get(node_get(response, "auditAnnotations"), "decision")),
                        "allowed without evaluation: CONNECT");
}

static void refuses_with_a_reason(void **state) {
    struct gate *gate = *state;
    unsigned status;
    CLEANUP(free) char *text = gate_ask(gate->webhook, ENDPOINT_VALIDATE, "{\"apiVersion\":1}", &status);
    assert_int_equal(status, 400);
    assert_string_equal(text, "{\"error\":\"AdmissionReview: apiVersion: want a string, got integer\"}");
}

// Two bundles one after the other: the first stays to be seen, and is no longer in force.
static void shows_the_bundle(void **state) {
    struct gate *gate = *state;
    gate_metrics_bundle(gate->metrics, "a", "sha256:11");
    gate_metrics_bundle(gate->metrics, "b", "sha256:22");
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    gate_metrics_write(gate->metrics, &text);
    assert_non_null(
        strstr(buffer_text(&text), "fleetgate_policy_bundle_info{revision=\"a\",sha256=\"11\"} 0\n"));
    assert_non_null(
        strstr(buffer_text(&text), "fleetgate_policy_bundle_info{revision=\"b\",sha256=\"22\"} 1\n"));
}

static void needs_policies(void **state) {
    struct gate *gate = *state;
    CLEANUP(webhook_free) struct webhook *empty = webhook_new(NULL, second_ns, gate->metrics);
    assert_false(webhook_has_policies(empty));
    unsigned status;
    CLEANUP(free) char *body = gate_review("CREATE", NULL, false);
    CLEANUP(free) char *text = gate_ask(empty, ENDPOINT_VALIDATE, body, &status);
    assert_int_equal(status, 503);
    webhook_swap_policies(empty, gate_policies(1));
    assert_true(webhook_has_policies(empty));
    CLEANUP(free) char *second = gate_ask(empty, ENDPOINT_VALIDATE, body, &status);
    assert_int_equal(status, 200);
}

static void counts(void **state) {
    document_free(ask(*state, ENDPOINT_VALIDATE, gate_review("CREATE", NULL, false)));
    document_free(ask(*state, ENDPOINT_VALIDATE, gate_review("DELETE", "forbidden", true)));
    document_free(ask(*state, ENDPOINT_MUTATE, gate_review("CREATE", NULL, false)));
    refuses_with_a_reason(state);
    struct gate *gate = *state;
    CLEANUP(buffer_clear) struct buffer text;
    buffer_init(&text, 1 << 20);
    gate_metrics_write(gate->metrics, &text);
    static const char *const lines[] = {
        "fleetgate_admission_requests_total{webhook=\"validate\",operation=\"CREATE\",kind=\"Widget\","
        "result=\"allowed\",dry_run=\"false\"} 1\n",
        "fleetgate_admission_requests_total{webhook=\"validate\",operation=\"DELETE\",kind=\"Widget\","
        "result=\"denied\",dry_run=\"true\"} 1\n",
        "fleetgate_admission_requests_total{webhook=\"mutate\",operation=\"CREATE\",kind=\"Widget\","
        "result=\"patched\",dry_run=\"false\"} 1\n",
        "fleetgate_admission_duration_seconds_count 3\n",
        "fleetgate_policy_evaluations_total{policy=\"labels\",result=\"violated\"} 1\n",
        "fleetgate_requests_rejected_total{code=\"400\"} 1\n",
        "fleetgate_build_info{version=\"test\"} 1\n",
        "# TYPE process_resident_memory_bytes gauge\n",
        "# TYPE fleetgate_cert_expiry_timestamp_seconds gauge\n",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (!strstr(buffer_text(&text), lines[i])) {
            fail_msg("missing: %s\nin:\n%s", lines[i], buffer_text(&text));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(allows, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(denies_as_forbidden, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(warns, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(patches_only_on_mutate, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(skips_connect, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(refuses_with_a_reason, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(shows_the_bundle, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(needs_policies, start_gate, stop_gate),
        cmocka_unit_test_setup_teardown(counts, start_gate, stop_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
