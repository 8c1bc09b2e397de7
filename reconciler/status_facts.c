#include "reconciler/status_facts.h"

#include "fleet/kubernetes_version.h"
#include "reconciler/conditions.h"

#include <string.h>

// "1.31" is met by any patch; a suffix of the spec ("+rke2r1") has to be there.
static bool version_meets(const char *wanted, const char *actual) {
    if (!wanted || !actual || strcmp(wanted, actual) == 0) {
        return true;
    }
    struct kubernetes_version want, have;
    if (kubernetes_version_parse(wanted, &want) != VERSION_OK ||
        kubernetes_version_parse(actual, &have) != VERSION_OK) {
        return false;
    }
    bool same_minor = want.major == have.major && want.minor == have.minor;
    if (!want.has_patch) {
        return same_minor;
    }
    bool suffix_is_free = want.suffix[0] == '\0' && have.suffix_kind == VERSION_VENDOR_BUILD;
    return same_minor && want.patch == have.patch &&
           (suffix_is_free || kubernetes_version_compare(&want, &have) == 0);
}

static const struct pool_spec *spec_of_pool(const struct cluster_spec *spec, const char *name) {
    for (size_t i = 0; spec && i < spec->pool_count; i++) {
        if (strcmp(spec->pools[i].name, name) == 0) {
            return &spec->pools[i];
        }
    }
    return NULL;
}

static const struct cloud_pool *pool_in_cloud(const struct cloud_cluster *cloud, const char *name) {
    for (size_t i = 0; cloud && i < cloud->pool_count; i++) {
        if (strcmp(cloud->pools[i].name, name) == 0) {
            return &cloud->pools[i];
        }
    }
    return NULL;
}

// An autoscaled pool is where its autoscaler put it.
static int64_t desired_of(const struct pool_spec *spec, const struct cloud_pool *cloud) {
    if (!spec) {
        return 0;
    }
    bool stands = spec->autoscaled && cloud && cloud->replicas >= spec->minimum &&
                  (spec->maximum < 0 || cloud->replicas <= spec->maximum);
    return stands ? cloud->replicas : spec->replicas;
}

static struct status_counters counters_of(const struct pool_spec *spec, const struct cloud_pool *cloud) {
    struct status_counters counters = {.desired = desired_of(spec, cloud)};
    if (!cloud) {
        return counters;
    }
    counters.exists = true;
    counters.rolling = strcmp(cloud->version, cloud->target) != 0;
    counters.replicas = cloud->nodes;
    counters.ready = cloud->ready;
    counters.wanted = cloud->replicas;
    counters.version = cloud->version;
    counters.next_version = counters.rolling ? cloud->target : NULL;
    counters.renewed = cloud->updated;
    counters.outdated = spec && !version_meets(spec->version, cloud->version);
    bool is_last_target = !spec || version_meets(spec->version, cloud->target);
    counters.up_to_date = is_last_target ? cloud->updated : 0;
    return counters;
}

struct status_counters status_facts_pool(const struct status_question *question, const char *pool) {
    return counters_of(spec_of_pool(question->spec, pool), pool_in_cloud(question->cloud, pool));
}

void status_counters_add(struct status_counters *sum, const struct status_counters *counters) {
    sum->desired += counters->desired;
    sum->replicas += counters->replicas;
    sum->ready += counters->ready;
    sum->up_to_date += counters->up_to_date;
    sum->wanted += counters->wanted;
    sum->exists = sum->exists || counters->exists;
    sum->rolling = sum->rolling || counters->rolling;
    sum->outdated = sum->outdated || counters->outdated;
}

// Of the spec and of the cloud: what is being removed still counts.
static struct status_counters workers_of(const struct status_question *question) {
    struct status_counters sum = {0};
    const struct cluster_spec *spec = question->spec;
    const struct cloud_cluster *cloud = question->cloud;
    for (size_t i = 0; spec && i < spec->pool_count; i++) {
        struct status_counters counters =
            counters_of(&spec->pools[i], pool_in_cloud(cloud, spec->pools[i].name));
        status_counters_add(&sum, &counters);
    }
    for (size_t i = 0; cloud && i < cloud->pool_count; i++) {
        if (!spec_of_pool(spec, cloud->pools[i].name)) {
            struct status_counters counters = counters_of(NULL, &cloud->pools[i]);
            status_counters_add(&sum, &counters);
        }
    }
    return sum;
}

