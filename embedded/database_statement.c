#include "embedded/database_statement.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

static const char *const texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_COUNTER_READ] = "SELECT value FROM counters WHERE name = ?",
    [STATEMENT_COUNTER_WRITE] = "INSERT OR REPLACE INTO counters VALUES(?, ?)",
    [STATEMENT_FIND] = "SELECT id, body FROM objects"
                       " WHERE kind = ? AND api_group = ? AND namespace = ? AND name = ?",
    [STATEMENT_READ] = "SELECT kind, api_group, namespace, name, body FROM objects WHERE id = ?",
    [STATEMENT_INSERT] = "INSERT INTO objects(kind, api_group, namespace, name, uid, body)"
                         " VALUES(?, ?, ?, ?, ?, ?)",
    [STATEMENT_UPDATE] = "UPDATE objects SET body = ? WHERE id = ?",
    [STATEMENT_DELETE] = "DELETE FROM objects WHERE id = ?",
    [STATEMENT_UID] = "SELECT 1 FROM objects WHERE uid = ?",
    [STATEMENT_OWN] = "INSERT OR IGNORE INTO owners VALUES(?, ?)",
    [STATEMENT_DISOWN] = "DELETE FROM owners WHERE owner = ? AND object = ?",
    [STATEMENT_DECISION_ADD] =
        "INSERT INTO decisions(time_ms, door, operation, kind, api_group, namespace, name, user, allowed,"
        " decision, policies, text) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_DECISION_TRIM] = "DELETE FROM decisions WHERE id <= ?",
    [STATEMENT_EVENT_FIND] = "SELECT id, count, first_ms FROM events WHERE digest = ?",
    [STATEMENT_EVENT_DELETE] = "DELETE FROM events WHERE id = ?",
    [STATEMENT_EVENT_ADD] =
        "INSERT INTO events(digest, kind, api_group, namespace, name, reason, message, warning, count,"
        " first_ms, last_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_EVENT_TRIM] =
        "DELETE FROM events WHERE id <= (SELECT id FROM events ORDER BY id DESC LIMIT 1 OFFSET ?)",
    [STATEMENT_APPLIED_PUT] = "INSERT OR REPLACE INTO applied(kind, api_group, namespace, name, path, digest,"
                              " manifest) VALUES(?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_APPLIED_READ] =
        "SELECT manifest FROM applied WHERE kind = ? AND api_group = ? AND namespace = ? AND name = ?",
    [STATEMENT_APPLIED_REMOVE] =
        "DELETE FROM applied WHERE kind = ? AND api_group = ? AND namespace = ? AND name = ?",
};

void statement_set_clear(struct statement_set *set) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(set->prepared[i]);
        set->prepared[i] = NULL;
    }
}

struct statement statement_use(struct statement_set *set, enum statement_name name) {
    struct statement statement = {.sqlite = set->sqlite, .kept = true};
    if (!set->prepared[name]) {
        statement.failed = sqlite3_prepare_v3(set->sqlite, texts[name], -1, SQLITE_PREPARE_PERSISTENT,
                                              &set->prepared[name], NULL);
    }
    statement.prepared = set->prepared[name];
    assert(!statement.prepared || !sqlite3_stmt_busy(statement.prepared));
    return statement;
}

struct statement statement_make(struct statement_set *set, const char *sql) {
    struct statement statement = {.sqlite = set->sqlite};
    statement.failed = sqlite3_prepare_v2(set->sqlite, sql, -1, &statement.prepared, NULL);
    return statement;
}

// Bindings are let go too: their texts die with the scope of the use.
void statement_end(struct statement *statement) {
    if (!statement->kept) {
        sqlite3_finalize(statement->prepared);
    } else if (statement->prepared) {
        sqlite3_reset(statement->prepared);
        sqlite3_clear_bindings(statement->prepared);
    }
    statement->prepared = NULL;
}

static void note(struct statement *statement, int code) {
    if (statement->failed == SQLITE_OK) {
        statement->failed = code;
    }
}

void statement_bind_text(struct statement *statement, const char *text) {
    if (statement->prepared) {
        note(statement, sqlite3_bind_text(statement->prepared, ++statement->bound, text, -1, SQLITE_STATIC));
    }
}

void statement_bind_sized(struct statement *statement, const char *text, size_t length) {
    if (statement->prepared) {
        note(statement, sqlite3_bind_text64(statement->prepared, ++statement->bound, text, length,
                                            SQLITE_STATIC, SQLITE_UTF8));
    }
}

void statement_bind_cut(struct statement *statement, const char *text, size_t most) {
    statement_bind_sized(statement, text, utf8_cut(text, strlen(text), most));
}

void statement_bind_key(struct statement *statement, const struct object_key *key) {
    statement_bind_text(statement, key->kind);
    statement_bind_text(statement, key->group);
    statement_bind_text(statement, key->namespace);
    statement_bind_text(statement, key->name);
}

void statement_bind_integer(struct statement *statement, int64_t value) {
    if (statement->prepared) {
        note(statement, sqlite3_bind_int64(statement->prepared, ++statement->bound, value));
    }
}

bool statement_step(struct statement *statement, bool *ret_row, struct error *error) {
    if (statement->failed != SQLITE_OK) {
        return error_set(error, ERROR_IO, "the database: %s", sqlite3_errmsg(statement->sqlite));
    }
    int code = sqlite3_step(statement->prepared);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        statement->failed = code;
        return error_set(error, ERROR_IO, "the database: %s", sqlite3_errmsg(statement->sqlite));
    }
    *ret_row = code == SQLITE_ROW;
    return true;
}

bool statement_run(struct statement *statement, struct error *error) {
    bool row = false;
    return statement_step(statement, &row, error);
}

const char *statement_text(const struct statement *statement, int column) {
    const char *text = (const char *)sqlite3_column_text(statement->prepared, column);
    return text ? text : "";
}

struct object_key statement_key(const struct statement *statement, int column) {
    return (struct object_key){.kind = statement_text(statement, column),
                               .group = statement_text(statement, column + 1),
                               .namespace = statement_text(statement, column + 2),
                               .name = statement_text(statement, column + 3)};
}

int64_t statement_integer(const struct statement *statement, int column) {
    return sqlite3_column_int64(statement->prepared, column);
}
