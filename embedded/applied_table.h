// Which objects were applied from which file, so that a later look at the directory knows what it
// may remove, and which fields a file has let go.
#pragma once

#include "embedded/object_database.h"

struct applied_row {
    struct object_key key;
    const char *path;     // of the file, as the follower names it
    const char *digest;   // of what was applied
    const char *manifest; // what was applied, as JSON; NULL where rows are listed
};

// All fail with IO; put and remove with INVALID when opened for reading only.
MUST_CHECK bool applied_table_put(struct object_database *database, const struct applied_row *row,
                                  struct error *error);
// What is not there is no failure.
MUST_CHECK bool applied_table_remove(struct object_database *database, const struct object_key *key,
                                     struct error *error);
// *ret_manifest: caller owns (free); NULL where the object is not there.
MUST_CHECK bool applied_table_read(struct object_database *database, const struct object_key *key,
                                   char **ret_manifest, struct error *error);
// By kind, group, namespace and name; row is valid during the call, which changes nothing in the database.
// false from each ends it (not a failure).
MUST_CHECK bool applied_table_each(struct object_database *database,
                                   bool (*each)(void *cookie, const struct applied_row *row), void *cookie,
                                   struct error *error);
