// Every kind of pool, as its users write it, gives the same pool.
#include "tests/fleet/fleet_fixture.h"

// Pools: kind, spec of the pool, kind and spec of the provider's half.
static const struct pool_case {
    const char *name;
    const char *kind, *metadata, *spec;
    const char *half, *half_spec;
    const char *expected;
} pools[] = {
    {"deployment", "MachineDeployment", "{}",
     "{'replicas':4,'strategy':{'rollingUpdate':{'maxSurge':'25%'}},'template':{'spec':{'version':'v1.31.0',"
     "'failureDomain':'eu-west-1a','bootstrap':{'configRef':{'kind':'KubeadmConfigTemplate','name':'b',"
     "'apiVersion':'bootstrap.cluster.x-k8s.io/v1beta1'}}}}}",
     NULL, NULL,
     "pool p: kind MachineDeployment @ MachineDeployment p kind\n"
     "pool p: replicas 4 @ MachineDeployment p spec.replicas\n"
     "pool p: version v1.31.0 @ MachineDeployment p spec.template.spec.version\n"
     "pool p: surge 1 @ MachineDeployment p spec.strategy.rollingUpdate.maxSurge\n"
     "pool p: kubeadm true @ MachineDeployment p spec.template.spec.bootstrap.configRef\n"
     "pool p: autoscaled false\npool p: zones eu-west-1a\n!pool p: min\n"},
    {"deployment of v1beta2", "MachineDeployment", "{}",
     "{'replicas':10,'rollout':{'strategy':{'rollingUpdate':{'maxSurge':'11%'}}},"
     "'template':{'spec':{'bootstrap':{'configRef':{'kind':'RKE2ConfigTemplate','name':'b',"
     "'apiGroup':'bootstrap.cluster.x-k8s.io'}}}}}",
     NULL, NULL,
     "pool p: surge 2 @ MachineDeployment p spec.rollout.strategy.rollingUpdate.maxSurge\n"
     "pool p: kubeadm false @ MachineDeployment p spec.template.spec.bootstrap.configRef\n"},
    {"on delete", "MachineDeployment", "{}", "{'replicas':10,'strategy':{'type':'OnDelete'}}", NULL, NULL,
     "pool p: surge 0 @ MachineDeployment p spec.rollout.strategy.rollingUpdate.maxSurge\n"},
    {"defaults", "MachineDeployment", "{}", "{}", NULL, NULL,
     "pool p: replicas 1 @ MachineDeployment p spec.replicas\n"
     "pool p: surge 1 @ MachineDeployment p spec.rollout.strategy.rollingUpdate.maxSurge\n"
     "!pool p: version\n"},
    {"autoscaler", "MachineDeployment",
     "{'annotations':{'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size':'2',"
     "'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size':'20'}}",
     "{}", NULL, NULL,
     "pool p: replicas 2 @ MachineDeployment p spec.replicas\n"
     "pool p: min 2 @ MachineDeployment p "
     "metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size\"]\n"
     "pool p: max 20 @ MachineDeployment p "
     "metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size\"]\n"
     "pool p: autoscaled true @ MachineDeployment p "
     "metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size\"]\n"},
    {"one annotation alone", "MachineDeployment",
     "{'annotations':{'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size':'5'}}", "{}", NULL, NULL,
     "pool p: replicas 1 @ MachineDeployment p spec.replicas\n!pool p: autoscaled true\n"},
    {"a bad number", "MachineDeployment",
     "{'annotations':{'cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size':'two',"
     "'cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size':7}}",
     "{}", NULL, NULL,
     "pool p: min ? metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size\"] is "
     "not a whole number in base 10\n"
     "pool p: max ? metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size\"] is "
     "a number; write it in quotes\n"
     "pool p: replicas ? "
     "metadata.annotations[\"cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size\"] "
     "is not a whole number in base 10\n"},
    {"replicas as text", "MachineDeployment", "{}",
     "{'replicas':'3','template':{'spec':{'version':1.3}},'strategy':{'rollingUpdate':{'maxSurge':'25%'}}}",
     NULL, NULL,
     "pool p: replicas ? spec.replicas is a text, not a whole number; write it without quotes\n"
     "pool p: version ? spec.template.spec.version is a number; write it in quotes\n"
     "pool p: surge ? it is 25% of replicas that are not known: spec.replicas is a text, not a whole number; "
     "write it without quotes\n"},
    {"set", "MachineSet", "{}", "{'replicas':2}", NULL, NULL,
     "pool p: kind MachineSet @ MachineSet p kind\npool p: replicas 2 @ MachineSet p spec.replicas\n"
     "!pool p: surge\n"},
    {"machine", "Machine", "{}", "{'version':'v1.31.0','failureDomain':'a'}", NULL, NULL,
     "pool p: replicas 1 @ Machine p kind\npool p: version v1.31.0 @ Machine p spec.version\npool p: zones "
     "a\n"},
    {"machine pool", "MachinePool", "{}", "{'replicas':3,'failureDomains':['1','2']}", "DockerMachinePool",
     "{}",
     "pools 1\npool p: replicas 3 @ MachinePool p spec.replicas\npool p: zones 1 2\n"
     "pool p: autoscaled false\n"},
    {"asg", "MachinePool", "{'annotations':{'cluster.x-k8s.io/replicas-managed-by':'external-autoscaler'}}",
     "{'replicas':3}", "AWSMachinePool", "{'minSize':1,'maxSize':10,'availabilityZones':['us-east-1a']}",
     "pools 1\npool p: min 1 @ AWSMachinePool p spec.minSize\npool p: max 10 @ AWSMachinePool p "
     "spec.maxSize\n"
     "pool p: managed true @ MachinePool p metadata.annotations[\"cluster.x-k8s.io/replicas-managed-by\"]\n"
     "pool p: autoscaled true @ AWSMachinePool p spec.maxSize\npool p: zones us-east-1a\n"},
    {"node group", "MachinePool", "{'annotations':{'cluster.x-k8s.io/replicas-managed-by':'false'}}", "{}",
     "AWSManagedMachinePool", "{'scaling':{'minSize':3,'maxSize':10}}",
     "pools 1\npool p: replicas 3 @ MachinePool p spec.replicas\n"
     "pool p: max 10 @ AWSManagedMachinePool p spec.scaling.maxSize\n"
     "pool p: managed false @ MachinePool p "
     "metadata.annotations[\"cluster.x-k8s.io/replicas-managed-by\"]\n"},
    {"aks pool", "MachinePool", "{}", "{'replicas':3}", "AzureManagedMachinePool",
     "{'mode':'System','scaling':{'minSize':2,'maxSize':5},'availabilityZones':['1','2','3']}",
     "pools 1\npool p: system true @ AzureManagedMachinePool p spec.mode\n"
     "pool p: max 5 @ AzureManagedMachinePool p spec.scaling.maxSize\npool p: zones 1 2 3\n"},
    {"aks user pool", "MachinePool", "{}", "{'replicas':3}", "AzureManagedMachinePool", "{'mode':'User'}",
     "pool p: system false @ AzureManagedMachinePool p spec.mode\n!pool p: max\n"},
    {"scale set", "MachinePool", "{}", "{'replicas':3}", "AzureMachinePool",
     "{'strategy':{'rollingUpdate':{'maxSurge':'50%'}}}",
     "pool p: surge 2 @ AzureMachinePool p spec.strategy.rollingUpdate.maxSurge\n"},
    {"aso pool", "MachinePool", "{}", "{'template':{'spec':{'version':'v1.30.0'}}}",
     "AzureASOManagedMachinePool",
     "{'resources':[{'kind':'ManagedClustersAgentPool','metadata':{'name':'p0'},'spec':{'azureName':'pool0',"
     "'mode':'System','count':4,'enableAutoScaling':true,'minCount':3,'maxCount':6}}]}",
     "pools 1\npool p: replicas 4 @ AzureASOManagedMachinePool p spec.resources[0].spec.count\n"
     "pool p: max 6 @ AzureASOManagedMachinePool p spec.resources[0].spec.maxCount\n"
     "pool p: system true @ AzureASOManagedMachinePool p spec.resources[0].spec.mode\n"},
    {"gke pool", "MachinePool", "{}", "{'replicas':3}", "GCPManagedMachinePool",
     "{'scaling':{'minCount':1,'maxCount':5},'nodeLocations':['us-central1-a']}",
     "pool p: max 5 @ GCPManagedMachinePool p spec.scaling.maxCount\npool p: zones us-central1-a\n"},
    {"gke pool that does not scale", "MachinePool", "{}", "{'replicas':3}", "GCPManagedMachinePool",
     "{'scaling':{'enableAutoscaling':false,'minCount':1,'maxCount':5}}",
     "!pool p: max\npool p: autoscaled false @ GCPManagedMachinePool p spec.scaling.maxCount\n"},
    {"rosa pool", "MachinePool", "{}", "{}", "ROSAMachinePool",
     "{'version':'4.14.5','autoscaling':{'minReplicas':2,'maxReplicas':4},'availabilityZone':'us-west-2a'}",
     "pool p: replicas 2 @ MachinePool p spec.replicas\npool p: version 4.14.5 @ ROSAMachinePool p "
     "spec.version\n"
     "pool p: max 4 @ ROSAMachinePool p spec.autoscaling.maxReplicas\npool p: zones us-west-2a\n"},
    {"oke pool", "MachinePool", "{}", "{'replicas':1}", "OCIManagedMachinePool", "{'version':'v1.30.1'}",
     "pool p: version v1.30.1 @ OCIManagedMachinePool p spec.version\n"},
    {"unknown pool", "MachinePool", "{}", "{'replicas':1}", "AcmeMachinePool", "{'minSize':1,'maxSize':3}",
     "pool p: max 3 @ AcmeMachinePool p spec.maxSize\n"},
    {"machine template's zone", "MachineDeployment", "{}", "{'replicas':1}", "AWSMachineTemplate",
     "{'template':{'spec':{'failureDomain':'eu-west-1c'}}}", "pool p: zones eu-west-1c\n"},
    {"vsphere template", "MachineDeployment", "{}", "{'replicas':1}", "VSphereMachineTemplate",
     "{'template':{'spec':{'datacenter':'dc0','server':'vc'}}}", "pool p: zones dc0\nregions vc\n"},
    {"linode template", "MachineDeployment", "{}", "{'replicas':1}", "LinodeMachineTemplate",
     "{'template':{'spec':{'region':'us-ord'}}}", "regions us-ord\n"},
};

