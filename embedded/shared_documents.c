#include "embedded/shared_documents.h"

#include "base/clock.h"
#include "embedded/database_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_TEXT_BYTES = 1024 * 1024, LONGEST_WAIT_MS = 10000 };

struct shared_documents {
    struct shared_store store;
    char *path;
};

// Everything below works on a connection of its own: documents change rarely, and threads share nothing.
struct session {
    sqlite3 *sqlite;
    sqlite3_stmt *statement;
};

static void session_close_cleanup(struct session *session) {
    sqlite3_finalize(session->statement);
    sqlite3_close(session->sqlite); // what was not committed is taken back
}

static int wait_ms(uint64_t deadline_ns) {
    uint64_t now_ns = clock_now_ns();
    uint64_t left_ms = deadline_ns > now_ns ? (deadline_ns - now_ns) / 1000000 : 0;
    return left_ms < LONGEST_WAIT_MS ? (int)left_ms : LONGEST_WAIT_MS;
}

static bool session_open(struct session *session, const char *path, uint64_t deadline_ns,
                         struct error *error) {
    static const char table[] = "CREATE TABLE IF NOT EXISTS documents(name TEXT PRIMARY KEY,"
                                " version INTEGER NOT NULL, text TEXT NOT NULL) WITHOUT ROWID";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &session->sqlite, flags, NULL) != SQLITE_OK) {
        return database_file_fail(session->sqlite, error, "opening");
    }
    sqlite3_busy_timeout(session->sqlite, wait_ms(deadline_ns));
    return sqlite3_exec(session->sqlite, table, NULL, NULL, NULL) == SQLITE_OK ||
           database_file_fail(session->sqlite, error, "making the table");
}

static bool prepare(struct session *session, const char *sql, const char *name, struct error *error) {
    return (sqlite3_prepare_v2(session->sqlite, sql, -1, &session->statement, NULL) == SQLITE_OK &&
            sqlite3_bind_text(session->statement, 1, name, -1, SQLITE_STATIC) == SQLITE_OK) ||
           database_file_fail(session->sqlite, error, "preparing");
}

static bool read_row(struct session *session, char **ret_text, char *ret_version, struct error *error) {
    int code = sqlite3_step(session->statement);
    if (code == SQLITE_DONE) {
        return true;
    }
    if (code != SQLITE_ROW) {
        return database_file_fail(session->sqlite, error, "reading");
    }
    const char *text = (const char *)sqlite3_column_text(session->statement, 1);
    int length = sqlite3_column_bytes(session->statement, 1);
    if (!text || length > MOST_TEXT_BYTES) {
        return error_set(error, ERROR_LIMIT, "more than %d KiB", MOST_TEXT_BYTES / 1024);
    }
    snprintf(ret_version, SHARED_VERSION_BYTES, "%lld",
             (long long)sqlite3_column_int64(session->statement, 0));
    *ret_text = memory_strdup(text);
    return true;
}

static bool read_document(void *cookie, const char *name, uint64_t deadline_ns, char **ret_text,
                          char ret_version[SHARED_VERSION_BYTES], struct error *error) {
    const struct shared_documents *documents = cookie;
    *ret_text = NULL;
    *ret_version = '\0';
    if (access(documents->path, F_OK) != 0 && errno == ENOENT) {
        return true; // nothing was written yet
    }
    CLEANUP(session_close) struct session session = {0};
    bool done = session_open(&session, documents->path, deadline_ns, error) &&
                prepare(&session, "SELECT version, text FROM documents WHERE name = ?1", name, error) &&
                read_row(&session, ret_text, ret_version, error);
    return done || error_wrap(error, "%s", documents->path);
}

static bool write_row(struct session *session, const char *name, const char *text, const char *version,
                      struct error *error) {
    const char *sql = *version ? "UPDATE documents SET text = ?2, version = version + 1"
                                 " WHERE name = ?1 AND version = CAST(?3 AS INTEGER) RETURNING version"
                               : "INSERT OR IGNORE INTO documents VALUES(?1, 1, ?2) RETURNING version";
    return prepare(session, sql, name, error) &&
           ((sqlite3_bind_text(session->statement, 2, text, -1, SQLITE_STATIC) == SQLITE_OK &&
             (!*version ||
              sqlite3_bind_text(session->statement, 3, version, -1, SQLITE_STATIC) == SQLITE_OK)) ||
            database_file_fail(session->sqlite, error, "preparing"));
}

// The one statement is a transaction; it ends with SQLITE_DONE.
static bool carry_out(struct session *session, char ret_version[SHARED_VERSION_BYTES], struct error *error) {
    int code = sqlite3_step(session->statement);
    if (code == SQLITE_DONE) {
        return error_set(error, ERROR_CONFLICT, "somebody else has changed it");
    }
    if (code == SQLITE_ROW) {
        snprintf(ret_version, SHARED_VERSION_BYTES, "%lld",
                 (long long)sqlite3_column_int64(session->statement, 0));
        code = sqlite3_step(session->statement);
    }
    return code == SQLITE_DONE || database_file_fail(session->sqlite, error, "writing");
}

static bool write_document(void *cookie, const char *name, const char *text, const char *version,
                           uint64_t deadline_ns, char ret_version[SHARED_VERSION_BYTES],
                           struct error *error) {
    const struct shared_documents *documents = cookie;
    CLEANUP(session_close) struct session session = {0};
    bool done = database_file_make_private(documents->path, error) &&
                session_open(&session, documents->path, deadline_ns, error) &&
                write_row(&session, name, text, version, error) && carry_out(&session, ret_version, error);
    return done || error_wrap(error, "%s", documents->path);
}

static const struct shared_store_methods methods = {.read = read_document, .write = write_document};

struct shared_documents *shared_documents_new(const char *path) {
    struct shared_documents *documents = memory_calloc(1, sizeof(*documents));
    documents->path = memory_strdup(path);
    documents->store = (struct shared_store){&methods, documents};
    return documents;
}

void shared_documents_free(struct shared_documents *documents) {
    if (documents) {
        free(documents->path);
        free(documents);
    }
}

const struct shared_store *shared_documents_store(struct shared_documents *documents) {
    return &documents->store;
}
