#include "reconciler/providers/sim_machines.h"

#include "reconciler/providers/sim_random.h"

#include <string.h>

// Seconds of the cloud, as AWS and Cluster API users see them.
static const double start_worker_s = 90;
static const double start_control_plane_s = 150;
static const double remove_machine_s = 20;

enum chance { CHANCE_START, CHANCE_DRAIN, CHANCE_REMOVE, CHANCES };

static uint64_t chance_of(const struct sim_moment *moment, uint32_t machine, enum chance chance) {
    return sim_random_of(moment->model->seed, moment->cluster->key, (uint64_t)machine * CHANCES + chance);
}

static bool is_control_plane(const struct sim_group *group) {
    return group->name[0] == '\0';
}

static bool rolls(const struct sim_group *group) {
    return group->work.action == ACTION_UPGRADE_POOL || group->work.action == ACTION_UPGRADE_CONTROL_PLANE;
}

static int64_t wanted(const struct sim_group *group) {
    bool is_deleted = group->work.action == ACTION_DELETE_POOL || group->work.action == ACTION_DELETE_CLUSTER;
    return is_deleted ? 0 : group->replicas;
}

static void start_machine(const struct sim_moment *moment, struct sim_group *group) {
    struct sim_machine *machine = sim_group_add_machine(group);
    machine->number = ++moment->cluster->last_machine;
    machine->until_ms =
        moment->now_ms +
        sim_model_duration_ms(moment->model, is_control_plane(group) ? start_control_plane_s : start_worker_s,
                              chance_of(moment, machine->number, CHANCE_START));
    if (group->work.fate == FATE_CRASH) {
        machine->dies = true;
        group->work.fate = FATE_SUCCEEDS;
    }
}

static void drain_machine(const struct sim_moment *moment, const struct sim_group *group,
                          struct sim_machine *machine) {
    // Most nodes are empty soon; some wait for a pod that does not want to go.
    double share = sim_random_unit(chance_of(moment, machine->number, CHANCE_DRAIN));
    double drain_s = (double)group->work.drain_s * share * share;
    machine->state = MACHINE_DRAINING;
    machine->until_ms = moment->now_ms + (int64_t)(drain_s * 1000 / moment->model->pace) +
                        sim_model_duration_ms(moment->model, remove_machine_s,
                                              chance_of(moment, machine->number, CHANCE_REMOVE));
}

void sim_machines_settle(const struct sim_moment *moment, struct sim_group *group) {
    for (uint32_t i = 0; i < group->machine_count;) {
        struct sim_machine *machine = &group->machines[i];
        if (machine->until_ms > moment->now_ms) {
            i++;
        } else if (machine->state == MACHINE_STARTING && !machine->dies) {
            machine->state = MACHINE_READY;
            machine->until_ms = SIM_NEVER;
            group->work.left--;
            i++;
        } else {
            group->work.left -= machine->state == MACHINE_DRAINING && !rolls(group) ? 1 : 0;
            sim_group_remove_machine(group, i);
        }
    }
}

struct tally {
    int64_t starting, draining, ready;
    int64_t current;  // of the group's version, and not draining
    int64_t outdated; // not draining either
};

static struct tally tally_of(const struct sim_group *group) {
    struct tally tally = {0};
    for (uint32_t i = 0; i < group->machine_count; i++) {
        const struct sim_machine *machine = &group->machines[i];
        bool is_draining = machine->state == MACHINE_DRAINING;
        bool is_current = machine->version == group->version;
        tally.draining += is_draining ? 1 : 0;
        tally.starting += machine->state == MACHINE_STARTING ? 1 : 0;
        tally.ready += machine->state == MACHINE_READY ? 1 : 0;
        tally.current += !is_draining && is_current ? 1 : 0;
        tally.outdated += !is_draining && !is_current ? 1 : 0;
    }
    return tally;
}

// The machine to go first: outdated before current ones, then those that do nothing yet, then the oldest.
// -1: none is left.
static int64_t next_to_go(const struct sim_group *group) {
    int64_t found = -1;
    int best = -1;
    for (uint32_t i = 0; i < group->machine_count; i++) {
        const struct sim_machine *machine = &group->machines[i];
        int score = (machine->version != group->version ? 2 : 0) + (machine->state == MACHINE_STARTING);
        if (machine->state != MACHINE_DRAINING && score > best) {
            found = i;
            best = score;
        }
    }
    return found;
}

// A control plane changes one machine at a time: etcd must keep its quorum.
static bool is_free(const struct sim_group *group, const struct tally *tally) {
    return !is_control_plane(group) || wanted(group) == 0 || tally->starting + tally->draining == 0;
}

static bool start_one(const struct sim_moment *moment, struct sim_group *group) {
    struct tally tally = tally_of(group);
    int64_t there = rolls(group) ? tally.current : tally.current + tally.outdated;
    int64_t most = wanted(group) + (rolls(group) ? group->work.surge : 0);
    if (there >= wanted(group) || group->machine_count >= most || !is_free(group, &tally)) {
        return false;
    }
    start_machine(moment, group);
    return true;
}

static bool remove_one(const struct sim_moment *moment, struct sim_group *group) {
    struct tally tally = tally_of(group);
    int64_t next = next_to_go(group);
    if (next < 0 || !is_free(group, &tally)) {
        return false;
    }
    struct sim_machine *machine = &group->machines[next];
    bool is_ready = machine->state == MACHINE_READY;
    bool is_outdated = rolls(group) && machine->version != group->version;
    int64_t spare =
        is_outdated ? tally.ready - wanted(group) : tally.current + tally.outdated - wanted(group);
    if (is_ready || !is_outdated) {
        if (spare <= 0) {
            return false;
        }
    }
    if (is_ready) {
        drain_machine(moment, group, machine);
    } else {
        group->work.left -= rolls(group) ? 0 : 1;
        sim_group_remove_machine(group, (uint32_t)next);
    }
    return true;
}

bool sim_machines_roll(const struct sim_moment *moment, struct sim_group *group) {
    while (start_one(moment, group) || remove_one(moment, group)) {
    }
    struct tally tally = tally_of(group);
    return tally.ready == wanted(group) && group->machine_count == wanted(group) &&
           (!rolls(group) || tally.outdated == 0);
}

void sim_machines_stop(struct sim_group *group) {
    for (uint32_t i = group->machine_count; i-- > 0;) {
        struct sim_machine *machine = &group->machines[i];
        if (machine->state == MACHINE_STARTING) {
            sim_group_remove_machine(group, i);
        } else {
            machine->state = MACHINE_READY;
            machine->until_ms = SIM_NEVER;
        }
    }
    while (rolls(group) && group->machine_count > group->replicas) {
        sim_group_remove_machine(group, (uint32_t)next_to_go(group));
    }
}

int64_t sim_machines_to_change(const struct sim_group *group) {
    struct tally tally = tally_of(group);
    if (rolls(group)) {
        return tally.outdated;
    }
    int64_t difference = wanted(group) - (int64_t)group->machine_count;
    return difference < 0 ? -difference : difference;
}
