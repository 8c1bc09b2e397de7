// Each node is counted once, whichever objects speak of it.
#include "tests/fleet/fleet_fixture.h"

// Objects that are counted elsewhere, or not at all.
static void counts_each_node_once(void **state) {
    (void)state;
    static const char fleet[] =
        "[{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c'},'spec':{}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineSet','metadata':{'name':'ms-owned',"
        "'ownerReferences':[{'apiVersion':'cluster.x-k8s.io/"
        "v1beta1','kind':'MachineDeployment','name':'md'}]},"
        "'spec':{'clusterName':'c','replicas':3}},"
        "{'apiVersion':'cluster.x-k8s.io/"
        "v1beta1','kind':'MachineSet','metadata':{'name':'ms-labelled','labels':{"
        "'cluster.x-k8s.io/deployment-name':'md'}},'spec':{'clusterName':'c','replicas':3}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineSet','metadata':{'name':'ms-alone',"
        "'ownerReferences':[{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','name':'c'}]},"
        "'spec':{'clusterName':'c','replicas':3}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine','metadata':{'name':'m-owned',"
        "'ownerReferences':[{'apiVersion':'controlplane.cluster.x-k8s.io/"
        "v1beta1','kind':'KubeadmControlPlane',"
        "'name':'cp'}]},'spec':{'clusterName':'c'}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine','metadata':{'name':'m-alone'},"
        "'spec':{'clusterName':'c'}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine','metadata':{'name':'cp-0','labels':{"
        "'cluster.x-k8s.io/control-plane':''}},'spec':{'clusterName':'c','version':'v1.30.2'}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Machine','metadata':{'name':'cp-1','labels':{"
        "'cluster.x-k8s.io/control-plane':''}},'spec':{'clusterName':'c','version':'v1.30.1'}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineDeployment','metadata':{'name':'other'},"
        "'spec':{'clusterName':'d','replicas':3}}]";
    static const char object[] =
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c'},"
        "'spec':{}}";
    struct change_case one = {
        "each once",
        fleet,
        OPERATION_UPDATE,
        object,
        object,
        NULL,
        "pools 2\npool ms-alone: replicas 3 @ MachineSet ms-alone spec.replicas\n"
        "pool m-alone: replicas 1 @ Machine m-alone kind\n"
        "replicas 2 @ Machine cp-1 kind\nversion v1.30.1 @ Machine cp-1 spec.version\n"};
    run_changes(&one, 1);
}

static void provider_halves(void **state) {
    (void)state;
    static const char pool[] =
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachinePool','metadata':{'name':'p'},'spec':{"
        "'clusterName':'c','replicas':3,'template':{'spec':{'infrastructureRef':{'kind':'"
        "AWSManagedMachinePool',"
        "'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','name':'p'}}}}}";
    static const char half[] =
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSManagedMachinePool','metadata':"
        "{'name':'p','labels':{'cluster.x-k8s.io/"
        "cluster-name':'c'}},'spec':{'scaling':{'minSize':1,'maxSize':90}}}";
    static const char aso[] =
        "[{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c'},'spec':{"
        "'controlPlaneRef':{'kind':'AzureASOManagedControlPlane','apiVersion':"
        "'infrastructure.cluster.x-k8s.io/v1beta1','name':'c'}}},"
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'AzureASOManagedControlPlane',"
        "'metadata':{'name':'c'},'spec':{'resources':[{'spec':{'agentPoolProfiles':[{'name':'pool0','count':"
        "1},"
        "{'name':'extra','count':2}]}}]}},"
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachinePool','metadata':{'name':'mp'},'spec':{"
        "'clusterName':'c','replicas':5,'template':{'spec':{'infrastructureRef':{'kind':"
        "'AzureASOManagedMachinePool','apiVersion':'infrastructure.cluster.x-k8s.io/"
        "v1beta1','name':'mp'}}}}},"
        "{'apiVersion':'infrastructure.cluster.x-k8s.io/"
        "v1beta1','kind':'AzureASOManagedMachinePool','metadata':"
        "{'name':'mp'},'spec':{'resources':[{'metadata':{'name':'x'},'spec':{'azureName':'pool0'}}]}}]";
    static const char aso_cluster[] =
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c'},'spec':{"
        "'controlPlaneRef':{'kind':'AzureASOManagedControlPlane','apiVersion':"
        "'infrastructure.cluster.x-k8s.io/v1beta1','name':'c'}}}";
    const struct change_case cases[] = {
        {"the half is not seen", "[]", OPERATION_CREATE, NULL, pool, NULL,
         "pools 1\npool p: max ? AWSManagedMachinePool p has not been seen (unseen)\n"
         "pool p: autoscaled ? AWSManagedMachinePool p has not been seen (unseen)\n"
         "pool p: replicas 3 @ MachinePool p spec.replicas\n!pool p: system\n"},
        {"only the half is seen", "[]", OPERATION_CREATE, NULL, half, NULL,
         "cluster /c\npools 1\npool p: max 90 @ AWSManagedMachinePool p spec.scaling.maxSize\n"
         "pool p: kind MachinePool @ AWSManagedMachinePool p kind\n"
         "pool p: replicas ? no MachinePool that names AWSManagedMachinePool p has been seen (unseen)\n"},
        {"profiles and pools are the same", aso, OPERATION_UPDATE, aso_cluster, aso_cluster, NULL,
         "pools 2\npool mp: replicas 5 @ MachinePool mp spec.replicas\n"
         "pool extra: replicas 2 @ AzureASOManagedControlPlane c "
         "spec.resources[0].spec.agentPoolProfiles[1].count\n"},
    };
    run_changes(cases, sizeof(cases) / sizeof(*cases));
}

static void zones_of_gke(void **state) {
    (void)state;
    static const struct {
        const char *location, *pool_spec, *expected;
    } cases[] = {
        {"us-central1", "{}", "pool p: zone_count 3 @ GCPManagedControlPlane c spec.location\n"},
        {"us-central1", "{'nodeLocations':['us-central1-a','us-central1-b']}",
         "pool p: zone_count 2 @ GCPManagedControlPlane c spec.location\n"},
        {"us-central1-a", "{}", "!pool p: zone_count\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char fleet[4096];
        snprintf(
            fleet, sizeof(fleet),
            "[{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachinePool','metadata':{'name':'p'},'spec':{"
            "'clusterName':'c','replicas':3,'template':{'spec':{'infrastructureRef':{'kind':"
            "'GCPManagedMachinePool','apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','name':'p'}}}}},"
            "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'GCPManagedMachinePool',"
            "'metadata':{'name':'p'},'spec':%s},{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1',"
            "'kind':'GCPManagedControlPlane','metadata':{'name':'c'},'spec':{'location':'%s'}}]",
            cases[i].pool_spec, cases[i].location);
        static const char object[] =
            "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c'},'spec':{"
            "'controlPlaneRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1',"
            "'kind':'GCPManagedControlPlane','name':'c'}}}";
        struct change_case one = {cases[i].location, fleet, OPERATION_CREATE, NULL, object, NULL,
                                  cases[i].expected};
        run_changes(&one, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_node_once),
        cmocka_unit_test(provider_halves),
        cmocka_unit_test(zones_of_gke),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
