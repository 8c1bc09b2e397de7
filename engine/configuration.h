// One YAML document per environment: which policies are on, how, where, and who is excused until when. Its
// section "reconcile" is only known to be a map here.
#pragma once

#include "base/document.h"
#include "base/error.h"
#include "engine/decision.h"
#include "engine/review.h"

// Where a setting or an exception holds. An empty list is everywhere.
struct scope {
    const char *const *namespaces; // globs
    size_t namespace_count;
    const char *const *excluded_namespaces;
    size_t excluded_namespace_count;
    const struct node *labels; // map of label → glob, all must match; NULL: any. Labels of the reviewed
                               // object, or of its Cluster
};

struct policy_setting {
    struct scope scope;
    enum policy_mode modes[DOOR_COUNT];
    bool has_mode;             // false: the policy's own default mode holds at every door
    bool on_error_denies;      // default true
    bool existing_denies;      // default false: what was broken before and did not get worse passes
    const struct node *params; // map or NULL
    unsigned line;             // of the setting, for errors
};

// The settings of one policy in the order written; the first whose scope matches holds.
struct policy_settings {
    const char *policy;
    const struct policy_setting *settings;
    size_t count;
    unsigned line, column;
};

struct exception {
    const char *name;
    const char *policy;                    // exact
    const char *kind, *namespace, *object; // globs; kind and namespace may be NULL: any
    const char *owner, *reason;
    int64_t expires; // seconds since 1970: the end of that day in UTC, or the instant given
    unsigned line;
};

struct configuration;

// Unknown keys, wrong types, missing owner, reason or expires, and duplicate exception names fail with
// INVALID and "FILE:line:column: path: what". The configuration keeps references into document, which must
// outlive it.
MUST_CHECK bool configuration_read(const struct document *document, const char *file,
                                   struct configuration **ret_configuration, struct error *error);
void configuration_free(struct configuration *configuration);
DEFINE_CLEANUP(configuration_free, struct configuration *)

size_t configuration_policy_count(const struct configuration *configuration);
const struct policy_settings *configuration_policy(const struct configuration *configuration, size_t index);
const struct policy_settings *configuration_find(const struct configuration *configuration,
                                                 const char *policy);
size_t configuration_exception_count(const struct configuration *configuration);
const struct exception *configuration_exception(const struct configuration *configuration, size_t index);
// metadata.revision, or else metadata.name; "" where it has neither.
const char *configuration_revision(const struct configuration *configuration);

bool scope_matches(const struct scope *scope, const char *namespace, const struct node *object_labels,
                   const struct node *cluster_labels);
// Does it excuse this violation of that object at that time?
bool exception_covers(const struct exception *exception, const struct violation *violation,
                      const struct object_key *reviewed, int64_t now);
