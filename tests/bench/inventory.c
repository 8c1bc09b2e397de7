// What a fleet costs in memory and time: inventory [CLUSTERS...]. Prints, never fails: machines differ.
#include "tests/bench/made_fleet.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SUMS = 1000000, ASKS = 50000, CHANGES = 2000 };

// Time of this thread alone: other programs on the machine don't count.
static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double resident_mb(void) {
    long pages = 0;
    long ignored = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%ld %ld", &ignored, &pages) != 2) {
        pages = 0;
    }
    if (file) {
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

// What one review of a MachineDeployment asks: its cluster's view, two sums, its own part, a network.
static void ask(const struct inventory *inventory, struct arena *arena, size_t i) {
    char name[64];
    char space[32];
    snprintf(name, sizeof(name), "fleet-cluster-%05zu", i);
    snprintf(space, sizeof(space), "team-%zu", i % 100);
    struct object_key key = {"cluster.x-k8s.io", "Cluster", space, name};
    struct object_key holder;
    arena_reset(arena);
    cluster_view_of(arena, inventory_source(inventory), &key);
    inventory_sum(inventory, AMOUNT_CLUSTERS, "region", made_fleet_regions[i % MADE_FLEET_REGIONS]);
    inventory_sum(inventory, AMOUNT_NODES, "namespace", space);
    inventory_amount(inventory, &key, AMOUNT_NODES, "namespace", space);
    inventory_holder(inventory, arena, &key, "pod_cidrs", "172.16.0.0/16", "fleet", "", &holder);
}

static void measure(size_t clusters) {
    double before_mb = resident_mb();
    CLEANUP(inventory_free) struct inventory *inventory = inventory_new();
    CLEANUP(arena_free) struct arena *arena = arena_new();
    double start = now_ns();
    made_fleet_fill(inventory, clusters, 5);
    double put_ns = now_ns() - start;
    start = now_ns();
    inventory_complete(inventory, true);
    double settle_ns = now_ns() - start;
    struct inventory_counts counts = inventory_counts(inventory);
    double objects = (double)counts.objects;
    printf("%zu clusters, %zu objects, %lld nodes\n", counts.clusters, counts.objects,
           (long long)inventory_sum(inventory, AMOUNT_NODES, "fleet", ""));
    printf("  resident %.1f MB, %.1f MB of it since the start; the inventory counts %.1f MB, %.0f bytes an "
           "object\n",
           resident_mb(), resident_mb() - before_mb, (double)counts.bytes / 1e6,
           (double)counts.bytes / objects);
    printf("  put %.0f objects/s (JSON read included), sums of all %.0f ms\n", objects / put_ns * 1e9,
           settle_ns / 1e6);
    start = now_ns();
    int64_t sum = 0;
    for (size_t i = 0; i < SUMS; i++) {
        sum +=
            inventory_sum(inventory, AMOUNT_CLUSTERS, "region", made_fleet_regions[i % MADE_FLEET_REGIONS]);
    }
    printf("  inventory_sum %.0f ns (%lld)\n", (now_ns() - start) / SUMS, (long long)sum);
    start = now_ns();
    for (size_t i = 0; i < ASKS; i++) {
        ask(inventory, arena, i % clusters);
    }
    printf("  what a review asks %.0f ns\n", (now_ns() - start) / ASKS);
    start = now_ns();
    for (size_t i = 0; i < CHANGES; i++) {
        made_fleet_put(inventory, i % clusters, 3, (int64_t)(6 + i));
    }
    printf("  a change with its sums %.0f ns\n", (now_ns() - start) / CHANGES);
}

int main(int argc, char **argv) {
    if (argc == 1) {
        measure(10);
        measure(10000);
    }
    for (int i = 1; i < argc; i++) {
        size_t clusters = strtoul(argv[i], NULL, 10);
        measure(clusters > 0 ? clusters : 1);
    }
    return 0;
}
