#include "reconciler/providers/sim_model.h"

#include "base/hash.h"
#include "base/memory.h"
#include "reconciler/providers/sim_random.h"

#include <assert.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

static void copy_regions(struct sim_model *model, const struct sim_options *options) {
    if (!options->regions) {
        return;
    }
    model->regions = memory_calloc(options->region_count + 1, sizeof(*model->regions));
    model->region_count = options->region_count;
    for (size_t i = 0; i < options->region_count; i++) {
        model->regions[i] = options->regions[i];
        model->regions[i].name = sim_model_text(model, options->regions[i].name);
    }
}

struct sim_model *sim_model_new(const struct sim_options *options) {
    struct sim_model *model = memory_calloc(1, sizeof(*model));
    model->seed = options->seed;
    model->pace = options->pace > 0 ? options->pace : 1;
    model->slot_count = FIRST_SLOTS;
    model->slots = memory_calloc(FIRST_SLOTS, sizeof(struct sim_cluster *));
    model->next_forgotten_ms = SIM_NEVER;
    copy_regions(model, options);
    return model;
}

static void free_group(struct sim_group *group) {
    free(group->name);
    free(group->machines);
}

static void free_operation(struct sim_operation *operation) {
    free(operation->token);
    free(operation->failure);
}

void sim_cluster_empty(struct sim_cluster *cluster) {
    for (size_t i = 0; i < cluster->pool_count; i++) {
        free_group(&cluster->pools[i]);
    }
    free(cluster->pools);
    cluster->pools = NULL;
    cluster->pool_count = 0;
    free(cluster->control_plane.machines);
    free(cluster->failure);
    cluster->failure = NULL;
    cluster->has_endpoint = false;
    cluster->control_plane = (struct sim_group){.name = cluster->control_plane.name};
}

static void free_cluster(struct sim_cluster *cluster) {
    sim_cluster_empty(cluster);
    free_group(&cluster->control_plane);
    for (size_t i = 0; i < cluster->operation_count; i++) {
        free_operation(&cluster->operations[i]);
    }
    free(cluster->operations);
    free(cluster->id);
    free(cluster->owner);
    free(cluster);
}

void sim_model_free(struct sim_model *model) {
    if (!model) {
        return;
    }
    for (size_t i = 0; i < model->slot_count; i++) {
        if (model->slots[i]) {
            free_cluster(model->slots[i]);
        }
    }
    for (size_t i = 0; i < model->text_count; i++) {
        free(model->texts[i]);
    }
    free(model->texts);
    free(model->slots);
    free(model->regions);
    free(model);
}

const char *sim_model_text(struct sim_model *model, const char *text) {
    for (size_t i = 0; i < model->text_count; i++) {
        if (strcmp(model->texts[i], text) == 0) {
            return model->texts[i];
        }
    }
    if (model->text_count == model->text_capacity) {
        model->text_capacity = model->text_capacity ? 2 * model->text_capacity : 32;
        model->texts = memory_realloc(model->texts, model->text_capacity, sizeof(*model->texts));
    }
    return model->texts[model->text_count++] = memory_strdup(text);
}

const struct sim_region *sim_model_region(const struct sim_model *model, const char *region) {
    for (size_t i = 0; i < model->region_count; i++) {
        if (strcmp(model->regions[i].name, region) == 0) {
            return &model->regions[i];
        }
    }
    return NULL;
}

int64_t sim_model_duration_ms(const struct sim_model *model, double seconds, uint64_t bits) {
    double duration_ms = seconds * 1000 * (0.8 + 0.4 * sim_random_unit(bits)) / model->pace;
    return duration_ms < 1 ? 1 : (int64_t)duration_ms;
}

// ---- the table of clusters ----

static uint64_t hash_of(const char *region, const char *id) {
    return hash_text(hash_text(HASH_START, region), id);
}

