#include "reconciler/providers/sim.h"

#include "base/memory.h"
#include "reconciler/providers/sim_internal.h"
#include "reconciler/providers/sim_request.h"
#include "reconciler/providers/sim_view.h"
#include "reconciler/providers/sim_work.h"

#include <assert.h>
#include <string.h>

enum { DEFAULT_LATENCY_MS = 20 };

bool sim_open(const struct sim_options *options, struct sim **ret_sim, struct error *error) {
    struct sim *sim = memory_calloc(1, sizeof(*sim));
    sim->loop = options->loop;
    sim->model = sim_model_new(options);
    sim->faults = options->faults;
    sim->latency_ms = options->latency_ms > 0 ? options->latency_ms : DEFAULT_LATENCY_MS;
    // A process that comes back must not meet the same bad luck at the same call again.
    sim->random = options->seed ^ (uint64_t)event_loop_wall_ms(options->loop);
    sim->scratch = arena_new();
    if (options->path && (!sim_database_open(options->path, &sim->database, error) ||
                          !sim_database_load(sim->database, sim->model, error))) {
        sim_free(sim);
        return error_wrap(error, "embedded cloud");
    }
    *ret_sim = sim;
    return true;
}

void sim_free(struct sim *sim) {
    if (!sim) {
        return;
    }
    sim_drop_calls(sim);
    sim_database_close(sim->database);
    sim_model_free(sim->model);
    arena_free(sim->scratch);
    free(sim);
}

void sim_set_faults(struct sim *sim, const struct sim_faults *faults) {
    sim->faults = *faults;
}

// ---- the state now ----

bool sim_store(struct sim *sim, struct sim_cluster *cluster, struct error *error) {
    if (!cluster->is_dirty) {
        return true;
    }
    if (!sim->database) {
        cluster->is_dirty = false;
        return true;
    }
    struct error failure = {0};
    return sim_database_save(sim->database, sim->model, cluster, &failure) ||
           error_set(error, ERROR_IO, "embedded cloud: %s", failure.message);
}

// Drops what is remembered of deleted clusters once its time has come.
static void forget_gone(struct sim *sim, int64_t now_ms) {
    struct sim_model *model = sim->model;
    if (model->next_forgotten_ms > now_ms) {
        return;
    }
    model->next_forgotten_ms = SIM_NEVER;
    for (size_t i = 0; i < model->slot_count;) {
        struct sim_cluster *cluster = model->slots[i];
        bool is_due = cluster && cluster->is_gone && cluster->forgotten_ms <= now_ms;
        if (is_due && (!sim->database || sim_database_remove(sim->database, cluster, NULL))) {
            sim_model_remove(model, cluster); // another one may have moved here
            continue;
        }
        if (cluster && cluster->is_gone && cluster->forgotten_ms < model->next_forgotten_ms) {
            model->next_forgotten_ms = cluster->forgotten_ms;
        }
        i++;
    }
}

bool sim_look(struct sim *sim, const struct provider_target *target, bool checks_owner,
              struct sim_cluster **ret_kept, struct error *error) {
    int64_t now_ms = event_loop_wall_ms(sim->loop);
    forget_gone(sim, now_ms);
    if (!sim_request_check_target(target, error)) {
        return false;
    }
    struct sim_cluster *cluster = sim_model_find_kept(sim->model, target->region, target->id);
    if (!cluster) {
        return error_set(error, ERROR_NOT_FOUND, "there is no cluster %s in region \"%s\"", target->id,
                         target->region);
    }
    sim_work_advance(sim->model, cluster, now_ms);
    if (!sim_store(sim, cluster, error)) {
        return false;
    }
    if (checks_owner && strcmp(cluster->owner, target->owner) != 0) {
        return error_set(error, ERROR_DENIED, "%s: it carries the tag of another owner", target->id);
    }
    *ret_kept = cluster;
    return true;
}

bool sim_look_present(struct sim *sim, const struct provider_target *target, bool checks_owner,
                      struct sim_cluster **ret_cluster, struct error *error) {
    struct sim_cluster *cluster = NULL;
    if (!sim_look(sim, target, checks_owner, &cluster, error)) {
        return false;
    }
    assert(cluster);
    if (cluster->is_gone) {
        return error_set(error, ERROR_NOT_FOUND, "there is no cluster %s in region \"%s\"", target->id,
                         target->region);
    }
    *ret_cluster = cluster;
    return true;
}

// ---- for tests, and for those who describe the cloud ----

static void meddle_group(struct sim_cluster *cluster, struct sim_group *group, int64_t replicas,
                         const char *version) {
    group->version = version ? version : group->version;
    for (uint32_t i = 0; version && i < group->machine_count; i++) {
        group->machines[i].version = version;
    }
    if (replicas < 0 || group->is_managed) {
        return;
    }
    group->replicas = replicas;
    while (group->machine_count > replicas) {
        sim_group_remove_machine(group, 0);
    }
    while (group->machine_count < replicas) {
        struct sim_machine *machine = sim_group_add_machine(group);
        machine->number = ++cluster->last_machine;
        machine->state = MACHINE_READY;
        machine->until_ms = SIM_NEVER;
    }
}

bool sim_meddle(struct sim *sim, const char *region, const char *id, const char *pool, int64_t replicas,
                const char *version) {
    struct sim_cluster *cluster = sim_model_find(sim->model, region, id);
    if (!cluster) {
        return false;
    }
    sim_work_advance(sim->model, cluster, event_loop_wall_ms(sim->loop));
    struct sim_group *group = cluster->is_gone ? NULL
                              : pool           ? sim_cluster_pool(cluster, pool)
                                               : &cluster->control_plane;
    if (!group || replicas > SIM_MOST_MACHINES) {
        return false;
    }
    meddle_group(cluster, group, replicas, version ? sim_model_text(sim->model, version) : NULL);
    // An operation that runs may have nothing more to wait for.
    cluster->next_ms = event_loop_wall_ms(sim->loop);
    sim_work_advance(sim->model, cluster, cluster->next_ms);
    struct error ignored;
    return sim_store(sim, cluster, &ignored);
}

void sim_each(struct sim *sim,
              void (*each)(void *cookie, const char *region, const char *id,
                           const struct cloud_cluster *cluster),
              void *cookie) {
    struct arena *arena = arena_new();
    int64_t now_ms = event_loop_wall_ms(sim->loop);
    forget_gone(sim, now_ms);
    for (size_t i = 0; i < sim->model->slot_count; i++) {
        struct sim_cluster *cluster = sim->model->slots[i];
        struct cloud_cluster view;
        struct error ignored;
        if (!cluster) {
            continue;
        }
        sim_work_advance(sim->model, cluster, now_ms);
        // What could not be stored stays dirty: whoever asks for it is told.
        if (sim_store(sim, cluster, &ignored) && !cluster->is_gone) {
            sim_view_cluster(arena, cluster, &view);
            each(cookie, cluster->region, cluster->id, &view);
        }
        arena_reset(arena);
    }
    arena_free(arena);
}
