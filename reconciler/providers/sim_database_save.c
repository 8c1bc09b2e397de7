#include "reconciler/providers/sim_database_internal.h"

// Values of one row, in order.
struct row {
    sqlite3_stmt *statement;
    int column;
};

static struct row row_begin(struct sim_database *database, enum statement statement,
                            const struct sim_cluster *cluster) {
    struct row row = {database->statements[statement], 0};
    // The statement is reset after its step, and texts live until then.
    sqlite3_bind_text(row.statement, ++row.column, cluster->region, -1, SQLITE_STATIC);
    sqlite3_bind_text(row.statement, ++row.column, cluster->id, -1, SQLITE_STATIC);
    return row;
}

static void add_text(struct row *row, const char *text) {
    sqlite3_bind_text(row->statement, ++row->column, text, -1, SQLITE_STATIC); // NULL binds NULL
}

static void add_number(struct row *row, int64_t number) {
    sqlite3_bind_int64(row->statement, ++row->column, number);
}

static bool run(sqlite3_stmt *statement) {
    bool is_done = sqlite3_step(statement) == SQLITE_DONE;
    return sqlite3_reset(statement) == SQLITE_OK && is_done;
}

static bool drop(struct sim_database *database, enum statement statement, const struct sim_cluster *cluster) {
    struct row row = row_begin(database, statement, cluster);
    return run(row.statement);
}

static bool save_machines(struct sim_database *database, const struct sim_cluster *cluster,
                          const struct sim_group *group) {
    for (uint32_t i = 0; i < group->machine_count; i++) {
        const struct sim_machine *machine = &group->machines[i];
        struct row row = row_begin(database, STATEMENT_SAVE_MACHINE, cluster);
        add_number(&row, machine->number);
        add_text(&row, group->name);
        add_text(&row, machine->version);
        add_number(&row, machine->state);
        add_number(&row, machine->until_ms);
        add_number(&row, machine->dies);
        if (!run(row.statement)) {
            return false;
        }
    }
    return true;
}

static bool save_group(struct sim_database *database, const struct sim_cluster *cluster,
                       const struct sim_group *group) {
    const struct sim_work *work = &group->work;
    struct row row = row_begin(database, STATEMENT_SAVE_POOL, cluster);
    add_text(&row, group->name);
    add_text(&row, group->version);
    add_number(&row, group->replicas);
    add_number(&row, group->is_managed);
    add_text(&row, provider_action_name(work->action));
    add_number(&row, work->fate);
    add_number(&row, work->phase);
    add_number(&row, (int64_t)work->operation);
    add_text(&row, work->version ? work->version : "");
    add_number(&row, work->surge);
    add_number(&row, work->drain_s);
    add_number(&row, work->until_ms);
    add_number(&row, work->left);
    return run(row.statement) && save_machines(database, cluster, group);
}

static bool save_operations(struct sim_database *database, const struct sim_cluster *cluster) {
    if (cluster->has_forgotten && !drop(database, STATEMENT_DROP_OPERATIONS, cluster)) {
        return false;
    }
    for (size_t i = cluster->operation_count; i-- > 0;) {
        const struct sim_operation *operation = &cluster->operations[i];
        if (operation->is_stored && !cluster->has_forgotten) {
            continue;
        }
        struct row row = row_begin(database, STATEMENT_SAVE_OPERATION, cluster);
        add_number(&row, (int64_t)operation->number);
        add_text(&row, operation->id);
        add_text(&row, provider_action_name(operation->action));
        add_number(&row, operation->state);
        add_text(&row, operation->token);
        add_text(&row, operation->failure);
        add_number(&row, operation->known_until_ms);
        if (!run(row.statement)) {
            return false;
        }
    }
    return true;
}

static bool save_groups(struct sim_database *database, const struct sim_cluster *cluster) {
    if (!drop(database, STATEMENT_DROP_POOLS, cluster) || !drop(database, STATEMENT_DROP_MACHINES, cluster)) {
        return false;
    }
    if (cluster->is_gone) {
        return true;
    }
    for (size_t i = 0; i < cluster->pool_count; i++) {
        if (!save_group(database, cluster, &cluster->pools[i])) {
            return false;
        }
    }
    return save_group(database, cluster, &cluster->control_plane);
}

static bool save_cluster(struct sim_database *database, const struct sim_model *model,
                         const struct sim_cluster *cluster) {
    sqlite3_stmt *cloud = database->statements[STATEMENT_SAVE_CLOUD];
    sqlite3_bind_int64(cloud, 1, (int64_t)model->last_operation);
    struct row row = row_begin(database, STATEMENT_SAVE_CLUSTER, cluster);
    add_text(&row, cluster->owner);
    add_text(&row, cluster->flavour);
    add_text(&row, cluster->failure);
    add_number(&row, cluster->has_endpoint);
    add_number(&row, cluster->is_gone);
    add_number(&row, cluster->forgotten_ms);
    add_number(&row, cluster->last_machine);
    return run(cloud) && run(row.statement) && save_groups(database, cluster) &&
           save_operations(database, cluster);
}

static bool end(struct sim_database *database, bool is_well, struct error *error) {
    if (is_well && run(database->statements[STATEMENT_COMMIT])) {
        return true;
    }
    sim_database_fail(database, error);
    (void)run(database->statements[STATEMENT_ROLLBACK]);
    return false;
}

bool sim_database_save(struct sim_database *database, const struct sim_model *model,
                       struct sim_cluster *cluster, struct error *error) {
    bool is_well = run(database->statements[STATEMENT_BEGIN]) && save_cluster(database, model, cluster);
    if (!end(database, is_well, error)) {
        return false;
    }
    for (size_t i = cluster->operation_count; i-- > 0;) {
        cluster->operations[i].is_stored = true;
    }
    cluster->has_forgotten = false;
    cluster->is_dirty = false;
    return true;
}

bool sim_database_remove(struct sim_database *database, const struct sim_cluster *cluster,
                         struct error *error) {
    bool is_well =
        run(database->statements[STATEMENT_BEGIN]) && drop(database, STATEMENT_DROP_CLUSTER, cluster) &&
        drop(database, STATEMENT_DROP_POOLS, cluster) && drop(database, STATEMENT_DROP_MACHINES, cluster) &&
        drop(database, STATEMENT_DROP_OPERATIONS, cluster);
    return end(database, is_well, error);
}
