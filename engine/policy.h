// What a policy file says about itself: names, match, parameters. Plain data, shared by all Lua states of a
// set.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "engine/configuration.h"
#include "engine/decision.h"
#include "engine/params.h"

#include <lua.h>

enum { OPERATIONS_ALL = 1 << OPERATION_CREATE | 1 << OPERATION_UPDATE | 1 << OPERATION_DELETE };

struct text_list {
    const char *const *items;
    size_t count;
};

// All that is there must hold; an empty list holds always.
struct object_matcher {
    const char *group, *kind; // globs; NULL: any
    const char *subresource;  // "" the object itself, "*" any
    unsigned operations;      // bits 1 << enum operation
    struct text_list namespaces, users, groups;
    struct text_list label_names, label_values; // globs, pairwise
};

struct policy {
    const char *file;
    const char *name, *title, *description, *category, *docs; // description and docs may be NULL
    enum severity severity;
    enum policy_mode mode; // default
    bool match_clusters;
    unsigned cluster_operations;
    const struct object_matcher *objects;
    size_t object_count;
    struct param_schema *params;
    bool validates, mutates;
    bool keeps;                             // says what the inventory has to count besides clusters
    const struct policy_settings *settings; // borrowed from the configuration; NULL: none
    struct document *data;                  // what the texts point into
};

// Reads the table at index that a policy file returned. Lists lie in arena; the caller clears the policy.
// Fails with INVALID and "file: path: what".
MUST_CHECK bool policy_read(lua_State *state, int index, const char *file, struct arena *arena,
                            struct policy *ret_policy, struct error *error);

void policy_clear(struct policy *policy);

// Does this policy look at such a change? tells_of_clusters: cluster_view_knows the changed kind.
// MATCH_BY_USER: it is among the users or groups that the policy names. MATCH_BUT_USER: all matches but them.
enum policy_match { MATCH_NOT, MATCH_BUT_USER, MATCH_BY_USER, MATCH_ANY_USER };
enum policy_match policy_match(const struct policy *policy, const struct review *review,
                               bool tells_of_clusters);
