#include "base/memory.h"
#include "reconciler/providers/sim_database_internal.h"
#include "reconciler/providers/sim_work.h"

static const char *text_at(sqlite3_stmt *row, int column) {
    const unsigned char *text = sqlite3_column_text(row, column);
    return text ? (const char *)text : "";
}

static char *copy_at(sqlite3_stmt *row, int column) {
    return sqlite3_column_type(row, column) == SQLITE_NULL ? NULL : memory_strdup(text_at(row, column));
}

static bool flag_at(sqlite3_stmt *row, int column) {
    return sqlite3_column_int(row, column) != 0;
}

// NULL: somebody changed the file by hand.
static struct sim_cluster *cluster_at(sqlite3_stmt *row, const struct sim_model *model) {
    return sim_model_find_kept(model, text_at(row, 0), text_at(row, 1));
}

static bool read_cloud(sqlite3_stmt *row, struct sim_model *model) {
    model->last_operation = (uint64_t)sqlite3_column_int64(row, 0);
    return true;
}

static bool read_cluster(sqlite3_stmt *row, struct sim_model *model) {
    struct sim_cluster *cluster = sim_model_add(model, text_at(row, 0), text_at(row, 1), text_at(row, 2));
    cluster->flavour = sim_model_text(model, text_at(row, 3));
    cluster->failure = copy_at(row, 4);
    cluster->has_endpoint = flag_at(row, 5);
    cluster->is_gone = flag_at(row, 6);
    cluster->forgotten_ms = sqlite3_column_int64(row, 7);
    cluster->last_machine = (uint32_t)sqlite3_column_int64(row, 8);
    if (cluster->is_gone && cluster->forgotten_ms < model->next_forgotten_ms) {
        model->next_forgotten_ms = cluster->forgotten_ms;
    }
    return true;
}

static bool read_pool(sqlite3_stmt *row, struct sim_model *model) {
    struct sim_cluster *cluster = cluster_at(row, model);
    if (!cluster) {
        return false;
    }
    const char *name = text_at(row, 2);
    struct sim_group *group = *name ? sim_cluster_add_pool(cluster, name) : &cluster->control_plane;
    group->version = sim_model_text(model, text_at(row, 3));
    group->replicas = sqlite3_column_int64(row, 4);
    group->is_managed = flag_at(row, 5);
    group->work = (struct sim_work){
        .action = provider_action_parse(text_at(row, 6)),
        .fate = (enum sim_fate)sqlite3_column_int(row, 7),
        .phase = (enum sim_phase)sqlite3_column_int(row, 8),
        .operation = (uint64_t)sqlite3_column_int64(row, 9),
        .version = sim_model_text(model, text_at(row, 10)),
        .surge = sqlite3_column_int64(row, 11),
        .drain_s = sqlite3_column_int64(row, 12),
        .until_ms = sqlite3_column_int64(row, 13),
        .left = sqlite3_column_int64(row, 14),
    };
    return true;
}

static bool read_machine(sqlite3_stmt *row, struct sim_model *model) {
    struct sim_cluster *cluster = cluster_at(row, model);
    const char *pool = text_at(row, 3);
    struct sim_group *group = !cluster ? NULL
                              : *pool  ? sim_cluster_pool(cluster, pool)
                                       : &cluster->control_plane;
    if (!group) {
        return false;
    }
    struct sim_machine *machine = sim_group_add_machine(group);
    machine->number = (uint32_t)sqlite3_column_int64(row, 2);
    machine->version = sim_model_text(model, text_at(row, 4));
    machine->state = (unsigned char)sqlite3_column_int(row, 5);
    machine->until_ms = sqlite3_column_int64(row, 6);
    machine->dies = flag_at(row, 7);
    return true;
}

static bool read_operation(sqlite3_stmt *row, struct sim_model *model) {
    struct sim_cluster *cluster = cluster_at(row, model);
    if (!cluster) {
        return false;
    }
    struct sim_operation *operation =
        sim_cluster_add_operation(cluster, (uint64_t)sqlite3_column_int64(row, 2));
    sqlite3_snprintf(sizeof(operation->id), operation->id, "%s", text_at(row, 3));
    operation->action = provider_action_parse(text_at(row, 4));
    operation->state = (enum operation_state)sqlite3_column_int(row, 5);
    operation->token = memory_strdup(text_at(row, 6));
    operation->failure = copy_at(row, 7);
    operation->known_until_ms = sqlite3_column_int64(row, 8);
    operation->is_stored = true;
    return true;
}

// Groups come before their machines, and machines in the order of their numbers.
static const struct {
    const char *query;
    bool (*read)(sqlite3_stmt *row, struct sim_model *model);
} tables[] = {
    {"SELECT last_operation FROM cloud", read_cloud},
    {"SELECT * FROM cluster ORDER BY region, id", read_cluster},
    {"SELECT * FROM pool ORDER BY region, id, name", read_pool},
    {"SELECT * FROM machine ORDER BY region, id, number", read_machine},
    {"SELECT * FROM operation ORDER BY region, id, number", read_operation},
};

static bool load_table(struct sim_database *database, struct sim_model *model, size_t table,
                       struct error *error) {
    sqlite3_stmt *rows = NULL;
    if (sqlite3_prepare_v2(database->handle, tables[table].query, -1, &rows, NULL) != SQLITE_OK) {
        return sim_database_fail(database, error);
    }
    int code = sqlite3_step(rows);
    bool is_well = true;
    while (code == SQLITE_ROW && is_well) {
        is_well = tables[table].read(rows, model);
        code = is_well ? sqlite3_step(rows) : code;
    }
    if (!is_well) {
        error_set(error, ERROR_INVALID, "%s: it has parts of a cluster that is not there", database->path);
    } else if (code != SQLITE_DONE) {
        is_well = sim_database_fail(database, error);
    }
    sqlite3_finalize(rows);
    return is_well;
}

bool sim_database_load(struct sim_database *database, struct sim_model *model, struct error *error) {
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        if (!load_table(database, model, i, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < model->slot_count; i++) {
        if (model->slots[i]) {
            sim_work_schedule(model->slots[i]);
        }
    }
    return true;
}
