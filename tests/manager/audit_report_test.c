#include "manager/audit_report.h"

#include "base/json_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

// What one policy says of one object in namespace.
static void add(struct audit_report *report, const char *namespace, const char *name, enum policy_mode mode,
                const char *exception) {
    struct violation violation = {
        .policy = "region-limits",
        .severity = SEVERITY_HIGH,
        .mode = mode,
        .origin = {.object = {"infrastructure.cluster.x-k8s.io", "AWSCluster", namespace, name},
                   .path = "spec.region"},
        .message = "region eu-north-1 is not allowed",
        .hint = "use another region",
        .exception = exception,
    };
    struct policy_result results[] = {{.policy = "region-limits", .outcome = OUTCOME_VIOLATED, .mode = mode},
                                      {.policy = "node-counts", .outcome = OUTCOME_PASS, .mode = MODE_DENY}};
    const struct decision decision = {
        .violations = &violation, .violation_count = 1, .results = results, .result_count = 2};
    const struct review review = {
        .change = {.key = {"infrastructure.cluster.x-k8s.io", "AWSCluster", namespace, name}}};
    audit_report_add(report, &(struct audit_finding){.review = &review,
                                                     .decision = &decision,
                                                     .api_version = "infrastructure.cluster.x-k8s.io/v1beta2",
                                                     .uid = "u-1"});
}

static struct document *read_report(struct audit_report *report, size_t index) {
    char *text = audit_report_text(report, index);
    struct document *document = NULL;
    struct error error;
    if (!text) {
        return NULL;
    }
    if (!json_read(text, strlen(text), &document_default_limits, &document, &error)) {
        fail_msg("%s", error.message);
    }
    return document;
}

static const char *text_at(const struct node *node, const char *key) {
    const char *text = node_string(node_get(node, key));
    return text ? text : "";
}

static int64_t count_at(const struct document *document, const char *key) {
    int64_t count = -1;
    assert_true(node_integer(node_get(node_get(document_root(document), "summary"), key), &count));
    return count;
}

static void tells_what_was_found(void **state) {
    (void)state;
    CLEANUP(audit_report_free) struct audit_report *report = audit_report_new(REPORT_OPENREPORTS, 1700000000);
    add(report, "prod", "eu-7", MODE_DENY, NULL);
    add(report, "prod", "eu-8", MODE_WARN, NULL);
    add(report, "prod", "eu-9", MODE_DENY, "until-spring");
    CLEANUP(document_free) struct document *document = read_report(report, 0);
    const struct node *root = document_root(document);
    assert_string_equal(text_at(root, "apiVersion"), "openreports.io/v1alpha1");
    assert_string_equal(text_at(root, "kind"), "Report");
    assert_string_equal(text_at(node_get(root, "metadata"), "namespace"), "prod");
    assert_int_equal(count_at(document, "fail"), 1);
    assert_int_equal(count_at(document, "warn"), 1);
    assert_int_equal(count_at(document, "skip"), 1);
    assert_int_equal(count_at(document, "pass"), 3);
    const struct node *result = node_item(node_get(root, "results"), 0);
    assert_string_equal(text_at(result, "policy"), "region-limits");
    assert_string_equal(text_at(result, "severity"), "high");
    assert_string_equal(text_at(result, "result"), "fail");
    assert_string_equal(text_at(result, "message"),
                        "[region-limits] AWSCluster prod/eu-7 spec.region: region eu-north-1 is not allowed");
    assert_string_equal(text_at(node_get(result, "properties"), "fieldPath"), "spec.region");
    const struct node *subject = node_item(node_get(result, "resources"), 0);
    assert_string_equal(text_at(subject, "kind"), "AWSCluster");
    assert_string_equal(text_at(subject, "name"), "eu-7");
    assert_null(audit_report_text(report, 1));
}

static void splits_large_ones_and_namespaces(void **state) {
    (void)state;
    CLEANUP(audit_report_free)
    struct audit_report *report = audit_report_new(REPORT_POLICYREPORT, 1700000000);
    char name[16];
    for (int i = 0; i < 450; i++) {
        snprintf(name, sizeof(name), "c-%d", i);
        add(report, i % 2 ? "a" : "b", name, MODE_DENY, NULL);
    }
    add(report, "", "global", MODE_DENY, NULL);
    static const struct {
        const char *kind, *namespace, *name;
        size_t results;
        int64_t fail;
    } wanted[] = {
        {"PolicyReport", "b", "fleetgate-audit", 200, 225},
        {"PolicyReport", "b", "fleetgate-audit-2", 25, 0},
        {"PolicyReport", "a", "fleetgate-audit", 200, 225},
        {"PolicyReport", "a", "fleetgate-audit-2", 25, 0},
        {"ClusterPolicyReport", "", "fleetgate-audit", 1, 1},
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        CLEANUP(document_free) struct document *document = read_report(report, i);
        assert_non_null(document);
        const struct node *root = document_root(document);
        assert_string_equal(text_at(root, "kind"), wanted[i].kind);
        assert_string_equal(text_at(root, "apiVersion"), "wgpolicyk8s.io/v1alpha2");
        assert_string_equal(text_at(node_get(root, "metadata"), "namespace"), wanted[i].namespace);
        assert_string_equal(text_at(node_get(root, "metadata"), "name"), wanted[i].name);
        assert_int_equal(node_get(root, "results")->length, wanted[i].results);
        assert_int_equal(count_at(document, "fail"), wanted[i].fail);
    }
    assert_null(read_report(report, sizeof(wanted) / sizeof(wanted[0])));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_was_found),
        cmocka_unit_test(splits_large_ones_and_namespaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
