// Objects as rows of the database, and who owns whom. All fail with IO.
#pragma once

#include "embedded/object_database_internal.h"
#include "embedded/object_manners.h"

struct object_row {
    int64_t id; // 0: none
    struct object_key key;
    char *key_texts; // what key points into; NULL: borrowed from the caller
    struct document *document;
};
void object_row_clear(struct object_row *row);
static inline void object_row_clear_cleanup(struct object_row *row) {
    object_row_clear(row);
}

// Also fails with NOT_FOUND. The row borrows key.
MUST_CHECK bool object_rows_find(struct object_database *database, const struct object_key *key,
                                 struct object_row *ret_row, struct error *error);
MUST_CHECK bool object_rows_read(struct object_database *database, int64_t id, struct object_row *ret_row,
                                 struct error *error);
// object becomes row->document, with this stamp; a row without id is a new one. Also fails with LIMIT.
MUST_CHECK bool object_rows_put(struct object_database *database, struct object_row *row,
                                const struct object_write *write, const struct object_stamp *stamp,
                                struct error *error);
MUST_CHECK bool object_rows_remove(struct object_database *database, const struct object_row *row,
                                   struct error *error);

// The rows that name uid as an owner; caller owns (free).
MUST_CHECK bool object_rows_owned(struct object_database *database, const char *uid, int64_t **ret_ids,
                                  size_t *ret_count, struct error *error);
MUST_CHECK bool object_rows_has_uid(struct object_database *database, const char *uid, bool *ret_has,
                                    struct error *error);