static void write_pool(struct buffer *json, const struct pool_case *one, bool is_new_shape) {
    // The reference goes into the spec: behind its opening brace, or into its template's spec.
    char reference[256] = "";
    if (one->half) {
        snprintf(reference, sizeof(reference), "'infrastructureRef':{%s,'kind':'%s','name':'p'}",
                 is_new_shape ? "'apiGroup':'infrastructure.cluster.x-k8s.io'"
                              : "'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1'",
                 one->half);
    }
    static const char inner[] = "'template':{'spec':{";
    const char *place = strstr(one->spec, inner);
    const char *rest = place ? place + sizeof(inner) - 1 : one->spec + 1;
    bool is_machine = strcmp(one->kind, "Machine") == 0;
    bool has_metadata = strlen(one->metadata) > 2;
    buffer_printf(json,
                  "{'apiVersion':'cluster.x-k8s.io/v1','kind':'%s','metadata':{'name':'p',"
                  "'namespace':'prod'%s%.*s},'spec':{'clusterName':'x',",
                  one->kind, has_metadata ? "," : "", (int)(has_metadata ? strlen(one->metadata) - 2 : 0),
                  one->metadata + 1);
    if (place) {
        buffer_append(json, one->spec + 1, (size_t)(rest - one->spec) - 1);
        buffer_printf(json, "%s%s%s}", reference, *reference && *rest != '}' ? "," : "", rest);
    } else if (is_machine || !*reference) {
        buffer_printf(json, "'x':0%s%s}", *rest == '}' ? "" : ",", rest);
    } else {
        buffer_printf(json, "'template':{'spec':{%s}}%s%s}", reference, *rest == '}' ? "" : ",", rest);
    }
}

