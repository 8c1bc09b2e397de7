// Clusters that a ClusterClass makes: the topology leads, its objects are the same pools, the class tells the
// rest.
#include "tests/fleet/fleet_fixture.h"

#define CORE "'apiVersion':'cluster.x-k8s.io/v1beta1'"
#define INFRASTRUCTURE "'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2'"
#define CONTROL_PLANE "'apiVersion':'controlplane.cluster.x-k8s.io/v1beta1'"
#define AUTOSCALER "cluster.x-k8s.io/cluster-api-autoscaler-node-group-"

static const char class_objects[] =
    "{" CORE ",'kind':'ClusterClass','metadata':{'name':'small','namespace':'prod'},'spec':{"
    "'infrastructure':{'ref':{" INFRASTRUCTURE ",'kind':'AWSClusterTemplate','name':'small'}},"
    "'controlPlane':{'ref':{" CONTROL_PLANE ",'kind':'KubeadmControlPlaneTemplate','name':'small'}},"
    "'kubernetesVersions':['v1.30.0','v1.31.0']}},"
    "{" INFRASTRUCTURE ",'kind':'AWSClusterTemplate','metadata':{'name':'small','namespace':'prod'},"
    "'spec':{'template':{'spec':{}}}},"
    "{" CONTROL_PLANE ",'kind':'KubeadmControlPlaneTemplate','metadata':{'name':'small','namespace':'prod'},"
    "'spec':{'template':{'spec':{'rolloutStrategy':{'rollingUpdate':{'maxSurge':0}}}}}}";

static const char topology[] =
    "{" CORE
    ",'kind':'Cluster','metadata':{'name':'c','namespace':'prod'},'spec':{'topology':{'class':'small',"
    "'version':'v1.31.0','controlPlane':{'replicas':3},'variables':[{'name':'sshKey','value':'k'},"
    "{'name':'region','value':'eu-west-1'}],'workers':{'machineDeployments':[{'class':'d','name':'md-0',"
    "'replicas':5,'failureDomain':'eu-west-1a'},{'class':'d','name':'md-1'},{'class':'d','name':'md-2','"
    "metadata':{"
    "'annotations':{'" AUTOSCALER "min-size':'2','" AUTOSCALER "max-size':'9'}},"
    "'strategy':{'rollingUpdate':{'maxSurge':'50%'}}}],"
    "'machinePools':[{'class':'p','name':'mp-0','replicas':4,'failureDomains':['1','2']}]}}}}";

static void check(const char *name, const char *fleet_objects, const char *object, bool is_reversed,
                  const char *before, const char *after) {
    struct fleet_fixture fleet;
    fleet_open(&fleet, fleet_objects, is_reversed);
    fleet.other = document_of(object);
    const struct node *root = document_root(fleet.other);
    fleet_review(&fleet, OPERATION_UPDATE, root, root);
    expect_view(name, fleet.change.before, before);
    expect_view(name, fleet.change.after, after);
    fleet_close(&fleet);
}

static void check_both_ways(const char *name, const char *fleet_objects, const char *object,
                            const char *expected) {
    check(name, fleet_objects, object, false, expected, expected);
    check(name, fleet_objects, object, true, expected, expected);
}

