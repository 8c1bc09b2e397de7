// Clusters of other shapes: machines of their own for the control plane, and a class instead of parts.
#include "tests/reconciler/sample_cluster.h"

#include "tests/support/expect.h"

enum { LONG_ENOUGH_S = 1800 };

static void begin(struct fleet_fixture *fixture, const char *const *objects) {
    fleet_fixture_begin(fixture, sample_policies);
    for (size_t i = 0; objects[i]; i++) {
        fleet_fixture_apply(fixture, objects[i]);
    }
    fleet_fixture_run(fixture, LONG_ENOUGH_S);
}

#define OBJECT(kind, group, version, name, spec)                                                             \
    "{'apiVersion':'" group "/" version "','kind':'" kind "','metadata':{'name':'" name                      \
    "','namespace':'prod'},'spec':{" spec "}}"
#define REFERENCE(kind, group, name)                                                                         \
    "{'apiVersion':'" group ".cluster.x-k8s.io/v1beta1','kind':'" kind "','name':'" name "'}"
#define INFRASTRUCTURE "infrastructure.cluster.x-k8s.io"

static const char machine_template[] = OBJECT("AWSMachineTemplate", INFRASTRUCTURE, "v1beta2", "m",
                                              "'template':{'spec':{'instanceType':'m5.large'}}");

// ---- kubeadm ----

static const char *const kubeadm[] = {
    OBJECT("Cluster", "cluster.x-k8s.io", "v1beta1", "eu-1",
           "'controlPlaneRef':" REFERENCE(
               "KubeadmControlPlane", "controlplane",
               "eu-1") ",'infrastructureRef':" REFERENCE("AWSCluster", "infrastructure", "eu-1")),
    OBJECT("AWSCluster", INFRASTRUCTURE, "v1beta2", "eu-1", "'region':'eu-west-1'"),
    OBJECT("KubeadmControlPlane", "controlplane.cluster.x-k8s.io", "v1beta1", "eu-1",
           "'version':'v1.30.4','replicas':1,'machineTemplate':{'infrastructureRef':" REFERENCE(
               "AWSMachineTemplate", "infrastructure", "m") "},'kubeadmConfigSpec':{}"),
    OBJECT("MachineDeployment", "cluster.x-k8s.io", "v1beta1", "eu-1-md",
           "'clusterName':'eu-1','replicas':2,'template':{'spec':{'clusterName':'eu-1','version':'v1.30.4',"
           "'bootstrap':{'dataSecretName':'x'},'infrastructureRef':" REFERENCE("AWSMachineTemplate",
                                                                               "infrastructure", "m") "}}"),
    machine_template,
    NULL,
};

static void test_kubeadm_scales(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, kubeadm);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.30.4 active eu-1-md=1.30.4:2/2");
    expect_text("one machine",
                fleet_fixture_read(&fixture, "KubeadmControlPlane", "eu-1", "status.readyReplicas"), "1");
    fleet_fixture_patch(&fixture, "KubeadmControlPlane", "eu-1", "{'spec':{'replicas':3}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("three", fleet_fixture_read(&fixture, "KubeadmControlPlane", "eu-1", "status.readyReplicas"),
                "3");
    fleet_fixture_patch(&fixture, "KubeadmControlPlane", "eu-1", "{'spec':{'version':'v1.31.1'}}");
    fleet_fixture_run(&fixture, 2 * LONG_ENOUGH_S);
    expect_text("upgraded", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.31.1 active eu-1-md=1.30.4:2/2");
    expect_text("machines",
                fleet_fixture_read(&fixture, "KubeadmControlPlane", "eu-1", "status.readyReplicas"), "3");
    fleet_fixture_end(&fixture);
}

// ---- a class ----