// A cloud tells the oldest machine's version only: while a control plane rolls, none counts as current.
static struct status_counters control_plane_of(const struct status_question *question) {
    const struct cluster_spec *spec = question->spec;
    const struct cloud_cluster *cloud = question->cloud;
    struct status_counters counters = {.desired = spec ? spec->control_plane_replicas : 0};
    if (!cloud) {
        return counters;
    }
    counters.exists = true;
    counters.rolling = cloud->version && cloud->target && strcmp(cloud->version, cloud->target) != 0;
    counters.replicas = cloud->control_plane_replicas;
    counters.ready = cloud->control_plane_ready;
    counters.wanted = cloud->control_plane_replicas;
    counters.version = cloud->version;
    counters.outdated = spec && !version_meets(spec->version, cloud->version);
    counters.up_to_date = counters.rolling || counters.outdated ? 0 : cloud->control_plane_replicas;
    return counters;
}

static bool control_plane_answers(const struct cloud_cluster *cloud) {
    bool works = cloud->state == CLOUD_ACTIVE || cloud->state == CLOUD_UPDATING;
    if (cloud->control_plane_replicas == 0) {
        return works;
    }
    // etcd needs more than half of its members.
    return cloud->control_plane_ready * 2 > cloud->control_plane_replicas;
}

struct status_facts status_facts_of(const struct status_question *question) {
    const struct cloud_cluster *cloud = question->cloud;
    struct status_facts facts = {
        .known = question->is_known || cloud,
        .exists = cloud != NULL,
        .control_plane = control_plane_of(question),
        .workers = workers_of(question),
    };
    if (cloud && cloud->endpoint_host) {
        bool works = cloud->state == CLOUD_ACTIVE || cloud->state == CLOUD_UPDATING;
        facts.provisioned = true;
        facts.initialized = works || cloud->control_plane_ready > 0;
        facts.available = facts.initialized && control_plane_answers(cloud);
    }
    return facts;
}

bool status_counters_current(const struct status_counters *counters) {
    return counters->up_to_date >= counters->replicas && !counters->rolling && !counters->outdated;
}

// A surge is no growth: while machines are replaced, only what is wanted counts.
static int64_t settled(const struct status_counters *counters) {
    return counters->rolling ? counters->wanted : counters->replicas;
}

bool status_counters_growing(const struct status_counters *counters) {
    return settled(counters) < counters->desired;
}

bool status_counters_shrinking(const struct status_counters *counters) {
    return settled(counters) > counters->desired;
}

static bool is_true(const struct node *object, const char *path) {
    bool value = false;
    return node_boolean(node_at(object, path), &value) && value;
}

bool status_was_provisioned(const struct node *cluster) {
    return is_true(cluster, "status.initialization.infrastructureProvisioned") ||
           is_true(cluster, "status.infrastructureReady");
}

bool status_was_initialized(const struct node *object) {
    static const char *const paths[] = {"status.conditions", "status.v1beta2.conditions"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        const struct node *condition = condition_find(node_at(object, paths[i]), "ControlPlaneInitialized");
        const char *status = node_string(node_get(condition, "status"));
        if (status && strcmp(status, condition_status_name(CONDITION_TRUE)) == 0) {
            return true;
        }
    }
    return is_true(object, "status.initialization.controlPlaneInitialized") ||
           is_true(object, "status.initialized");
}

static bool has_annotation(const struct node *object, const char *name) {
    return node_get(node_at(object, "metadata.annotations"), name) != NULL;
}

bool status_is_paused(const struct status_question *question) {
    static const char paused[] = "cluster.x-k8s.io/paused"; // present with any value, even "false"
    return is_true(question->cluster, "spec.paused") || has_annotation(question->cluster, paused) ||
           has_annotation(question->object, paused);
}

bool status_is_deleting(const struct status_question *question) {
    return question->deleting || node_string(node_at(question->cluster, "metadata.deletionTimestamp")) ||
           node_string(node_at(question->object, "metadata.deletionTimestamp"));
}