// The slot of this cluster, or the free one where it would be.
static size_t slot_of(const struct sim_model *model, const char *region, const char *id) {
    size_t mask = model->slot_count - 1;
    size_t slot = hash_of(region, id) & mask;
    while (model->slots[slot] &&
           (strcmp(model->slots[slot]->id, id) != 0 || strcmp(model->slots[slot]->region, region) != 0)) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

struct sim_cluster *sim_model_find_kept(const struct sim_model *model, const char *region, const char *id) {
    return model->slots[slot_of(model, region, id)];
}

struct sim_cluster *sim_model_find(const struct sim_model *model, const char *region, const char *id) {
    struct sim_cluster *cluster = sim_model_find_kept(model, region, id);
    return cluster && !cluster->is_gone ? cluster : NULL;
}

static void grow(struct sim_model *model) {
    struct sim_cluster **old = model->slots;
    size_t old_count = model->slot_count;
    model->slot_count *= 2;
    model->slots = memory_calloc(model->slot_count, sizeof(struct sim_cluster *));
    for (size_t i = 0; i < old_count; i++) {
        if (old[i]) {
            model->slots[slot_of(model, old[i]->region, old[i]->id)] = old[i];
        }
    }
    free(old);
}

struct sim_cluster *sim_model_add(struct sim_model *model, const char *region, const char *id,
                                  const char *owner) {
    if (4 * (model->count + 1) > 3 * model->slot_count) {
        grow(model);
    }
    size_t slot = slot_of(model, region, id);
    assert(!model->slots[slot]);
    struct sim_cluster *cluster = memory_calloc(1, sizeof(*cluster));
    cluster->region = sim_model_text(model, region);
    cluster->id = memory_strdup(id);
    cluster->owner = memory_strdup(owner);
    cluster->flavour = sim_model_text(model, "");
    cluster->next_ms = SIM_NEVER;
    cluster->key = hash_of(region, id);
    cluster->control_plane.name = memory_strdup("");
    model->slots[slot] = cluster;
    model->count++;
    return cluster;
}

void sim_model_remove(struct sim_model *model, struct sim_cluster *cluster) {
    size_t mask = model->slot_count - 1;
    size_t slot = slot_of(model, cluster->region, cluster->id);
    model->slots[slot] = NULL;
    model->count--;
    // What follows may have been put there because this one was in its way.
    for (size_t next = (slot + 1) & mask; model->slots[next]; next = (next + 1) & mask) {
        struct sim_cluster *moved = model->slots[next];
        model->slots[next] = NULL;
        model->slots[slot_of(model, moved->region, moved->id)] = moved;
    }
    free_cluster(cluster);
}

// ---- what a cluster is made of ----

struct sim_group *sim_cluster_pool(struct sim_cluster *cluster, const char *name) {
    for (size_t i = 0; i < cluster->pool_count; i++) {
        if (strcmp(cluster->pools[i].name, name) == 0) {
            return &cluster->pools[i];
        }
    }
    return NULL;
}

struct sim_group *sim_cluster_add_pool(struct sim_cluster *cluster, const char *name) {
    size_t at = 0;
    while (at < cluster->pool_count && strcmp(cluster->pools[at].name, name) < 0) {
        at++;
    }
    cluster->pools = memory_realloc(cluster->pools, cluster->pool_count + 1, sizeof(*cluster->pools));
    memmove(&cluster->pools[at + 1], &cluster->pools[at],
            (cluster->pool_count - at) * sizeof(*cluster->pools));
    cluster->pool_count++;
    cluster->pools[at] = (struct sim_group){.name = memory_strdup(name)};
    return &cluster->pools[at];
}

void sim_cluster_drop_gone_pools(struct sim_cluster *cluster) {
    size_t kept = 0;
    for (size_t i = 0; i < cluster->pool_count; i++) {
        if (cluster->pools[i].is_gone) {
            free_group(&cluster->pools[i]);
        } else {
            cluster->pools[kept++] = cluster->pools[i];
        }
    }
    cluster->pool_count = kept;
}

struct sim_operation *sim_cluster_add_operation(struct sim_cluster *cluster, uint64_t number) {
    if (cluster->operation_count == SIM_MOST_OPERATIONS) {
        // Never one that runs: there is one for each pool at most.
        size_t oldest = 0;
        while (cluster->operations[oldest].state == OPERATION_RUNNING) {
            oldest++;
        }
        free_operation(&cluster->operations[oldest]);
        cluster->has_forgotten = true;
        memmove(&cluster->operations[oldest], &cluster->operations[oldest + 1],
                (--cluster->operation_count - oldest) * sizeof(*cluster->operations));
    }
    cluster->operations =
        memory_realloc(cluster->operations, cluster->operation_count + 1, sizeof(*cluster->operations));
    struct sim_operation *operation = &cluster->operations[cluster->operation_count++];
    *operation = (struct sim_operation){.number = number, .known_until_ms = SIM_NEVER};
    return operation;
}

struct sim_operation *sim_cluster_operation(struct sim_cluster *cluster, uint64_t number) {
    size_t i = cluster->operation_count;
    while (i > 0 && cluster->operations[i - 1].number != number) {
        i--;
    }
    return i > 0 ? &cluster->operations[i - 1] : NULL;
}

enum cloud_state sim_cluster_state(const struct sim_cluster *cluster) {
    switch (cluster->control_plane.work.action) {
    case ACTION_NONE:
        return cluster->failure ? CLOUD_FAILED : CLOUD_ACTIVE;
    case ACTION_CREATE_CLUSTER:
        return CLOUD_CREATING;
    case ACTION_DELETE_CLUSTER:
        return CLOUD_DELETING;
    default:
        return CLOUD_UPDATING;
    }
}

struct sim_machine *sim_group_add_machine(struct sim_group *group) {
    if (group->machine_count == group->machine_capacity) {
        group->machine_capacity = group->machine_capacity ? 2 * group->machine_capacity : 4;
        group->machines = memory_realloc(group->machines, group->machine_capacity, sizeof(*group->machines));
    }
    struct sim_machine *machine = &group->machines[group->machine_count++];
    *machine = (struct sim_machine){.version = group->version};
    return machine;
}

void sim_group_remove_machine(struct sim_group *group, uint32_t index) {
    memmove(&group->machines[index], &group->machines[index + 1],
            (--group->machine_count - index) * sizeof(*group->machines));
}

static bool is_older(const char *a, const char *b) {
    struct kubernetes_version left;
    struct kubernetes_version right;
    return kubernetes_version_parse(a, &left) == VERSION_OK &&
           kubernetes_version_parse(b, &right) == VERSION_OK && kubernetes_version_compare(&left, &right) < 0;
}

const char *sim_group_oldest(const struct sim_group *group) {
    const char *oldest = group->machine_count > 0 ? group->machines[0].version : group->version;
    for (uint32_t i = 1; i < group->machine_count; i++) {
        // Equal versions are one text: most looks cost a comparison of pointers.
        const char *version = group->machines[i].version;
        oldest = version != oldest && is_older(version, oldest) ? version : oldest;
    }
    return oldest;
}
