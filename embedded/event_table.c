#include "embedded/event_table.h"

#include "base/sha256.h"
#include "embedded/object_database_internal.h"

#include <string.h>

// TRIM_EVERY: what is too old goes a few dozen at a time; finding its end costs 100 microseconds.
enum { LONGEST_REASON = 128, LONGEST_MESSAGE = 1024, TRIM_EVERY = 64 };

static void add_text(struct sha256 *hash, const char *text) {
    sha256_add(hash, text, strlen(text) + 1);
}

// Tells what happens again from what is new, with a short index.
static int64_t digest_of(const struct event_row *row) {
    struct sha256 hash;
    unsigned char bytes[SHA256_BYTES];
    sha256_begin(&hash);
    add_text(&hash, row->key.kind);
    add_text(&hash, row->key.group);
    add_text(&hash, row->key.namespace);
    add_text(&hash, row->key.name);
    add_text(&hash, row->warning ? "warning" : "normal");
    add_text(&hash, row->reason);
    add_text(&hash, row->message);
    sha256_end(&hash, bytes);
    int64_t digest;
    memcpy(&digest, bytes, sizeof(digest));
    return digest;
}

// *ret_id stays 0 when it is the first of its kind.
static bool find(struct object_database *database, struct event_row *row, int64_t *ret_id,
                 struct error *error) {
    CLEANUP(statement_end)
    struct statement statement = statement_use(&database->statements, STATEMENT_EVENT_FIND);
    statement_bind_integer(&statement, digest_of(row));
    bool found = false;
    if (!statement_step(&statement, &found, error)) {
        return false;
    }
    if (found) {
        *ret_id = statement_integer(&statement, 0);
        row->count = statement_integer(&statement, 1) + 1;
        row->first_ms = statement_integer(&statement, 2);
    }
    return true;
}

static bool run_with(struct object_database *database, enum statement_name name, int64_t number,
                     struct error *error) {
    CLEANUP(statement_end) struct statement statement = statement_use(&database->statements, name);
    statement_bind_integer(&statement, number);
    return statement_run(&statement, error);
}

static bool add(struct object_database *database, const struct event_row *row, struct error *error) {
    CLEANUP(statement_end)
    struct statement statement = statement_use(&database->statements, STATEMENT_EVENT_ADD);
    statement_bind_integer(&statement, digest_of(row));
    statement_bind_key(&statement, &row->key);
    statement_bind_cut(&statement, row->reason, LONGEST_REASON);
    statement_bind_cut(&statement, row->message, LONGEST_MESSAGE);
    statement_bind_integer(&statement, row->warning);
    statement_bind_integer(&statement, row->count);
    statement_bind_integer(&statement, row->first_ms);
    statement_bind_integer(&statement, row->last_ms);
    return statement_run(&statement, error);
}

// One that happens again is written anew, so that ids are in the order of the last times. The new row comes
// before the old one goes: an id that was the highest must not be given out twice.
static bool put(struct object_database *database, struct event_row *row, struct error *error) {
    int64_t old = 0;
    if (!find(database, row, &old, error) || !add(database, row, error)) {
        return false;
    }
    int64_t id = sqlite3_last_insert_rowid(database->file.sqlite);
    return (!old || run_with(database, STATEMENT_EVENT_DELETE, old, error)) &&
           (id % TRIM_EVERY != 0 || run_with(database, STATEMENT_EVENT_TRIM, EVENT_TABLE_ROWS, error));
}

bool event_table_add(struct object_database *database, const struct object_key *key, bool warning,
                     const char *reason, const char *message, struct error *error) {
    int64_t now = object_database_now_ms(database);
    struct event_row row = {.key = *key,
                            .warning = warning,
                            .reason = reason,
                            .message = message,
                            .count = 1,
                            .first_ms = now,
                            .last_ms = now};
    struct object_result result = {0};
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done = put(database, &row, error);
    return object_database_leave(database, done, &result, NULL, error);
}

static const char list_text[] =
    "SELECT kind, api_group, namespace, name, warning, reason, message, count, first_ms, last_ms FROM events"
    " WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR namespace = ?2) AND (?3 IS NULL OR name = ?3)"
    " ORDER BY id DESC LIMIT ?4";

static struct event_row row_of(const struct statement *list) {
    return (struct event_row){.key = statement_key(list, 0),
                              .warning = statement_integer(list, 4) != 0,
                              .reason = statement_text(list, 5),
                              .message = statement_text(list, 6),
                              .count = statement_integer(list, 7),
                              .first_ms = statement_integer(list, 8),
                              .last_ms = statement_integer(list, 9)};
}

bool event_table_list(struct object_database *database, const struct event_filter *filter,
                      bool (*each)(void *cookie, const struct event_row *row), void *cookie,
                      struct error *error) {
    CLEANUP(statement_end) struct statement list = statement_make(&database->statements, list_text);
    statement_bind_text(&list, filter->kind);
    statement_bind_text(&list, filter->namespace);
    statement_bind_text(&list, filter->name);
    statement_bind_integer(&list, filter->most > 0 ? (int64_t)filter->most : -1);
    bool more = true;
    while (more) {
        if (!statement_step(&list, &more, error)) {
            return false;
        }
        if (more) {
            const struct event_row row = row_of(&list);
            more = each(cookie, &row);
        }
    }
    return true;
}
