// What happened to objects, told beside them as Kubernetes Events are: about the newest 5,000. What happens
// again is counted.
#pragma once

#include "embedded/object_database.h"

enum { EVENT_TABLE_ROWS = 5000 };

struct event_row {
    struct object_key key;
    bool warning;
    const char *reason;
    const char *message; // at most 1 KB
    int64_t count;
    int64_t first_ms, last_ms; // since 1970
};

// At the database's time. Fails with IO; INVALID when opened for reading only.
MUST_CHECK bool event_table_add(struct object_database *database, const struct object_key *key, bool warning,
                                const char *reason, const char *message, struct error *error);

struct event_filter {
    const char *kind; // NULL: any; so for the others
    const char *namespace;
    const char *name;
    size_t most; // 0: all
};
// Those that happened last first; row is valid during the call. false from each ends it (not a failure).
// Fails with IO.
MUST_CHECK bool event_table_list(struct object_database *database, const struct event_filter *filter,
                                 bool (*each)(void *cookie, const struct event_row *row), void *cookie,
                                 struct error *error);
