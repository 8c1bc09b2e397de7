#include "embedded/database_file.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OUR_ID = 0x464c4754, // "FLGT"
    OUR_VERSION = 1,
    BUSY_MS = 5000,
    MOST_PATH_BYTES = 4096,
    WRITER_MODE = 0600, // there are kubeconfigs inside
};

// NORMAL: a commit survives kill -9, and the end of a power failure is a state that once was. What must
// survive that too is synced after its commit (database_file_sync); FULL would sync every line of status, a
// millisecond or more each.
static const char writer_settings[] = "PRAGMA journal_mode = WAL;"
                                      "PRAGMA synchronous = NORMAL;"
                                      "PRAGMA journal_size_limit = 16777216;"
                                      "PRAGMA temp_store = MEMORY;";
static const char memory_settings[] = "PRAGMA journal_mode = MEMORY;"
                                      "PRAGMA synchronous = OFF;"
                                      "PRAGMA temp_store = MEMORY;";

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE objects(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, api_group TEXT NOT NULL,"
    " namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, body TEXT NOT NULL);"
    "CREATE UNIQUE INDEX objects_key ON objects(kind, namespace, name, api_group);"
    "CREATE UNIQUE INDEX objects_uid ON objects(uid);"
    "CREATE TABLE owners(owner TEXT NOT NULL, object INTEGER NOT NULL, PRIMARY KEY(owner, object))"
    " WITHOUT ROWID;"
    "CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE decisions(id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, door TEXT NOT NULL,"
    " operation TEXT NOT NULL, kind TEXT NOT NULL, api_group TEXT NOT NULL, namespace TEXT NOT NULL,"
    " name TEXT NOT NULL, user TEXT NOT NULL, allowed INTEGER NOT NULL, decision TEXT NOT NULL,"
    " policies TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE TABLE events(id INTEGER PRIMARY KEY, digest INTEGER NOT NULL, kind TEXT NOT NULL,"
    " api_group TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, warning INTEGER NOT NULL,"
    " reason TEXT NOT NULL, message TEXT NOT NULL, count INTEGER NOT NULL, first_ms INTEGER NOT NULL, "
    "last_ms INTEGER NOT NULL);"
    "CREATE INDEX events_digest ON events(digest);"
    "CREATE TABLE applied(kind TEXT NOT NULL, api_group TEXT NOT NULL, namespace TEXT NOT NULL,"
    " name TEXT NOT NULL, path TEXT NOT NULL, digest TEXT NOT NULL, manifest TEXT NOT NULL,"
    " PRIMARY KEY(kind, api_group, namespace, name));"
    "PRAGMA application_id = 1179404116;"
    "PRAGMA user_version = 1;"
    "COMMIT;";

bool database_file_fail(sqlite3 *sqlite, struct error *error, const char *doing) {
    int code = sqlite3_errcode(sqlite) & 0xff;
    enum error_kind kind = code == SQLITE_NOTADB ? ERROR_INVALID : ERROR_IO;
    return error_set(error, kind, "%s: %s", doing, sqlite3_errmsg(sqlite));
}

static bool run(sqlite3 *sqlite, const char *sql, const char *doing, struct error *error) {
    return sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ||
           database_file_fail(sqlite, error, doing);
}

static bool read_number(sqlite3 *sqlite, const char *sql, int *ret_number, struct error *error) {
    sqlite3_stmt *statement = NULL;
    bool read = sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) == SQLITE_OK &&
                sqlite3_step(statement) == SQLITE_ROW;
    if (read) {
        *ret_number = sqlite3_column_int(statement, 0);
    } else {
        database_file_fail(sqlite, error, "reading the header");
    }
    sqlite3_finalize(statement);
    return read;
}

// --- one writer ---

