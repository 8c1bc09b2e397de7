#include "tests/reconciler/model_cloud.h"

#include <stdlib.h>

static struct kubernetes_version parse(const char *name, const char *text) {
    struct kubernetes_version version;
    if (kubernetes_version_parse(text, &version) != VERSION_OK) {
        fail_msg("%s: version %s is asked for", name, text ? text : "(none)");
    }
    return version;
}

int64_t model_minors_behind(const char *version, const char *pool_version) {
    return (int64_t)parse("cluster", version).minor - (int64_t)parse("pool", pool_version).minor;
}

const struct cloud_cluster *model_cloud_show(struct model_cloud *cloud) {
    cloud->cluster.pools = cloud->pools;
    return cloud->exists ? &cloud->cluster : NULL;
}

int64_t model_cloud_sum(const struct model_cloud *cloud) {
    int64_t sum = 0;
    for (size_t i = 0; i < cloud->cluster.pool_count; i++) {
        sum += cloud->pools[i].replicas;
    }
    return sum;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct cloud_pool *)a)->name, ((const struct cloud_pool *)b)->name);
}

void model_cloud_add(struct model_cloud *cloud, const char *name, const char *version, int64_t replicas) {
    const char *copy = arena_strdup(cloud->arena, version);
    assert_true(cloud->cluster.pool_count < MODEL_MOST_POOLS);
    cloud->pools[cloud->cluster.pool_count++] = (struct cloud_pool){.name = arena_strdup(cloud->arena, name),
                                                                    .version = copy,
                                                                    .target = copy,
                                                                    .state = CLOUD_ACTIVE,
                                                                    .replicas = replicas};
    qsort(cloud->pools, cloud->cluster.pool_count, sizeof(*cloud->pools), by_name);
}

static struct cloud_pool *find(struct model_cloud *cloud, const char *name) {
    for (size_t i = 0; i < cloud->cluster.pool_count; i++) {
        if (strcmp(cloud->pools[i].name, name) == 0) {
            return &cloud->pools[i];
        }
    }
    return NULL;
}

static const struct pool_spec *wanted(const struct cluster_spec *spec, const char *name) {
    for (size_t i = 0; spec && i < spec->pool_count; i++) {
        if (strcmp(spec->pools[i].name, name) == 0) {
            return &spec->pools[i];
        }
    }
    return NULL;
}

static void expect_upward(const char *name, const char *from, const char *to) {
    struct kubernetes_version a = parse(name, from);
    struct kubernetes_version b = parse(name, to);
    expect_true(name, b.minor <= a.minor + 1, "one minor at a time");
    expect_true(name, kubernetes_version_compare(&b, &a) >= 0 || (!b.has_patch && a.minor == b.minor),
                "never a version down");
}

static void expect_not_ahead(const char *name, const char *control_plane, const char *pool) {
    struct kubernetes_version a = parse(name, control_plane);
    struct kubernetes_version b = parse(name, pool);
    expect_true(name, kubernetes_version_compare(&b, &a) <= 0, "no pool is ahead of the control plane");
}

static void apply_version(struct model_cloud *cloud, const char *version, enum model_end end,
                          const char **ret_version, const char **ret_target) {
    *ret_target = arena_strdup(cloud->arena, version);
    *ret_version = end == MODEL_DONE ? *ret_target : *ret_version;
}

