#include "embedded/object_database.h"

#include "base/document_builder.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/merge_patch.h"
#include "embedded/object_rows.h"

#include <string.h>
#include <time.h>

// resourceVersions are reserved by the thousand, so that a change need not store the counter too; after a
// kill the next one is the next thousand.
enum { RESERVED_AT_ONCE = 1000 };
static const char version_counter[] = "resourceVersion";

// --- opening ---

static bool read_version(struct object_database *database, struct error *error) {
    CLEANUP(statement_end)
    struct statement read = statement_use(&database->statements, STATEMENT_COUNTER_READ);
    statement_bind_text(&read, version_counter);
    bool found = false;
    if (!statement_step(&read, &found, error)) {
        return false;
    }
    database->version = found ? statement_integer(&read, 0) : 0;
    database->reserved = database->version;
    return true;
}

static bool write_version(struct object_database *database, int64_t version, struct error *error) {
    CLEANUP(statement_end)
    struct statement write = statement_use(&database->statements, STATEMENT_COUNTER_WRITE);
    statement_bind_text(&write, version_counter);
    statement_bind_integer(&write, version);
    return statement_run(&write, error);
}

bool object_database_open(const struct object_database_options *options,
                          struct object_database **ret_database, struct error *error) {
    struct database_file file;
    if (!database_file_open(&file, options->path, options->read_only, error)) {
        return false;
    }
    struct object_database *database = memory_calloc(1, sizeof(*database));
    database->file = file;
    database->options = *options;
    database->options.path = NULL;
    database->is_file = options->path != NULL;
    database->statements.sqlite = file.sqlite;
    if (!read_version(database, error)) {
        object_database_close(database);
        return false;
    }
    *ret_database = database;
    return true;
}

static void forget_news(struct object_database *database, size_t from) {
    for (size_t i = from; i < database->news_count; i++) {
        free(database->news[i].texts);
        document_free(database->news[i].document);
    }
    database->news_count = from;
}

void object_database_close(struct object_database *database) {
    if (!database) {
        return;
    }
    if (database->in_group) {
        object_database_rollback(database);
    }
    if (database->is_file && !database->options.read_only) {
        // Lost, only numbers are skipped.
        (void)!write_version(database, database->version, NULL);
    }
    statement_set_clear(&database->statements);
    database_file_close(&database->file);
    forget_news(database, 0);
    free(database->news);
    free(database->listeners);
    free(database);
}

