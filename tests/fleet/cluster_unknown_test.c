// Placeholders and values of the wrong type: never a pass, always a reason.
#include "tests/fleet/fleet_fixture.h"

static void placeholders(void **state) {
    (void)state;
    static const char text[] =
        "[{'apiVersion':'cluster.x-k8s.io/"
        "v1beta1','kind':'Cluster','metadata':{'name':'${CLUSTER_NAME}'},'spec':{"
        "'clusterNetwork':{'pods':{'cidrBlocks':'${PODS}'},'services':{'cidrBlocks':['${SERVICE}']}},"
        "'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster',"
        "'name':'${CLUSTER_NAME}','namespace':'default'},'controlPlaneRef':{'kind':'KubeadmControlPlane',"
        "'apiVersion':'controlplane.cluster.x-k8s.io/v1beta1','name':'${CLUSTER_NAME}-control-plane'}}},"
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster','metadata':"
        "{'name':'${CLUSTER_NAME}'},'spec':{'region':'${AWS_REGION}'}},"
        "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta1','kind':'KubeadmControlPlane','metadata':"
        "{'name':'${CLUSTER_NAME}-control-plane'},'spec':{'version':'v{{ .Values.version }}',"
        "'replicas':'${COUNT}'}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineDeployment','metadata':"
        "{'name':'${CLUSTER_NAME}-md-0'},'spec':{'clusterName':'${CLUSTER_NAME}','replicas':'${WORKERS}'}}]";
    struct fleet_fixture fleet;
    fleet_open(&fleet, "[]", false);
    fleet.other = document_of(text);
    // What the YAML loader marks.
    const struct node *root = document_root(fleet.other);
    struct node *nodes = (struct node *)root;
    for (size_t i = 0; i < root->span; i++) {
        const char *string = node_string(&nodes[i]);
        nodes[i].unknown = string && (strstr(string, "${") || strstr(string, "{{"));
    }
    NODE_EACH(object, root) {
        fleet_add(&fleet, object);
    }
    for (size_t i = 0; i < root->length; i++) {
        fleet_review(&fleet, OPERATION_UPDATE, node_item(root, i), node_item(root, i));
        expect_view(
            "placeholders", fleet.change.after,
            "cluster /${CLUSTER_NAME}\nname ? ${CLUSTER_NAME} is not resolved\n"
            "provider aws @ AWSCluster ${CLUSTER_NAME} kind\nregion ? ${AWS_REGION} is not resolved\n"
            "version ? {{ .Values.version }} is not resolved\nreplicas ? ${COUNT} is not resolved\n"
            "pod_cidrs ? ${PODS} is not resolved\nservice_cidrs ?(${SERVICE} is not resolved)\npools 1\n"
            "pool 0: name ? ${CLUSTER_NAME} is not resolved\n"
            "pool 0: replicas ? ${WORKERS} is not resolved\n");
    }
    fleet_close(&fleet);
}

static void wrong_types(void **state) {
    (void)state;
    static const struct change_case cases[] = {
        {"version as a float", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'controlplane.cluster.x-k8s.io/"
         "v1','kind':'KubeadmControlPlane','metadata':{'name':'c'},"
         "'spec':{'version':1.3,'replicas':'3'}}",
         NULL,
         "version ? spec.version is a number; write it in quotes\n"
         "replicas ? spec.replicas is a text, not a whole number; write it without quotes\n"},
        {"a map for a text", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1','kind':'AWSCluster','metadata':{'name':'c'},"
         "'spec':{'region':{'name':'eu'},'network':{'subnets':{'a':1},'vpc':7}}}",
         NULL,
         "region ? spec.region is a map, not a text\nzones ? spec.network.subnets is a map, not a list\n"
         "network_cidrs ? spec.network.vpc is a number, not a map\n"},
        {"a spec that is a list", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'infrastructure.cluster.x-k8s.io/"
         "v1','kind':'AWSCluster','metadata':{'name':'c'},'spec':[]}",
         NULL, "region ? spec is a list, not a map\n"},
        {"a reference that is a text", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c'},'spec':{"
         "'infrastructureRef':'AWSCluster/"
         "c','paused':'yes','topology':{'workers':{'machineDeployments':{}}}}}",
         NULL,
         "provider ? spec.infrastructureRef is a text, not a map\n"
         "region ? spec.infrastructureRef is a text, not a map\n"
         "paused ? spec.paused is a text, not true or false; write it without quotes\n"
         "pools_known ? spec.topology.workers.machineDeployments is a map, not a list\n"},
        {"fractions", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'controlplane.cluster.x-k8s.io/"
         "v1','kind':'KubeadmControlPlane','metadata':{'name':'c'},"
         "'spec':{'replicas':1.5,'rolloutStrategy':{'rollingUpdate':{'maxSurge':'many'}}}}",
         NULL,
         "replicas ? spec.replicas is a number with a fraction, not a whole number\n"
         "surge ? spec.rolloutStrategy.rollingUpdate.maxSurge is neither a whole number nor a percentage "
         "like "
         "25%\n"},
    };
    run_changes(cases, sizeof(cases) / sizeof(*cases));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders),
        cmocka_unit_test(wrong_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
