// Every provider's kinds, as their users write them, give the same view.
#include "tests/fleet/fleet_fixture.h"

// A Cluster x in prod that names an infrastructure and a control plane called x, as v1beta1 and as v1beta2
// spell it.
static const char *const cluster_shapes[] = {
    "{'apiVersion':'cluster.x-k8s.io/v1beta1','kind':'Cluster','metadata':{'name':'x','namespace':'prod'},"
    "'spec':{'infrastructureRef':{'apiVersion':'infrastructure.cluster.x-k8s.io/v1beta1','kind':'%s',"
    "'name':'x','namespace':'prod'},"
    "'controlPlaneRef':{'apiVersion':'%s.cluster.x-k8s.io/v1beta1','kind':'%s','name':'x'}}}",
    "{'apiVersion':'cluster.x-k8s.io/v1beta2','kind':'Cluster','metadata':{'name':'x','namespace':'prod'},"
    "'spec':{'infrastructureRef':{'apiGroup':'infrastructure.cluster.x-k8s.io','kind':'%s','name':'x'},"
    "'controlPlaneRef':{'apiGroup':'%s.cluster.x-k8s.io','kind':'%s','name':'x'}}}",
};

struct kind_case {
    const char *name;
    const char *infrastructure; // kind and spec
    const char *infrastructure_spec;
    const char *control_plane_group; // "controlplane" or "infrastructure"
    const char *control_plane;
    const char *control_plane_spec;
    const char *status; // of the control plane
    const char *expected;
};

