// All policies with their configuration, loaded once and never changed: a reload makes a new one and swaps a
// pointer.
#pragma once

#include "base/document.h"
#include "base/error.h"

#include <stddef.h>

struct line_coverage;
struct policy_set;

// The text of one policy file. name is what errors show ("policies/region-limits.lua"). All borrowed during
// the load.
struct policy_source {
    const char *name;
    const char *text;
    size_t length;
    bool is_library; // no policy: for others to require as "lib/NAME", and named so ("policies/lib/NAME.lua")
};

struct policy_set_options {
    const struct policy_source *sources; // policies and libraries
    size_t source_count;
    struct document
        *configuration; // may be NULL: shipped defaults. Taken over by the set, also when loading fails
    const char *configuration_file; // for errors; may be NULL
    unsigned evaluators;            // how many threads will evaluate at once: their Lua states are made now
    uint64_t policy_budget_ns;      // most CPU time of one policy in one review; 0: 50 ms
    size_t heap_bytes;              // most heap that one review may add; 0: 16 MiB
    struct line_coverage *coverage; // records which lines ran (fleetgate test; one thread, slow); may be NULL
};

// Fails with INVALID and "file:line: path: what"; then nothing was made. *ret_set holds one reference.
MUST_CHECK bool policy_set_load(const struct policy_set_options *options, struct policy_set **ret_set,
                                struct error *error);
// Thread-safe.
struct policy_set *policy_set_ref(struct policy_set *set);
void policy_set_unref(struct policy_set *set);
DEFINE_CLEANUP(policy_set_unref, struct policy_set *)

struct policy;
size_t policy_set_count(const struct policy_set *set);
// Borrowed from the set; sorted by name. NULL when there is none of that name.
const struct policy *policy_set_policy(const struct policy_set *set, size_t index);
const struct policy *policy_set_find(const struct policy_set *set, const char *name);

// What is in force: "sha256:…" over the sources and the configuration. It is that of a list which sha256sum
// makes: "HEX  NAME.lua" and "HEX  lib/NAME.lua" by name without folders, then "HEX  configuration" where
// there is one, of its canonical JSON (RFC 8785). Borrowed from the set.
const char *policy_set_digest(const struct policy_set *set);
// The whole configuration, for those who read another section of it, and its file for their errors. NULL:
// there is none. Both are borrowed from the set.
const struct document *policy_set_configuration(const struct policy_set *set, const char **ret_file);
// The configuration's metadata.revision or metadata.name, "" where it has none. Borrowed from the set.
const char *policy_set_revision(const struct policy_set *set);
