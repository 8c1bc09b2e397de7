// How the machines of a group come and go: started, ready, drained, away.
#pragma once

#include "reconciler/providers/sim_model.h"

// A moment of one cluster.
struct sim_moment {
    struct sim_model *model;
    struct sim_cluster *cluster;
    int64_t now_ms; // wall clock
};

// Ends the states of machines that are due.
void sim_machines_settle(const struct sim_moment *moment, struct sim_group *group);
// Starts and drains machines as the group's operation asks for now. True: everything is as it asks.
bool sim_machines_roll(const struct sim_moment *moment, struct sim_group *group);
// The operation ends half way: what starts goes, what drains stays, and nothing more is there than is wanted.
void sim_machines_stop(struct sim_group *group);
// How many machines the operation has to start or to remove.
int64_t sim_machines_to_change(const struct sim_group *group);
