// What the files of the object database share, and the tables beside it.
#pragma once

#include "embedded/database_file.h"
#include "embedded/database_statement.h"
#include "embedded/object_database.h"

// A change that listeners have not heard of.
struct object_news {
    char *texts; // of the key
    struct object_key key;
    struct document *document;
    bool removed;
};

struct object_database {
    struct database_file file;
    struct statement_set statements;
    struct object_database_options options; // path is not kept
    bool is_file;
    bool in_group;
    bool failed;          // in a group: it can't be stored any more
    struct error failure; // why
    bool telling;         // listeners are being called
    bool must_sync;       // the open transaction holds what must survive a power failure
    int64_t version;      // the last resourceVersion
    int64_t reserved;     // every resourceVersion that was given out is below it
    struct object_listener *listeners;
    size_t listener_count;
    struct object_news *news;
    size_t news_count, news_capacity;
    size_t news_told; // listeners have heard of those before
    size_t news_mark; // where those of the open transaction begin
};

// What a change answers.
struct object_result {
    struct document *document; // where nothing changed
    size_t news;               // else its place in news + 1
};
// Every change lies between these two. leave takes ownership of result->document, also on failure.
MUST_CHECK bool object_database_enter(struct object_database *database, struct error *error);
MUST_CHECK bool object_database_leave(struct object_database *database, bool done,
                                      struct object_result *result, struct document **ret_document,
                                      struct error *error);
// Takes ownership of document. Returns its place + 1.
size_t object_database_tell(struct object_database *database, const struct object_key *key,
                            struct document *document, bool removed);
// The next one. Fails with IO.
MUST_CHECK bool object_database_next_version(struct object_database *database, int64_t *ret_version,
                                             struct error *error);
int64_t object_database_now_ms(const struct object_database *database);
