// One SQLite file: opened as one that is ours, for one process that writes and any number that read.
#pragma once

#include "base/error.h"

#include <sqlite3.h>

struct database_file {
    sqlite3 *sqlite;
    int lock; // held while it is open for writing; -1: none
};

// path NULL: in memory. Fails as object_database_open does; then nothing is open.
MUST_CHECK bool database_file_open(struct database_file *ret_file, const char *path, bool read_only,
                                   struct error *error);
// Every statement must have been finalized.
void database_file_close(struct database_file *file);

// Makes the file if it is not there, and lets nobody else read it or what SQLite puts beside it. Fails with
// IO.
MUST_CHECK bool database_file_make_private(const char *path, struct error *error);
// What was committed is on the disk, and survives a power failure. Fails with IO.
MUST_CHECK bool database_file_sync(const struct database_file *file, struct error *error);
// Sets the error to what SQLite says; returns false.
bool database_file_fail(sqlite3 *sqlite, struct error *error, const char *doing);
