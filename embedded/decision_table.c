#include "embedded/decision_table.h"

#include "embedded/object_database_internal.h"

enum { LONGEST_TEXT = 4096 };

static bool add(struct object_database *database, const struct decision_row *row, struct error *error) {
    CLEANUP(statement_end)
    struct statement statement = statement_use(&database->statements, STATEMENT_DECISION_ADD);
    statement_bind_integer(&statement, row->time_ms);
    statement_bind_cut(&statement, row->door, LONGEST_TEXT);
    statement_bind_cut(&statement, row->operation, LONGEST_TEXT);
    statement_bind_key(&statement, &row->key);
    statement_bind_cut(&statement, row->user, LONGEST_TEXT);
    statement_bind_integer(&statement, row->allowed);
    statement_bind_cut(&statement, row->decision, LONGEST_TEXT);
    statement_bind_cut(&statement, row->policies, LONGEST_TEXT);
    statement_bind_cut(&statement, row->text, LONGEST_TEXT);
    return statement_run(&statement, error);
}

static bool trim(struct object_database *database, struct error *error) {
    CLEANUP(statement_end)
    struct statement statement = statement_use(&database->statements, STATEMENT_DECISION_TRIM);
    statement_bind_integer(&statement,
                           sqlite3_last_insert_rowid(database->file.sqlite) - DECISION_TABLE_ROWS);
    return statement_run(&statement, error);
}

bool decision_table_append(struct object_database *database, const struct decision_row *row,
                           struct error *error) {
    struct object_result result = {0};
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done = add(database, row, error) && trim(database, error);
    return object_database_leave(database, done, &result, NULL, error);
}

static const char list_text[] =
    "SELECT time_ms, door, operation, kind, api_group, namespace, name, user, allowed, decision,"
    " policies, text FROM decisions WHERE (?1 = 0 OR allowed = 0) AND (?2 IS NULL OR kind = ?2)"
    " AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4) ORDER BY id DESC LIMIT ?5";

static struct decision_row row_of(const struct statement *list) {
    return (struct decision_row){.time_ms = statement_integer(list, 0),
                                 .door = statement_text(list, 1),
                                 .operation = statement_text(list, 2),
                                 .key = statement_key(list, 3),
                                 .user = statement_text(list, 7),
                                 .allowed = statement_integer(list, 8) != 0,
                                 .decision = statement_text(list, 9),
                                 .policies = statement_text(list, 10),
                                 .text = statement_text(list, 11)};
}

bool decision_table_list(struct object_database *database, const struct decision_filter *filter,
                         bool (*each)(void *cookie, const struct decision_row *row), void *cookie,
                         struct error *error) {
    CLEANUP(statement_end) struct statement list = statement_make(&database->statements, list_text);
    statement_bind_integer(&list, filter->denied_only);
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
            const struct decision_row row = row_of(&list);
            more = each(cookie, &row);
        }
    }
    return true;
}
