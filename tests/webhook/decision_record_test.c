#include "webhook/decision_record.h"

#include "base/memory.h"
#include "engine/engine.h"
#include "tests/support/documents.h"
#include "tests/support/expect.h"
#include "tests/webhook/gate_fixture.h"

#include <stdio.h>
#include <unistd.h>

struct scene {
    struct policy_set *set;
    struct admission_review admission;
    struct decision decision;
    struct trace_context trace;
    struct decision_mask *mask;
};

static int make_scene(void **state) {
    struct scene *scene = memory_calloc(1, sizeof(*scene));
    scene->set = gate_policies(1);
    *state = scene;
    return 0;
}

static int clear_scene(void **state) {
    struct scene *scene = *state;
    decision_mask_free(scene->mask);
    decision_clear(&scene->decision);
    admission_review_clear(&scene->admission);
    policy_set_unref(scene->set);
    free(scene);
    return 0;
}

// The record of a review (malloc; taken over); caller owns.
static struct document *record(struct scene *scene, char *body, bool mutates) {
    struct error error = {0};
    if (!admission_review_read(body, strlen(body), &scene->admission, &error)) {
        fail_msg("%s", error.message);
    }
    const struct review *review = &scene->admission.review;
    mutates ? engine_mutate(scene->set, review, &scene->decision)
            : engine_evaluate(scene->set, review, &scene->decision);
    const struct decision_facts facts = {.webhook = mutates ? "mutate" : "validate",
                                         .admission = &scene->admission,
                                         .decision = &scene->decision,
                                         .policy_digest = policy_set_digest(scene->set),
                                         .policy_revision = policy_set_revision(scene->set),
                                         .trace = &scene->trace,
                                         .time_ms = 1790000000042,
                                         .duration_ns = 1234,
                                         .inventory_stale_ms = -1};
    CLEANUP(buffer_clear) struct buffer line;
    buffer_init(&line, LARGEST_DECISION_RECORD);
    assert_true(decision_record_append(&facts, scene->mask, &line));
    expect_true("line", strchr(buffer_text(&line), '\n') == line.data + line.length - 1, "one line");
    struct document *document = NULL;
    if (!json_read_copy(line.data, line.length, &document_default_limits, &document, &error)) {
        fail_msg("%s in %s", error.message, line.data);
    }
    return document;
}

static void expect_field(const struct node *root, const char *key, const char *expected) {
    expect_text(key, node_string(node_get(root, key)), expected);
}

static void test_denial(void **state) {
    struct scene *scene = *state;
    assert_true(trace_context_read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", &scene->trace));
    CLEANUP(document_free)
    struct document *document = record(scene, gate_review("CREATE", "forbidden", true), false);
    const struct node *root = document_root(document);
    static const char *const fields[][2] = {
        {"schema", "fleetgate.dev/decision/v1"},
        {"timestamp", "2026-09-21T14:13:20.042Z"},
        {"decision_id", "u-42"},
        {"uid", "u-42"},
        {"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"},
        {"parent_span_id", "00f067aa0ba902b7"},
        {"webhook", "validate"},
        {"operation", "CREATE"},
        {"group", "example.org"},
        {"version", "v1"},
        {"kind", "Widget"},
        {"resource", "widgets"},
        {"subresource", ""},
        {"namespace", "prod"},
        {"name", "sample"},
        {"user", "anna"},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        expect_field(root, fields[i][0], fields[i][1]);
    }
    expect_field(root, "span_id", scene->trace.span_id);
    expect_field(root, "policy_digest", policy_set_digest(scene->set));
    bool allowed = true;
    bool dry_run = false;
    int64_t stale = 0;
    assert_true(node_boolean(node_get(root, "allowed"), &allowed) && !allowed);
    assert_true(node_boolean(node_get(root, "dry_run"), &dry_run) && dry_run);
    assert_true(node_integer(node_get(root, "inventory_stale_ms"), &stale) && stale == -1);
    const struct node *violation = node_item(node_get(root, "violations"), 0);
    expect_field(violation, "policy", "labels");
    expect_field(violation, "severity", "high");
    expect_field(violation, "mode", "deny");
    expect_field(violation, "path", "metadata.labels.tier");
    expect_field(violation, "message", "tier forbidden is not allowed");
    expect_field(node_item(node_get(root, "policies"), 0), "outcome", "violated");
    const struct node *object = node_get(node_get(root, "input"), "object");
    expect_field(node_get(node_get(object, "metadata"), "labels"), "tier", "forbidden");
    assert_null(node_get(node_get(root, "input"), "oldObject"));
    assert_int_equal(node_get(root, "masked")->length, 0);
}

static void test_patch(void **state) {
    struct scene *scene = *state;
    CLEANUP(document_free)
    struct document *document = record(scene, gate_review("CREATE", NULL, false), true);
    const struct node *root = document_root(document);
    expect_field(root, "webhook", "mutate");
    assert_null(node_get(root, "trace_id"));
    const struct node *operation = node_item(node_get(root, "patch"), 0);
    expect_field(operation, "op", "add");
    expect_field(operation, "path", "/metadata/labels/gate~1owner");
    expect_field(operation, "value", "nobody");
}

// Nothing of a masked value is left, wherever a policy repeated it.
static void test_masked(void **state) {
    struct scene *scene = *state;
    static const char *const pointer = "/metadata/labels/tier";
    struct error error = {0};
    assert_true(decision_mask_new(&pointer, 1, &scene->mask, &error));
    static const char *const tiers[] = {"forbidden", "warned"};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(document_free)
        struct document *document = record(scene, gate_review("UPDATE", tiers[i], false), false);
        const struct node *root = document_root(document);
        const struct node *violation = node_item(node_get(root, "violations"), 0);
        expect_field(violation, "path", "metadata.labels.tier");
        expect_field(violation, "message", "***");
        const struct node *object = node_get(node_get(root, "input"), "object");
        expect_field(node_get(node_get(object, "metadata"), "labels"), "tier", "***");
        expect_text("masked", node_string(node_item(node_get(root, "masked"), 0)),
                    "/object/metadata/labels/tier");
        NODE_EACH(warning, node_get(root, "warnings")) {
            expect_text("warning", node_string(warning), "***");
        }
        decision_clear(&scene->decision);
        scene->decision = (struct decision){0};
        admission_review_clear(&scene->admission);
    }
}

static void test_large_input(void **state) {
    struct scene *scene = *state;
    enum { LENGTH = LARGEST_DECISION_INPUT };
    CLEANUP(free) char *small = gate_review("CREATE", NULL, false);
    char *body = memory_calloc(1, strlen(small) + LENGTH + 1);
    char *at = strstr(small, "\"a\"") + 1; // the value of the label app
    memcpy(body, small, (size_t)(at - small));
    memset(body + (at - small), 'x', LENGTH);
    strcpy(body + (at - small) + LENGTH, at);
    CLEANUP(document_free) struct document *document = record(scene, body, false);
    const struct node *root = document_root(document);
    assert_null(node_get(root, "input"));
    expect_field(root, "input_dropped", "larger than 256 KiB");
    expect_field(root, "name", "sample");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_denial, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_patch, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_masked, make_scene, clear_scene),
        cmocka_unit_test_setup_teardown(test_large_input, make_scene, clear_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
