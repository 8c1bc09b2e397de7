// Control planes, infrastructure and pools, of Cluster API and of providers.
#include "tests/reconciler/status_fixture.h"

#define CORE(version, kind)                                                                                  \
    "{'apiVersion':'cluster.x-k8s.io/" version "','kind':'" kind "','metadata':{'name':'a','generation':2}"
#define PLANE(version, kind)                                                                                 \
    "{'apiVersion':'controlplane.cluster.x-k8s.io/" version "','kind':'" kind                                \
    "','metadata':{'name':'eu-1','generation':2}"
#define INFRA(version, kind)                                                                                 \
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/" version "','kind':'" kind                              \
    "','metadata':{'name':'eu-1','generation':2}"

static const struct cloud_pool rolling_pools[] = {
    {.name = "a", .version = "1.30.4", .target = "1.31.2", .state = CLOUD_UPDATING, 2, 3, 2, 1},
};
static const struct cloud_cluster rolling = {.version = "1.31.2",
                                             .target = "1.31.2",
                                             .state = CLOUD_UPDATING,
                                             .control_plane_replicas = 3,
                                             .control_plane_ready = 3,
                                             .endpoint_host = "eu-1.example",
                                             .endpoint_port = 6443,
                                             .pools = rolling_pools,
                                             .pool_count = 1};
static const struct cloud_pool first_of_two_steps[] = {
    {.name = "a", .version = "1.29.9", .target = "1.30.4", .state = CLOUD_UPDATING, 2, 3, 3, 2},
};
static const struct cloud_cluster two_minors_behind = {.version = "1.30.4",
                                                       .target = "1.30.4",
                                                       .state = CLOUD_UPDATING,
                                                       .control_plane_replicas = 3,
                                                       .control_plane_ready = 3,
                                                       .endpoint_host = "eu-1.example",
                                                       .endpoint_port = 6443,
                                                       .pools = first_of_two_steps,
                                                       .pool_count = 1};
static const struct cloud_pool small_pools[] = {
    {.name = "a", .version = "1.31.2", .target = "1.31.2", .state = CLOUD_ACTIVE, 2, 1, 1, 1},
};
static const struct cloud_cluster growing = {.version = "1.31.2",
                                             .target = "1.31.2",
                                             .state = CLOUD_ACTIVE,
                                             .control_plane_replicas = 1,
                                             .control_plane_ready = 1,
                                             .endpoint_host = "eu-1.example",
                                             .endpoint_port = 6443,
                                             .pools = small_pools,
                                             .pool_count = 1};
static const struct cloud_pool large_pools[] = {
    {.name = "a", .version = "1.31.2", .target = "1.31.2", .state = CLOUD_ACTIVE, 2, 4, 4, 4},
};
static const struct cloud_cluster shrinking = {.version = "1.31.2",
                                               .target = "1.31.2",
                                               .state = CLOUD_ACTIVE,
                                               .control_plane_replicas = 5,
                                               .control_plane_ready = 5,
                                               .endpoint_host = "eu-1.example",
                                               .endpoint_port = 6443,
                                               .pools = large_pools,
                                               .pool_count = 1};
static const struct cloud_cluster control_plane_only = {.version = "1.31.2",
                                                        .target = "1.31.2",
                                                        .state = CLOUD_ACTIVE,
                                                        .control_plane_replicas = 3,
                                                        .control_plane_ready = 3,
                                                        .endpoint_host = "eu-1.example",
                                                        .endpoint_port = 6443};
static const struct cloud_pool autoscaled_pools[] = {
    {.name = "a", .version = "1.31.2", .target = "1.31.2", .state = CLOUD_ACTIVE, 7, 7, 7, 7},
};
static const struct cloud_cluster autoscaled = {.version = "1.31.2",
                                                .target = "1.31.2",
                                                .state = CLOUD_ACTIVE,
                                                .control_plane_replicas = 3,
                                                .control_plane_ready = 3,
                                                .endpoint_host = "eu-1.example",
                                                .endpoint_port = 6443,
                                                .pools = autoscaled_pools,
                                                .pool_count = 1};
static const struct pool_spec autoscaled_pool = {.name = "a",
                                                 .version = "1.31.2",
                                                 .replicas = 2,
                                                 .minimum = 1,
                                                 .maximum = 9,
                                                 .autoscaled = true,
                                                 .surge = 1};
