#include "reconciler/cluster_spec.h"

#include "reconciler/drain_time.h"
#include "tests/fleet/fleet_fixture.h"

#include <stdlib.h>

// One Cluster named prod/c among objects; what its spec says, line by line.
struct spec_fixture {
    struct fleet_fixture fleet;
    struct cluster_spec spec;
    struct error error;
    bool good;
};

static const struct node *find_object(void *cookie, const struct object_key *key) {
    const struct node *list = document_root(((struct fleet_fixture *)cookie)->document);
    NODE_EACH(object, list) {
        struct object_key other;
        if (fragment_object_key(object, &other) && object_key_equal(key, &other)) {
            return object;
        }
    }
    return NULL;
}

static void spec_open(struct spec_fixture *fixture, const char *objects, bool is_complete) {
    *fixture = (struct spec_fixture){.good = false};
    fleet_open(&fixture->fleet, objects, false);
    fragment_set_complete(fixture->fleet.set, is_complete);
    const struct object_key key = {"cluster.x-k8s.io", "Cluster", "prod", "c"};
    const struct view_source *source = fragment_set_source(fixture->fleet.set);
    const struct cluster_view *view = cluster_view_of(fixture->fleet.arena, source, &key);
    assert_non_null(view);
    const struct cluster_spec_options options = {
        .drain_s = 300, .object = find_object, .cookie = &fixture->fleet};
    fixture->good = cluster_spec_read(fixture->fleet.arena, view, &options, &fixture->spec, &fixture->error);
}

static void spec_close(struct spec_fixture *fixture) {
    fleet_close(&fixture->fleet);
}

static const char *describe(struct arena *arena, const struct cluster_spec *spec) {
    const char *text = arena_printf(arena, "%s/%s %s %s %s %s cp%lld/%lld%s", spec->namespace, spec->name,
                                    spec->provider, spec->flavour, *spec->region ? spec->region : "-",
                                    spec->version, (long long)spec->control_plane_replicas,
                                    (long long)spec->control_plane_surge, spec->paused ? " paused" : "");
    for (size_t i = 0; i < spec->pool_count; i++) {
        const struct pool_spec *pool = &spec->pools[i];
        text = arena_printf(arena, "%s\n%s %s x%lld %lld-%lld%s surge %lld drain %lld by %s %s", text,
                            pool->name, pool->version, (long long)pool->replicas, (long long)pool->minimum,
                            (long long)pool->maximum, pool->autoscaled ? " auto" : "", (long long)pool->surge,
                            (long long)pool->drain_s, pool->object.kind, pool->object.name);
    }
    return spec->unread ? arena_printf(arena, "%s\nunread: %s", text, spec->unread) : text;
}

#define CLUSTER(spec)                                                                                        \
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'namespace':'prod','name':'c'},"  \
    "'spec':{" spec "}}"
#define REF(field, group, kind)                                                                              \
    "'" field "':{'apiVersion':'" group ".cluster.x-k8s.io/v1beta1','kind':'" kind "','name':'c'}"
#define KUBEADM_REFS                                                                                         \
    REF("infrastructureRef", "infrastructure", "AWSCluster")                                                 \
    "," REF("controlPlaneRef", "controlplane", "KubeadmControlPlane")
#define AWS_CLUSTER                                                                                          \
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','metadata':{'namespace':"   \
    "'prod','name':'c'},'spec':{'region':'eu-central-1'}}"
#define CONTROL_PLANE(spec)                                                                                  \
    "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta1','kind':'KubeadmControlPlane','metadata':{"        \
    "'namespace':'prod','name':'c'},'spec':{" spec "}}"
#define POOL_OF(version, kind, name, metadata, spec, machine)                                                \
    "{'apiVersion':'cluster.x-k8s.io/" version "','kind':'" kind "','metadata':{'namespace':'prod','name':"  \
    "'" name "'" metadata "},'spec':{'clusterName':'c'," spec                                                \
    "'template':{'spec':{'clusterName':'c'" machine "}}}}"
#define POOL(name, spec, machine) POOL_OF("v1beta1", "MachineDeployment", name, "", spec, machine)
#define LIMITS(least, most)                                                                                  \
    ",'annotations':{'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size':'" least                  \
    "','cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size':'" most "'}"
