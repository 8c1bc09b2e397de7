// A folder whose files all change at one instant: links into a folder of one generation, as in a ConfigMap
// volume.
#pragma once

#include "base/error.h"

#include <stddef.h>
#include <sys/types.h>

struct generation_file {
    const char *name;
    const char *text;
    mode_t mode; // holds whatever the umask says
};

// Writes all files to disk as a new generation, then shows it with one rename, then removes older ones.
// directory must exist. Files there that were no links yet become links, one after the other. Fails with IO,
// or CONFLICT when somebody else writes there at this moment.
MUST_CHECK bool generation_write(const char *directory, const struct generation_file *files, size_t count,
                                 struct error *error);
