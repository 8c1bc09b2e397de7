#include "engine/policy_test_verdict.h"

#include "base/field_path.h"

#include <string.h>

void policy_test_verdict_clear(struct policy_test_verdict *verdict) {
    // What is said may point into the object that was judged: the document goes last.
    decision_clear(&verdict->mutation);
    decision_clear(&verdict->decision);
    document_free(verdict->patched);
}

bool policy_test_judge(struct policy_set *set, struct review *review, struct policy_test_verdict *verdict,
                       struct error *error) {
    engine_mutate(set, review, &verdict->mutation);
    if (verdict->mutation.patch_count > 0) {
        if (!engine_apply_patch(NULL, review->change.object, &verdict->mutation, &verdict->patched, error)) {
            return false;
        }
        review->change.object = document_root(verdict->patched);
        CLEANUP(decision_clear) struct decision again = {0};
        engine_mutate(set, review, &again);
        verdict->repeats = again.patch_count > 0;
    }
    engine_evaluate(set, review, &verdict->decision);
    verdict->matched = verdict->mutation.result_count + verdict->decision.result_count > 0;
    return true;
}

enum expectation policy_test_outcome(const struct policy_test_verdict *verdict) {
    const struct decision *decisions[] = {&verdict->mutation, &verdict->decision};
    enum expectation outcome = EXPECT_ALLOW;
    for (size_t d = 0; d < 2; d++) {
        for (size_t i = 0; i < decisions[d]->result_count; i++) {
            if (decisions[d]->results[i].outcome == OUTCOME_FAULT) {
                return EXPECT_ERROR;
            }
        }
    }
    for (size_t i = 0; i < verdict->decision.violation_count; i++) {
        const struct violation *violation = &verdict->decision.violations[i];
        if (violation_denies(violation)) {
            return EXPECT_DENY;
        }
        outcome = violation->mode == MODE_WARN ? EXPECT_WARN : outcome;
    }
    return outcome == EXPECT_ALLOW && verdict->decision.unknown_count > 0 ? EXPECT_UNKNOWN : outcome;
}

void policy_test_describe(const struct policy_test_verdict *verdict, struct buffer *ret_text) {
    for (size_t i = 0; i < verdict->decision.violation_count; i++) {
        const struct violation *violation = &verdict->decision.violations[i];
        buffer_printf(ret_text, "\n    %s%s: %s", violation->existed ? "(was there before) " : "",
                      violation->origin.path, violation->message);
    }
    for (size_t i = 0; i < verdict->decision.unknown_count; i++) {
        const struct unknown_value *unknown = &verdict->decision.unknowns[i];
        buffer_printf(ret_text, "\n    unknown %s: %s", unknown->origin.path, unknown->why);
    }
    const struct decision *decisions[] = {&verdict->mutation, &verdict->decision};
    for (size_t d = 0; d < 2; d++) {
        for (size_t i = 0; i < decisions[d]->result_count; i++) {
            const struct policy_result *result = &decisions[d]->results[i];
            if (result->fault != FAULT_NONE) {
                buffer_printf(ret_text, "\n    %s: %s", policy_fault_name(result->fault),
                              result->fault_message ? result->fault_message : "");
            }
        }
    }
    for (size_t i = 0; i < verdict->mutation.patch_count; i++) {
        const struct patch_operation *operation = &verdict->mutation.patch[i];
        buffer_printf(ret_text, "\n    %s %s %s", operation->replace ? "replace" : "add", operation->path,
                      operation->value);
    }
}

bool policy_test_said(const struct policy_test_verdict *verdict, const char *at, const char *message) {
    for (size_t i = 0; i < verdict->decision.violation_count; i++) {
        const struct violation *violation = &verdict->decision.violations[i];
        if ((!at || strcmp(violation->origin.path, at) == 0) &&
            (!message || strstr(violation->message, message))) {
            return true;
        }
    }
    for (size_t i = 0; at && !message && i < verdict->decision.unknown_count; i++) {
        if (strcmp(verdict->decision.unknowns[i].origin.path, at) == 0) {
            return true;
        }
    }
    return false;
}

const char *policy_test_patch_problem(const struct policy_test_case *test,
                                      const struct policy_test_verdict *verdict) {
    static const char *const problems[] = {"a patched field has another value",
                                           "the patch touches a field that is not listed"};
    const struct node *after = verdict->patched ? document_root(verdict->patched) : test->object;
    NODE_EACH(field, test->patch) {
        const struct node *found = NULL;
        if (!field_path_find(after, field->key, &found, NULL) || !node_equal(found, field)) {
            return problems[0];
        }
    }
    for (size_t i = 0; i < verdict->mutation.patch_count; i++) {
        const struct patch_operation *operation = &verdict->mutation.patch[i];
        bool listed = strcmp(operation->value, "{}") == 0; // a parent on the way
        NODE_EACH(field, test->patch) {
            CLEANUP(buffer_clear) struct buffer pointer;
            buffer_init(&pointer, 1024);
            listed = listed || (field_path_to_pointer(field->key, &pointer, NULL) &&
                                strcmp(buffer_text(&pointer), operation->path) == 0);
        }
        if (!listed) {
            return problems[1];
        }
    }
    return NULL;
}

const char *expectation_name(enum expectation expectation) {
    static const char *const names[] = {"allow", "deny", "warn", "unknown", "error"};
    return names[expectation];
}
