#include "reconciler/providers/sim_work.h"

#include "base/memory.h"
#include "base/sha256.h"
#include "reconciler/providers/sim_random.h"

#include <stdio.h>
#include <string.h>

// Seconds of the cloud.
static const double refuse_s = 30;
static const double network_s = 60;
static const double endpoint_s = 30;
static const double create_managed_s = 480;
static const double upgrade_managed_s = 420;
static const double delete_managed_s = 180;
static const double keep_s = 3600;

// At a high pace an hour of the cloud is over before anybody could ask again: who failed waits up to five
// minutes, whatever the pace.
enum { KEEP_AT_LEAST_MS = 15 * 60 * 1000 };

int64_t sim_work_keep_ms(const struct sim_model *model) {
    double keep_ms = keep_s * 1000 / model->pace;
    return keep_ms > KEEP_AT_LEAST_MS ? (int64_t)keep_ms : KEEP_AT_LEAST_MS;
}

// ---- phases ----

static double managed_s(enum provider_action action) {
    return action == ACTION_CREATE_CLUSTER   ? create_managed_s
           : action == ACTION_DELETE_CLUSTER ? delete_managed_s
                                             : upgrade_managed_s;
}

// 0: it ends when the machines are as they should be.
static double phase_s(const struct sim_group *group) {
    const struct sim_work *work = &group->work;
    switch (work->phase) {
    case PHASE_REFUSED:
        return refuse_s;
    case PHASE_NETWORK:
        return network_s;
    case PHASE_ENDPOINT:
        return endpoint_s;
    default:
        break;
    }
    double half = work->fate == FATE_PARTIAL ? 0.5 : 1;
    double twice = work->fate == FATE_CRASH ? 2 : 1;
    return group->is_managed ? managed_s(work->action) * half * twice : 0;
}

static void begin_phase(const struct sim_moment *moment, struct sim_group *group, enum sim_phase phase) {
    group->work.phase = phase;
    double seconds = phase_s(group);
    uint64_t chance =
        sim_random_of(moment->model->seed, group->work.operation, moment->cluster->key + (uint64_t)phase);
    group->work.until_ms =
        seconds > 0 ? moment->now_ms + sim_model_duration_ms(moment->model, seconds, chance) : SIM_NEVER;
}

static enum sim_phase first_phase(const struct sim_work *work) {
    if (work->fate == FATE_FAILS) {
        return PHASE_REFUSED;
    }
    return work->action == ACTION_CREATE_CLUSTER ? PHASE_NETWORK : PHASE_MACHINES;
}

// False: that was the last one.
static bool next_phase(const struct sim_work *work, enum sim_phase *ret_phase) {
    if (work->action == ACTION_CREATE_CLUSTER && work->phase != PHASE_ENDPOINT) {
        *ret_phase = work->phase == PHASE_NETWORK ? PHASE_MACHINES : PHASE_ENDPOINT;
        return true;
    }
    if (work->action == ACTION_DELETE_CLUSTER && work->phase == PHASE_MACHINES) {
        *ret_phase = PHASE_NETWORK;
        return true;
    }
    return false;
}

// ---- the end ----

static void lose_cluster(const struct sim_moment *moment) {
    struct sim_cluster *cluster = moment->cluster;
    sim_cluster_empty(cluster);
    cluster->is_gone = true;
    cluster->forgotten_ms = moment->now_ms + sim_work_keep_ms(moment->model);
    if (cluster->forgotten_ms < moment->model->next_forgotten_ms) {
        moment->model->next_forgotten_ms = cluster->forgotten_ms;
    }
}

static void end_operation(const struct sim_moment *moment, struct sim_group *group, const char *failure) {
    struct sim_operation *operation = sim_cluster_operation(moment->cluster, group->work.operation);
    operation->state = failure ? OPERATION_FAILED : OPERATION_SUCCEEDED;
    operation->failure = failure ? memory_strdup(failure) : NULL;
    operation->known_until_ms = moment->now_ms + sim_work_keep_ms(moment->model);
    operation->is_stored = false;
    group->work.action = ACTION_NONE;
}

