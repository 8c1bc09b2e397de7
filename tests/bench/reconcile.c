// What carrying out costs: reconcile_bench [--clusters N] [--memory] [--check]. Brings up N clusters of seven
// objects on one thread and looks at them once they are as they should be. --check: fails where a target is
// missed (a steady minute below one core-second, the process below 150 MB, a change acted on in one turn).
#include "tests/bench/reconcile_fleet.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CLUSTERS = 5000, STEADY_MINUTES = 5, CHANGES = 200, MOST_TURNS = 1000, MOST_MINUTES = 600 };

static const double pace = 60;
static const double most_core_s = 1.0, most_mb = 150;

struct figures {
    double up_s, core_s, resident_mb;
    unsigned long most_turns;
};

// Time of this thread alone: other programs on the machine don't count.
static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double resident_mb(void) {
    long pages = 0, ignored = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%ld %ld", &ignored, &pages) != 2) {
        pages = 0;
    }
    if (file) {
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static bool bring_up(struct reconcile_fleet *fleet, size_t clusters, struct figures *figures) {
    double begin_s = cpu_s();
    for (size_t i = 0; i < clusters; i++) {
        reconcile_fleet_add(fleet, i);
    }
    size_t minutes = 0;
    while (reconciler_stats(fleet->reconciler).converged < clusters && minutes++ < MOST_MINUTES) {
        reconcile_fleet_run(fleet, 60);
    }
    figures->up_s = cpu_s() - begin_s;
    return minutes < MOST_MINUTES;
}

static void stay(struct reconcile_fleet *fleet, struct figures *figures) {
    reconcile_fleet_run(fleet, 300); // the last words are said
    uint64_t passes = reconciler_stats(fleet->reconciler).passes, calls = fleet->calls;
    double begin_s = cpu_s();
    reconcile_fleet_run(fleet, (int64_t)STEADY_MINUTES * 60);
    figures->core_s = (cpu_s() - begin_s) / STEADY_MINUTES;
    figures->resident_mb = resident_mb();
    struct mallinfo2 heap = mallinfo2();
    printf("  %.0f MB of heap in use, %.0f MB free in between\n", (double)heap.uordblks / 1e6,
           (double)heap.fordblks / 1e6);
    printf("  %.0f passes and %.0f calls of the cloud a minute\n",
           (double)(reconciler_stats(fleet->reconciler).passes - passes) / STEADY_MINUTES,
           (double)(fleet->calls - calls) / STEADY_MINUTES);
}

// In the midst of the others' passes.
static void change(struct reconcile_fleet *fleet, size_t clusters, struct figures *figures) {
    double begin_s = cpu_s();
    for (size_t i = 0; i < CHANGES; i++) {
        reconcile_fleet_run(fleet, 1);
        uint64_t before = fleet->records;
        reconcile_fleet_scale(fleet, i * 31 % clusters, 4 + (int)(i / clusters % 2));
        unsigned long turns = 0;
        while (fleet->records == before && turns++ < MOST_TURNS) {
            event_loop_turn(fleet->loop, -1);
        }
        figures->most_turns = turns > figures->most_turns ? turns : figures->most_turns;
    }
    printf("  %.2f ms of CPU time for a change\n", (cpu_s() - begin_s) / CHANGES * 1e3);
}

static int report(const struct figures *figures, size_t clusters, bool is_in_memory, bool checks) {
    bool is_cheap = figures->core_s < most_core_s;
    bool is_small = is_in_memory || figures->resident_mb < most_mb;
    bool is_prompt = figures->most_turns <= 1;
    printf("%zu clusters came up in %.1f core-seconds\n", clusters, figures->up_s);
    printf("a steady minute costs %.3f core-seconds (target: below %.1f)%s\n", figures->core_s, most_core_s,
           is_cheap ? "" : " MISSED");
    printf("resident: %.0f MB (target: below %.0f, with the database on disk)%s\n", figures->resident_mb,
           most_mb, is_small ? "" : " MISSED");
    printf("a change is acted on in %lu turns of the loop at most (target: 1)%s\n", figures->most_turns,
           is_prompt ? "" : " MISSED");
    return checks && !(is_cheap && is_small && is_prompt) ? 1 : 0;
}

static int bench(size_t clusters, const char *path, bool checks) {
    static struct reconcile_fleet fleet;
    struct figures figures = {0};
    reconcile_fleet_begin(&fleet, path, pace);
    if (!bring_up(&fleet, clusters, &figures)) {
        fprintf(stderr, "reconcile_bench: only %zu of %zu clusters are as they should be\n",
                reconciler_stats(fleet.reconciler).converged, clusters);
        return 2;
    }
    stay(&fleet, &figures);
    change(&fleet, clusters, &figures);
    reconcile_fleet_end(&fleet);
    return report(&figures, clusters, !path, checks);
}

static int bench_on_disk(size_t clusters, bool checks) {
    char folder[] = "/tmp/reconcile_bench.XXXXXX", path[sizeof(folder) + 20], file[sizeof(path) + 10];
    if (!mkdtemp(folder)) {
        perror("reconcile_bench: a temporary folder");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/objects.db", folder);
    int code = bench(clusters, path, checks);
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        snprintf(file, sizeof(file), "%s%s", path, ends[i]);
        unlink(file);
    }
    rmdir(folder);
    return code;
}

int main(int argc, char **argv) {
    static const struct option options[] = {{"clusters", required_argument, NULL, 'n'},
                                            {"memory", no_argument, NULL, 'm'},
                                            {"check", no_argument, NULL, 'c'},
                                            {0}};
    size_t clusters = CLUSTERS;
    bool is_in_memory = false, checks = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'n':
            clusters = strtoul(optarg, NULL, 10);
            break;
        case 'm':
            is_in_memory = true;
            break;
        case 'c':
            checks = true;
            break;
        default:
            return 2;
        }
    }
    return is_in_memory ? bench(clusters, NULL, checks) : bench_on_disk(clusters, checks);
}
