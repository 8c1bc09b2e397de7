#include "fleet/kind_paths.h"

// Alternatives of one meaning stand in the order in which they win: v1beta2 before v1beta1.
const struct kind_path cluster_paths[] = {
    {SAYS_CLASS, "spec.topology.classRef.name"},
    {SAYS_CLASS, "spec.topology.class"},
    {SAYS_VERSION, "spec.topology.version"},
    {SAYS_REPLICAS, "spec.topology.controlPlane.replicas"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureRef"},
    {SAYS_CONTROL_PLANE, "spec.controlPlaneRef"},
    {SAYS_POD_CIDR, "spec.clusterNetwork.pods.cidrBlocks[]"},
    {SAYS_SERVICE_CIDR, "spec.clusterNetwork.services.cidrBlocks[]"},
    {SAYS_VARIABLES, "spec.topology.variables"},
    {SAYS_VARIABLES, "spec.topology.controlPlane.variables.overrides"},
    {SAYS_VARIABLES, "spec.topology.workers.machineDeployments[].variables.overrides"},
    {SAYS_VARIABLES, "spec.topology.workers.machinePools[].variables.overrides"},
    {SAYS_VERSION_OBSERVED, "status.controlPlane.versions[].version"},
    {SAYS_VERSION_OBSERVED, "status.v1beta2.controlPlane.versions[].version"},
    {0},
};
const struct kind_path topology_deployment_paths[] = {
    {SAYS_NAME, "name"},
    {SAYS_REPLICAS, "replicas"},
    {SAYS_ZONE, "failureDomain"},
    {SAYS_STRATEGY, "rollout.strategy.type"},
    {SAYS_STRATEGY, "strategy.type"},
    {SAYS_SURGE, "rollout.strategy.rollingUpdate.maxSurge"},
    {SAYS_SURGE, "strategy.rollingUpdate.maxSurge"},
    {0},
};
const struct kind_path topology_pool_paths[] = {
    {SAYS_NAME, "name"},
    {SAYS_REPLICAS, "replicas"},
    {SAYS_ZONE, "failureDomains[]"},
    {0},
};
const struct kind_path class_paths[] = {
    {SAYS_INFRASTRUCTURE, "spec.infrastructure.templateRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructure.ref"},
    {SAYS_CONTROL_PLANE, "spec.controlPlane.templateRef"},
    {SAYS_CONTROL_PLANE, "spec.controlPlane.ref"},
    {SAYS_VERSION_SET, "spec.kubernetesVersions"},
    {SAYS_CLASS_VARIABLES, "spec.variables"},
    {SAYS_PATCHES, "spec.patches"},
    {0},
};
const struct kind_path machine_set_paths[] = {
    {SAYS_CLUSTER, "spec.clusterName"},
    {SAYS_INFRASTRUCTURE, "spec.template.spec.infrastructureRef"},
    {SAYS_BOOTSTRAP, "spec.template.spec.bootstrap.configRef"},
    {SAYS_VERSION, "spec.template.spec.version"},
    {SAYS_REPLICAS, "spec.replicas"},
    {SAYS_VERSION_OBSERVED, "status.versions[].version"},
    {SAYS_ZONE, "spec.template.spec.failureDomain"},
    {0},
};
const struct kind_path machine_deployment_paths[] = {
    {SAYS_CLUSTER, "spec.clusterName"},
    {SAYS_INFRASTRUCTURE, "spec.template.spec.infrastructureRef"},
    {SAYS_BOOTSTRAP, "spec.template.spec.bootstrap.configRef"},
    {SAYS_VERSION, "spec.template.spec.version"},
    {SAYS_REPLICAS, "spec.replicas"},
    {SAYS_VERSION_OBSERVED, "status.versions[].version"},
    {SAYS_ZONE, "spec.template.spec.failureDomain"},
    {SAYS_STRATEGY, "spec.rollout.strategy.type"},
    {SAYS_STRATEGY, "spec.strategy.type"},
    {SAYS_SURGE, "spec.rollout.strategy.rollingUpdate.maxSurge"},
    {SAYS_SURGE, "spec.strategy.rollingUpdate.maxSurge"},
    {0},
};
const struct kind_path machine_pool_paths[] = {
    {SAYS_CLUSTER, "spec.clusterName"},
    {SAYS_INFRASTRUCTURE, "spec.template.spec.infrastructureRef"},
    {SAYS_BOOTSTRAP, "spec.template.spec.bootstrap.configRef"},
    {SAYS_VERSION, "spec.template.spec.version"},
    {SAYS_REPLICAS, "spec.replicas"},
    {SAYS_VERSION_OBSERVED, "status.versions[].version"},
    {SAYS_ZONE, "spec.template.spec.failureDomain"},
    {SAYS_ZONE, "spec.failureDomains[]"},
    {0},
};
const struct kind_path machine_paths[] = {
    {SAYS_CLUSTER, "spec.clusterName"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureRef"},
    {SAYS_BOOTSTRAP, "spec.bootstrap.configRef"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.nodeInfo.kubeletVersion"},
    {SAYS_ZONE, "spec.failureDomain"},
    {0},
};
const struct kind_path control_plane_paths[] = {
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureTemplate"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_VERSION_OBSERVED, "status.versions[].version"},
    {SAYS_REPLICAS, "spec.replicas"},
    {SAYS_SURGE, "spec.rollout.strategy.rollingUpdate.maxSurge"},
    {SAYS_SURGE, "spec.rolloutStrategy.rollingUpdate.maxSurge"},
    {0},
};
const struct kind_path kubeadm_control_plane_paths[] = {
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureTemplate"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_VERSION_OBSERVED, "status.versions[].version"},
    {SAYS_REPLICAS, "spec.replicas"},
    {SAYS_SURGE, "spec.rollout.strategy.rollingUpdate.maxSurge"},
    {SAYS_SURGE, "spec.rolloutStrategy.rollingUpdate.maxSurge"},
    {SAYS_EXTERNAL_ETCD, "spec.kubeadmConfigSpec.clusterConfiguration.etcd.external"},
    {0},
};
const struct kind_path rke2_control_plane_paths[] = {
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureTemplate"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_VERSION_OBSERVED, "status.versions[].version"},
    {SAYS_REPLICAS, "spec.replicas"},
    {SAYS_SURGE, "spec.rollout.strategy.rollingUpdate.maxSurge"},
    {SAYS_SURGE, "spec.rolloutStrategy.rollingUpdate.maxSurge"},
    {SAYS_VERSION, "spec.agentConfig.version"},
    {SAYS_EXTERNAL_ETCD, "spec.serverConfig.externalDatastoreSecret"},
    {0},
};
const struct kind_path hosted_control_plane_paths[] = {
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION, "spec.k0sVersion"},
    {SAYS_VERSION, "spec.kubernetesVersion"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {0},
};
const struct kind_path managed_control_plane_paths[] = {
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {0},
};
const struct kind_path aws_cluster_paths[] = {
    {SAYS_REGION, "spec.region"},
    {SAYS_ZONE, "spec.network.subnets[].availabilityZone"},
    {SAYS_ZONE, "spec.networkSpec.subnets[].availabilityZone"},
    {SAYS_NETWORK_CIDR, "spec.network.vpc.cidrBlock"},
    {SAYS_NETWORK_CIDR, "spec.networkSpec.vpc.cidrBlock"},
    {SAYS_NETWORK_CIDR, "spec.network.vpc.secondaryCidrBlocks[].ipv4CidrBlock"},
    {0},
};
const struct kind_path aws_managed_control_plane_paths[] = {
    {SAYS_REGION, "spec.region"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_ZONE, "spec.network.subnets[].availabilityZone"},
    {SAYS_ZONE, "spec.networkSpec.subnets[].availabilityZone"},
    {SAYS_NETWORK_CIDR, "spec.network.vpc.cidrBlock"},
    {SAYS_NETWORK_CIDR, "spec.networkSpec.vpc.cidrBlock"},
    {SAYS_NETWORK_CIDR, "spec.network.vpc.secondaryCidrBlocks[].ipv4CidrBlock"},
    {SAYS_NETWORK_CIDR, "spec.secondaryCidrBlock"},
    {0},
};
const struct kind_path rosa_control_plane_paths[] = {
    {SAYS_REGION, "spec.region"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_ZONE, "spec.availabilityZones[]"},
    {SAYS_NETWORK_CIDR, "spec.network.machineCIDR"},
    {SAYS_POD_CIDR, "spec.network.podCIDR"},
    {SAYS_SERVICE_CIDR, "spec.network.serviceCIDR"},
    {0},
};
const struct kind_path aws_machine_pool_paths[] = {
    {SAYS_MIN, "spec.minSize"},
    {SAYS_MAX, "spec.maxSize"},
    {SAYS_ZONE, "spec.availabilityZones[]"},
    {0},
};
const struct kind_path aws_managed_machine_pool_paths[] = {
    {SAYS_MIN, "spec.scaling.minSize"},
    {SAYS_MAX, "spec.scaling.maxSize"},
    {SAYS_ZONE, "spec.availabilityZones[]"},
    {0},
};
const struct kind_path rosa_machine_pool_paths[] = {
    {SAYS_VERSION, "spec.version"},
    {SAYS_MIN, "spec.autoscaling.minReplicas"},
    {SAYS_MAX, "spec.autoscaling.maxReplicas"},
    {SAYS_ZONE, "spec.availabilityZone"},
    {0},
};
const struct kind_path fargate_paths[] = {
    {SAYS_CLUSTER, "spec.clusterName"},
    {0},
};
const struct kind_path failure_domain_paths[] = {
    {SAYS_ZONE, "spec.template.spec.failureDomain"},
    {0},
};
const struct kind_path azure_cluster_paths[] = {
    {SAYS_REGION, "spec.location"},
    {SAYS_ZONE_NAMES, "spec.failureDomains"},
    {SAYS_NETWORK_CIDR, "spec.networkSpec.vnet.cidrBlocks[]"},
    {SAYS_NETWORK_CIDR, "spec.networkSpec.vnet.cidrBlock"},
    {0},
};
const struct kind_path azure_managed_control_plane_paths[] = {
    {SAYS_REGION, "spec.location"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_NETWORK_CIDR, "spec.virtualNetwork.cidrBlock"},
    {0},
};
const struct kind_path azure_managed_machine_pool_paths[] = {
    {SAYS_MIN, "spec.scaling.minSize"},
    {SAYS_MAX, "spec.scaling.maxSize"},
    {SAYS_MODE, "spec.mode"},
    {SAYS_ZONE, "spec.availabilityZones[]"},
    {0},
};
const struct kind_path azure_machine_pool_paths[] = {
    {SAYS_REGION, "spec.location"},
    {SAYS_STRATEGY, "spec.strategy.type"},
    {SAYS_SURGE, "spec.strategy.rollingUpdate.maxSurge"},
    {0},
};
const struct kind_path aso_cluster_paths[] = {
    {SAYS_REGION, "spec.resources[].spec.location"},
    {0},
};
const struct kind_path aso_control_plane_paths[] = {
    {SAYS_REGION, "spec.resources[].spec.location"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION, "spec.resources[].spec.kubernetesVersion"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_POD_CIDR, "spec.resources[].spec.networkProfile.podCidr"},
    {SAYS_SERVICE_CIDR, "spec.resources[].spec.networkProfile.serviceCidr"},
    {0},
};
const struct kind_path agent_profile_paths[] = {
    {SAYS_NAME, "name"},
    {SAYS_REPLICAS, "count"},
    {SAYS_MIN, "minCount"},
    {SAYS_MAX, "maxCount"},
    {SAYS_AUTOSCALING, "enableAutoScaling"},
    {SAYS_MODE, "mode"},
    {SAYS_VERSION, "orchestratorVersion"},
    {SAYS_ZONE, "availabilityZones[]"},
    {SAYS_SURGE, "upgradeSettings.maxSurge"},
    {0},
};
const struct kind_path aso_machine_pool_paths[] = {
    {SAYS_NAME, "spec.resources[].spec.azureName"},
    {SAYS_NAME, "spec.resources[].metadata.name"},
    {SAYS_REPLICAS, "spec.resources[].spec.count"},
    {SAYS_MIN, "spec.resources[].spec.minCount"},
    {SAYS_MAX, "spec.resources[].spec.maxCount"},
    {SAYS_AUTOSCALING, "spec.resources[].spec.enableAutoScaling"},
    {SAYS_MODE, "spec.resources[].spec.mode"},
    {SAYS_VERSION, "spec.resources[].spec.orchestratorVersion"},
    {SAYS_ZONE, "spec.resources[].spec.availabilityZones[]"},
    {SAYS_SURGE, "spec.resources[].spec.upgradeSettings.maxSurge"},
    {0},
};
const struct kind_path gcp_cluster_paths[] = {
    {SAYS_REGION, "spec.region"},
    {SAYS_REGION, "spec.network.subnets[].region"},
    {SAYS_ZONE_NAMES, "spec.failureDomains"},
    {0},
};
const struct kind_path gcp_managed_control_plane_paths[] = {
    {SAYS_LOCATION, "spec.location"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION, "spec.controlPlaneVersion"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_VERSION_OBSERVED, "status.currentVersion"},
    {SAYS_POD_CIDR, "spec.clusterNetwork.pod.cidrBlock"},
    {SAYS_SERVICE_CIDR, "spec.clusterNetwork.service.cidrBlock"},
    {0},
};
const struct kind_path gcp_managed_machine_pool_paths[] = {
    {SAYS_MIN, "spec.scaling.minCount"},
    {SAYS_MAX, "spec.scaling.maxCount"},
    {SAYS_AUTOSCALING, "spec.scaling.enableAutoscaling"},
    {SAYS_ZONE, "spec.nodeLocations[]"},
    {0},
};
const struct kind_path openstack_cluster_paths[] = {
    {SAYS_REGION, "spec.identityRef.region"},
    {SAYS_ZONE, "spec.controlPlaneAvailabilityZones[]"},
    {SAYS_NETWORK_CIDR, "spec.managedSubnets[].cidr"},
    {SAYS_NETWORK_CIDR, "spec.nodeCidr"},
    {0},
};
const struct kind_path vsphere_cluster_paths[] = {
    {SAYS_REGION, "spec.server"},
    {0},
};
const struct kind_path vsphere_machine_template_paths[] = {
    {SAYS_REGION, "spec.template.spec.server"},
    {SAYS_ZONE, "spec.template.spec.failureDomain"},
    {SAYS_ZONE, "spec.template.spec.datacenter"},
    {0},
};
const struct kind_path ibm_vpc_paths[] = {
    {SAYS_REGION, "spec.region"},
    {SAYS_ZONE, "spec.zone"},
    {SAYS_ZONE, "spec.network.controlPlaneSubnets[].zone"},
    {SAYS_ZONE, "spec.network.workerSubnets[].zone"},
    {0},
};
const struct kind_path ibm_power_paths[] = {
    {SAYS_REGION, "spec.vpc.region"},
    {SAYS_ZONE, "spec.zone"},
    {SAYS_ZONE, "spec.vpcSubnets[].zone"},
    {0},
};
const struct kind_path region_paths[] = {
    {SAYS_REGION, "spec.region"},
    {0},
};
const struct kind_path oci_control_plane_paths[] = {
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {0},
};
const struct kind_path versioned_pool_paths[] = {
    {SAYS_VERSION, "spec.version"},
    {0},
};
const struct kind_path hetzner_cluster_paths[] = {
    {SAYS_REGION, "spec.controlPlaneRegions[]"},
    {SAYS_REGION, "spec.controlPlaneLoadBalancer.region"},
    {SAYS_NETWORK_CIDR, "spec.hcloudNetwork.cidrBlock"},
    {0},
};
const struct kind_path linode_template_paths[] = {
    {SAYS_REGION, "spec.template.spec.region"},
    {0},
};
const struct kind_path cloudstack_cluster_paths[] = {
    {SAYS_REGION, "spec.failureDomains[].zone.name"},
    {SAYS_ZONE, "spec.failureDomains[].zone.name"},
    {0},
};
const struct kind_path failure_domains_only_paths[] = {
    {SAYS_ZONE_NAMES, "spec.failureDomains"},
    {0},
};
const struct kind_path packet_cluster_paths[] = {
    {SAYS_REGION, "spec.metro"},
    {SAYS_REGION, "spec.facility"},
    {0},
};
const struct kind_path vcluster_paths[] = {
    {SAYS_VERSION, "spec.kubernetesVersion"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {0},
};
const struct kind_path guessed_cluster_paths[] = {
    {SAYS_REGION, "spec.region"},
    {SAYS_REGION, "spec.location"},
    {SAYS_ZONE_NAMES, "spec.failureDomains"},
    {0},
};
const struct kind_path guessed_control_plane_paths[] = {
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.machineTemplate.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureRef"},
    {SAYS_INFRASTRUCTURE, "spec.infrastructureTemplate"},
    {SAYS_VERSION, "spec.version"},
    {SAYS_VERSION_OBSERVED, "status.version"},
    {SAYS_VERSION_OBSERVED, "status.versions[].version"},
    {SAYS_REPLICAS, "spec.replicas"},
    {SAYS_SURGE, "spec.rollout.strategy.rollingUpdate.maxSurge"},
    {SAYS_SURGE, "spec.rolloutStrategy.rollingUpdate.maxSurge"},
    {SAYS_REGION, "spec.region"},
    {SAYS_REGION, "spec.location"},
    {0},
};
const struct kind_path guessed_pool_paths[] = {
    {SAYS_MIN, "spec.minSize"},
    {SAYS_MIN, "spec.scaling.minSize"},
    {SAYS_MAX, "spec.maxSize"},
    {SAYS_MAX, "spec.scaling.maxSize"},
    {0},
};