static void reads_a_topology(void **state) {
    (void)state;
    check_both_ways("topology alone", "[]", topology,
                    "version v1.31.0 @ Cluster c spec.topology.version\n"
                    "replicas 3 @ Cluster c spec.topology.controlPlane.replicas\nclass small @ Cluster c "
                    "spec.topology.class\n"
                    "region eu-west-1 @ Cluster c spec.topology.variables[1].value\nregions eu-west-1\n"
                    "provider ? ClusterClass prod/small has not been seen (unseen)\n"
                    "flavour ? ClusterClass prod/small has not been seen (unseen)\n"
                    "version_set ? ClusterClass prod/small has not been seen (unseen)\npools 4\n"
                    "pool md-0: replicas 5 @ Cluster c spec.topology.workers.machineDeployments[0].replicas\n"
                    "pool md-0: version v1.31.0 @ Cluster c spec.topology.version\n"
                    "pool md-0: kind MachineDeployment @ Cluster c kind\npool md-0: zones eu-west-1a\n"
                    "pool md-1: replicas 1 @ Cluster c spec.topology.workers.machineDeployments[1].replicas\n"
                    "pool md-1: surge 1 @ Cluster c "
                    "spec.topology.workers.machineDeployments[1].rollout.strategy.rollingUpdate.maxSurge\n"
                    "pool md-2: replicas 2 @ Cluster c spec.topology.workers.machineDeployments[2].replicas\n"
                    "pool md-2: max 9 @ Cluster c "
                    "spec.topology.workers.machineDeployments[2].metadata.annotations[\"" AUTOSCALER
                    "max-size\"]\n"
                    "pool md-2: surge 1 @ Cluster c "
                    "spec.topology.workers.machineDeployments[2].strategy.rollingUpdate.maxSurge\n"
                    "pool md-2: kubeadm ? ClusterClass prod/small has not been seen (unseen)\n"
                    "pool mp-0: replicas 4 @ Cluster c spec.topology.workers.machinePools[0].replicas\n"
                    "pool mp-0: zones 1 2\n");
    char fleet[8192];
    snprintf(fleet, sizeof(fleet), "[%s]", class_objects);
    check_both_ways("with its class", fleet, topology,
                    "provider aws @ ClusterClass small spec.infrastructure.ref\n"
                    "flavour kubeadm @ ClusterClass small spec.controlPlane.ref\n"
                    "version_set true @ ClusterClass small spec.kubernetesVersions\n"
                    "external_etcd false @ ClusterClass small spec.controlPlane.ref\n"
                    "surge 0 @ KubeadmControlPlaneTemplate small "
                    "spec.template.spec.rolloutStrategy.rollingUpdate.maxSurge\n"
                    "pool md-0: kubeadm true @ ClusterClass small spec.controlPlane.ref\n");
}