static void succeed(const struct sim_moment *moment, struct sim_group *group) {
    enum provider_action action = group->work.action;
    group->version = action == ACTION_UPGRADE_CONTROL_PLANE ? group->work.version : group->version;
    end_operation(moment, group, NULL);
    if (action == ACTION_CREATE_CLUSTER) {
        moment->cluster->has_endpoint = true;
    } else if (action == ACTION_DELETE_CLUSTER) {
        lose_cluster(moment);
    }
    group->is_gone = action == ACTION_DELETE_POOL;
}

// Nothing was changed yet.
static void fail(const struct sim_moment *moment, struct sim_group *group) {
    enum provider_action action = group->work.action;
    end_operation(moment, group, "the cloud had an internal error before it changed anything");
    if (action == ACTION_CREATE_CLUSTER) {
        lose_cluster(moment);
    }
    group->is_gone = action == ACTION_CREATE_POOL;
}

// What is wanted becomes what is there, so that whoever looks sees what is missing, and can ask for it.
static void keep_what_is_there(const struct sim_moment *moment, struct sim_group *group,
                               enum provider_action action, const char *failure) {
    switch (action) {
    case ACTION_CREATE_CLUSTER:
        if (group->machine_count == 0) {
            lose_cluster(moment);
            return;
        }
        moment->cluster->has_endpoint = true;
        group->replicas = group->machine_count;
        return;
    case ACTION_DELETE_CLUSTER:
        free(moment->cluster->failure);
        moment->cluster->failure = memory_strdup(failure);
        return;
    case ACTION_UPGRADE_POOL:
    case ACTION_UPGRADE_CONTROL_PLANE:
        return; // it has all its machines, of two versions
    default:
        group->replicas = group->machine_count;
    }
}

static void fail_half_way(const struct sim_moment *moment, struct sim_group *group) {
    enum provider_action action = group->work.action;
    char failure[160];
    sim_machines_stop(group);
    if (group->is_managed) {
        snprintf(failure, sizeof(failure), "the cloud had an internal error half way");
    } else {
        snprintf(failure, sizeof(failure), "the cloud had an internal error half way: %u machines are there",
                 (unsigned)group->machine_count);
    }
    end_operation(moment, group, failure);
    keep_what_is_there(moment, group, action, failure);
}

// ---- time ----

// True: it goes on with its next phase at once.
static bool step(const struct sim_moment *moment, struct sim_group *group) {
    struct sim_work *work = &group->work;
    bool is_partial = work->fate == FATE_PARTIAL && work->phase == PHASE_MACHINES;
    if (work->until_ms != SIM_NEVER) {
        if (work->until_ms > moment->now_ms) {
            return false;
        }
    } else if (is_partial && work->left <= 0) {
        fail_half_way(moment, group);
        return false;
    } else if (!sim_machines_roll(moment, group)) {
        return false;
    }
    enum sim_phase next;
    if (work->phase == PHASE_REFUSED) {
        fail(moment, group);
    } else if (is_partial && group->is_managed) {
        fail_half_way(moment, group);
    } else if (!next_phase(work, &next)) {
        succeed(moment, group);
    } else {
        begin_phase(moment, group, next);
        return true;
    }
    return false;
}

static void step_group(const struct sim_moment *moment, struct sim_group *group) {
    sim_machines_settle(moment, group);
    while (group->work.action != ACTION_NONE && step(moment, group)) {
    }
}

static void step_cluster(const struct sim_moment *moment) {
    struct sim_cluster *cluster = moment->cluster;
    step_group(moment, &cluster->control_plane);
    for (size_t i = 0; i < cluster->pool_count; i++) {
        step_group(moment, &cluster->pools[i]);
    }
    sim_cluster_drop_gone_pools(cluster);
    cluster->is_dirty = true;
    sim_work_schedule(cluster);
}

static int64_t group_next_ms(const struct sim_group *group) {
    int64_t next_ms = group->work.action != ACTION_NONE ? group->work.until_ms : SIM_NEVER;
    for (uint32_t i = 0; i < group->machine_count; i++) {
        next_ms = group->machines[i].until_ms < next_ms ? group->machines[i].until_ms : next_ms;
    }
    return next_ms;
}