static const struct cluster_spec autoscaled_spec = {.name = "eu-1",
                                                    .version = "1.31.2",
                                                    .control_plane_replicas = 3,
                                                    .pools = &autoscaled_pool,
                                                    .pool_count = 1};

struct status_case {
    const char *name;
    const char *object;
    const struct cluster_spec *spec;
    const struct cloud_cluster *cloud;
    const char *expected;
};

static const struct status_case pools[] = {
    {"MachineDeployment v1beta2", CORE("v1beta2", "MachineDeployment") "}", &status_spec, &status_cloud,
     "phase = Running\n"
     "observedGeneration = 2\n"
     "replicas = 2\n"
     "readyReplicas = 2\n"
     "availableReplicas = 2\n"
     "upToDateReplicas = 2\n"
     "versions[0].version = v1.31.2\n"
     "versions[0].replicas = 2\n"
     "selector = cluster.x-k8s.io/cluster-name=eu-1,cluster.x-k8s.io/deployment-name=a\n"
     "deprecated.v1beta1.updatedReplicas = 2\n"
     "deprecated.v1beta1.unavailableReplicas = 0\n"
     "conditions Available = True Available\n"
     "conditions Ready = True Ready\n"
     "conditions RollingOut = False NotRollingOut\n"
     "conditions PolicyApproved = True Approved\n"
     "!conditions Reconciled\n"
     "!updatedReplicas\n"
     "!initialization"},
    {"MachineDeployment v1beta1 while it rolls", CORE("v1beta1", "MachineDeployment") "}", &status_spec,
     &rolling,
     "phase = Running\n"
     "replicas = 3\n"
     "readyReplicas = 2\n"
     "updatedReplicas = 1\n"
     "unavailableReplicas = 0\n"
     "versions[0].version = v1.30.4\n"
     "versions[0].replicas = 2\n"
     "versions[1].version = v1.31.2\n"
     "versions[1].replicas = 1\n"
     "v1beta2.upToDateReplicas = 1\n"
     "v1beta2.conditions RollingOut = True RollingOut: Rolling out 2 not up-to-date replicas\n"
     "v1beta2.conditions ScalingDown = False NotScalingDown\n"
     "conditions Ready = True\n"
     "conditions Available = True\n"
     "!upToDateReplicas"},
    {"on the way to a version in between, none is up to date", CORE("v1beta2", "MachineDeployment") "}",
     &status_spec, &two_minors_behind,
     "upToDateReplicas = 0\n"
     "versions[0].version = v1.29.9\n"
     "versions[0].replicas = 1\n"
     "versions[1].version = v1.30.4\n"
     "versions[1].replicas = 2\n"
     "conditions RollingOut = True RollingOut: Rolling out 3 not up-to-date replicas"},
    {"growing", CORE("v1beta2", "MachineDeployment") "}", &status_spec, &growing,
     "phase = ScalingUp\n"
     "deprecated.v1beta1.unavailableReplicas = 1\n"
     "conditions ScalingUp = True ScalingUp: Scaling up from 1 to 2 replicas\n"
     "conditions Available = False NotAvailable: 1 of 2 replicas are ready"},
    {"shrinking", CORE("v1beta2", "MachineDeployment") "}", &status_spec, &shrinking,
     "phase = ScalingDown\n"
     "conditions ScalingDown = True ScalingDown: Scaling down from 4 to 2 replicas\n"
     "conditions Available = True Available"},
    {"an autoscaler's number stands", CORE("v1beta2", "MachineDeployment") "}", &autoscaled_spec, &autoscaled,
     "phase = Running\n"
     "replicas = 7\n"
     "conditions ScalingDown = False NotScalingDown"},
    {"not there yet", CORE("v1beta1", "MachineDeployment") "}", &status_spec, &control_plane_only,
     "phase = ScalingUp\n"
     "replicas = 0\n"
     "unavailableReplicas = 2\n"
     "conditions Ready = False NotReady Info: 0 of 2 replicas are ready\n"
     "!versions"},
    {"the selector of the object",
     CORE("v1beta1", "MachineDeployment") ",'spec':{'selector':{'matchLabels':{'a':'b',"
                                          "'c/d':'e'}}}}",
     &status_spec, &status_cloud, "selector = a=b,c/d=e"},
    {"a selector of expressions",
     CORE("v1beta1", "MachineDeployment") ",'spec':{'selector':{'matchLabels':{'a':'b'},'matchExpressions':["
                                          "{'key':'c','operator':'In','values':['d','e']},{'key':'f','"
                                          "operator':'NotIn','values':['g']},"
                                          "{'key':'h','operator':'Exists'},{'key':'i','operator':'"
                                          "DoesNotExist'},{'key':'j','operator':'Odd'}]}}}",
     &status_spec, &status_cloud, "selector = a=b,c in (d,e),f notin (g),h,!i"},
    {"MachineSet", CORE("v1beta1", "MachineSet") "}", &status_spec, &status_cloud,
     "replicas = 2\n"
     "fullyLabeledReplicas = 2\n"
     "!phase\n"
     "!updatedReplicas"},
    {"MachinePool v1beta1", CORE("v1beta1", "MachinePool") "}", &status_spec, &status_cloud,
     "phase = Running\n"
     "bootstrapReady = true\n"
     "infrastructureReady = true\n"
     "replicas = 2\n"
     "unavailableReplicas = 0\n"
     "conditions Ready = True\n"
     "!updatedReplicas\n"
     "!selector"},
    {"MachinePool v1beta2", CORE("v1beta2", "MachinePool") "}", &status_spec, &status_cloud,
     "phase = Running\n"
     "initialization.bootstrapDataSecretCreated = true\n"
     "initialization.infrastructureProvisioned = true\n"
     "upToDateReplicas = 2\n"
     "conditions Available = True Available\n"
     "!bootstrapReady"},
    {"MachinePool without its cluster", CORE("v1beta1", "MachinePool") "}", &status_spec, NULL,
     "phase = Pending\n"
     "bootstrapReady = false"},
    {"Machine", CORE("v1beta2", "Machine") "}", &status_spec, &status_cloud,
     "phase = Running\n"
     "initialization.infrastructureProvisioned = true\n"
     "!replicas"},
    {"AWSManagedMachinePool", INFRA("v1beta2", "AWSManagedMachinePool") "}", &status_managed_spec,
     &status_managed_cloud,
     "ready = true\n"
     "replicas = 2\n"
     "conditions Ready = True\n"
     "conditions PolicyApproved = True\n"
     "!conditions Available\n"
     "!initialization\n"
     "!deprecated"},
    {"AzureASOManagedMachinePool has no conditions", INFRA("v1beta1", "AzureASOManagedMachinePool") "}",
     &status_managed_spec, &status_managed_cloud,
     "ready = true\n"
     "replicas = 2\n"
     "!conditions"},
};

