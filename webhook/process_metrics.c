#include "webhook/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static struct metric *add(struct metrics *metrics, enum metric_type type, const char *name,
                          const char *help) {
    struct metric_family *family =
        metrics_add(metrics, &(struct metric_description){.type = type, .name = name, .help = help});
    return metric_series(family, NULL);
}

void process_metrics_add(struct metrics *metrics, struct process_metrics *ret_process) {
    *ret_process = (struct process_metrics){
        .resident_memory =
            add(metrics, METRIC_GAUGE, "process_resident_memory_bytes", "Resident memory size in bytes."),
        .virtual_memory =
            add(metrics, METRIC_GAUGE, "process_virtual_memory_bytes", "Virtual memory size in bytes."),
        .cpu = add(metrics, METRIC_COUNTER, "process_cpu_seconds_total",
                   "Total user and system CPU time spent in seconds."),
        .open_fds = add(metrics, METRIC_GAUGE, "process_open_fds", "Number of open file descriptors."),
        .maximum_fds =
            add(metrics, METRIC_GAUGE, "process_max_fds", "Maximum number of open file descriptors."),
        .start_time = add(metrics, METRIC_GAUGE, "process_start_time_seconds",
                          "Start time of the process since unix epoch in seconds."),
    };
}

static void fclose_cleanup(FILE **file) {
    if (*file) {
        fclose(*file);
    }
}

static void update_memory(struct process_metrics *process) {
    CLEANUP(fclose) FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages, resident;
    if (file && fscanf(file, "%lu %lu", &pages, &resident) == 2) {
        double page_bytes = (double)sysconf(_SC_PAGESIZE);
        metric_set(process->virtual_memory, (double)pages * page_bytes);
        metric_set(process->resident_memory, (double)resident * page_bytes);
    }
}

static void update_files(struct process_metrics *process) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        metric_set(process->maximum_fds, (double)limit.rlim_cur);
    }
    DIR *entries = opendir("/proc/self/fd");
    if (!entries) {
        return;
    }
    double count = -1; // the one that reads this folder
    for (const struct dirent *entry; (entry = readdir(entries));) {
        count += entry->d_name[0] != '.';
    }
    closedir(entries);
    metric_set(process->open_fds, count);
}

// Field 22 of stat counts clock ticks since boot; the command's name before it may hold spaces.
static void update_start(struct process_metrics *process) {
    CLEANUP(fclose) FILE *file = fopen("/proc/self/stat", "re");
    char line[1024];
    struct timespec now, uptime;
    if (!file || !fgets(line, sizeof(line), file) || !strrchr(line, ')') ||
        clock_gettime(CLOCK_REALTIME, &now) != 0 || clock_gettime(CLOCK_BOOTTIME, &uptime) != 0) {
        return;
    }
    const char *field = strrchr(line, ')') + 1;
    for (int i = 2; i < 21 && field; i++) {
        field = strchr(field + 1, ' ');
    }
    if (field) {
        double started = strtod(field, NULL) / (double)sysconf(_SC_CLK_TCK);
        metric_set(process->start_time, (double)(now.tv_sec - uptime.tv_sec) + started);
    }
}

void process_metrics_update(struct process_metrics *process) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        metric_set(process->cpu, (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    }
    update_memory(process);
    update_files(process);
    if (metric_value(process->start_time) <= 0) {
        update_start(process);
    }
}
