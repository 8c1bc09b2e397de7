// What sim_database.c, sim_database_load.c and sim_database_save.c share.
#pragma once

#include "reconciler/providers/sim_database.h"

#include <sqlite3.h>

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_SAVE_CLOUD,
    STATEMENT_SAVE_CLUSTER,
    STATEMENT_SAVE_POOL,
    STATEMENT_SAVE_MACHINE,
    STATEMENT_SAVE_OPERATION,
    STATEMENT_DROP_CLUSTER,
    STATEMENT_DROP_POOLS,
    STATEMENT_DROP_MACHINES,
    STATEMENT_DROP_OPERATIONS,
    STATEMENT_COUNT,
};

struct sim_database {
    sqlite3 *handle;
    char *path;
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

// Sets the error that the last call of SQLite had; false.
bool sim_database_fail(const struct sim_database *database, struct error *error);
