// Finds policy files and the configuration, and makes a policy set of them.
#pragma once

#include "base/error.h"
#include "engine/policy_set.h"

struct policy_files {
    struct policy_source *sources; // policies and libraries; tests are left out
    size_t count;
    bool embedded; // the ones built into the program
};

// Reads DIR/*.lua and DIR/lib/*.lua, sorted; directory NULL: the policies built into the program. Caller
// clears. Fails with NOT_FOUND, IO or LIMIT (1,000 files, 1 MiB a file).
MUST_CHECK bool policy_files_read(const char *directory, struct policy_files *ret_files, struct error *error);
void policy_files_clear(struct policy_files *files);
static inline void policy_files_clear_cleanup(struct policy_files *files) {
    policy_files_clear(files);
}

// What the commands that evaluate have in common. configuration and policies may be NULL.
struct policy_set_request {
    const char *configuration; // a YAML file
    const char *policies;      // a directory
    unsigned evaluators;
};

// Reads and loads all of it. Fails like policy_set_load.
MUST_CHECK bool policy_files_load(const struct policy_set_request *request, struct policy_set **ret_set,
                                  struct error *error);
