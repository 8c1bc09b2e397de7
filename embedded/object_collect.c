#include "embedded/object_collect.h"

#include "base/json_canonical.h"
#include "base/json_reader.h"
#include "base/memory.h"
#include "base/merge_patch.h"

#include <string.h>

// The uids that are gone, in the order in which what they own is looked at.
struct collection {
    struct object_database *database;
    char (*gone)[OBJECT_UID_BYTES];
    size_t count, capacity;
};

static void collection_clear_cleanup(struct collection *collection) {
    free(collection->gone);
}

static void add_gone(struct collection *collection, const char uid[OBJECT_UID_BYTES]) {
    if (collection->count == collection->capacity) {
        collection->capacity = collection->capacity ? collection->capacity * 2 : 8;
        collection->gone = memory_realloc(collection->gone, collection->capacity, sizeof(*collection->gone));
    }
    memcpy(collection->gone[collection->count++], uid, OBJECT_UID_BYTES);
}

static const struct node *owners_of(const struct object_row *row) {
    return node_get(node_get(document_root(row->document), "metadata"), "ownerReferences");
}

// --- one object ---

static bool mark(struct object_database *database, struct object_row *row, struct object_stamp *stamp,
                 struct object_result *ret_result, struct error *error) {
    const struct node *stored = document_root(row->document);
    const struct object_write write = {.key = &row->key, .object = stored, .stored = stored};
    kube_time_format(object_database_now_ms(database) * 1000, false, stamp->deleted);
    // As API servers do: whoever follows generations has something new to carry out.
    stamp->generation++;
    if (!object_database_next_version(database, &stamp->version, error) ||
        !object_rows_put(database, row, &write, stamp, error)) {
        return false;
    }
    ret_result->news = object_database_tell(database, &row->key, document_free_take(&row->document), false);
    return true;
}

static bool erase_one(struct collection *collection, struct object_row *row, struct object_result *ret_result,
                      struct error *error) {
    struct object_database *database = collection->database;
    struct object_stamp stamp;
    object_stamp_read(document_root(row->document), &stamp);
    if (!object_has_finalizers(document_root(row->document))) {
        if (!object_rows_remove(database, row, error)) {
            return false;
        }
        add_gone(collection, stamp.uid);
        ret_result->news =
            object_database_tell(database, &row->key, document_free_take(&row->document), true);
        return true;
    }
    if (stamp.deleted[0] == '\0') {
        return mark(database, row, &stamp, ret_result, error);
    }
    ret_result->document = document_free_take(&row->document);
    return true;
}

// --- what is left without owners ---

static bool any_owner_lives(struct object_database *database, const struct object_row *row, bool *ret_lives,
                            struct error *error) {
    bool lives = false;
    NODE_EACH(owner, owners_of(row)) {
        const char *uid = node_string(node_get(owner, "uid"));
        if (!lives && !object_rows_has_uid(database, uid, &lives, error)) {
            return false;
        }
    }
    *ret_lives = lives;
    return true;
}

static bool without_owner(const struct object_row *row, const char *uid, struct document **ret_document,
                          struct error *error) {
    CLEANUP(buffer_clear) struct buffer text;
    CLEANUP(document_free) struct document *patch = NULL;
    const char *separator = "";
    buffer_init(&text, OBJECT_LARGEST_BYTES);
    buffer_append_text(&text, "{\"metadata\":{\"ownerReferences\":[");
    NODE_EACH(owner, owners_of(row)) {
        const char *other = node_string(node_get(owner, "uid"));
        if (strcmp(other, uid) != 0) {
            buffer_append_text(&text, separator);
            json_canonical_append(&text, owner);
            separator = ",";
        }
    }
    buffer_append_text(&text, "]}}");
    return json_read_copy(buffer_text(&text), text.length, &document_default_limits, &patch, error) &&
           merge_patch_apply(document_root(row->document), document_root(patch), ret_document, error);
}

static bool drop_owner(struct object_database *database, struct object_row *row, const char *uid,
                       struct error *error) {
    CLEANUP(document_free) struct document *object = NULL;
    if (!without_owner(row, uid, &object, error)) {
        return false;
    }
    const struct object_write write = {
        .key = &row->key, .object = document_root(object), .stored = document_root(row->document)};
    struct object_stamp stamp;
    object_stamp_read(write.stored, &stamp);
    if (!object_database_next_version(database, &stamp.version, error) ||
        !object_rows_put(database, row, &write, &stamp, error)) {
        return false;
    }
    (void)object_database_tell(database, &row->key, document_free_take(&row->document), false);
    return true;
}

static bool look_at(struct collection *collection, int64_t id, const char *uid, struct error *error) {
    CLEANUP(object_row_clear) struct object_row row = {0};
    bool lives = false;
    if (!object_rows_read(collection->database, id, &row, error)) {
        return false;
    }
    if (!row.id) {
        return true;
    }
    if (!any_owner_lives(collection->database, &row, &lives, error)) {
        return false;
    }
    if (lives) {
        return drop_owner(collection->database, &row, uid, error);
    }
    struct object_result result = {0};
    bool erased = erase_one(collection, &row, &result, error);
    document_free(result.document);
    return erased;
}

static bool collect(struct collection *collection, struct error *error) {
    for (size_t next = 0; next < collection->count; next++) {
        char uid[OBJECT_UID_BYTES];
        memcpy(uid, collection->gone[next], sizeof(uid));
        int64_t *ids = NULL;
        size_t count = 0;
        if (!object_rows_owned(collection->database, uid, &ids, &count, error)) {
            return false;
        }
        bool done = true;
        for (size_t i = 0; i < count && done; i++) {
            done = look_at(collection, ids[i], uid, error);
        }
        free(ids);
        if (!done) {
            return false;
        }
    }
    return true;
}

bool object_erase(struct object_database *database, struct object_row *row, struct object_result *ret_result,
                  struct error *error) {
    CLEANUP(collection_clear) struct collection collection = {.database = database};
    return erase_one(&collection, row, ret_result, error) && collect(&collection, error);
}

bool object_erase_orphan(struct object_database *database, struct object_row *row, bool *ret_erased,
                         struct error *error) {
    bool lives = true;
    if (owners_of(row) && !any_owner_lives(database, row, &lives, error)) {
        return false;
    }
    *ret_erased = !lives;
    if (lives) {
        return true;
    }
    struct object_result result = {0};
    bool erased = object_erase(database, row, &result, error);
    document_free(result.document);
    return erased;
}
