// What the embedded cloud holds: clusters, their machines, and the operations that change them. It stands
// still between two looks: sim_work_advance plays what has happened until now, each step at its own time, so
// it does not matter when or how often somebody looks. One thread.
#pragma once

#include "reconciler/provider.h"
#include "reconciler/providers/sim.h"

#include <stddef.h>

enum {
    SIM_OPERATION_BYTES = 33,
    SIM_MOST_MACHINES = 1000, // of one pool, as in AKS and GKE
    SIM_MOST_CONTROL_PLANE = 99,
    SIM_MOST_POOLS = 256,
    SIM_MOST_OPERATIONS = 1000, // that a cluster remembers; the oldest are forgotten first
    SIM_MOST_DRAIN_S = 7 * 24 * 3600,
    SIM_MOST_TEXT = 512, // bytes of a name, a tag, a token
};
#define SIM_NEVER INT64_MAX

enum sim_machine_state { MACHINE_STARTING, MACHINE_READY, MACHINE_DRAINING };

struct sim_machine {
    const char *version;
    int64_t until_ms; // wall clock; when its state ends
    uint32_t number;  // unique in its cluster; lists are sorted by it
    unsigned char state;
    bool dies; // at the end of its start
};

enum sim_fate { FATE_SUCCEEDS, FATE_FAILS, FATE_PARTIAL, FATE_CRASH };
enum sim_phase { PHASE_REFUSED, PHASE_NETWORK, PHASE_MACHINES, PHASE_ENDPOINT };

// The operation that is under way.
struct sim_work {
    enum provider_action action; // ACTION_NONE: there is none
    enum sim_fate fate;
    enum sim_phase phase;
    uint64_t operation; // its number
    const char *version;
    int64_t surge, drain_s;
    int64_t until_ms; // wall clock; end of a phase that just takes its time
    int64_t left;     // FATE_PARTIAL: so many machines are done before it fails
};

// Machines of one kind: a pool, or a control plane.
struct sim_group {
    char *name;          // "": control plane
    const char *version; // of machines that are made
    int64_t replicas;
    bool is_managed; // a control plane that the cloud runs: no machines are seen
    bool is_gone;    // deleted in this step
    struct sim_machine *machines;
    uint32_t machine_count, machine_capacity;
    struct sim_work work;
};

struct sim_operation {
    uint64_t number; // rises
    char id[SIM_OPERATION_BYTES];
    enum provider_action action;
    enum operation_state state;
    bool is_stored;
    char *token;
    char *failure;          // or NULL
    int64_t known_until_ms; // wall clock; SIM_NEVER while it runs
};

struct sim_cluster {
    const char *region, *flavour;
    char *id, *owner;
    char *failure; // it failed for good, or NULL
    bool has_endpoint;
    bool is_gone;         // deleted; kept for its operations
    bool is_dirty;        // has changes that are not stored
    bool has_forgotten;   // operations that are still stored
    int64_t forgotten_ms; // wall clock, of one that is gone
    int64_t next_ms;      // wall clock; nothing happens before
    uint32_t last_machine;
    uint64_t key; // of its chances
    struct sim_group control_plane;
    struct sim_group *pools; // sorted by name
    size_t pool_count;
    struct sim_operation *operations; // sorted by number
    size_t operation_count;
};

struct sim_model {
    uint64_t seed;
    double pace;
    struct sim_region *regions; // NULL: any
    size_t region_count;
    struct sim_cluster **slots; // open addressing by region and id
    size_t slot_count, count;
    char **texts; // versions, regions, flavours: few
    size_t text_count, text_capacity;
    uint64_t last_operation;
    int64_t next_forgotten_ms; // wall clock; no cluster is forgotten before
};

struct sim_model *sim_model_new(const struct sim_options *options); // caller owns
void sim_model_free(struct sim_model *model);

// NULL when there is none, or (sim_model_find) when it is gone. Borrowed until it is forgotten.
struct sim_cluster *sim_model_find(const struct sim_model *model, const char *region, const char *id);
struct sim_cluster *sim_model_find_kept(const struct sim_model *model, const char *region, const char *id);
struct sim_cluster *sim_model_add(struct sim_model *model, const char *region, const char *id,
                                  const char *owner);
void sim_model_remove(struct sim_model *model, struct sim_cluster *cluster);
// One text for all that are equal; borrowed until sim_model_free.
const char *sim_model_text(struct sim_model *model, const char *text);
// NULL when any region is there and none is limited.
const struct sim_region *sim_model_region(const struct sim_model *model, const char *region);
// Seconds of the cloud, with jitter by bits, as milliseconds of the clock; at least 1.
int64_t sim_model_duration_ms(const struct sim_model *model, double seconds, uint64_t bits);

// Of its pools; NULL when there is none.
struct sim_group *sim_cluster_pool(struct sim_cluster *cluster, const char *name);
struct sim_group *sim_cluster_add_pool(struct sim_cluster *cluster, const char *name);
void sim_cluster_drop_gone_pools(struct sim_cluster *cluster);
// What it was made of is given back; its operations stay.
void sim_cluster_empty(struct sim_cluster *cluster);
struct sim_operation *sim_cluster_add_operation(struct sim_cluster *cluster, uint64_t number);
struct sim_operation *sim_cluster_operation(struct sim_cluster *cluster, uint64_t number);
enum cloud_state sim_cluster_state(const struct sim_cluster *cluster);

struct sim_machine *sim_group_add_machine(struct sim_group *group);
void sim_group_remove_machine(struct sim_group *group, uint32_t index);
// The version of its oldest machine; without any: its own.
const char *sim_group_oldest(const struct sim_group *group);