#define WITH(pool)                                                                                           \
    "[" CLUSTER(KUBEADM_REFS) "," AWS_CLUSTER "," CONTROL_PLANE("'version':'v1.31.2','replicas':3") "," pool \
                                                                                                    "]"
#define HEAD "prod/c aws kubeadm eu-central-1 1.31.2 cp3/1"

static void says_what_is_wanted(void **state) {
    (void)state;
    static const struct {
        const char *name, *objects, *expected;
    } cases[] = {
        {"kubeadm on AWS",
         WITH(POOL("md-1", "'replicas':2,", ",'version':'v1.30.1'") "," POOL("md-0", "'replicas':5,", "")),
         HEAD "\nmd-0 1.31.2 x5 -1--1 surge 1 drain 300 by MachineDeployment md-0"
              "\nmd-1 1.30.1 x2 -1--1 surge 1 drain 300 by MachineDeployment md-1"},
        {"surge and drain of v1beta1",
         WITH(POOL("md-0", "'replicas':8,'strategy':{'rollingUpdate':{'maxSurge':'25%'}},",
                   ",'nodeDrainTimeout':'1m30s'")),
         HEAD "\nmd-0 1.31.2 x8 -1--1 surge 2 drain 90 by MachineDeployment md-0"},
        {"drain of v1beta2",
         WITH(POOL_OF("v1beta2", "MachineDeployment", "md-0", "", "'replicas':1,",
                      ",'deletion':{'nodeDrainTimeoutSeconds':20}")),
         HEAD "\nmd-0 1.31.2 x1 -1--1 surge 1 drain 20 by MachineDeployment md-0"},
        {"no limit for the drain", WITH(POOL("md-0", "'replicas':1,", ",'nodeDrainTimeout':'0s'")),
         HEAD "\nmd-0 1.31.2 x1 -1--1 surge 1 drain 2592000 by MachineDeployment md-0"},
        {"the autoscaler writes the object's number",
         WITH(POOL_OF("v1beta1", "MachineDeployment", "md-0", LIMITS("2", "9"), "'replicas':4,", "")),
         HEAD "\nmd-0 1.31.2 x4 2-9 surge 1 drain 300 by MachineDeployment md-0"},
        {"within the limits",
         WITH(POOL_OF("v1beta1", "MachineDeployment", "md-0", LIMITS("2", "9"), "'replicas':11,", "")),
         HEAD "\nmd-0 1.31.2 x9 2-9 surge 1 drain 300 by MachineDeployment md-0"},
        {"the provider writes the number",
         WITH(POOL_OF("v1beta1", "MachinePool", "mp-0",
                      ",'annotations':{'cluster.x-k8s.io/replicas-managed-by':'external'}", "'replicas':4,",
                      "")),
         HEAD "\nmp-0 1.31.2 x4 -1--1 auto surge 1 drain 300 by MachinePool mp-0"},
        {"a pool on its way out is none",
         WITH(POOL_OF("v1beta1", "MachineDeployment", "md-0",
                      ",'deletionTimestamp':'2026-01-01T00:00:00Z','finalizers':['x']", "'replicas':4,", "")),
         HEAD},
        {"paused",
         "[" CLUSTER("'paused':true," KUBEADM_REFS) "," AWS_CLUSTER
                                                    "," CONTROL_PLANE("'version':'v1.31','replicas':1") "]",
         "prod/c aws kubeadm eu-central-1 1.31 cp1/1 paused"},
        {"a control plane that the cloud runs, a group with limits",
         "[" CLUSTER(REF("infrastructureRef", "infrastructure", "AWSManagedCluster") "," REF(
             "controlPlaneRef", "controlplane",
             "AWSManagedControlPlane")) ",{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta2','kind':"
                                        "'AWSManagedControlPlane','metadata':{'namespace':'prod','name':'c'},"
                                        "'spec':{'version':'v1.31','region':'us-east-1'}},"
                                        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':"
                                        "'AWSManagedCluster','metadata':{'namespace':'prod','name':'c'}},"
                                        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':"
                                        "'AWSManagedMachinePool','metadata':{'namespace':'prod','name':'p'},"
                                        "'spec':{'scaling':{'minSize':2,'maxSize':6}}}," //
         POOL_OF("v1beta1", "MachinePool", "p", "", "'replicas':3,",
                 ",'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':"
                 "'AWSManagedMachinePool','name':'p'}") "]",
         "prod/c aws eks us-east-1 1.31 cp0/0\np 1.31 x3 2-6 surge 1 drain 300 by MachinePool p"},
        {"a pool whose infrastructure is not there, beside one that is",
         WITH(POOL_OF("v1beta1", "MachinePool", "mp-0", "", "'replicas':3,",
                      ",'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':"
                      "'AWSManagedMachinePool','name':'mp-0'}") "," POOL("md-0", "'replicas':5,", "")),
         HEAD "\nmd-0 1.31.2 x5 -1--1 surge 1 drain 300 by MachineDeployment md-0"
              "\nunread: AWSManagedMachinePool prod/mp-0 has not been seen"},
        {"a pool that the cloud scales",
         WITH("{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'AzureManagedMachinePool',"
              "'metadata':{'namespace':'prod','name':'mp-0'},'spec':{'mode':'User','scaling':{'minSize':2,"
              "'maxSize':6}}}," POOL_OF("v1beta1", "MachinePool", "mp-0", "", "'replicas':3,",
                                        ",'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/"
                                        "v1beta1','kind':'AzureManagedMachinePool','name':'mp-0'}")),
         HEAD "\nmp-0 1.31.2 x3 2-6 auto surge 1 drain 300 by MachinePool mp-0"},
        {"a topology",
         "[" CLUSTER("'topology':{'class':'k','version':'v1.31.2','controlPlane':{'replicas':3},'workers':{"
                     "'machineDeployments':[{'class':'d','name':'b','replicas':2,'nodeDrainTimeout':'20s'},"
                     "{'class':'d','name':'a','replicas':1,'deletion':{'nodeDrainTimeoutSeconds':7}}]}},"
                     "" KUBEADM_REFS) "," AWS_CLUSTER
                                      "," CONTROL_PLANE("'version':'v1.31.2','replicas':3") "]",
         HEAD "\na 1.31.2 x1 -1--1 surge 1 drain 7 by Cluster c\n"
              "b 1.31.2 x2 -1--1 surge 1 drain 20 by Cluster c"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct spec_fixture fixture;
        spec_open(&fixture, cases[i].objects, true);
        expect_text(cases[i].name, fixture.error.message, "");
        expect_text(cases[i].name, describe(fixture.fleet.arena, &fixture.spec), cases[i].expected);
        spec_close(&fixture);
    }
}

static void says_what_is_wrong(void **state) {
    (void)state;
    static const struct {
        const char *name, *objects;
        enum error_kind kind;
        const char *expected;
    } cases[] = {
        {"the control plane is not there yet", "[" CLUSTER(KUBEADM_REFS) "," AWS_CLUSTER "]", ERROR_NOT_FOUND,
         "KubeadmControlPlane prod/c has not been seen"},
        {"the infrastructure is not there yet",
         "[" CLUSTER(KUBEADM_REFS) "," CONTROL_PLANE("'version':'v1.31.2','replicas':3") "]", ERROR_NOT_FOUND,
         "AWSCluster prod/c has not been seen"},
        {"an alias", "[" CLUSTER(KUBEADM_REFS) "," AWS_CLUSTER "," CONTROL_PLANE("'version':'latest'") "]",
         ERROR_INVALID,
         "KubeadmControlPlane prod/c: spec.version: version \"latest\" leaves the choice to the provider; "
         "name one like 1.31.2"},
        {"nonsense", "[" CLUSTER(KUBEADM_REFS) "," AWS_CLUSTER "," CONTROL_PLANE("'version':'1'") "]",
         ERROR_INVALID, "KubeadmControlPlane prod/c: spec.version: \"1\" is not a version like 1.31.2"},
        {"a number", "[" CLUSTER(KUBEADM_REFS) "," AWS_CLUSTER "," CONTROL_PLANE("'version':1.31") "]",
         ERROR_INVALID,
         "KubeadmControlPlane prod/c: spec.version: spec.version is a number; write it in quotes"},
        {"no version", "[" CLUSTER(KUBEADM_REFS) "," AWS_CLUSTER "," CONTROL_PLANE("'replicas':1") "]",
         ERROR_INVALID, "KubeadmControlPlane prod/c: spec.version: no Kubernetes version is set"},
        {"no machine",
         "[" CLUSTER(KUBEADM_REFS) "," AWS_CLUSTER "," CONTROL_PLANE("'version':'v1.31.2','replicas':0") "]",
         ERROR_INVALID, "KubeadmControlPlane prod/c: spec.replicas is 0, not from 1 to 1000000"},
        {"fewer than none", WITH(POOL("md-0", "'replicas':-1,", "")), ERROR_INVALID,
         "MachineDeployment prod/md-0: spec.replicas is -1, not from 0 to 1000000"},
        {"limits that cross",
         WITH(POOL_OF("v1beta1", "MachineDeployment", "md-0", LIMITS("9", "2"), "'replicas':4,", "")),
         ERROR_INVALID, "pool md-0: its least number 9 is above its most 2"},
        {"two of one name",
         WITH(POOL("a", "'replicas':1,", "") "," POOL_OF("v1beta1", "MachinePool", "a", "", "'replicas':1,",
                                                         "")),
         ERROR_INVALID, "two pools have the name a: MachineDeployment a and MachinePool a"},
        {"a drain time that is none", WITH(POOL("md-0", "'replicas':1,", ",'nodeDrainTimeout':'20'")),
         ERROR_INVALID, "pool md-0: nodeDrainTimeout is not a duration like 5m"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct spec_fixture fixture;
        spec_open(&fixture, cases[i].objects, true);
        expect_true(cases[i].name, !fixture.good, "it fails");
        expect_error(cases[i].name, &fixture.error, cases[i].kind, cases[i].expected);
        spec_close(&fixture);
    }
}

static void waits_for_pools_that_may_be_there(void **state) {
    (void)state;
    struct spec_fixture fixture;
    spec_open(&fixture, WITH(POOL("md-0", "'replicas':1,", "")), false);
    expect_error("not complete", &fixture.error, ERROR_NOT_FOUND,
                 "pools beside the objects at hand have not been seen");
    spec_close(&fixture);
}

static void copies_are_equal_until_they_differ(void **state) {
    (void)state;
    struct spec_fixture fixture;
    spec_open(&fixture, WITH(POOL("md-0", "'replicas':1,", "") "," POOL("md-1", "'replicas':1,", "")), true);
    struct cluster_spec *copy = cluster_spec_copy(&fixture.spec);
    assert_true(cluster_spec_equal(copy, &fixture.spec));
    CLEANUP(arena_free) struct arena *arena = arena_new();
    const char *before = describe(arena, &fixture.spec);
    spec_close(&fixture);
    expect_text("the copy stands alone", describe(arena, copy), before);
    struct cluster_spec other = *copy;
    struct pool_spec pools[2] = {copy->pools[0], copy->pools[1]};
    other.pools = pools;
    pools[1].replicas = 2;
    assert_false(cluster_spec_equal(copy, &other));
    pools[1].replicas = 1;
    assert_true(cluster_spec_equal(copy, &other));
    pools[0].version = "1.30.0";
    assert_false(cluster_spec_equal(copy, &other));
    other = *copy;
    other.pool_count = 1;
    assert_false(cluster_spec_equal(copy, &other));
    other = *copy;
    other.paused = true;
    assert_false(cluster_spec_equal(copy, &other));
    free(copy);
}

static void durations(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds; // -1: none
    } cases[] = {
        {"20s", 20},
        {"5m", 300},
        {"1h30m", 5400},
        {"1.5h", 5400},
        {"0", 0},
        {"0s", 0},
        {"300ms", 1},
        {".5m", 30},
        {"2m0.5s", 121},
        {"", -1},
        {"20", -1},
        {"-5m", -1},
        {"5 m", -1},
        {"m", -1},
        {"1d", -1},
        {".s", -1},
        {"1e3s", -1},
        {"1.2.3s", -1},
        {"99999999999999h", -1},
        {"5m ", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t seconds = -1;
        expect_true(cases[i].text, duration_read(cases[i].text, &seconds) == (cases[i].seconds >= 0),
                    "it is told apart");
        expect_integer(cases[i].text, seconds, cases[i].seconds);
    }
}

int main(void) {
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_wanted),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(waits_for_pools_that_may_be_there),
        cmocka_unit_test(copies_are_equal_until_they_differ),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
