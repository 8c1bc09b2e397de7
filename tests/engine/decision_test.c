#include "engine/decision.h"
#include "tests/support/expect.h"

static const struct object_key cluster = {"cluster.x-k8s.io", "Cluster", "prod", "eu-7"};
static const struct object_key other = {"cluster.x-k8s.io", "Cluster", "prod", "eu-8"};

static void test_names(void **unused) {
    (void)unused;
    expect_text("severity", severity_name(SEVERITY_CRITICAL), "critical");
    expect_text("mode", policy_mode_name(MODE_AUDIT), "audit");
    expect_text("fault", policy_fault_name(FAULT_DEADLINE), "deadline");
    expect_text("no such fault", policy_fault_name(FAULT_COUNT), "unknown");
    expect_text("outcome", policy_outcome_name(OUTCOME_FAULT), "fault");
}

static void test_denying(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        struct violation violation;
        bool denies;
    } cases[] = {
        {"deny", {.mode = MODE_DENY}, true},
        {"warn", {.mode = MODE_WARN}, false},
        {"audit", {.mode = MODE_AUDIT}, false},
        {"excused", {.mode = MODE_DENY, .exception = "x"}, false},
        {"there before", {.mode = MODE_DENY, .existed = true}, false},
        {"critical in warn mode", {.mode = MODE_WARN, .severity = SEVERITY_CRITICAL}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct violation violation = cases[i].violation;
        violation.policy = "p";
        violation.message = "m";
        expect_true(cases[i].name, violation_denies(&violation) == cases[i].denies, "denies or not");
        struct decision decision = {.violations = &violation, .violation_count = 1};
        decision_finish(&decision);
        expect_true(cases[i].name, decision.allowed == !cases[i].denies, "allowed or not");
    }
}

