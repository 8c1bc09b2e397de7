// Values for ${VAR} in manifests, from files as "docker --env-file" and Flux's substituteFrom have them.
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "manifest/substitution.h"

struct variables {
    struct arena *arena;
    const char **names, **values;
    size_t count, capacity;
};

void variables_init(struct variables *variables);
void variables_clear(struct variables *variables);
static inline void variables_clear_cleanup(struct variables *variables) {
    variables_clear(variables);
}

// Adds NAME=VALUE lines: "export " in front, comments, 'single' and "double" quotes (\n, \t, \", \\ and \$
// inside). A later value replaces an earlier one. Fails with NOT_FOUND, IO, LIMIT, or INVALID and "FILE:line:
// what".
MUST_CHECK bool variables_read_file(struct variables *variables, const char *path, struct error *error);
// NULL when it is not set.
const char *variables_get(const struct variables *variables, const char *name);
// Borrowed from variables.
struct substitution variables_substitution(struct variables *variables);
