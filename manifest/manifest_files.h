// Finds and reads manifest files.
#pragma once

#include "base/error.h"

#include <stddef.h>

struct manifest_path {
    char *path;
    const char *problem; // static: why it is not read; NULL: it can be
};

struct manifest_paths {
    struct manifest_path *items;
    size_t count, capacity;
};
void manifest_paths_clear(struct manifest_paths *paths);

// All manifest files below a directory, sorted by path. Fails with IO when the directory can't be read, and
// with LIMIT for more than most files.
MUST_CHECK bool manifest_paths_find(const char *directory, size_t most, struct manifest_paths *paths,
                                    struct error *error);

// The whole text of an open file; caller owns (free). Fails with IO, or LIMIT for more than most bytes.
MUST_CHECK bool manifest_file_read(int descriptor, size_t most, char **ret_text, size_t *ret_length,
                                   struct error *error);