static const char *const classy[] = {
    OBJECT("ClusterClass", "cluster.x-k8s.io", "v1beta1", "standard",
           "'controlPlane':{'ref':" REFERENCE(
               "KubeadmControlPlaneTemplate", "controlplane",
               "cp") ",'machineInfrastructure':{'ref':" REFERENCE("AWSMachineTemplate", "infrastructure",
                                                                  "m") "}},"
                                                                       "'infrastructure':{'ref':" REFERENCE(
                                                                           "AWSClusterTemplate",
                                                                           "infrastructure",
                                                                           "c") "},'workers':{"
                                                                                "'machineDeployments':[{'"
                                                                                "class':'default','template':"
                                                                                "{'infrastructure':{'ref'"
                                                                                ":" REFERENCE(
                                                                                    "AWSMachineTemplate",
                                                                                    "infrastructure",
                                                                                    "m") "}}}]}"),
    OBJECT("KubeadmControlPlaneTemplate", "controlplane.cluster.x-k8s.io", "v1beta1", "cp",
           "'template':{'spec':{'kubeadmConfigSpec':{}}}"),
    OBJECT("AWSClusterTemplate", INFRASTRUCTURE, "v1beta2", "c",
           "'template':{'spec':{'region':'eu-west-1'}}"),
    machine_template,
    OBJECT("Cluster", "cluster.x-k8s.io", "v1beta1", "eu-1",
           "'topology':{'class':'standard','version':'v1.30.4','controlPlane':{'replicas':3},'workers':{"
           "'machineDeployments':[{'class':'default','name':'md','replicas':2}]}}"),
    NULL,
};

static void test_topology(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, classy);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.30.4 active md=1.30.4:2/2");
    expect_text("phase", fleet_fixture_read(&fixture, "Cluster", "eu-1", "status.phase"), "Provisioned");
    fleet_fixture_patch(&fixture, "Cluster", "eu-1",
                        "{'spec':{'topology':{'version':'v1.31.1','workers':{'machineDeployments':[{'class':"
                        "'default','name':'md','replicas':4}]}}}}");
    fleet_fixture_run(&fixture, 2 * LONG_ENOUGH_S);
    expect_text("changed", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.31.1 active md=1.31.1:4/4");
    fleet_fixture_end(&fixture);
}

// What a class or template says is judged for the clusters that it makes.
static void test_template_is_judged(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    begin(&fixture, classy);
    fleet_fixture_patch(&fixture, "AWSClusterTemplate", "c",
                        "{'spec':{'template':{'spec':{'region':'eu-north-1'}}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("as it was", fleet_fixture_cloud(&fixture, "prod-eu-1"), "1.30.4 active md=1.30.4:2/2");
    expect_true("Event", fleet_fixture_told(&fixture, "!PolicyDenied"), "it is told");
    expect_true("Event", fleet_fixture_told(&fixture, "region eu-north-1 is not allowed"), "it says why");
    fleet_fixture_patch(&fixture, "AWSClusterTemplate", "c",
                        "{'spec':{'template':{'spec':{'region':'eu-west-1'}}}}");
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_integer("taken back", (int64_t)reconciler_stats(fixture.reconciler).refused, 0);
    fleet_fixture_end(&fixture);
}

// It is denied from the start: nothing of it is made.
static void test_class_is_denied(void **state) {
    (void)state;
    struct fleet_fixture fixture;
    fleet_fixture_begin(&fixture, sample_policies);
    for (size_t i = 0; classy[i]; i++) {
        fleet_fixture_apply(&fixture, i == 2 ? OBJECT("AWSClusterTemplate", INFRASTRUCTURE, "v1beta2", "c",
                                                      "'template':{'spec':{'region':'eu-north-1'}}")
                                             : classy[i]);
    }
    fleet_fixture_run(&fixture, LONG_ENOUGH_S);
    expect_text("cloud", fleet_fixture_cloud(&fixture, "prod-eu-1"), "");
    fleet_fixture_end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kubeadm_scales),
        cmocka_unit_test(test_topology),
        cmocka_unit_test(test_template_is_judged),
        cmocka_unit_test(test_class_is_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
