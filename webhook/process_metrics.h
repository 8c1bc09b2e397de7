// Memory, processor time and open files of this process, by the names that Prometheus clients use.
#pragma once

#include "base/metrics.h"

struct process_metrics {
    struct metric *resident_memory, *virtual_memory, *cpu, *open_fds, *maximum_fds, *start_time;
};

void process_metrics_add(struct metrics *metrics, struct process_metrics *ret_process);
// Reads /proc/self; what can't be read keeps its value.
void process_metrics_update(struct process_metrics *process);
