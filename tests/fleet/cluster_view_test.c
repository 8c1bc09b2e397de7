// Changes to clusters: what a policy sees before and after.
#include "tests/fleet/fleet_fixture.h"

static const char aws_cluster[] =
    "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster',"
    "'metadata':{'name':'eu-7','namespace':'prod'},'spec':{'region':'eu-west-1'}}";
static const char cluster[] =
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'eu-7','namespace':'prod',"
    "'labels':{'environment':'prod'}},'spec':{'clusterNetwork':{'pods':{'cidrBlocks':['192.168.0.0/16']},"
    "'services':{'cidrBlocks':['10.96.0.0/12']}},"
    "'infrastructureRef':{'apiGroup':'infrastructure.cluster.x-k8s.io','kind':'AWSCluster','name':'eu-7'},"
    "'controlPlaneRef':{'apiGroup':'controlplane.cluster.x-k8s.io','kind':'KubeadmControlPlane',"
    "'name':'eu-7-cp'}}}";
static const char control_plane[] =
    "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta2','kind':'KubeadmControlPlane',"
    "'metadata':{'name':'eu-7-cp','namespace':'prod'},'spec':{'version':'v1.30.4','replicas':3},"
    "'status':{'version':'v1.30.4'}}";
static const char deployment[] =
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'MachineDeployment','metadata':{'name':'md-0',"
    "'namespace':'prod'},'spec':{'clusterName':'eu-7','replicas':8,'rollout':{'strategy':{'rollingUpdate':"
    "{'maxSurge':'30%'}}},'template':{'spec':{'version':'v1.30.4'}}}}";

static void overlays(void **state) {
    (void)state;
    char whole[8192];
    char without_aws[8192];
    char only_cluster[8192];
    list_of(whole, sizeof(whole), (const char *[]){cluster, aws_cluster, control_plane, deployment, NULL});
    list_of(without_aws, sizeof(without_aws), (const char *[]){cluster, control_plane, deployment, NULL});
    list_of(only_cluster, sizeof(only_cluster), (const char *[]){cluster, NULL});
    const struct change_case cases[] = {
        {"control plane upgrade", whole, OPERATION_UPDATE, control_plane,
         "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta2','kind':'KubeadmControlPlane',"
         "'metadata':{'name':'eu-7-cp','namespace':'prod'},'spec':{'version':'v1.31.0','replicas':3},"
         "'status':{'version':'v1.30.4'}}",
         "version v1.30.4 @ KubeadmControlPlane eu-7-cp spec.version\nregions eu-west-1\n",
         "version v1.31.0 @ KubeadmControlPlane eu-7-cp spec.version\n"
         "observed v1.30.4 @ KubeadmControlPlane eu-7-cp status.version\n"
         "pool md-0: version v1.30.4 @ MachineDeployment md-0 spec.template.spec.version\n"
         "regions eu-west-1\npod_cidrs 192.168.0.0/16\nservice_cidrs 10.96.0.0/12\n"},
        {"a region that changes", whole, OPERATION_UPDATE, aws_cluster,
         "{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta2','kind':'AWSCluster',"
         "'metadata':{'name':'eu-7','namespace':'prod'},'spec':{'region':'us-east-1'}}",
         "regions eu-west-1\n", "regions us-east-1\n"},
        {"the cluster is created first", "[]", OPERATION_CREATE, NULL, cluster, "none\n",
         "name eu-7 @ Cluster eu-7 metadata.name\nnamespace prod @ Cluster eu-7 metadata.namespace\n"
         "provider aws @ Cluster eu-7 spec.infrastructureRef\nflavour kubeadm @ Cluster eu-7 "
         "spec.controlPlaneRef\n"
         "region ? AWSCluster prod/eu-7 has not been seen (unseen)\n"
         "version ? KubeadmControlPlane prod/eu-7-cp has not been seen (unseen)\n"
         "replicas ? KubeadmControlPlane prod/eu-7-cp has not been seen (unseen)\n"
         "external_etcd ? KubeadmControlPlane prod/eu-7-cp has not been seen (unseen)\n"
         "zones ? AWSCluster prod/eu-7 has not been seen (unseen)\npaused false @ Cluster eu-7 spec.paused\n"
         "!version_set\n!class\npools 0\n"},
        {"the infrastructure comes second", only_cluster, OPERATION_CREATE, NULL, aws_cluster,
         "cluster prod/eu-7\n!region\n!network_cidrs\n",
         "cluster prod/eu-7\nregion eu-west-1 @ AWSCluster eu-7 spec.region\n"},
        {"the infrastructure comes first", "[]", OPERATION_CREATE, NULL, aws_cluster,
         "cluster prod/\n!region\n",
         "cluster prod/\nname ? no Cluster that names AWSCluster prod/eu-7 has been seen (unseen)\n"
         "provider aws @ AWSCluster eu-7 kind\nregions eu-west-1\n"
         "flavour ? no Cluster that names AWSCluster prod/eu-7 has been seen (unseen)\n"
         "paused ? no Cluster that names AWSCluster prod/eu-7 has been seen (unseen)\n"},
        {"the infrastructure is deleted", whole, OPERATION_DELETE, aws_cluster, NULL,
         "regions eu-west-1\nprovider aws @ AWSCluster eu-7 kind\n",
         "!region\n!zones\nprovider aws @ Cluster eu-7 spec.infrastructureRef\n"
         "version v1.30.4 @ KubeadmControlPlane eu-7-cp spec.version\n"},
        {"the control plane is deleted", whole, OPERATION_DELETE, control_plane, NULL,
         "replicas 3 @ KubeadmControlPlane eu-7-cp spec.replicas\n",
         "!version\n!replicas\n!surge\n!external_etcd\nflavour kubeadm @ Cluster eu-7 "
         "spec.controlPlaneRef\n"},
        {"the cluster is deleted", whole, OPERATION_DELETE, cluster, NULL,
         "regions eu-west-1\npools 1\nreplicas 3 @ KubeadmControlPlane eu-7-cp spec.replicas\n", "none\n"},
        {"a pool is deleted", whole, OPERATION_DELETE, deployment, NULL,
         "pools 1\npool md-0: replicas 8 @ MachineDeployment md-0 spec.replicas\n"
         "pool md-0: surge 3 @ MachineDeployment md-0 spec.rollout.strategy.rollingUpdate.maxSurge\n",
         "pools 0\nregions eu-west-1\n"},
        {"a pool is created", without_aws, OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineDeployment','metadata':{'name':'md-1',"
         "'namespace':'prod'},'spec':{'clusterName':'eu-7','replicas':2,'template':{'spec':{}}}}",
         "pools 1\n",
         "pools 2\npool md-1: replicas 2 @ MachineDeployment md-1 spec.replicas\n"
         "pool md-0: replicas 8 @ MachineDeployment md-0 spec.replicas\n"},
        {"a pool of a cluster that nobody saw", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineDeployment','metadata':{'name':'md-1',"
         "'namespace':'prod'},'spec':{'clusterName':'us-1','template':{'spec':{'infrastructureRef':{"
         "'apiVersion':'infrastructure.cluster.x-k8s.io/"
         "v1beta1','kind':'AzureMachineTemplate','name':'m'}}}}}",
         "cluster prod/us-1\npools 0\npools_known ? Cluster prod/us-1 has not been seen (unseen)\n",
         "cluster prod/us-1\nname us-1 @ MachineDeployment md-1 spec.clusterName\n"
         "provider azure @ MachineDeployment md-1 spec.template.spec.infrastructureRef\n"
         "version ? Cluster prod/us-1 has not been seen (unseen)\n"
         "region ? Cluster prod/us-1 has not been seen (unseen)\npools 1\n"},
        {"labels tell the cluster", only_cluster, OPERATION_CREATE, NULL,
         "{'apiVersion':'controlplane.cluster.x-k8s.io/v1beta1','kind':'KubeadmControlPlane','metadata':{"
         "'name':'eu-7-cp','namespace':'prod','labels':{'cluster.x-k8s.io/cluster-name':'eu-7'}},"
         "'spec':{'version':'v1.30.0'}}",
         NULL, "cluster prod/eu-7\nversion v1.30.0 @ KubeadmControlPlane eu-7-cp spec.version\n"},
        {"owners tell the cluster", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'infrastructure.cluster.x-k8s.io/"
         "v1beta1','kind':'AzureCluster','metadata':{'name':'az',"
         "'namespace':'prod','ownerReferences':[{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster',"
         "'name':'az-1'}]},'spec':{'location':'westeurope'}}",
         NULL, "cluster prod/az-1\nname az-1 @ AzureCluster az metadata.ownerReferences[0].name\n"},
        {"paused by the annotation's presence", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c','annotations':"
         "{'cluster.x-k8s.io/paused':'false'},'deletionTimestamp':'2026-01-01T00:00:00Z'}}",
         NULL,
         "paused true @ Cluster c metadata.annotations[\"cluster.x-k8s.io/paused\"]\n"
         "deleting true @ Cluster c metadata.deletionTimestamp\n!namespace\n!provider\n!version\n"},
        {"paused by the spec", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'generateName':'c-'},"
         "'spec':{'paused':true}}",
         "none\n",
         "paused true @ Cluster  spec.paused\nname ? metadata.name is not set; the server generates it\n"},
        {"region by label", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/"
         "v1beta1','kind':'Cluster','metadata':{'name':'c','labels':{'region':"
         "'dc-1'}},'spec':{'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1',"
         "'kind':'Metal3Cluster','name':'c'}}}",
         NULL,
         "region dc-1 @ Cluster c metadata.labels.region\nregions dc-1\nprovider metal3 @ Cluster c "
         "spec.infrastructureRef\n"},
        {"region by topology label", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'c','labels':{"
         "'topology.kubernetes.io/region':'dc-1'}},'spec':{'infrastructureRef':{'kind':'DockerCluster'}}}",
         NULL, "region dc-1 @ Cluster c metadata.labels[\"topology.kubernetes.io/region\"]\n"},
        {"a bare cluster", "[]", OPERATION_CREATE, NULL,
         "{'apiVersion':'cluster.x-k8s.io/"
         "v1beta1','kind':'Cluster','metadata':{'name':'c','namespace':'default'}}",
         "none\n", "cluster default/c\n"},
    };
    run_changes(cases, sizeof(cases) / sizeof(*cases));
}

static void replicas_of_updates(void **state) {
    (void)state;
    static const char pool[] =
        "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'MachineDeployment','metadata':{'name':'p',"
        "'namespace':'prod','annotations':{'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size':'3',"
        "'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size':'7'}},'spec':{%s'clusterName':'c'}}";
    static const struct {
        const char *old_replicas;
        const char *after;
    } cases[] = {
        {"'replicas':5,", "pool p: replicas 5 @ MachineDeployment p spec.replicas\n"},
        {"'replicas':1,", "pool p: replicas 3 @ MachineDeployment p spec.replicas\n"},
        {"'replicas':9,", "pool p: replicas 7 @ MachineDeployment p spec.replicas\n"},
        {"", "pool p: replicas 3 @ MachineDeployment p spec.replicas\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char old_object[1024];
        char object[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(old_object, sizeof(old_object), pool, cases[i].old_replicas);
        snprintf(object, sizeof(object), pool, "");
#pragma GCC diagnostic pop
        struct change_case one = {cases[i].after, "[]", OPERATION_UPDATE, old_object,
                                  object,         NULL, cases[i].after};
        run_change(&one, false, false);
    }
}

static void run_scale(const char *name, const char *fleet_objects, const char *group, const char *kind,
                      const char *object_name, const char *scale, const char *before, const char *after) {
    struct fleet_fixture fleet;
    fleet_open(&fleet, fleet_objects, false);
    struct document *object = document_of(scale);
    fleet.other =
        document_of("{'apiVersion':'autoscaling/v1','kind':'Scale','metadata':{},'spec':{'replicas':2}}");
    struct object_change change = {.operation = OPERATION_UPDATE,
                                   .key = {group, kind, "prod", object_name},
                                   .version = "v1beta1",
                                   .resource = "",
                                   .subresource = "scale",
                                   .object = document_root(object),
                                   .old_object = document_root(fleet.other)};
    const struct view_source *source = fragment_set_source(fleet.set);
    struct cluster_change result;
    cluster_change_build(fleet.arena, &change, source, source, &result);
    expect_view(name, result.before, before);
    expect_view(name, result.after, after);
    cluster_change_build(fleet.arena, &change, NULL, NULL, &result);
    expect_true(name, result.before && result.after, "has views without any source");
    fleet_close(&fleet);
    document_free(object);
}

static void scales(void **state) {
    (void)state;
    char whole[8192];
    list_of(whole, sizeof(whole), (const char *[]){cluster, aws_cluster, control_plane, deployment, NULL});
    run_scale("deployment", whole, "cluster.x-k8s.io", "MachineDeployment", "md-0",
              "{'apiVersion':'autoscaling/v1','kind':'Scale','spec':{'replicas':40}}",
              "pool md-0: replicas 2 @ MachineDeployment md-0 spec.replicas\n",
              "pool md-0: replicas 40 @ MachineDeployment md-0 spec.replicas\n"
              "pool md-0: surge 12 @ MachineDeployment md-0 spec.rollout.strategy.rollingUpdate.maxSurge\n"
              "pool md-0: version v1.30.4 @ MachineDeployment md-0 spec.template.spec.version\n"
              "regions eu-west-1\ncluster prod/eu-7\n");
    run_scale("to nothing", whole, "cluster.x-k8s.io", "MachineDeployment", "md-0",
              "{'apiVersion':'autoscaling/v1','kind':'Scale','spec':{}}", "",
              "pool md-0: replicas 0 @ MachineDeployment md-0 spec.replicas\n"
              "pool md-0: surge 0 @ MachineDeployment md-0 spec.rollout.strategy.rollingUpdate.maxSurge\n");
    run_scale("control plane", whole, "controlplane.cluster.x-k8s.io", "KubeadmControlPlane", "eu-7-cp",
              "{'apiVersion':'autoscaling/v1','kind':'Scale','spec':{'replicas':5}}",
              "replicas 2 @ KubeadmControlPlane eu-7-cp spec.replicas\n",
              "replicas 5 @ KubeadmControlPlane eu-7-cp spec.replicas\n"
              "version v1.30.4 @ KubeadmControlPlane eu-7-cp spec.version\npools 1\n");
    run_scale("a parent that nobody saw", "[]", "cluster.x-k8s.io", "MachineDeployment", "md-9",
              "{'apiVersion':'autoscaling/v1','kind':'Scale','spec':{'replicas':40},'status':{'selector':"
              "'a=b,cluster.x-k8s.io/cluster-name=us-2,c=d'}}",
              "pool md-9: replicas 2 @ MachineDeployment md-9 spec.replicas\n",
              "cluster prod/us-2\npool md-9: replicas 40 @ MachineDeployment md-9 spec.replicas\n"
              "pool md-9: kind MachineDeployment @ MachineDeployment md-9 kind\n"
              "pool md-9: max ? MachineDeployment prod/md-9 has not been seen (unseen)\n"
              "pool md-9: version ? MachineDeployment prod/md-9 has not been seen (unseen)\n");
    run_scale("a control plane that nobody saw", "[]", "controlplane.cluster.x-k8s.io", "RKE2ControlPlane",
              "cp", "{'apiVersion':'autoscaling/v1','kind':'Scale','spec':{'replicas':4}}", "",
              "cluster prod/\nflavour rke2 @ RKE2ControlPlane cp kind\n"
              "replicas 4 @ RKE2ControlPlane cp spec.replicas\npools 0\n"
              "version ? RKE2ControlPlane prod/cp has not been seen (unseen)\n");
}

static void completeness(void **state) {
    (void)state;
    char whole[8192];
    list_of(whole, sizeof(whole), (const char *[]){cluster, aws_cluster, control_plane, deployment, NULL});
    struct change_case known = {
        "complete", whole, OPERATION_UPDATE, cluster, cluster, "pools_known true\n", "pools_known true\n"};
    run_change(&known, false, true);
    struct change_case open = {
        "open",
        whole,
        OPERATION_UPDATE,
        cluster,
        cluster,
        NULL,
        "pools_known ? pools beside the objects at hand have not been seen (unseen)\n"};
    run_change(&open, false, false);
    struct change_case first = {"first of its cluster", "[]", OPERATION_CREATE, NULL, aws_cluster, "none\n",
                                "regions eu-west-1\n"};
    run_change(&first, false, true);
    struct change_case last = {"last of its cluster",          "[]",    OPERATION_DELETE, deployment, NULL,
                               "cluster prod/eu-7\npools 1\n", "none\n"};
    run_change(&last, false, true);
}

static void replaced_fragments(void **state) {
    (void)state;
    char whole[8192];
    list_of(whole, sizeof(whole), (const char *[]){cluster, deployment, NULL});
    struct fleet_fixture fleet;
    fleet_open(&fleet, whole, false);
    fleet.other =
        document_of("[{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'MachineDeployment','metadata':"
                    "{'name':'md-0','namespace':'prod'},'spec':{'clusterName':'other','replicas':1}},"
                    "{'apiVersion':'v1','kind':'ConfigMap','metadata':{'name':'x'}}]");
    const struct node *others = document_root(fleet.other);
    const struct node *object = node_item(document_root(fleet.document), 0);
    expect_integer("two", (int64_t)fragment_set_count(fleet.set), 2);
    expect_true("a ConfigMap", !fleet_add(&fleet, node_item(others, 1)), "is not ours");
    expect_true("it moves", fleet_add(&fleet, node_item(others, 0)), "is ours");
    fleet_review(&fleet, OPERATION_UPDATE, object, object);
    expect_view("moved away", fleet.change.after, "pools 0\n");
    fleet_add(&fleet, node_item(document_root(fleet.document), 1));
    fleet_add(&fleet, node_item(document_root(fleet.document), 1));
    fleet_review(&fleet, OPERATION_UPDATE, object, object);
    expect_view("moved back", fleet.change.after, "pools 1\n");
    expect_integer("still two", (int64_t)fragment_set_count(fleet.set), 2);
    fleet_close(&fleet);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(overlays),     cmocka_unit_test(replicas_of_updates), cmocka_unit_test(scales),
        cmocka_unit_test(completeness), cmocka_unit_test(replaced_fragments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
