// Where the embedded cloud is kept: SQLite in WAL mode, one process at a time. What was stored outlives the
// process, however it ends; the last changes may be lost when the machine itself does.
#pragma once

#include "reconciler/providers/sim_model.h"

struct sim_database;

// Fails with INVALID (a database of something else, or of a newer version), LIMIT (another process has it
// open), IO. Caller owns.
MUST_CHECK bool sim_database_open(const char *path, struct sim_database **ret_database, struct error *error);
void sim_database_close(struct sim_database *database);

// Everything that is stored, into an empty model. Fails with IO.
MUST_CHECK bool sim_database_load(struct sim_database *database, struct sim_model *model,
                                  struct error *error);
// One cluster as it is now, in one transaction. Fails with IO: the cluster stays dirty.
MUST_CHECK bool sim_database_save(struct sim_database *database, const struct sim_model *model,
                                  struct sim_cluster *cluster, struct error *error);
MUST_CHECK bool sim_database_remove(struct sim_database *database, const struct sim_cluster *cluster,
                                    struct error *error);
