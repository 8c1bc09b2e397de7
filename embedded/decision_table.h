// What was decided about objects, for people who ask later: the newest 10,000, beside the objects.
#pragma once

#include "embedded/object_database.h"

enum { DECISION_TABLE_ROWS = 10000 };

// No text is NULL. Longer texts than 4 KB are cut.
struct decision_row {
    int64_t time_ms;       // since 1970
    const char *door;      // "apply", "reconcile", ...
    const char *operation; // "CREATE", "UPDATE", "DELETE"
    struct object_key key;
    const char *user;
    bool allowed;
    const char *decision; // its name, by which logs and answers speak of it
    const char *policies; // digest of those that decided
    const char *text;     // what the writer was told
};
// Fails with IO; INVALID when opened for reading only.
MUST_CHECK bool decision_table_append(struct object_database *database, const struct decision_row *row,
                                      struct error *error);

struct decision_filter {
    bool denied_only;
    const char *kind; // NULL: any; so for the others
    const char *namespace;
    const char *name;
    size_t most; // 0: all
};
// Newest first; row is valid during the call. false from each ends it (not a failure). Fails with IO.
MUST_CHECK bool decision_table_list(struct object_database *database, const struct decision_filter *filter,
                                    bool (*each)(void *cookie, const struct decision_row *row), void *cookie,
                                    struct error *error);
