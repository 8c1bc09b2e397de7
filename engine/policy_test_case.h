// One case of a policy's tests as data.
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "engine/setting_reader.h"

enum expectation { EXPECT_ALLOW, EXPECT_DENY, EXPECT_WARN, EXPECT_UNKNOWN, EXPECT_ERROR };

// All nodes are borrowed from the test file's document; NULL where the case says nothing.
struct policy_test_case {
    const char *name;
    const struct node *params, *object, *old_object, *parent, *unseen_parent, *options, *patch;
    const struct node *objects, *objects_before, *objects_after; // lists
    const char *operation;                                       // NULL: by which objects there are
    const char *subresource, *user;
    const char *const *groups;
    size_t group_count;
    const char *door;
    bool dry_run;
    bool matches; // false: the policy must not even look
    enum expectation expect;
    const char *at, *message;
    int64_t count; // -1: any
};

// Reads the case at node strictly. Fails with INVALID and the path of what is wrong.
MUST_CHECK bool policy_test_case_read(struct setting_reader *reader, const struct node *node,
                                      struct policy_test_case *ret_case);
