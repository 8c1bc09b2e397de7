// Operations under way: begun, carried on as time passes, ended.
#pragma once

#include "reconciler/providers/sim_machines.h"

// group->work names action, version, surge and drain, and the group what is wanted; nothing runs on it.
// faults (of which fails, partial and crash count) decide how it will end.
struct sim_operation *sim_work_begin(const struct sim_moment *moment, struct sim_group *group,
                                     const struct provider_request *request, const struct sim_faults *faults);
// Plays what has happened until now.
void sim_work_advance(struct sim_model *model, struct sim_cluster *cluster, int64_t now_ms);
// When something happens next: sets cluster->next_ms.
void sim_work_schedule(struct sim_cluster *cluster);
// An operation that has ended is known for at least so long, and so are those of a cluster that is gone.
int64_t sim_work_keep_ms(const struct sim_model *model);
