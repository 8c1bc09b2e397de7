// Random specs over random clouds, step by step to the end. PLANNER_SEEDS says how many, PLANNER_SEED which
// one alone.
#include "tests/reconciler/model_cloud.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEFAULT_SEEDS = 1000, MOST_ROUNDS = 400 };

// How versions are written in this fleet.
enum style { STYLE_PATCHES, STYLE_MINORS, STYLE_BUILDS, STYLE_COUNT };

struct world {
    char name[32];
    uint64_t state;
    struct arena *arena;
    enum style style;
    struct cluster_spec spec;
    struct pool_spec pools[MODEL_MOST_POOLS / 2];
};

static uint64_t below(struct world *world, uint64_t limit) {
    world->state = world->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (world->state >> 33) % limit;
}

static bool chance(struct world *world, unsigned percent) {
    return below(world, 100) < percent;
}

static const char *version_text(struct world *world, unsigned minor) {
    unsigned patch = (unsigned)below(world, 3);
    switch (world->style) {
    case STYLE_MINORS:
        return arena_printf(world->arena, "1.%u", minor);
    case STYLE_BUILDS:
        return arena_printf(world->arena, "1.%u.%u+rke2r%u", minor, patch, 1 + (unsigned)below(world, 11));
    case STYLE_PATCHES:
    case STYLE_COUNT:
        break;
    }
    return arena_printf(world->arena, "1.%u.%u", minor, patch);
}

static void make_pool(struct world *world, unsigned minor, size_t index) {
    struct pool_spec *pool = &world->pools[index];
    *pool = (struct pool_spec){.name = arena_printf(world->arena, "p%zu", index),
                               .version = world->spec.version,
                               .replicas = (int64_t)below(world, 9),
                               .minimum = -1,
                               .maximum = -1,
                               .surge = 1 + (int64_t)below(world, 2)};
    if (chance(world, 25)) {
        pool->version = version_text(world, minor - (unsigned)below(world, 5) + chance(world, 10));
    }
    if (chance(world, 25)) {
        pool->autoscaled = true;
        pool->minimum = (int64_t)below(world, 4);
        pool->maximum = pool->minimum + (int64_t)below(world, 5);
        pool->replicas = pool->minimum;
    }
}

static void make_spec(struct world *world) {
    unsigned minor = 28 + (unsigned)below(world, 7);
    world->spec = (struct cluster_spec){.namespace = "prod",
                                        .name = "c",
                                        .provider = "aws",
                                        .flavour = "kubeadm",
                                        .region = "eu",
                                        .version = version_text(world, minor),
                                        .control_plane_replicas = chance(world, 50) ? 3 : 0,
                                        .control_plane_surge = 1,
                                        .pools = world->pools};
    size_t count = 0;
    for (size_t i = 0; i < MODEL_MOST_POOLS / 2; i++) {
        if (chance(world, 60)) {
            make_pool(world, minor, i);
            world->pools[count++] = world->pools[i];
        }
    }
    world->spec.pool_count = count;
}

static void make_cloud(struct world *world, struct model_cloud *cloud) {
    *cloud = (struct model_cloud){.arena = world->arena, .exists = chance(world, 85)};
    if (!cloud->exists) {
        return;
    }
    unsigned minor = 28 + (unsigned)below(world, 5);
    struct cloud_cluster *cluster = &cloud->cluster;
    cluster->version = cluster->target = version_text(world, minor);
    cluster->owner = "uid";
    cluster->state = CLOUD_ACTIVE;
    cluster->control_plane_replicas = world->spec.control_plane_replicas ? 1 + (int64_t)below(world, 5) : 0;
    cluster->control_plane_ready = cluster->control_plane_replicas;
    for (size_t i = 0; i < MODEL_MOST_POOLS / 2; i++) {
        if (chance(world, 60)) {
            unsigned behind = (unsigned)below(world, MODEL_SKEW + 1);
            const char *version = behind ? version_text(world, minor - behind) : cluster->version;
            model_cloud_add(cloud, arena_printf(world->arena, "p%zu", i), version, (int64_t)below(world, 9));
        }
    }
    cloud->fewest = model_cloud_sum(cloud);
}

static void ask(struct world *world, struct model_cloud *cloud, bool deleting, struct plan *ret_plan) {
    const struct plan_question question = {
        .spec = &world->spec, .cloud = model_cloud_show(cloud), .owner = "uid", .deleting = deleting};
    plan_make(world->arena, &question, ret_plan);
}

static const char *text_of(struct world *world, const struct plan *plan, size_t first) {
    const char *text = plan->waits ? plan->waits : "";
    for (size_t i = first; i < plan->count; i++) {
        text = arena_printf(world->arena, "%s; %s", text, plan_step_text(world->arena, &plan->steps[i]));
    }
    return text;
}

static const char *cloud_text(struct world *world, const struct model_cloud *cloud) {
    const struct cloud_cluster *cluster = &cloud->cluster;
    const char *text = arena_printf(world->arena, "%s x%lld", cluster->version ? cluster->version : "none",
                                    (long long)cluster->control_plane_replicas);
    for (size_t i = 0; i < cluster->pool_count; i++) {
        text = arena_printf(world->arena, "%s, %s %s x%lld", text, cloud->pools[i].name,
                            cloud->pools[i].version, (long long)cloud->pools[i].replicas);
    }
    return text;
}

