#include "embedded/object_rows.h"

#include "base/document_builder.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "embedded/object_secret.h"

#include <string.h>

void object_row_clear(struct object_row *row) {
    free(row->key_texts);
    document_free(row->document);
    *row = (struct object_row){0};
}

static const struct node *owners_of(const struct document *document) {
    return document ? node_get(node_get(document_root(document), "metadata"), "ownerReferences") : NULL;
}

static bool read_body(const struct statement *statement, int column, struct document **ret_document,
                      struct error *error) {
    const char *body = statement_text(statement, column);
    if (!json_read_copy(body, strlen(body), &document_default_limits, ret_document, error)) {
        return error_set(error, ERROR_IO, "the database: an object that can't be read: %s", error->message);
    }
    return true;
}

bool object_rows_find(struct object_database *database, const struct object_key *key,
                      struct object_row *ret_row, struct error *error) {
    CLEANUP(statement_end) struct statement find = statement_use(&database->statements, STATEMENT_FIND);
    statement_bind_key(&find, key);
    bool found = false;
    if (!statement_step(&find, &found, error)) {
        return false;
    }
    if (!found) {
        return error_set(error, ERROR_NOT_FOUND, "%s %s%s%s is not there", key->kind, key->namespace,
                         key->namespace[0] ? "/" : "", key->name);
    }
    struct object_row row = {.id = statement_integer(&find, 0), .key = *key};
    if (!read_body(&find, 1, &row.document, error)) {
        return false;
    }
    *ret_row = row;
    return true;
}

bool object_rows_read(struct object_database *database, int64_t id, struct object_row *ret_row,
                      struct error *error) {
    CLEANUP(statement_end) struct statement read = statement_use(&database->statements, STATEMENT_READ);
    statement_bind_integer(&read, id);
    bool found = false;
    if (!statement_step(&read, &found, error)) {
        return false;
    }
    struct object_row row = {0};
    if (!found) {
        *ret_row = row;
        return true;
    }
    const struct object_key key = statement_key(&read, 0);
    row.id = id;
    if (!read_body(&read, 4, &row.document, error)) {
        return false;
    }
    row.key_texts = object_key_copy(&key, &row.key);
    *ret_row = row;
    return true;
}

// --- who owns whom ---

static bool change_owners(struct object_database *database, enum statement_name name, int64_t id,
                          const struct node *owners, struct error *error) {
    NODE_EACH(owner, owners) {
        CLEANUP(statement_end) struct statement change = statement_use(&database->statements, name);
        statement_bind_text(&change, node_string(node_get(owner, "uid")));
        statement_bind_integer(&change, id);
        if (!statement_run(&change, error)) {
            return false;
        }
    }
    return true;
}

static bool settle_owners(struct object_database *database, int64_t id, const struct node *before,
                          const struct node *after, struct error *error) {
    return node_equal(before, after) || (change_owners(database, STATEMENT_DISOWN, id, before, error) &&
                                         change_owners(database, STATEMENT_OWN, id, after, error));
}

bool object_rows_owned(struct object_database *database, const char *uid, int64_t **ret_ids,
                       size_t *ret_count, struct error *error) {
    CLEANUP(statement_end)
    struct statement owned =
        statement_make(&database->statements, "SELECT object FROM owners WHERE owner = ? ORDER BY object");
    statement_bind_text(&owned, uid);
    int64_t *ids = NULL;
    size_t count = 0, capacity = 0;
    bool more = false;
    while (statement_step(&owned, &more, error) && more) {
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 16;
            ids = memory_realloc(ids, capacity, sizeof(*ids));
        }
        ids[count++] = statement_integer(&owned, 0);
    }
    if (owned.failed) {
        free(ids);
        return false;
    }
    *ret_ids = ids;
    *ret_count = count;
    return true;
}

bool object_rows_has_uid(struct object_database *database, const char *uid, bool *ret_has,
                         struct error *error) {
    CLEANUP(statement_end) struct statement find = statement_use(&database->statements, STATEMENT_UID);
    statement_bind_text(&find, uid);
    return statement_step(&find, ret_has, error);
}

// --- writing ---

static bool insert(struct object_database *database, struct object_row *row, const struct buffer *text,
                   const struct document *document, struct error *error) {
    const struct node *metadata = node_get(document_root(document), "metadata");
    CLEANUP(statement_end)
    struct statement insertion = statement_use(&database->statements, STATEMENT_INSERT);
    statement_bind_key(&insertion, &row->key);
    statement_bind_text(&insertion, node_string(node_get(metadata, "uid")));
    statement_bind_sized(&insertion, buffer_text(text), text->length);
    if (!statement_run(&insertion, error)) {
        return false;
    }
    row->id = sqlite3_last_insert_rowid(database->file.sqlite);
    return true;
}

static bool update(struct object_database *database, const struct object_row *row, const struct buffer *text,
                   struct error *error) {
    CLEANUP(statement_end) struct statement change = statement_use(&database->statements, STATEMENT_UPDATE);
    statement_bind_sized(&change, buffer_text(text), text->length);
    statement_bind_integer(&change, row->id);
    return statement_run(&change, error);
}

bool object_rows_put(struct object_database *database, struct object_row *row,
                     const struct object_write *write, const struct object_stamp *stamp,
                     struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    CLEANUP(document_free) struct document *document = NULL;
    buffer_init(&text, OBJECT_LARGEST_BYTES);
    if (!object_write_text(write, stamp, &text, error) ||
        !json_read_copy(buffer_text(&text), text.length, &document_default_limits, &document, error)) {
        return false;
    }
    bool put = row->id ? update(database, row, &text, error) : insert(database, row, &text, document, error);
    if (!put || !settle_owners(database, row->id, owners_of(row->document), owners_of(document), error)) {
        return false;
    }
    document_free(row->document);
    row->document = document_free_take(&document);
    // Approvals and intents are kept in Secrets: one that is lost might be carried out twice.
    database->must_sync |= object_is_secret(&row->key);
    return true;
}

bool object_rows_remove(struct object_database *database, const struct object_row *row, struct error *error) {
    CLEANUP(statement_end) struct statement removal = statement_use(&database->statements, STATEMENT_DELETE);
    statement_bind_integer(&removal, row->id);
    return statement_run(&removal, error) &&
           settle_owners(database, row->id, owners_of(row->document), NULL, error);
}