int64_t object_database_now_ms(const struct object_database *database) {
    if (database->options.wall_ms) {
        return database->options.wall_ms(database->options.cookie);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool object_database_next_version(struct object_database *database, int64_t *ret_version,
                                  struct error *error) {
    if (database->version == database->reserved) {
        if (!write_version(database, database->version + RESERVED_AT_ONCE, error)) {
            return false;
        }
        database->reserved = database->version + RESERVED_AT_ONCE;
    }
    *ret_version = ++database->version;
    return true;
}

// --- listeners ---

void object_database_listen(struct object_database *database, const struct object_listener *listener) {
    database->listeners =
        memory_realloc(database->listeners, database->listener_count + 1, sizeof(*database->listeners));
    database->listeners[database->listener_count++] = *listener;
}

size_t object_database_tell(struct object_database *database, const struct object_key *key,
                            struct document *document, bool removed) {
    if (database->news_count == database->news_capacity) {
        database->news_capacity = database->news_capacity ? database->news_capacity * 2 : 8;
        database->news = memory_realloc(database->news, database->news_capacity, sizeof(*database->news));
    }
    struct object_news *news = &database->news[database->news_count++];
    *news = (struct object_news){.document = document, .removed = removed};
    news->texts = object_key_copy(key, &news->key);
    return database->news_count;
}

static void tell_one(struct object_database *database, const struct object_news *news) {
    for (size_t i = 0; i < database->listener_count; i++) {
        struct object_listener listener = database->listeners[i];
        if (news->removed && listener.removed) {
            listener.removed(listener.cookie, &news->key, document_root(news->document));
        } else if (!news->removed && listener.put) {
            listener.put(listener.cookie, &news->key, document_root(news->document));
        }
    }
}

// A listener may change objects: what it does is told after what it was told of.
static void tell_all(struct object_database *database) {
    if (database->telling) {
        return;
    }
    database->telling = true;
    while (database->news_told < database->news_count) {
        struct object_news news = database->news[database->news_told++];
        tell_one(database, &news);
    }
    database->telling = false;
}

static void end_telling(struct object_database *database) {
    if (!database->telling && !database->in_group) {
        forget_news(database, 0);
        database->news_told = 0;
    }
}

// --- transactions ---

static void rollback(struct object_database *database) {
    sqlite3_exec(database->file.sqlite, "ROLLBACK", NULL, NULL, NULL);
    forget_news(database, database->news_mark);
    database->must_sync = false;
    database->reserved = database->version;
}

static bool begin(struct object_database *database, struct error *error) {
    if (database->options.read_only) {
        return error_set(error, ERROR_INVALID, "the database was opened for reading only");
    }
    CLEANUP(statement_end) struct statement start = statement_use(&database->statements, STATEMENT_BEGIN);
    database->news_mark = database->news_count;
    return statement_run(&start, error);
}

static bool commit(struct object_database *database, struct error *error) {
    CLEANUP(statement_end) struct statement end = statement_use(&database->statements, STATEMENT_COMMIT);
    return statement_run(&end, error);
}

// Listeners hear of it even when it can't be synced: it is what readers see.
static bool store(struct object_database *database, struct error *error) {
    if (!commit(database, error)) {
        rollback(database);
        return false;
    }
    bool must_sync = database->must_sync && database->is_file;
    database->must_sync = false;
    bool synced = !must_sync || database_file_sync(&database->file, error);
    tell_all(database);
    return synced;
}

bool object_database_enter(struct object_database *database, struct error *error) {
    if (!database->in_group) {
        return begin(database, error);
    }
    return !database->failed || error_set(error, database->failure.kind, "%s", database->failure.message);
}

// Whoever listens or commits later needs the one in news.
static struct document *copy_of(const struct node *object) {
    struct document *copy = NULL;
    struct error error = {0};
    const struct node nothing = {.type = NODE_MAP, .span = 1};
    return merge_patch_apply(object, &nothing, &copy, &error) ? copy : NULL;
}

static struct document *take_result(struct object_database *database, struct object_result *result) {
    if (!result->news) {
        struct document *document = result->document;
        result->document = NULL;
        return document;
    }
    struct object_news *news = &database->news[result->news - 1];
    if (database->in_group || database->telling) {
        return copy_of(document_root(news->document));
    }
    struct document *document = news->document;
    news->document = NULL;
    return document;
}

static bool finish(struct object_database *database, bool done, struct error *error) {
    if (database->in_group) {
        if (!done) {
            database->failed = true;
            database->failure = *error;
        }
        return done;
    }
    if (!done) {
        rollback(database);
        return false;
    }
    return store(database, error);
}

bool object_database_leave(struct object_database *database, bool done, struct object_result *result,
                           struct document **ret_document, struct error *error) {
    struct error own = {0};
    bool finished = finish(database, done, error ? error : &own);
    if (finished && ret_document) {
        *ret_document = take_result(database, result);
    }
    document_free(result->document);
    end_telling(database);
    return finished;
}

void object_database_begin(struct object_database *database) {
    database->failure = (struct error){0};
    database->failed = !begin(database, &database->failure);
    database->in_group = true;
}

void object_database_rollback(struct object_database *database) {
    rollback(database);
    database->in_group = false;
    end_telling(database);
}

bool object_database_commit(struct object_database *database, struct error *error) {
    if (database->failed) {
        object_database_rollback(database);
        return error_set(error, database->failure.kind, "%s", database->failure.message);
    }
    database->in_group = false;
    bool stored = store(database, error);
    end_telling(database);
    return stored;
}

// --- reading ---

bool object_database_read(struct object_database *database, const struct object_key *key,
                          struct document **ret_document, struct error *error) {
    struct object_row row = {0};
    if (!object_rows_find(database, key, &row, error)) {
        return false;
    }
    *ret_document = row.document;
    return true;
}

struct reading {
    struct statement statement;
    object_visit *each;
    void *cookie;
};

static bool read_row(struct reading *reading, bool *ret_more, struct error *error) {
    CLEANUP(document_free) struct document *document = NULL;
    const struct statement *row = &reading->statement;
    const struct object_key key = statement_key(row, 0);
    const char *body = statement_text(row, 4);
    if (!json_read_copy(body, strlen(body), &document_default_limits, &document, error)) {
        return error_set(error, ERROR_IO, "%s %s/%s can't be read: %s", key.kind, key.namespace, key.name,
                         error->message);
    }
    *ret_more = reading->each(reading->cookie, &key, document_root(document));
    return true;
}

static bool read_rows(struct reading *reading, struct error *error) {
    bool more = true;
    while (more) {
        if (!statement_step(&reading->statement, &more, error)) {
            return false;
        }
        if (more && !read_row(reading, &more, error)) {
            return false;
        }
    }
    return true;
}

bool object_database_each(struct object_database *database, object_visit *each, void *cookie,
                          struct error *error) {
    struct reading reading = {.each = each, .cookie = cookie};
    reading.statement =
        statement_make(&database->statements, "SELECT kind, api_group, namespace, name, body FROM objects"
                                              " ORDER BY kind, namespace, name, api_group");
    bool read = read_rows(&reading, error);
    statement_end(&reading.statement);
    return read;
}

bool object_database_owned(struct object_database *database, const char *uid, object_visit *each,
                           void *cookie, struct error *error) {
    struct reading reading = {.each = each, .cookie = cookie};
    reading.statement = statement_make(&database->statements,
                                       "SELECT kind, api_group, namespace, name, body FROM owners"
                                       " JOIN objects ON objects.id = owners.object WHERE owners.owner = ?"
                                       " ORDER BY kind, namespace, name, api_group");
    statement_bind_text(&reading.statement, uid);
    bool read = read_rows(&reading, error);
    statement_end(&reading.statement);
    return read;
}
