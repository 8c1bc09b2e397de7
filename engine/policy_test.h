// Tests of policies: tables of objects beside the policy, with the verdict that they must get.
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "engine/policy_set.h"

struct policy_test_options {
    const struct policy_source *policy;
    const struct policy_source *test; // NULL: there is none, which is a failure
    const struct policy_source *libraries;
    size_t library_count;
};

// What became of the tests of one policy.
struct policy_test_report {
    char *policy; // its name
    size_t cases, failed, matched, denied, patched;
    size_t lines, lines_run; // of the functions in the policy's file
    // One line for each failed case and for each thing that no case shows: "a region …: expected deny, got
    // allow".
    struct buffer failures;
};

void policy_test_report_clear(struct policy_test_report *report);

// Runs all cases. Fails with INVALID when the policy or the test file can't be loaded, with file and line.
MUST_CHECK bool policy_test_run(const struct policy_test_options *options,
                                struct policy_test_report *ret_report, struct error *error);
