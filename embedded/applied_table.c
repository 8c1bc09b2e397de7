#include "embedded/applied_table.h"

#include "base/memory.h"
#include "embedded/object_database_internal.h"

static bool put(struct object_database *database, const struct applied_row *row, struct error *error) {
    CLEANUP(statement_end)
    struct statement statement = statement_use(&database->statements, STATEMENT_APPLIED_PUT);
    statement_bind_key(&statement, &row->key);
    statement_bind_text(&statement, row->path);
    statement_bind_text(&statement, row->digest);
    statement_bind_text(&statement, row->manifest);
    return statement_run(&statement, error);
}

bool applied_table_put(struct object_database *database, const struct applied_row *row, struct error *error) {
    struct object_result result = {0};
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done = put(database, row, error);
    return object_database_leave(database, done, &result, NULL, error);
}

static bool remove_row(struct object_database *database, const struct object_key *key, struct error *error) {
    CLEANUP(statement_end)
    struct statement statement = statement_use(&database->statements, STATEMENT_APPLIED_REMOVE);
    statement_bind_key(&statement, key);
    return statement_run(&statement, error);
}

bool applied_table_remove(struct object_database *database, const struct object_key *key,
                          struct error *error) {
    struct object_result result = {0};
    if (!object_database_enter(database, error)) {
        return false;
    }
    bool done = remove_row(database, key, error);
    return object_database_leave(database, done, &result, NULL, error);
}

bool applied_table_read(struct object_database *database, const struct object_key *key, char **ret_manifest,
                        struct error *error) {
    CLEANUP(statement_end)
    struct statement statement = statement_use(&database->statements, STATEMENT_APPLIED_READ);
    statement_bind_key(&statement, key);
    bool found = false;
    if (!statement_step(&statement, &found, error)) {
        return false;
    }
    *ret_manifest = found ? memory_strdup(statement_text(&statement, 0)) : NULL;
    return true;
}

bool applied_table_each(struct object_database *database,
                        bool (*each)(void *cookie, const struct applied_row *row), void *cookie,
                        struct error *error) {
    CLEANUP(statement_end)
    struct statement list = statement_make(
        &database->statements, "SELECT kind, api_group, namespace, name, path, digest FROM applied"
                               " ORDER BY kind, api_group, namespace, name");
    bool more = true;
    while (more) {
        if (!statement_step(&list, &more, error)) {
            return false;
        }
        if (more) {
            const struct applied_row row = {.key = statement_key(&list, 0),
                                            .path = statement_text(&list, 4),
                                            .digest = statement_text(&list, 5)};
            more = each(cookie, &row);
        }
    }
    return true;
}
