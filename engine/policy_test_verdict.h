// What the engine made of one case of a policy's tests.
#pragma once

#include "base/buffer.h"
#include "engine/engine.h"
#include "engine/policy_test_case.h"

struct policy_test_verdict {
    bool matched;
    bool repeats; // a second mutate has something left to do
    struct decision mutation, decision;
    struct document *patched;
};

// Mutates, then evaluates, as the API server calls webhooks; review's object becomes the patched one.
MUST_CHECK bool policy_test_judge(struct policy_set *set, struct review *review,
                                  struct policy_test_verdict *verdict, struct error *error);
void policy_test_verdict_clear(struct policy_test_verdict *verdict);

enum expectation policy_test_outcome(const struct policy_test_verdict *verdict);
const char *expectation_name(enum expectation expectation);
// Everything that was said, one indented line each.
void policy_test_describe(const struct policy_test_verdict *verdict, struct buffer *ret_text);
// Was something said at that path, with that part in its message? Either may be NULL.
bool policy_test_said(const struct policy_test_verdict *verdict, const char *at, const char *message);
// NULL, or what is wrong with the patch: every field that the case lists has its value, and no other is
// touched.
const char *policy_test_patch_problem(const struct policy_test_case *test,
                                      const struct policy_test_verdict *verdict);
