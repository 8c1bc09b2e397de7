#include "fleet/kind_table.h"

#include "fleet/kind_paths.h"

#include <string.h>

static const struct kind_path no_paths[] = {{0}};

static const struct kind_pool_list topology_pools[] = {
    {"spec.topology.workers.machineDeployments[]", "MachineDeployment", topology_deployment_paths},
    {"spec.topology.workers.machinePools[]", "MachinePool", topology_pool_paths},
    {0},
};

static const struct kind_pool_list agent_profiles[] = {
    {"spec.resources[].spec.agentPoolProfiles[]", "MachinePool", agent_profile_paths},
    {0},
};

// Sorted by kind, byte for byte.
static const struct kind_entry entries[] = {
    {"AWSCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "aws", .region_unset = "the controller's environment decides", .paths = aws_cluster_paths},
    {"AWSFargateProfile", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE, .role = KIND_PART,
     .provider = "aws", .flavour = "eks", .paths = fargate_paths},
    {"AWSMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL, .has_template = true,
     .provider = "aws", .paths = aws_machine_pool_paths},
    {"AWSMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE, .provider = "aws",
     .paths = failure_domain_paths},
    {"AWSManagedCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "aws", .flavour = "eks", .paths = no_paths},
    {"AWSManagedControlPlane", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE,
     .role = KIND_CONTROL_PLANE, .has_template = true, .provider = "aws", .flavour = "eks",
     .region_unset = "the controller's environment decides", .paths = aws_managed_control_plane_paths},
    {"AWSManagedMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "aws", .flavour = "eks", .paths = aws_managed_machine_pool_paths},
    {"AzureASOManagedCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "azure", .flavour = "aks", .paths = aso_cluster_paths},
    {"AzureASOManagedControlPlane", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE,
     .role = KIND_CONTROL_PLANE, .has_template = true, .provider = "azure", .flavour = "aks",
     .pools = agent_profiles, .paths = aso_control_plane_paths},
    {"AzureASOManagedMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "azure", .flavour = "aks", .paths = aso_machine_pool_paths},
    {"AzureCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "azure", .paths = azure_cluster_paths},
    {"AzureMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "azure", .default_surge = 1, .paths = azure_machine_pool_paths},
    {"AzureMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "azure", .paths = failure_domain_paths},
    {"AzureManagedCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "azure", .flavour = "aks", .paths = no_paths},
    {"AzureManagedControlPlane", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE,
     .role = KIND_CONTROL_PLANE, .has_template = true, .provider = "azure", .flavour = "aks",
     .paths = azure_managed_control_plane_paths},
    {"AzureManagedMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "azure", .flavour = "aks", .paths = azure_managed_machine_pool_paths},
    {"ByoCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "byoh", .paths = failure_domains_only_paths},
    {"CloudStackCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "cloudstack", .paths = cloudstack_cluster_paths},
    {"CloudStackMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "cloudstack", .paths = no_paths},
    {"Cluster", .groups = GROUP_CORE, .role = KIND_CLUSTER, .pools = topology_pools, .paths = cluster_paths},
    {"ClusterClass", .groups = GROUP_CORE, .role = KIND_CLASS, .paths = class_paths},
    {"DOCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "digitalocean", .paths = region_paths},
    {"DOMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "digitalocean", .paths = no_paths},
    {"DevCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "docker", .paths = failure_domains_only_paths},
    {"DevMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL, .has_template = true,
     .provider = "docker", .paths = no_paths},
    {"DevMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "docker", .paths = no_paths},
    {"DockerCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "docker", .paths = failure_domains_only_paths},
    {"DockerMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "docker", .paths = no_paths},
    {"DockerMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "docker", .paths = no_paths},
    {"GCPCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "gcp", .paths = gcp_cluster_paths},
    {"GCPMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL, .has_template = true,
     .provider = "gcp", .paths = no_paths},
    {"GCPMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE, .provider = "gcp",
     .paths = no_paths},
    {"GCPManagedCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "gcp", .flavour = "gke", .paths = gcp_cluster_paths},
    {"GCPManagedControlPlane", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE,
     .role = KIND_CONTROL_PLANE, .has_template = true, .provider = "gcp", .flavour = "gke",
     .paths = gcp_managed_control_plane_paths},
    {"GCPManagedMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "gcp", .flavour = "gke", .paths = gcp_managed_machine_pool_paths},
    {"HCloudMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "hetzner", .paths = no_paths},
    {"HarvesterCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "harvester", .paths = failure_domains_only_paths},
    {"HetznerBareMetalMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "hetzner", .paths = no_paths},
    {"HetznerCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "hetzner", .paths = hetzner_cluster_paths},
    {"IBMPowerVSCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "ibm", .paths = ibm_power_paths},
    {"IBMPowerVSMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "ibm", .paths = no_paths},
    {"IBMVPCCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "ibm", .paths = ibm_vpc_paths},
    {"IBMVPCMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "ibm", .paths = no_paths},
    {"InMemoryCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "docker", .paths = failure_domains_only_paths},
    {"K0sControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "k0s", .default_replicas = 1, .default_surge = 1, .paths = control_plane_paths},
    {"K0smotronControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "k0smotron", .paths = hosted_control_plane_paths},
    {"KThreesControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "k3s", .default_replicas = 1, .default_surge = 1, .paths = control_plane_paths},
    {"KamajiControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "kamaji", .paths = hosted_control_plane_paths},
    {"KubeadmControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "kubeadm", .default_replicas = 1, .default_surge = 1, .paths = kubeadm_control_plane_paths},
    {"KubevirtCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "kubevirt", .paths = failure_domains_only_paths},
    {"KubevirtMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "kubevirt", .paths = no_paths},
    {"LinodeCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "linode", .paths = region_paths},
    {"LinodeMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "linode", .paths = linode_template_paths},
    {"MaasCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "maas", .paths = failure_domains_only_paths},
    {"Machine", .groups = GROUP_CORE, .role = KIND_POOL, .default_replicas = 1, .paths = machine_paths},
    {"MachineDeployment", .groups = GROUP_CORE, .role = KIND_POOL, .default_replicas = 1, .default_surge = 1,
     .paths = machine_deployment_paths},
    {"MachinePool", .groups = GROUP_CORE, .role = KIND_POOL, .default_replicas = 1,
     .paths = machine_pool_paths},
    {"MachineSet", .groups = GROUP_CORE, .role = KIND_POOL, .default_replicas = 1,
     .paths = machine_set_paths},
    {"Metal3Cluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "metal3", .paths = failure_domains_only_paths},
    {"Metal3MachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "metal3", .paths = no_paths},
    {"MicroK8sControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "microk8s", .default_replicas = 1, .default_surge = 1, .paths = control_plane_paths},
    {"NutanixCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "nutanix", .paths = failure_domains_only_paths},
    {"NutanixMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "nutanix", .paths = no_paths},
    {"OCICluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "oci", .region_unset = "the tenancy's home region is taken", .paths = region_paths},
    {"OCIMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL, .has_template = true,
     .provider = "oci", .paths = no_paths},
    {"OCIMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE, .provider = "oci",
     .paths = no_paths},
    {"OCIManagedCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "oci", .flavour = "oke",
     .region_unset = "the tenancy's home region is taken", .paths = region_paths},
    {"OCIManagedControlPlane", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE,
     .role = KIND_CONTROL_PLANE, .has_template = true, .provider = "oci", .flavour = "oke",
     .paths = oci_control_plane_paths},
    {"OCIManagedMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "oci", .flavour = "oke", .paths = versioned_pool_paths},
    {"OpenStackCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "openstack", .region_unset = "the Secret with clouds.yaml decides",
     .region_unseen = true, .paths = openstack_cluster_paths},
    {"OpenStackMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "openstack", .paths = no_paths},
    {"PacketCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "equinix", .paths = packet_cluster_paths},
    {"ProxmoxCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "proxmox", .paths = failure_domains_only_paths},
    {"ProxmoxMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "proxmox", .paths = no_paths},
    {"RKE2ControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "rke2", .default_replicas = 1, .default_surge = 1, .paths = rke2_control_plane_paths},
    {"ROSACluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "aws", .flavour = "rosa", .paths = no_paths},
    {"ROSAControlPlane", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE, .role = KIND_CONTROL_PLANE,
     .has_template = true, .provider = "aws", .flavour = "rosa", .paths = rosa_control_plane_paths},
    {"ROSAMachinePool", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_POOL,
     .has_template = true, .provider = "aws", .flavour = "rosa", .paths = rosa_machine_pool_paths},
    {"RemoteCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "k0smotron", .paths = failure_domains_only_paths},
    {"ScalewayCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "scaleway", .paths = region_paths},
    {"TalosControlPlane", .groups = GROUP_CONTROL_PLANE, .role = KIND_CONTROL_PLANE, .has_template = true,
     .flavour = "talos", .default_replicas = 1, .default_surge = 1, .paths = control_plane_paths},
    {"TinkerbellCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "tinkerbell", .paths = failure_domains_only_paths},
    {"VCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .has_template = true,
     .provider = "vcluster", .flavour = "vcluster", .paths = vcluster_paths},
    {"VSphereCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "vsphere", .paths = vsphere_cluster_paths},
    {"VSphereMachineTemplate", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE,
     .provider = "vsphere", .paths = vsphere_machine_template_paths},
    {"VultrCluster", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER,
     .has_template = true, .provider = "vultr", .paths = region_paths},
};

static const struct kind_entry guessed_cluster = {
    "", .groups = GROUP_INFRASTRUCTURE, .role = KIND_INFRASTRUCTURE_CLUSTER, .paths = guessed_cluster_paths};
static const struct kind_entry guessed_control_plane = {
    "", .groups = GROUP_CONTROL_PLANE | GROUP_INFRASTRUCTURE, .role = KIND_CONTROL_PLANE,
    .paths = guessed_control_plane_paths};
static const struct kind_entry guessed_pool = {"", .groups = GROUP_INFRASTRUCTURE,
                                               .role = KIND_INFRASTRUCTURE_POOL, .paths = guessed_pool_paths};
static const struct kind_entry guessed_machine = {
    "", .groups = GROUP_INFRASTRUCTURE, .role = KIND_MACHINE_TEMPLATE, .paths = failure_domain_paths};

static const struct {
    const char *name;
    enum kind_group group;
} groups[] = {
    {"cluster.x-k8s.io", GROUP_CORE},
    {"controlplane.cluster.x-k8s.io", GROUP_CONTROL_PLANE},
    {"infrastructure.cluster.x-k8s.io", GROUP_INFRASTRUCTURE},
    {"exp.cluster.x-k8s.io", GROUP_CORE},
    {"exp.infrastructure.cluster.x-k8s.io", GROUP_INFRASTRUCTURE},
};

enum { GROUP_COUNT = sizeof(groups) / sizeof(*groups), ENTRY_COUNT = sizeof(entries) / sizeof(*entries) };

const char *kind_table_group(const char *group, size_t length) {
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strncmp(groups[i].name, group, length) == 0 && groups[i].name[length] == '\0') {
            return groups[i].name;
        }
    }
    return NULL;
}

static uint8_t group_bit(const char *group) {
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (strcmp(groups[i].name, group) == 0) {
            return (uint8_t)groups[i].group;
        }
    }
    return 0;
}

// kind is length bytes long: "AWSCluster" of "AWSClusterTemplate".
static const struct kind_entry *search(const char *kind, size_t length) {
    size_t low = 0;
    size_t high = ENTRY_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(kind, entries[middle].kind, length);
        if (order == 0 && entries[middle].kind[length] == '\0') {
            return &entries[middle];
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static bool ends_with(const char *text, size_t length, const char *end) {
    size_t end_length = strlen(end);
    return length > end_length && memcmp(text + length - end_length, end, end_length) == 0;
}

// Providers name their kinds alike; what is called like a cluster is treated as one.
static const struct kind_entry *guess(const char *kind, size_t length) {
    if (ends_with(kind, length, "ControlPlane")) {
        return &guessed_control_plane;
    }
    if (ends_with(kind, length, "Cluster")) {
        return &guessed_cluster;
    }
    return ends_with(kind, length, "MachinePool") ? &guessed_pool : NULL;
}

struct kind_match kind_table_find(const char *group, const char *kind) {
    static const size_t template_length = sizeof("Template") - 1;
    struct kind_match match = {0};
    uint8_t bit = group ? group_bit(group) : UINT8_MAX;
    if (bit == 0) {
        return match;
    }
    size_t length = strlen(kind);
    match.entry = search(kind, length);
    if (!match.entry && ends_with(kind, length, "Template")) {
        match.entry = search(kind, length - template_length);
        match.is_template = match.entry && match.entry->has_template;
        match.entry = match.is_template ? match.entry : NULL;
    }
    if (!match.entry && group) {
        match.is_guess = true;
        match.is_template = ends_with(kind, length, "Template");
        match.entry = guess(kind, length - (match.is_template ? template_length : 0));
        if (ends_with(kind, length, "MachineTemplate")) {
            match.entry = &guessed_machine;
            match.is_template = false;
        }
    }
    return match.entry && (match.entry->groups & bit) ? match : (struct kind_match){0};
}

const char *kind_entry_path(const struct kind_entry *entry, enum kind_says says) {
    for (const struct kind_path *path = entry->paths; path->says != SAYS_NOTHING; path++) {
        if (path->says == says) {
            return path->path;
        }
    }
    return NULL;
}

bool kind_entry_takes_place(const struct kind_entry *entry) {
    return entry->role == KIND_INFRASTRUCTURE_CLUSTER ||
           (entry->role == KIND_CONTROL_PLANE &&
            (kind_entry_path(entry, SAYS_REGION) || kind_entry_path(entry, SAYS_LOCATION)));
}

const struct kind_entry *kind_table_entries(size_t *ret_count) {
    *ret_count = ENTRY_COUNT;
    return entries;
}