static void apply_to_pool(struct model_cloud *cloud, const char *name, const struct cluster_spec *spec,
                          const struct plan_step *step, enum model_end end) {
    struct cloud_pool *pool = find(cloud, step->pool);
    if (!pool) {
        fail_msg("%s: pool %s is not there", name, step->pool);
        return;
    }
    if (step->action == ACTION_DELETE_POOL) {
        expect_true(name, !wanted(spec, step->pool), "only what is not wanted is deleted");
        if (end == MODEL_DONE) {
            cloud->cluster.pool_count--;
            memmove(pool, pool + 1,
                    (size_t)(&cloud->pools[cloud->cluster.pool_count] - pool) * sizeof(*pool));
            return;
        }
    } else {
        expect_true(name, wanted(spec, step->pool) != NULL, "only what is wanted is worked on");
    }
    if (step->action == ACTION_UPGRADE_POOL) {
        expect_true(name, step->surge >= 1, "there is a machine on top");
        expect_upward(name, pool->version, step->version);
        expect_not_ahead(name, cloud->cluster.version, step->version);
        apply_version(cloud, step->version, end, &pool->version, &pool->target);
    } else if (step->action == ACTION_SCALE_POOL) {
        int64_t way = step->replicas - pool->replicas;
        pool->replicas += end == MODEL_DONE ? way : way / 2;
    }
    pool->state = end == MODEL_HALF_FAILED ? CLOUD_FAILED : CLOUD_ACTIVE;
}

static void apply_to_cluster(struct model_cloud *cloud, const char *name, const struct plan_step *step,
                             enum model_end end) {
    struct cloud_cluster *cluster = &cloud->cluster;
    if (step->action == ACTION_CREATE_CLUSTER) {
        expect_true(name, !cloud->exists, "it is made once");
        cloud->exists = true;
        cluster->state = CLOUD_ACTIVE;
        cluster->owner = "uid";
        cluster->control_plane_replicas = step->replicas;
        apply_version(cloud, step->version, MODEL_DONE, &cluster->version, &cluster->target);
    } else if (step->action == ACTION_UPGRADE_CONTROL_PLANE) {
        expect_upward(name, cluster->version, step->version);
        apply_version(cloud, step->version, end, &cluster->version, &cluster->target);
    } else {
        cluster->control_plane_replicas = step->replicas;
    }
    cluster->control_plane_ready = cluster->control_plane_replicas;
}

static void expect_skew(const struct model_cloud *cloud, const char *name) {
    for (size_t i = 0; i < cloud->cluster.pool_count; i++) {
        expect_true(name, model_minors_behind(cloud->cluster.version, cloud->pools[i].version) <= MODEL_SKEW,
                    "no pool is more than three minors behind");
    }
}

void model_cloud_apply(struct model_cloud *cloud, const char *name, const struct cluster_spec *spec,
                       const struct plan_step *step, enum model_end end) {
    switch (step->action) {
    case ACTION_CREATE_CLUSTER:
    case ACTION_UPGRADE_CONTROL_PLANE:
    case ACTION_SCALE_CONTROL_PLANE:
        expect_true(name, spec != NULL, "nothing is made of what is to be gone");
        apply_to_cluster(cloud, name, step, end);
        break;
    case ACTION_CREATE_POOL:
        expect_true(name, wanted(spec, step->pool) != NULL, "only what is wanted is made");
        expect_true(name, !find(cloud, step->pool), "it is made once");
        expect_not_ahead(name, cloud->cluster.version, step->version);
        model_cloud_add(cloud, step->pool, step->version, step->replicas);
        find(cloud, step->pool)->state = end == MODEL_HALF_FAILED ? CLOUD_FAILED : CLOUD_ACTIVE;
        break;
    case ACTION_UPGRADE_POOL:
    case ACTION_SCALE_POOL:
    case ACTION_DELETE_POOL:
        apply_to_pool(cloud, name, spec, step, end);
        break;
    case ACTION_DELETE_CLUSTER:
        expect_true(name, spec == NULL, "the cluster is to be gone");
        expect_true(name, cloud->cluster.pool_count == 0, "its pools are gone");
        cloud->exists = false;
        return;
    case ACTION_NONE:
    case ACTION_COUNT:
        fail_msg("%s: a step that is none", name);
    }
    expect_skew(cloud, name);
    int64_t sum = model_cloud_sum(cloud);
    cloud->fewest = sum < cloud->fewest ? sum : cloud->fewest;
}