static const struct status_case others[] = {
    {"KubeadmControlPlane v1beta1", PLANE("v1beta1", "KubeadmControlPlane") "}", &status_spec, &status_cloud,
     "initialized = true\n"
     "ready = true\n"
     "version = v1.31.2\n"
     "observedGeneration = 2\n"
     "replicas = 3\n"
     "readyReplicas = 3\n"
     "updatedReplicas = 3\n"
     "unavailableReplicas = 0\n"
     "selector = cluster.x-k8s.io/cluster-name=eu-1,cluster.x-k8s.io/control-plane\n"
     "conditions Ready = True\n"
     "conditions Available = True\n"
     "v1beta2.conditions Initialized = True Initialized\n"
     "!externalManagedControlPlane\n"
     "!availableReplicas"},
    {"KubeadmControlPlane v1beta2", PLANE("v1beta2", "KubeadmControlPlane") "}", &status_spec, &status_cloud,
     "initialization.controlPlaneInitialized = true\n"
     "version = v1.31.2\n"
     "versions[0].version = v1.31.2\n"
     "upToDateReplicas = 3\n"
     "availableReplicas = 3\n"
     "conditions Available = True Available\n"
     "conditions Initialized = True Initialized\n"
     "!ready ="},
    {"control plane one too small", PLANE("v1beta2", "KubeadmControlPlane") "}", &status_spec, &growing,
     "conditions ScalingUp = True ScalingUp: Scaling up from 1 to 3 replicas"},
    {"AWSManagedControlPlane", PLANE("v1beta2", "AWSManagedControlPlane") "}", &status_managed_spec,
     &status_managed_cloud,
     "initialized = true\n"
     "ready = true\n"
     "externalManagedControlPlane = true\n"
     "version = 1.31.2\n"
     "conditions Ready = True\n"
     "conditions PolicyApproved = True\n"
     "!replicas\n"
     "!initialization"},
    {"AzureManagedControlPlane", INFRA("v1beta1", "AzureManagedControlPlane") "}", &status_managed_spec,
     &status_managed_cloud,
     "initialized = true\n"
     "version = v1.31.2\n"
     "!externalManagedControlPlane\n"
     "!observedGeneration"},
    {"AzureASOManagedControlPlane", INFRA("v1beta1", "AzureASOManagedControlPlane") "}", &status_managed_spec,
     &status_managed_cloud,
     "controlPlaneEndpoint.host = eu-1.example\n"
     "controlPlaneEndpoint.port = 443\n"
     "!conditions"},
    {"GCPManagedControlPlane", INFRA("v1beta1", "GCPManagedControlPlane") "}", &status_managed_spec,
     &status_managed_cloud,
     "version = 1.31.2\n"
     "currentVersion = 1.31.2"},
    {"a control plane that nobody knows", PLANE("v1beta1", "NewControlPlane") "}", &status_managed_spec,
     &status_managed_cloud,
     "initialized = true\n"
     "ready = true\n"
     "version = 1.31.2\n"
     "conditions Ready = True"},
    {"AWSCluster", INFRA("v1beta2", "AWSCluster") "}", &status_spec, &status_cloud,
     "ready = true\n"
     "conditions Ready = True\n"
     "!initialization\n"
     "!observedGeneration"},
    {"AWSCluster before it is there", INFRA("v1beta2", "AWSCluster") "}", &status_spec, NULL,
     "ready = false\n"
     "conditions Ready = False NotReady Info: infrastructure is not there yet"},
    {"GCPCluster has no conditions", INFRA("v1beta1", "GCPCluster") "}", &status_spec, &status_cloud,
     "ready = true\n"
     "!conditions"},
    {"DevCluster v1beta1", INFRA("v1beta1", "DevCluster") "}", &status_spec, &status_cloud,
     "ready = true\n"
     "conditions Ready = True\n"
     "v1beta2.conditions Ready = True Ready"},
    {"DevCluster v1beta2", INFRA("v1beta2", "DevCluster") "}", &status_spec, &status_cloud,
     "initialization.provisioned = true\n"
     "conditions Ready = True Ready\n"
     "deprecated.v1beta1.conditions Ready = True\n"
     "!ready ="},
    {"failure domains are not ours",
     INFRA("v1beta2", "DevCluster") ",'status':{'failureDomains':[{'name':'x'}]}}", &status_spec,
     &status_cloud, "failureDomains[0].name = x"},
};