// To the end, planning anew before each step; faulty: steps end half way, too.
static struct plan run(struct world *world, struct model_cloud *cloud, bool deleting, bool faulty) {
    struct plan plan;
    ask(world, cloud, deleting, &plan);
    for (unsigned round = 0; plan.count > 0; round++) {
        expect_true(world->name, round < MOST_ROUNDS, "it comes to an end");
        expect_true(world->name, !plan.waits && !plan.converged, "what is to be done may be started");
        enum model_end end = faulty && chance(world, 30) ? (enum model_end)(1 + below(world, 2)) : MODEL_DONE;
        model_cloud_apply(cloud, world->name, deleting ? NULL : &world->spec, &plan.steps[0], end);
        struct plan next;
        ask(world, cloud, deleting, &next);
        struct plan again;
        ask(world, cloud, deleting, &again);
        expect_text(world->name, text_of(world, &again, 0), text_of(world, &next, 0));
        if (end == MODEL_DONE && !faulty && plan.count > 1) {
            expect_text(world->name, text_of(world, &next, 0), text_of(world, &plan, 1));
        }
        plan = next;
    }
    return plan;
}

static int64_t distance(int64_t number, int64_t least, int64_t most) {
    return number < least ? least - number : number > most ? number - most : 0;
}

// What the spec says is there, judged by other means than the planner's.
static void expect_spec(const struct world *world, const struct model_cloud *cloud) {
    const struct cluster_spec *spec = &world->spec;
    expect_text(world->name, cloud->cluster.version, spec->version);
    expect_integer(world->name, cloud->cluster.control_plane_replicas, spec->control_plane_replicas);
    expect_integer(world->name, (int64_t)cloud->cluster.pool_count, (int64_t)spec->pool_count);
    for (size_t i = 0; i < spec->pool_count; i++) {
        const struct pool_spec *wanted = &spec->pools[i];
        const struct cloud_pool *pool = &cloud->pools[i];
        int64_t least = wanted->autoscaled ? wanted->minimum : wanted->replicas;
        int64_t most = wanted->autoscaled ? wanted->maximum : wanted->replicas;
        expect_text(world->name, pool->name, wanted->name);
        expect_text(world->name, pool->version, wanted->version);
        expect_integer(wanted->name, distance(pool->replicas, least, most), 0);
        expect_true(world->name, pool->state == CLOUD_ACTIVE, "nothing is left failed");
    }
}

static struct kubernetes_version parsed(const char *text) {
    struct kubernetes_version version = {0};
    assert_int_equal(kubernetes_version_parse(text, &version), VERSION_OK);
    return version;
}

static bool is_older(const char *a, const char *b) {
    struct kubernetes_version first = parsed(a);
    struct kubernetes_version second = parsed(b);
    return kubernetes_version_compare(&first, &second) < 0;
}

// Can the spec be reached from this cloud at all?
static bool is_reachable(const struct world *world, const struct model_cloud *cloud) {
    const struct cluster_spec *spec = &world->spec;
    if (cloud->exists && is_older(spec->version, cloud->cluster.version)) {
        return false;
    }
    for (size_t i = 0; i < spec->pool_count; i++) {
        const struct pool_spec *wanted = &spec->pools[i];
        if (is_older(spec->version, wanted->version) ||
            model_minors_behind(spec->version, wanted->version) > MODEL_SKEW) {
            return false;
        }
        for (size_t j = 0; j < cloud->cluster.pool_count; j++) {
            if (strcmp(cloud->pools[j].name, wanted->name) == 0 &&
                is_older(wanted->version, cloud->pools[j].version)) {
                return false;
            }
        }
    }
    return true;
}

static void expect_enough_machines(const struct world *world, const struct model_cloud *cloud,
                                   int64_t before) {
    int64_t after = model_cloud_sum(cloud);
    expect_true(world->name, cloud->fewest >= (before < after ? before : after),
                "there are never fewer machines than before or after");
}

// False: this spec can't be reached from this cloud.
static bool try_seed(struct world *world) {
    make_spec(world);
    struct model_cloud start;
    make_cloud(world, &start);
    bool is_good = is_reachable(world, &start);
    int64_t before = start.fewest;

    struct model_cloud clean = start;
    struct plan plan = run(world, &clean, false, false);
    expect_true(world->name, plan.converged == is_good, "it converges where that is possible");
    expect_true(world->name, plan.converged == !plan.waits, "else it says why not");
    if (is_good) {
        expect_spec(world, &clean);
    }
    expect_enough_machines(world, &clean, before);

    struct model_cloud faulty = start;
    plan = run(world, &faulty, false, true);
    expect_text(world->name, cloud_text(world, &faulty), cloud_text(world, &clean));
    expect_enough_machines(world, &faulty, before);

    struct model_cloud foreign = start;
    foreign.cluster.owner = "other";
    if (foreign.exists) {
        ask(world, &foreign, false, &plan);
        expect_text(world->name, text_of(world, &plan, 0), "the name is taken by a cluster of another owner");
        ask(world, &foreign, true, &plan);
        expect_integer(world->name, (int64_t)plan.count, 0);
    }
    plan = run(world, &faulty, true, true);
    expect_true(world->name, plan.converged && !faulty.exists, "it can be deleted");
    return is_good;
}

static void any_spec_over_any_cloud(void **state) {
    (void)state;
    const char *one = getenv("PLANNER_SEED");
    const char *many = getenv("PLANNER_SEEDS");
    unsigned long first = one ? strtoul(one, NULL, 10) : 1;
    unsigned long last = one ? first : many ? strtoul(many, NULL, 10) : DEFAULT_SEEDS;
    unsigned long reached = 0;
    for (unsigned long seed = first; seed <= last; seed++) {
        struct world world = {.state = seed * UINT64_C(0x9E3779B97F4A7C15), .arena = arena_new()};
        snprintf(world.name, sizeof(world.name), "seed %lu", seed);
        world.style = (enum style)below(&world, STYLE_COUNT);
        reached += try_seed(&world);
        arena_free(world.arena);
    }
    expect_true("the seeds", one || (reached > last / 10 && reached < last), "are of both sorts");
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_spec_over_any_cloud),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