static void regions_of_variables(void **state) {
    (void)state;
    static const struct {
        const char *variables, *class_spec, *expected;
    } cases[] = {
        {"[{'name':'awsRegion','value':'a-1'}]", "{}", "regions a-1\n"},
        {"[{'name':'location','value':'westeurope'}]", "{}", "regions westeurope\n"},
        {"[{'name':'AZURE_LOCATION','value':{'name':'westeurope'}}]", "{}",
         "region westeurope @ Cluster c spec.topology.variables[0].value.name\n"},
        {"[{'name':'clusterConfig','value':{'aws':{'region':'us-west-2'},'cni':{'x':1}}}]", "{}",
         "region us-west-2 @ Cluster c spec.topology.variables[0].value.aws.region\n"},
        {"[{'name':'controlPlaneRegions','value':['fsn1','nbg1']}]", "{}",
         "region fsn1 @ Cluster c spec.topology.variables[0].value[0]\nregions fsn1 nbg1\n"},
        {"[{'name':'backupRegion','value':'us-1'}]", "{}",
         "region ? AWSClusterTemplate prod/small has not been seen (unseen)\n"},
        {"[{'name':'region','value':7}]", "{}",
         "region ? spec.topology.variables[0].value is a number; write it in quotes\n"},
        {"[]", "{'variables':[{'name':'region','schema':{'openAPIV3Schema':{'default':'eu-1'}}}]}",
         "region eu-1 @ ClusterClass small spec.variables[0].schema.openAPIV3Schema.default\n"},
        {"[{'name':'region','value':'eu-2'}]",
         "{'variables':[{'name':'region','schema':{'openAPIV3Schema':{'default':'eu-1'}}}]}",
         "regions eu-2\n"},
        {"[]",
         "{'patches':[{'name':'p','definitions':[{'jsonPatches':[{'op':'add','path':'/spec/template/spec/"
         "region',"
         "'value':'eu-9'}]}]}]}",
         "region eu-9 @ ClusterClass small spec.patches[0].definitions[0].jsonPatches[0].value\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char fleet[4096];
        char object[4096];
        snprintf(fleet, sizeof(fleet),
                 "[{" CORE ",'kind':'ClusterClass','metadata':{'name':'small','namespace':'prod'},'spec':{"
                 "'infrastructure':{'templateRef':{" INFRASTRUCTURE
                 ",'kind':'AWSClusterTemplate','name':'small'}},"
                 "%s}]",
                 strlen(cases[i].class_spec) > 2 ? cases[i].class_spec + 1 : "'x':1}");
        snprintf(object, sizeof(object),
                 "{" CORE ",'kind':'Cluster','metadata':{'name':'c','namespace':'team'},'spec':{'topology':{"
                 "'classRef':{'name':'small','namespace':'prod'},'version':'v1.31.0','variables':%s}}}",
                 cases[i].variables);
        check_both_ways(cases[i].variables, fleet, object, cases[i].expected);
    }
}

static void pools_and_their_objects(void **state) {
    (void)state;
    static const char owned[] =
        "{" CORE ",'kind':'MachineDeployment','metadata':{'name':'c-%s-x7k2p','namespace':'prod','labels':{"
        "'topology.cluster.x-k8s.io/owned':'','topology.cluster.x-k8s.io/deployment-name':'%s'}},"
        "'spec':{'clusterName':'c','replicas':%d,'template':{'spec':{'version':'v1.30.2','bootstrap':{'"
        "configRef':"
        "{'kind':'KubeadmConfigTemplate','name':'b'}}}}}}";
    char objects[4][1024];
    static const struct {
        const char *name;
        int replicas;
    } made[] = {{"md-0", 6}, {"md-1", 7}, {"md-2", 8}, {"gone", 50}};
    for (size_t i = 0; i < 4; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(objects[i], sizeof(objects[i]), owned, made[i].name, made[i].name, made[i].replicas);
#pragma GCC diagnostic pop
    }
    char fleet[8192];
    snprintf(fleet, sizeof(fleet),
             "[%s,%s,%s,%s,%s,{" CONTROL_PLANE ",'kind':'KubeadmControlPlane','metadata':{'name':'c-abc',"
             "'namespace':'prod','labels':{'cluster.x-k8s.io/cluster-name':'c'}},'spec':{'version':'v1.30.2',"
             "'replicas':1}}]",
             topology, objects[0], objects[1], objects[2], objects[3]);
    check_both_ways(
        "the topology leads", fleet, topology,
        "pools 4\nversion v1.31.0 @ Cluster c spec.topology.version\n"
        "observed v1.30.2 @ KubeadmControlPlane c-abc spec.version\n"
        "replicas 3 @ Cluster c spec.topology.controlPlane.replicas\n"
        "pool md-0: replicas 5 @ Cluster c spec.topology.workers.machineDeployments[0].replicas\n"
        "pool md-0: version v1.31.0 @ Cluster c spec.topology.version\n"
        "pool md-0: observed v1.30.2 @ MachineDeployment c-md-0-x7k2p spec.template.spec.version\n"
        "pool md-0: kubeadm true @ MachineDeployment c-md-0-x7k2p "
        "spec.template.spec.bootstrap.configRef\n"
        "pool md-1: replicas 7 @ MachineDeployment c-md-1-x7k2p spec.replicas\n"
        "pool md-2: replicas 8 @ MachineDeployment c-md-2-x7k2p spec.replicas\n"
        "pool md-2: max 9 @ Cluster c spec.topology.workers.machineDeployments[2].metadata."
        "annotations[\"" AUTOSCALER "max-size\"]\n");
    check_both_ways("an object that changes has its own word", fleet, objects[0],
                    "pools 4\npool md-0: replicas 6 @ MachineDeployment c-md-0-x7k2p spec.replicas\n"
                    "pool md-0: version v1.30.2 @ MachineDeployment c-md-0-x7k2p spec.template.spec.version\n"
                    "pool md-2: version v1.31.0 @ Cluster c spec.topology.version\n");
    check_both_ways(
        "nobody hides a pool behind a label", fleet, objects[3],
        "pools 5\npool c-gone-x7k2p: replicas 50 @ MachineDeployment c-gone-x7k2p spec.replicas\n");
    check_both_ways("the control plane that changes", fleet,
                    "{" CONTROL_PLANE ",'kind':'KubeadmControlPlane','metadata':{'name':'c-abc',"
                    "'namespace':'prod','labels':{'cluster.x-k8s.io/cluster-name':'c'}},'spec':{"
                    "'version':'v1.31.0','replicas':5}}",
                    "version v1.31.0 @ KubeadmControlPlane c-abc spec.version\n"
                    "replicas 5 @ KubeadmControlPlane c-abc spec.replicas\n");
}

static void templates_serve_many(void **state) {
    (void)state;
    check_both_ways("infrastructure template", "[]",
                    "{" INFRASTRUCTURE
                    ",'kind':'AWSClusterTemplate','metadata':{'name':'t','namespace':'prod'},"
                    "'spec':{'template':{'spec':{'region':'us-1','network':{'subnets':[{'availabilityZone':"
                    "'us-1a'}]}}}}}",
                    "cluster prod/\nprovider aws @ AWSClusterTemplate t kind\n"
                    "region us-1 @ AWSClusterTemplate t spec.template.spec.region\nzones us-1a\n"
                    "name ? no Cluster that names AWSClusterTemplate prod/t has been seen (unseen)\n"
                    "network_cidrs ? clusters made from the template may set it (unseen)\n");
    check_both_ways("control plane template", "[]",
                    "{" CONTROL_PLANE ",'kind':'KubeadmControlPlaneTemplate','metadata':{'name':'t'},"
                    "'spec':{'template':{'spec':{'machineTemplate':{}}}}}",
                    "flavour kubeadm @ KubeadmControlPlaneTemplate t kind\n"
                    "version ? clusters made from the template may set it (unseen)\n"
                    "replicas ? clusters made from the template may set it (unseen)\n");
    char fleet[8192];
    snprintf(fleet, sizeof(fleet), "[%s]", class_objects);
    check_both_ways("class", fleet,
                    "{" CORE ",'kind':'ClusterClass','metadata':{'name':'small','namespace':'prod'},'spec':{"
                    "'infrastructure':{'ref':{" INFRASTRUCTURE
                    ",'kind':'AWSClusterTemplate','name':'small'}},"
                    "'controlPlane':{'ref':{" CONTROL_PLANE
                    ",'kind':'KubeadmControlPlaneTemplate','name':'small'}},'kubernetesVersions':[]}}",
                    "provider aws @ ClusterClass small spec.infrastructure.ref\ncluster prod/\n"
                    "version_set false @ ClusterClass small spec.kubernetesVersions\n"
                    "flavour kubeadm @ ClusterClass small spec.controlPlane.ref\n");
}

// Ten thousand pools are counted, more are said to be uncounted, and neither takes long.
static void many_pools(void **state) {
    (void)state;
    for (size_t count = POOL_LIMIT; count <= POOL_LIMIT + 1; count++) {
        struct buffer json;
        buffer_init(&json, 64 << 20);
        buffer_append_text(&json, "[{" CORE ",'kind':'Cluster','metadata':{'name':'c'},'spec':{'topology':{"
                                  "'class':'x','version':'v1.31.0','workers':{'machineDeployments':[");
        for (size_t i = 0; i < count; i++) {
            buffer_printf(&json, "%s{'name':'md-%zu','replicas':2}", i ? "," : "", i);
        }
        buffer_append_text(&json, "]}}}}");
        for (size_t i = 0; i < count; i++) {
            buffer_printf(&json,
                          ",{" CORE ",'kind':'MachineDeployment','metadata':{'name':'c-md-%zu','labels':{"
                          "'topology.cluster.x-k8s.io/owned':'','topology.cluster.x-k8s.io/deployment-name':"
                          "'md-%zu'}},'spec':{'clusterName':'c','replicas':3}}",
                          i, i);
        }
        buffer_append_char(&json, ']');
        struct fleet_fixture fleet;
        fleet_open(&fleet, buffer_text(&json), false);
        buffer_clear(&json);
        const struct node *object = node_item(document_root(fleet.document), 0);
        fragment_set_complete(fleet.set, true);
        fleet_review(&fleet, OPERATION_UPDATE, object, object);
        expect_integer("pools", (int64_t)fleet.change.after->pool_count, POOL_LIMIT);
        expect_integer("known", fleet.change.after->pools_known.state,
                       count > POOL_LIMIT ? FACT_UNKNOWN : FACT_KNOWN);
        fleet_close(&fleet);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_topology),
        cmocka_unit_test(regions_of_variables),
        cmocka_unit_test(pools_and_their_objects),
        cmocka_unit_test(templates_serve_many),
        cmocka_unit_test(many_pools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