static bool take_lock(struct database_file *file, const char *path, struct error *error) {
    CLEANUP(buffer_clear) struct buffer name;
    buffer_init(&name, MOST_PATH_BYTES);
    buffer_printf(&name, "%s.lock", path);
    if (name.cut) {
        return error_set(error, ERROR_INVALID, "the path is too long");
    }
    file->lock = open(buffer_text(&name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, WRITER_MODE);
    if (file->lock < 0) {
        return error_set(error, ERROR_IO, "%s: %s", buffer_text(&name), strerror(errno));
    }
    if (flock(file->lock, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    return errno == EWOULDBLOCK ? error_set(error, ERROR_LIMIT, "another process has it open for writing")
                                : error_set(error, ERROR_IO, "%s: %s", buffer_text(&name), strerror(errno));
}

// SQLite gives its other files the mode of this one. An existing file is not opened here: closing it would
// drop the locks of other connections in this process.
bool database_file_make_private(const char *path, struct error *error) {
    int made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, WRITER_MODE);
    if (made >= 0) {
        close(made);
        return true;
    }
    if (errno != EEXIST || chmod(path, WRITER_MODE) != 0) {
        return error_set(error, ERROR_IO, "%s", strerror(errno));
    }
    return true;
}

// --- opening ---

static bool check_identity(sqlite3 *sqlite, bool *ret_empty, struct error *error) {
    int id = 0, version = 0, tables = 0;
    if (!read_number(sqlite, "PRAGMA application_id", &id, error) ||
        !read_number(sqlite, "PRAGMA user_version", &version, error) ||
        !read_number(sqlite, "SELECT count(*) FROM sqlite_master", &tables, error)) {
        return false;
    }
    if (id != OUR_ID && (id != 0 || version != 0 || tables != 0)) {
        return error_set(error, ERROR_INVALID, "a database of another program");
    }
    if (version > OUR_VERSION) {
        return error_set(error, ERROR_INVALID, "written by a newer fleetgate (version %d; this one knows %d)",
                         version, OUR_VERSION);
    }
    *ret_empty = id != OUR_ID;
    return true;
}

static bool open_reader(struct database_file *file, const char *path, struct error *error) {
    if (access(path, F_OK) != 0) {
        return error_set(error, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_IO, "%s", strerror(errno));
    }
    bool empty = false;
    if (sqlite3_open_v2(path, &file->sqlite, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        return database_file_fail(file->sqlite, error, "opening");
    }
    sqlite3_busy_timeout(file->sqlite, BUSY_MS);
    if (!check_identity(file->sqlite, &empty, error)) {
        return false;
    }
    return !empty || error_set(error, ERROR_NOT_FOUND, "nothing was stored yet");
}

static bool open_writer(struct database_file *file, const char *path, struct error *error) {
    bool empty = false;
    if (path && (!take_lock(file, path, error) || !database_file_make_private(path, error))) {
        return false;
    }
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path ? path : ":memory:", &file->sqlite, flags, NULL) != SQLITE_OK) {
        return database_file_fail(file->sqlite, error, "opening");
    }
    sqlite3_busy_timeout(file->sqlite, BUSY_MS);
    return check_identity(file->sqlite, &empty, error) &&
           run(file->sqlite, path ? writer_settings : memory_settings, "setting up", error) &&
           (!empty || run(file->sqlite, schema, "making the tables", error));
}

bool database_file_open(struct database_file *ret_file, const char *path, bool read_only,
                        struct error *error) {
    struct database_file file = {.lock = -1};
    bool opened = path && read_only ? open_reader(&file, path, error) : open_writer(&file, path, error);
    if (!opened) {
        database_file_close(&file);
        return path ? error_wrap(error, "%s", path) : false;
    }
    *ret_file = file;
    return true;
}

void database_file_close(struct database_file *file) {
    sqlite3_close(file->sqlite);
    if (file->lock >= 0) {
        close(file->lock);
    }
    *file = (struct database_file){.lock = -1};
}

bool database_file_sync(const struct database_file *file, struct error *error) {
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(file->sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK && log && log->pMethods) {
        code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    }
    return code == SQLITE_OK || error_set(error, ERROR_IO, "syncing: %s", sqlite3_errstr(code));
}
