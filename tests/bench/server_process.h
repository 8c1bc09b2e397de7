// A server under measurement: another process, its time, its memory.
#pragma once

#include "base/error.h"

#include <stdint.h>
#include <sys/types.h>

struct server_process {
    const char *name; // for the report
    pid_t pid;
    uint16_t port;
    char *const *arguments; // as started
};

// A port that nobody uses at the moment.
uint16_t free_port(void);
// Starts arguments[0]; its standard error goes to log_path.
MUST_CHECK bool server_process_start(struct server_process *process, const char *log_path,
                                     struct error *error);
// SIGTERM, and waits. Returns the exit code, -1 when a signal ended it.
int server_process_stop(struct server_process *process);

// Processor time of all its threads so far; 0 when it is gone.
uint64_t server_process_cpu_ns(const struct server_process *process);
// From /proc/PID/status, in kB; field is "VmRSS" or "VmHWM".
uint64_t server_process_memory_kb(const struct server_process *process, const char *field);
