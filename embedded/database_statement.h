// Prepared statements that are kept, bound in order, and end with their scope.
#pragma once

#include "base/error.h"
#include "fleet/object_change.h"

#include <sqlite3.h>
#include <stdint.h>

enum statement_name {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_COUNTER_READ,
    STATEMENT_COUNTER_WRITE,
    STATEMENT_FIND,
    STATEMENT_READ,
    STATEMENT_INSERT,
    STATEMENT_UPDATE,
    STATEMENT_DELETE,
    STATEMENT_UID,
    STATEMENT_OWN,
    STATEMENT_DISOWN,
    STATEMENT_DECISION_ADD,
    STATEMENT_DECISION_TRIM,
    STATEMENT_EVENT_FIND,
    STATEMENT_EVENT_DELETE,
    STATEMENT_EVENT_ADD,
    STATEMENT_EVENT_TRIM,
    STATEMENT_APPLIED_PUT,
    STATEMENT_APPLIED_READ,
    STATEMENT_APPLIED_REMOVE,
    STATEMENT_COUNT
};

struct statement_set {
    sqlite3 *sqlite; // borrowed
    sqlite3_stmt *prepared[STATEMENT_COUNT];
};
void statement_set_clear(struct statement_set *set);

// One use of a statement; the texts that are bound live until its end.
struct statement {
    sqlite3 *sqlite;
    sqlite3_stmt *prepared;
    int bound;
    bool kept;
    int failed; // SQLite's code of what failed first
};
// A kept one; not inside its own use.
struct statement statement_use(struct statement_set *set, enum statement_name name);
// One for this use only, for reading through a table while callbacks do other things.
struct statement statement_make(struct statement_set *set, const char *sql);
void statement_end(struct statement *statement);
static inline void statement_end_cleanup(struct statement *statement) {
    statement_end(statement);
}

void statement_bind_text(struct statement *statement, const char *text); // NULL: NULL
void statement_bind_sized(struct statement *statement, const char *text, size_t length);
// At most that many bytes of it.
void statement_bind_cut(struct statement *statement, const char *text, size_t most);
// Kind, group, namespace, name.
void statement_bind_key(struct statement *statement, const struct object_key *key);
void statement_bind_integer(struct statement *statement, int64_t value);
// Fails with IO.
MUST_CHECK bool statement_step(struct statement *statement, bool *ret_row, struct error *error);
// For what has no rows.
MUST_CHECK bool statement_run(struct statement *statement, struct error *error);
// Never NULL; borrowed until the next step.
const char *statement_text(const struct statement *statement, int column);
// From four columns on, in the order of statement_bind_key.
struct object_key statement_key(const struct statement *statement, int column);
int64_t statement_integer(const struct statement *statement, int column);