static void test_faults(void **unused) {
    (void)unused;
    static const struct {
        const char *name;
        struct policy_result result;
        bool denies;
    } cases[] = {
        {"fault", {.outcome = OUTCOME_FAULT, .fault_denies = true, .mode = MODE_DENY}, true},
        {"fault that fails open",
         {.outcome = OUTCOME_FAULT, .fault_denies = false, .mode = MODE_DENY},
         false},
        {"fault of a policy that only warns",
         {.outcome = OUTCOME_FAULT, .fault_denies = true, .mode = MODE_WARN},
         false},
        {"violated", {.outcome = OUTCOME_VIOLATED, .fault_denies = true, .mode = MODE_DENY}, false},
        {"unknown", {.outcome = OUTCOME_UNKNOWN, .fault_denies = true, .mode = MODE_DENY}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct policy_result result = cases[i].result;
        struct decision decision = {.results = &result, .result_count = 1};
        decision_finish(&decision);
        expect_true(cases[i].name, policy_result_denies(&result) == cases[i].denies, "denies or not");
        expect_true(cases[i].name, decision.allowed == !cases[i].denies, "allowed or not");
    }
}

static void test_order(void **unused) {
    (void)unused;
    // The message says where each belongs.
    struct violation violations[] = {
        {.policy = "a", .mode = MODE_AUDIT, .severity = SEVERITY_CRITICAL, .message = "9"},
        {.policy = "b", .mode = MODE_DENY, .severity = SEVERITY_LOW, .message = "5"},
        {.policy = "a", .mode = MODE_WARN, .severity = SEVERITY_HIGH, .message = "8"},
        {.policy = "b",
         .mode = MODE_DENY,
         .severity = SEVERITY_HIGH,
         .origin = {other, "a", NULL},
         .message = "4"},
        {.policy = "b",
         .mode = MODE_DENY,
         .severity = SEVERITY_HIGH,
         .origin = {cluster, "b", NULL},
         .message = "3"},
        {.policy = "b",
         .mode = MODE_DENY,
         .severity = SEVERITY_HIGH,
         .origin = {cluster, "a", NULL},
         .message = "2"},
        {.policy = "a", .mode = MODE_DENY, .severity = SEVERITY_CRITICAL, .exception = "x", .message = "6"},
        {.policy = "a",
         .mode = MODE_DENY,
         .severity = SEVERITY_HIGH,
         .origin = {other, "z", NULL},
         .message = "1"},
        {.policy = "b", .mode = MODE_DENY, .severity = SEVERITY_CRITICAL, .existed = true, .message = "7"},
    };
    size_t count = sizeof(violations) / sizeof(violations[0]);
    for (size_t rotation = 0; rotation < count; rotation++) {
        struct decision decision = {.violations = violations, .violation_count = count};
        decision_finish(&decision);
        expect_integer("none is a duplicate", (int64_t)decision.violation_count, (int64_t)count);
        for (size_t i = 0; i < count; i++) {
            expect_text("order", violations[i].message, (char[]){(char)('1' + i), '\0'});
        }
        struct violation first = violations[0];
        memmove(violations, violations + 1, (count - 1) * sizeof(first));
        violations[count - 1] = first;
        struct violation swapped = violations[rotation];
        violations[rotation] = violations[0];
        violations[0] = swapped;
    }
}

static void test_duplicates(void **unused) {
    (void)unused;
    struct violation violations[] = {
        {.policy = "a",
         .mode = MODE_WARN,
         .origin = {cluster, "spec.region", NULL},
         .message = "m",
         .detail = "d"},
        {.policy = "a",
         .mode = MODE_DENY,
         .origin = {cluster, "spec.region", NULL},
         .message = "m",
         .detail = "d"},
        {.policy = "a",
         .mode = MODE_DENY,
         .existed = true,
         .origin = {cluster, "spec.region", NULL},
         .message = "m",
         .detail = "d"},
        {.policy = "a", .mode = MODE_DENY, .origin = {cluster, "spec.region", NULL}, .message = "m"},
        {.policy = "a",
         .mode = MODE_DENY,
         .origin = {other, "spec.region", NULL},
         .message = "m",
         .detail = "d"},
        {.policy = "a",
         .mode = MODE_DENY,
         .origin = {cluster, "spec.zone", NULL},
         .message = "m",
         .detail = "d"},
        {.policy = "b",
         .mode = MODE_DENY,
         .origin = {cluster, "spec.region", NULL},
         .message = "m",
         .detail = "d"},
        {.policy = "a", .mode = MODE_DENY, .origin = {{NULL, NULL, NULL, NULL}, NULL, NULL}, .message = "m"},
        {.policy = "a", .mode = MODE_DENY, .message = "m"},
    };
    struct unknown_value unknowns[] = {
        {.policy = "b", .origin = {cluster, "spec.region", NULL}, .why = "w"},
        {.policy = "a", .origin = {cluster, "spec.region", NULL}, .why = "w"},
        {.policy = "b", .origin = {cluster, "spec.region", NULL}, .why = "w"},
    };
    struct decision decision = {.violations = violations,
                                .violation_count = sizeof(violations) / sizeof(violations[0]),
                                .unknowns = unknowns,
                                .unknown_count = sizeof(unknowns) / sizeof(unknowns[0])};
    decision_finish(&decision);
    expect_integer("violations", (int64_t)decision.violation_count, 6);
    for (size_t i = 0; i < decision.violation_count; i++) {
        expect_true("the worst of equal ones stays", violation_denies(&violations[i]), "denies");
    }
    expect_integer("unknowns", (int64_t)decision.unknown_count, 2);
    expect_text("unknowns are sorted", unknowns[0].policy, "a");
    expect_true("unknown values don't deny", !decision.allowed, "denied by the violations");
}

static void test_empty(void **unused) {
    (void)unused;
    struct decision decision = {0};
    decision_finish(&decision);
    expect_true("nothing said", decision.allowed, "allowed");
    decision_clear(&decision);
    decision.arena = arena_new();
    decision.unknown_count = 5;
    decision_clear(&decision);
    expect_true("cleared", !decision.arena && decision.unknown_count == 0, "zeroed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_denying),    cmocka_unit_test(test_faults),
        cmocka_unit_test(test_order), cmocka_unit_test(test_duplicates), cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