static const struct kind_case kinds[] = {
    {"aws", "AWSCluster",
     "{'region':'eu-west-1','network':{'vpc':{'cidrBlock':'10.0.0.0/16',"
     "'secondaryCidrBlocks':[{'ipv4CidrBlock':'100.64.0.0/"
     "16'}]},'subnets':[{'availabilityZone':'eu-west-1a'},"
     "{'availabilityZone':'eu-west-1b'},{'availabilityZone':'eu-west-1a'}]}}",
     "controlplane", "KubeadmControlPlane", "{'version':'v1.31.2','replicas':3}",
     "{'version':'v1.30.9','versions':[{'version':'v1.31.2'},{'version':'v1.30.8'}]}",
     "provider aws @ AWSCluster x kind\nflavour kubeadm @ KubeadmControlPlane x kind\n"
     "region eu-west-1 @ AWSCluster x spec.region\nregions eu-west-1\nzones eu-west-1a eu-west-1b\n"
     "network_cidrs 10.0.0.0/16 100.64.0.0/16\nversion v1.31.2 @ KubeadmControlPlane x spec.version\n"
     "observed v1.30.8 @ KubeadmControlPlane x status.versions[1].version\n"
     "replicas 3 @ KubeadmControlPlane x spec.replicas\n"
     "external_etcd false @ KubeadmControlPlane x "
     "spec.kubeadmConfigSpec.clusterConfiguration.etcd.external\n"},
    {"kubeadm surge of v1beta1", "DockerCluster", "{}", "controlplane", "KubeadmControlPlane",
     "{'version':'v1.31.2','rolloutStrategy':{'rollingUpdate':{'maxSurge':0}},"
     "'kubeadmConfigSpec':{'clusterConfiguration':{'etcd':{'external':{'endpoints':['a']}}}}}",
     "{}",
     "provider docker @ DockerCluster x kind\nreplicas 1 @ KubeadmControlPlane x spec.replicas\n"
     "surge 0 @ KubeadmControlPlane x spec.rolloutStrategy.rollingUpdate.maxSurge\n"
     "external_etcd true @ KubeadmControlPlane x "
     "spec.kubeadmConfigSpec.clusterConfiguration.etcd.external\n!region\n!regions\n!observed\n"},
    {"kubeadm surge of v1beta2", "DevCluster", "{}", "controlplane", "KubeadmControlPlane",
     "{'version':'v1.31.2','replicas':5,'rollout':{'strategy':{'rollingUpdate':{'maxSurge':1}}}}", "{}",
     "provider docker @ DevCluster x kind\n"
     "surge 1 @ KubeadmControlPlane x spec.rollout.strategy.rollingUpdate.maxSurge\n"},
    {"surge by default", "DockerCluster", "{}", "controlplane", "KubeadmControlPlane", "{}", "{}",
     "surge 1 @ KubeadmControlPlane x spec.rollout.strategy.rollingUpdate.maxSurge\n!version\n"},
    {"eks", "AWSManagedCluster", "{}", "controlplane", "AWSManagedControlPlane",
     "{'region':'us-east-1','version':'v1.31','network':{'vpc':{'cidrBlock':'10.1.0.0/16'},"
     "'subnets':[{'availabilityZone':'us-east-1c'}]}}",
     "{'version':'v1.30'}",
     "provider aws @ AWSManagedCluster x kind\nflavour eks @ AWSManagedControlPlane x kind\n"
     "region us-east-1 @ AWSManagedControlPlane x spec.region\nzones us-east-1c\nnetwork_cidrs 10.1.0.0/16\n"
     "version v1.31 @ AWSManagedControlPlane x spec.version\n"
     "observed v1.30 @ AWSManagedControlPlane x status.version\n!replicas\n!surge\n!external_etcd\n"},
    {"eks as both", "AWSManagedControlPlane", "{'region':'us-east-1','version':'v1.31'}", "infrastructure",
     "AWSManagedControlPlane", NULL, NULL,
     "provider aws @ AWSManagedControlPlane x kind\nflavour eks @ AWSManagedControlPlane x kind\n"
     "regions us-east-1\nversion v1.31 @ AWSManagedControlPlane x spec.version\n"},
    {"eks without a region", "AWSManagedCluster", "{}", "controlplane", "AWSManagedControlPlane",
     "{'region':null,'version':'v1.31'}", "{}",
     "region ? spec.region is not set: the controller's environment decides\n"
     "regions ? spec.region is not set: the controller's environment decides\n"},
    {"eks with an empty region", "AWSManagedCluster", "{}", "controlplane", "AWSManagedControlPlane",
     "{'region':''}", "{}", "region ? spec.region is not set: the controller's environment decides\n"},
    {"eks whose subnets tell", "AWSManagedCluster", "{}", "controlplane", "AWSManagedControlPlane",
     "{'network':{'subnets':[{'availabilityZone':'us-west-2-lax-1a'}]}}", "{}",
     "region us-west-2 @ AWSManagedControlPlane x spec.network.subnets[0].availabilityZone\n"},
    {"rosa", "ROSACluster", "{}", "controlplane", "ROSAControlPlane",
     "{'region':'us-west-2','version':'4.14.5','availabilityZones':['us-west-2a','us-west-2b'],"
     "'network':{'machineCIDR':'10.0.0.0/16','podCIDR':'10.128.0.0/14','serviceCIDR':'172.30.0.0/16'}}",
     "{}",
     "flavour rosa @ ROSAControlPlane x kind\nregions us-west-2\nzones us-west-2a us-west-2b\n"
     "pod_cidrs 10.128.0.0/14\nservice_cidrs 172.30.0.0/16\nnetwork_cidrs 10.0.0.0/16\n"},
    {"azure", "AzureCluster",
     "{'location':'westeurope','networkSpec':{'vnet':{'cidrBlocks':['10.0.0.0/8']}},"
     "'failureDomains':{'1':{'controlPlane':true},'2':{}}}",
     "controlplane", "KubeadmControlPlane", "{'version':'1.30.1','replicas':1}", "{}",
     "provider azure @ AzureCluster x kind\nregion westeurope @ AzureCluster x spec.location\nzones 1 2\n"
     "network_cidrs 10.0.0.0/8\n"},
    {"aks", "AzureManagedCluster", "{}", "infrastructure", "AzureManagedControlPlane",
     "{'location':'northeurope','version':'v1.30.4','virtualNetwork':{'cidrBlock':'10.0.0.0/8'}}",
     "{'version':'v1.29.9'}",
     "flavour aks @ AzureManagedControlPlane x kind\n"
     "region northeurope @ AzureManagedControlPlane x spec.location\nnetwork_cidrs 10.0.0.0/8\n"
     "observed v1.29.9 @ AzureManagedControlPlane x status.version\n"},
    {"aks by aso", "AzureASOManagedCluster",
     "{'resources':[{'kind':'ResourceGroup','spec':{'location':'westeurope'}}]}", "infrastructure",
     "AzureASOManagedControlPlane",
     "{'resources':[{'kind':'ManagedCluster','spec':{'location':'northeurope','kubernetesVersion':'1.30',"
     "'networkProfile':{'podCidr':'10.244.0.0/16','serviceCidr':'10.0.0.0/16'},"
     "'agentPoolProfiles':[{'name':'sys','count':3,'mode':'System','orchestratorVersion':'1.29.1',"
     "'availabilityZones':['1','2']},{'name':'auto','enableAutoScaling':true,'minCount':2,'maxCount':9},"
     "{'name':'off','count':4,'minCount':2,'maxCount':9}]}}]}",
     "{}",
     "regions westeurope northeurope\n"
     "version 1.30 @ AzureASOManagedControlPlane x spec.resources[0].spec.kubernetesVersion\n"
     "pod_cidrs 10.244.0.0/16\nservice_cidrs 10.0.0.0/16\npools 3\n"
     "pool sys: replicas 3 @ AzureASOManagedControlPlane x "
     "spec.resources[0].spec.agentPoolProfiles[0].count\n"
     "pool sys: system true @ AzureASOManagedControlPlane x "
     "spec.resources[0].spec.agentPoolProfiles[0].mode\n"
     "pool sys: version 1.29.1 @ AzureASOManagedControlPlane x "
     "spec.resources[0].spec.agentPoolProfiles[0].orchestratorVersion\n"
     "pool sys: zones 1 2\n"
     "pool auto: max 9 @ AzureASOManagedControlPlane x "
     "spec.resources[0].spec.agentPoolProfiles[1].maxCount\n"
     "pool auto: replicas 2 @ AzureASOManagedControlPlane x "
     "spec.resources[0].spec.agentPoolProfiles[1].count\n"},
    {"gcp", "GCPCluster",
     "{'region':'us-central1','failureDomains':['us-central1-a'],"
     "'network':{'subnets':[{'region':'us-central1'},{'region':'europe-west1'}]}}",
     "controlplane", "KubeadmControlPlane", "{'version':'v1.31.0'}", "{}",
     "provider gcp @ GCPCluster x kind\nregions us-central1 europe-west1\nzones us-central1-a\n"},
    {"gke regional", "GCPManagedCluster", "{'region':'us-central1'}", "infrastructure",
     "GCPManagedControlPlane", "{'location':'us-central1','version':'1.31.1-gke.100'}",
     "{'currentVersion':'1.30.9-gke.5'}",
     "flavour gke @ GCPManagedControlPlane x kind\nregions us-central1\n!zones\n"
     "observed 1.30.9-gke.5 @ GCPManagedControlPlane x status.currentVersion\n"},
    {"gke zonal", "GCPManagedCluster", "{}", "infrastructure", "GCPManagedControlPlane",
     "{'location':'us-central1-a','controlPlaneVersion':'1.30'}", "{}",
     "region us-central1 @ GCPManagedControlPlane x spec.location\nzones us-central1-a\n"
     "version 1.30 @ GCPManagedControlPlane x spec.controlPlaneVersion\n"},
    {"openstack", "OpenStackCluster",
     "{'identityRef':{'name':'c','region':'RegionOne'},'controlPlaneAvailabilityZones':['nova'],"
     "'managedSubnets':[{'cidr':'10.6.0.0/24'}]}",
     "controlplane", "KubeadmControlPlane", "{}", "{}",
     "provider openstack @ OpenStackCluster x kind\n"
     "region RegionOne @ OpenStackCluster x spec.identityRef.region\nzones nova\nnetwork_cidrs "
     "10.6.0.0/24\n"},
    {"openstack by clouds.yaml", "OpenStackCluster", "{'identityRef':{'name':'c','cloudName':'o'}}",
     "controlplane", "KubeadmControlPlane", "{}", "{}",
     "region ? spec.identityRef.region is not set: the Secret with clouds.yaml decides (unseen)\n"},
    {"vsphere", "VSphereCluster", "{'server':'vc.example.com'}", "controlplane", "KubeadmControlPlane", "{}",
     "{}", "provider vsphere @ VSphereCluster x kind\nregions vc.example.com\n"},
    {"ibm vpc", "IBMVPCCluster", "{'region':'eu-de','zone':'eu-de-2'}", "controlplane", "KubeadmControlPlane",
     "{}", "{}", "provider ibm @ IBMVPCCluster x kind\nregions eu-de\nzones eu-de-2\n"},
    {"ibm powervs", "IBMPowerVSCluster", "{'vpc':{'region':'us-south'},'zone':'dal12'}", "controlplane",
     "KubeadmControlPlane", "{}", "{}", "regions us-south\nzones dal12\n"},
    {"oci", "OCICluster", "{'compartmentId':'c'}", "controlplane", "KubeadmControlPlane", "{}", "{}",
     "provider oci @ OCICluster x kind\n"
     "region ? spec.region is not set: the tenancy's home region is taken\n"},
    {"oke", "OCIManagedCluster", "{'region':'eu-frankfurt-1'}", "infrastructure", "OCIManagedControlPlane",
     "{'version':'v1.30.1'}", "{}",
     "flavour oke @ OCIManagedControlPlane x kind\nregions eu-frankfurt-1\n"
     "version v1.30.1 @ OCIManagedControlPlane x spec.version\n"},
    {"hetzner", "HetznerCluster",
     "{'controlPlaneRegions':['nbg1','fsn1'],'controlPlaneLoadBalancer':{'region':'nbg1'},"
     "'hcloudNetwork':{'cidrBlock':'10.0.0.0/16'}}",
     "controlplane", "RKE2ControlPlane",
     "{'version':'v1.29.5+rke2r1','replicas':2,'rolloutStrategy':{'rollingUpdate':{'maxSurge':1}}}", "{}",
     "provider hetzner @ HetznerCluster x kind\nflavour rke2 @ RKE2ControlPlane x kind\nregions nbg1 fsn1\n"
     "region nbg1 @ HetznerCluster x spec.controlPlaneRegions[0]\nnetwork_cidrs 10.0.0.0/16\n"
     "replicas 2 @ RKE2ControlPlane x spec.replicas\n"},
    {"rke2 of old", "HetznerCluster", "{'controlPlaneRegions':['nbg1']}", "controlplane", "RKE2ControlPlane",
     "{'agentConfig':{'version':'v1.26.0+rke2r1'}}", "{}",
     "version v1.26.0+rke2r1 @ RKE2ControlPlane x spec.agentConfig.version\n"},
    {"digitalocean", "DOCluster", "{'region':'nyc1'}", "controlplane", "KubeadmControlPlane", "{}", "{}",
     "provider digitalocean @ DOCluster x kind\nregions nyc1\n"},
    {"linode", "LinodeCluster", "{'region':'us-ord'}", "controlplane", "KThreesControlPlane",
     "{'version':'v1.30.2+k3s1','replicas':3}", "{}",
     "provider linode @ LinodeCluster x kind\nflavour k3s @ KThreesControlPlane x kind\nregions us-ord\n"},
    {"cloudstack", "CloudStackCluster", "{'failureDomains':[{'name':'f','zone':{'name':'zone-a'}}]}",
     "controlplane", "KubeadmControlPlane", "{}", "{}", "regions zone-a\nzones zone-a\n"},
    {"metal3 of v1beta1", "Metal3Cluster", "{'failureDomains':{'rack-1':{},'rack.2':{}}}", "controlplane",
     "KubeadmControlPlane", "{}", "{}",
     "provider metal3 @ Metal3Cluster x kind\nzones rack-1 rack.2\n!region\n"},
    {"metal3 of v1beta2", "Metal3Cluster", "{'failureDomains':[{'name':'rack-1'}]}", "controlplane",
     "KubeadmControlPlane", "{}", "{}", "zones rack-1\n"},
    {"proxmox and talos", "ProxmoxCluster", "{}", "controlplane", "TalosControlPlane",
     "{'version':'v1.30.0','replicas':3}", "{}",
     "provider proxmox @ ProxmoxCluster x kind\nflavour talos @ TalosControlPlane x kind\n"},
    {"nutanix and k0s", "NutanixCluster", "{}", "controlplane", "K0sControlPlane",
     "{'version':'v1.30.0+k0s.0','replicas':3}", "{}",
     "provider nutanix @ NutanixCluster x kind\nflavour k0s @ K0sControlPlane x kind\n"},
    {"kubevirt and kamaji", "KubevirtCluster", "{}", "controlplane", "KamajiControlPlane",
     "{'version':'1.30.0','replicas':2}", "{}",
     "provider kubevirt @ KubevirtCluster x kind\nflavour kamaji @ KamajiControlPlane x kind\n!replicas\n"},
    {"k0smotron of old", "AWSCluster", "{'region':'eu-central-1'}", "controlplane", "K0smotronControlPlane",
     "{'k0sVersion':'v1.27.2-k0s.0'}", "{}",
     "flavour k0smotron @ K0smotronControlPlane x kind\n"
     "version v1.27.2-k0s.0 @ K0smotronControlPlane x spec.k0sVersion\n"},
    {"microk8s", "MaasCluster", "{'failureDomains':['az1']}", "controlplane", "MicroK8sControlPlane",
     "{'version':'v1.30.0'}", "{}",
     "provider maas @ MaasCluster x kind\nflavour microk8s @ MicroK8sControlPlane x kind\nzones az1\n"},
    {"vcluster", "VCluster", "{'kubernetesVersion':'1.29.0'}", "infrastructure", "VCluster", NULL, NULL,
     "provider vcluster @ VCluster x kind\nflavour vcluster @ VCluster x kind\n"
     "version 1.29.0 @ VCluster x spec.kubernetesVersion\n!region\n"},
    {"scaleway", "ScalewayCluster", "{'region':'fr-par'}", "controlplane", "KubeadmControlPlane", "{}", "{}",
     "provider scaleway @ ScalewayCluster x kind\nregions fr-par\n"},
    {"vultr", "VultrCluster", "{'region':'ewr'}", "controlplane", "KubeadmControlPlane", "{}", "{}",
     "regions ewr\n"},
    {"equinix", "PacketCluster", "{'metro':'da'}", "controlplane", "KubeadmControlPlane", "{}", "{}",
     "provider equinix @ PacketCluster x kind\nregions da\n"},
    {"unknown kinds", "AcmeCluster", "{'region':'moon'}", "controlplane", "AcmeControlPlane",
     "{'version':'v1.30.0','replicas':3}", "{}",
     "provider ? AcmeCluster is not a kind that fleetgate knows\n"
     "flavour ? AcmeControlPlane is not a kind that fleetgate knows\n"
     "region moon @ AcmeCluster x spec.region\nversion v1.30.0 @ AcmeControlPlane x spec.version\n"
     "replicas 3 @ AcmeControlPlane x spec.replicas\n"},
    {"unknown kind without a region", "AcmeCluster", "{'where':'moon'}", "controlplane",
     "KubeadmControlPlane", "{}", "{}",
     "region ? AcmeCluster is not a kind that fleetgate knows the region of\n"},
};