void sim_work_schedule(struct sim_cluster *cluster) {
    cluster->next_ms = group_next_ms(&cluster->control_plane);
    for (size_t i = 0; i < cluster->pool_count; i++) {
        int64_t next_ms = group_next_ms(&cluster->pools[i]);
        cluster->next_ms = next_ms < cluster->next_ms ? next_ms : cluster->next_ms;
    }
}

void sim_work_advance(struct sim_model *model, struct sim_cluster *cluster, int64_t now_ms) {
    while (cluster->next_ms <= now_ms) {
        step_cluster(&(struct sim_moment){model, cluster, cluster->next_ms});
    }
}

// ---- the beginning ----

static enum sim_fate fate_of(const struct sim_model *model, uint64_t operation,
                             const struct sim_faults *faults) {
    double chance = sim_random_unit(sim_random_of(model->seed, operation, 0));
    if (chance < faults->fails) {
        return FATE_FAILS;
    }
    chance = sim_random_unit(sim_random_of(model->seed, operation, 1));
    if (chance < faults->partial) {
        return FATE_PARTIAL;
    }
    chance = sim_random_unit(sim_random_of(model->seed, operation, 2));
    return chance < faults->crash ? FATE_CRASH : FATE_SUCCEEDS;
}

static void apply(struct sim_group *group, const struct provider_request *request) {
    if (group->work.fate == FATE_FAILS) {
        return;
    }
    bool scales = request->action == ACTION_SCALE_POOL || request->action == ACTION_SCALE_CONTROL_PLANE;
    group->replicas = scales ? request->replicas : group->replicas;
    if (request->action == ACTION_UPGRADE_POOL ||
        (request->action == ACTION_UPGRADE_CONTROL_PLANE && !group->is_managed)) {
        group->version = group->work.version;
    }
}

// At least one machine is done before, where there are two.
static void place_failure(const struct sim_model *model, struct sim_group *group) {
    if (group->work.fate != FATE_PARTIAL || group->is_managed) {
        return;
    }
    int64_t changes = sim_machines_to_change(group);
    uint64_t chance = sim_random_of(model->seed, group->work.operation, 3);
    group->work.left = changes < 2 ? 0 : 1 + (int64_t)(chance % (uint64_t)(changes - 1));
    group->work.fate = changes == 0 ? FATE_SUCCEEDS : FATE_PARTIAL;
}

static void make_id(const struct sim_model *model, const struct sim_cluster *cluster, uint64_t number,
                    char ret_id[SIM_OPERATION_BYTES]) {
    char name[2 * SIM_MOST_TEXT + 64];
    char hex[SHA256_HEX_BYTES];
    int length = snprintf(name, sizeof(name), "operation %llx %llu %s %s", (unsigned long long)model->seed,
                          (unsigned long long)number, cluster->region, cluster->id);
    sha256_hex(name, (size_t)length, hex);
    memcpy(ret_id, hex, SIM_OPERATION_BYTES - 1);
    ret_id[SIM_OPERATION_BYTES - 1] = '\0';
}

struct sim_operation *sim_work_begin(const struct sim_moment *moment, struct sim_group *group,
                                     const struct provider_request *request,
                                     const struct sim_faults *faults) {
    struct sim_model *model = moment->model;
    struct sim_operation *operation = sim_cluster_add_operation(moment->cluster, ++model->last_operation);
    make_id(model, moment->cluster, operation->number, operation->id);
    operation->action = request->action;
    operation->token = memory_strdup(request->token);
    uint64_t number = operation->number;
    group->work.operation = number;
    group->work.fate = fate_of(model, number, faults);
    apply(group, request);
    place_failure(model, group);
    begin_phase(moment, group, first_phase(&group->work));
    moment->cluster->is_dirty = true;
    // Machines are started now, not when somebody looks next.
    moment->cluster->next_ms = moment->now_ms;
    sim_work_advance(model, moment->cluster, moment->now_ms);
    return sim_cluster_operation(moment->cluster, number);
}