static void run_pool(const struct pool_case *one, bool is_new_shape, bool is_reversed) {
    struct buffer json;
    buffer_init(&json, 1 << 16);
    buffer_append_text(&json, "[{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':"
                              "{'name':'x','namespace':'prod'},'spec':{}},");
    write_pool(&json, one, is_new_shape);
    if (one->half) {
        buffer_printf(&json,
                      ",{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'%s','metadata':"
                      "{'name':'p','namespace':'prod'},'spec':%s}",
                      one->half, one->half_spec);
    }
    buffer_append_char(&json, ']');
    struct fleet_fixture fleet;
    fleet_open(&fleet, buffer_text(&json), is_reversed);
    const struct node *objects = document_root(fleet.document);
    fleet_review(&fleet, OPERATION_CREATE, node_item(objects, 1), NULL);
    expect_view(one->name, fleet.change.after, "cluster prod/x\n");
    expect_view(one->name, fleet.change.after, one->expected);
    expect_view(one->name, fleet.change.before,
                "cluster prod/x\n!pool p: kind MachineD\n!pool p: replicas 3\n");
    if (one->half) {
        fleet_review(&fleet, OPERATION_UPDATE, node_item(objects, 2), node_item(objects, 2));
        expect_view(one->name, fleet.change.after, one->expected);
    }
    fleet_close(&fleet);
    buffer_clear(&json);
}

static void all_pools(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(pools) / sizeof(*pools); i++) {
        for (int shape = 0; shape < 4; shape++) {
            run_pool(&pools[i], shape & 1, shape & 2);
        }
    }
}

// The table above speaks of every kind of its roles that has fields of its own.
static void no_kind_is_forgotten(void **state) {
    (void)state;
    size_t count;
    const struct kind_entry *entries = kind_table_entries(&count);
    for (size_t i = 0; i < count; i++) {
        const char *kind = entries[i].kind;
        enum kind_role role = (enum kind_role)entries[i].role;
        bool is_named =
            (role != KIND_POOL && role != KIND_INFRASTRUCTURE_POOL) || entries[i].paths->says == SAYS_NOTHING;
        for (size_t j = 0; j < sizeof(pools) / sizeof(*pools) && !is_named; j++) {
            is_named =
                strcmp(pools[j].kind, kind) == 0 || (pools[j].half && strcmp(pools[j].half, kind) == 0);
        }
        expect_true(kind, is_named, "has a case");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pools),
        cmocka_unit_test(no_kind_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
