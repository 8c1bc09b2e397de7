#include "reconciler/providers/sim_database.h"

#include "base/memory.h"
#include "reconciler/providers/sim_database_internal.h"

// "FGSM"; what `file` and sqlite3 show of the file.
enum { APPLICATION_ID = 0x4647534d, SCHEMA_VERSION = 1 };

static const char *const schema =
    "CREATE TABLE cloud (last_operation INTEGER NOT NULL) STRICT;"
    "INSERT INTO cloud VALUES (0);"
    "CREATE TABLE cluster (region TEXT, id TEXT, owner TEXT NOT NULL, flavour TEXT NOT NULL, failure TEXT,"
    " has_endpoint INTEGER NOT NULL, is_gone INTEGER NOT NULL, forgotten_ms INTEGER NOT NULL,"
    " last_machine INTEGER NOT NULL, PRIMARY KEY (region, id)) STRICT, WITHOUT ROWID;"
    // The control plane has the name ''.
    "CREATE TABLE pool (region TEXT, id TEXT, name TEXT, version TEXT NOT NULL, replicas INTEGER NOT NULL,"
    " is_managed INTEGER NOT NULL, action TEXT NOT NULL, fate INTEGER NOT NULL, phase INTEGER NOT NULL,"
    " operation INTEGER NOT NULL, target TEXT NOT NULL, surge INTEGER NOT NULL, drain_s INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL, machines_left INTEGER NOT NULL,"
    " PRIMARY KEY (region, id, name)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE machine (region TEXT, id TEXT, number INTEGER, pool TEXT NOT NULL, version TEXT NOT NULL,"
    " state INTEGER NOT NULL, until_ms INTEGER NOT NULL, dies INTEGER NOT NULL,"
    " PRIMARY KEY (region, id, number)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE operation (region TEXT, id TEXT, number INTEGER, name TEXT NOT NULL, action TEXT NOT NULL,"
    " state INTEGER NOT NULL, token TEXT NOT NULL, failure TEXT, known_until_ms INTEGER NOT NULL,"
    " PRIMARY KEY (region, id, number)) STRICT, WITHOUT ROWID;";

static const char *const statement_texts[STATEMENT_COUNT] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_SAVE_CLOUD] = "UPDATE cloud SET last_operation = ?1 WHERE last_operation < ?1",
    [STATEMENT_SAVE_CLUSTER] = "INSERT OR REPLACE INTO cluster VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STATEMENT_SAVE_POOL] =
        "INSERT INTO pool VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [STATEMENT_SAVE_MACHINE] = "INSERT INTO machine VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_SAVE_OPERATION] =
        "INSERT OR REPLACE INTO operation VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    [STATEMENT_DROP_CLUSTER] = "DELETE FROM cluster WHERE region = ?1 AND id = ?2",
    [STATEMENT_DROP_POOLS] = "DELETE FROM pool WHERE region = ?1 AND id = ?2",
    [STATEMENT_DROP_MACHINES] = "DELETE FROM machine WHERE region = ?1 AND id = ?2",
    [STATEMENT_DROP_OPERATIONS] = "DELETE FROM operation WHERE region = ?1 AND id = ?2",
};

bool sim_database_fail(const struct sim_database *database, struct error *error) {
    enum error_kind kind = sqlite3_errcode(database->handle) == SQLITE_BUSY ? ERROR_LIMIT : ERROR_IO;
    return error_set(error, kind, "%s: %s", database->path,
                     kind == ERROR_LIMIT ? "another process has it open" : sqlite3_errmsg(database->handle));
}

static bool execute(struct sim_database *database, const char *text, struct error *error) {
    return sqlite3_exec(database->handle, text, NULL, NULL, NULL) == SQLITE_OK ||
           sim_database_fail(database, error);
}

static bool read_number(struct sim_database *database, const char *text, int64_t *ret_number,
                        struct error *error) {
    sqlite3_stmt *statement = NULL;
    bool is_read = sqlite3_prepare_v2(database->handle, text, -1, &statement, NULL) == SQLITE_OK &&
                   sqlite3_step(statement) == SQLITE_ROW;
    if (is_read) {
        *ret_number = sqlite3_column_int64(statement, 0);
    } else {
        sim_database_fail(database, error);
    }
    sqlite3_finalize(statement);
    return is_read;
}

static bool make_schema(struct sim_database *database, struct error *error) {
    char text[160];
    sqlite3_snprintf(sizeof(text), text, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                     APPLICATION_ID, SCHEMA_VERSION);
    return execute(database, schema, error) && execute(database, text, error);
}

static bool check_schema(struct sim_database *database, struct error *error) {
    int64_t application = 0;
    int64_t version = 0;
    int64_t tables = 0;
    // The lock is taken here and kept: a second process is refused at once.
    if (!execute(database, "BEGIN IMMEDIATE", error) ||
        !read_number(database, "PRAGMA application_id", &application, error) ||
        !read_number(database, "PRAGMA user_version", &version, error) ||
        !read_number(database, "SELECT count(*) FROM sqlite_schema", &tables, error)) {
        return false;
    }
    if (application == 0 && version == 0 && tables == 0) {
        return make_schema(database, error);
    }
    if (application != APPLICATION_ID) {
        return error_set(error, ERROR_INVALID, "%s: this is a database of something else", database->path);
    }
    if (version != SCHEMA_VERSION) {
        return error_set(error, ERROR_INVALID, "%s: this is version %lld; this fleetgate reads version %d",
                         database->path, (long long)version, SCHEMA_VERSION);
    }
    return execute(database, "COMMIT", error);
}

static bool prepare(struct sim_database *database, struct error *error) {
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(database->handle, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &database->statements[i], NULL) != SQLITE_OK) {
            return sim_database_fail(database, error);
        }
    }
    return true;
}

static bool open_file(struct sim_database *database, struct error *error) {
    int code = sqlite3_open_v2(database->path, &database->handle,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK) {
        return sim_database_fail(database, error);
    }
    // Looked at before anything is written: a file of something else stays as it is. WAL with NORMAL does not
    // wait for the disk at every change, and still nothing is lost when the process is killed.
    if (!execute(database, "PRAGMA locking_mode = EXCLUSIVE", error) || !check_schema(database, error) ||
        !execute(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", error)) {
        if (sqlite3_errcode(database->handle) == SQLITE_NOTADB) {
            return error_set(error, ERROR_INVALID, "%s: this is not a database", database->path);
        }
        return false;
    }
    return prepare(database, error);
}

bool sim_database_open(const char *path, struct sim_database **ret_database, struct error *error) {
    struct sim_database *database = memory_calloc(1, sizeof(*database));
    database->path = memory_strdup(path);
    if (!open_file(database, error)) {
        sim_database_close(database);
        return false;
    }
    *ret_database = database;
    return true;
}

void sim_database_close(struct sim_database *database) {
    if (!database) {
        return;
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(database->statements[i]);
    }
    sqlite3_close(database->handle);
    free(database->path);
    free(database);
}