static void check(const struct status_case *entry, const char *pool) {
    CLEANUP(document_free)
    struct document *cluster =
        document_of("{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':"
                    "{'name':'eu-1','namespace':'prod','uid':'u-1'}}");
    CLEANUP(document_free) struct document *object = document_of(entry->object);
    struct status_question question = {
        .object = document_root(object),
        .cluster = document_root(cluster),
        .approval = APPROVAL_APPROVED,
        .spec = entry->spec,
        .cloud = entry->cloud,
        .is_known = true,
        .pool = pool,
        .now_s = STATUS_NOW_S,
    };
    CLEANUP(document_free) struct document *after = status_after(entry->name, &question);
    expect_lines(entry->name, node_get(document_root(after), "status"), entry->expected);
    // A provider that does not answer any more takes nothing back.
    question.object = document_root(after);
    question.cloud = NULL;
    question.is_known = false;
    question.unreachable = true;
    CLEANUP(document_free) struct document *later = status_after(entry->name, &question);
    expect_true(entry->name, node_equal(document_root(after), document_root(later)),
                "stays while unreachable");
}

static void pools_say_what_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++) {
        check(&pools[i], "a");
    }
}

static void control_planes_and_infrastructure_say_what_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        check(&others[i], NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pools_say_what_they_are),
        cmocka_unit_test(control_planes_and_infrastructure_say_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