static void run_kind(const struct kind_case *one, const char *shape, bool is_reversed) {
    struct buffer json;
    buffer_init(&json, 1 << 16);
    buffer_append_char(&json, '[');
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buffer_printf(&json, shape, one->infrastructure, one->control_plane_group, one->control_plane);
#pragma GCC diagnostic pop
    static const char object[] = ",{'apiVersion':'%s.cluster.x-k8s.io/v1beta9','kind':'%s','metadata':"
                                 "{'name':'x','namespace':'prod'},'spec':%s,'status':%s}";
    if (one->control_plane_spec) {
        buffer_printf(&json, object, one->control_plane_group, one->control_plane, one->control_plane_spec,
                      one->status);
    }
    buffer_printf(&json, object, "infrastructure", one->infrastructure, one->infrastructure_spec, "{}");
    buffer_append_char(&json, ']');
    struct fleet_fixture fleet;
    fleet_open(&fleet, buffer_text(&json), is_reversed);
    // A change of the Cluster, and one of the infrastructure, whose cluster only the Cluster tells.
    const struct node *objects = document_root(fleet.document);
    const struct node *cluster = node_item(objects, 0);
    const struct node *infrastructure = node_item(objects, objects->length - 1);
    fleet_review(&fleet, OPERATION_UPDATE, cluster, cluster);
    expect_view(one->name, fleet.change.after, "cluster prod/x\nname x @ Cluster x metadata.name\n");
    expect_view(one->name, fleet.change.after, one->expected);
    expect_view(one->name, fleet.change.before, one->expected);
    fleet_review(&fleet, OPERATION_CREATE, infrastructure, NULL);
    expect_view(one->name, fleet.change.after, one->expected);
    fleet_close(&fleet);
    buffer_clear(&json);
}

static void providers(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        for (int reversed = 0; reversed < 2; reversed++) {
            run_kind(&kinds[i], cluster_shapes[0], reversed);
            run_kind(&kinds[i], cluster_shapes[1], reversed);
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
        bool is_named = (role != KIND_CONTROL_PLANE && role != KIND_INFRASTRUCTURE_CLUSTER) ||
                        entries[i].paths->says == SAYS_NOTHING ||
                        // One field, which kind_table_test tries: region or failure domains.
                        (role == KIND_INFRASTRUCTURE_CLUSTER && entries[i].paths[1].says == SAYS_NOTHING);
        for (size_t j = 0; j < sizeof(kinds) / sizeof(*kinds) && !is_named; j++) {
            is_named =
                strcmp(kinds[j].infrastructure, kind) == 0 || strcmp(kinds[j].control_plane, kind) == 0;
        }
        expect_true(kind, is_named, "has a case");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(providers),
        cmocka_unit_test(no_kind_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
