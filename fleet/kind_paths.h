// Where each kind keeps what policies ask: the paths that kind_table.c gives to its entries. Nobody else
// includes this.
#pragma once

#include "fleet/kind_table.h"

extern const struct kind_path cluster_paths[];
extern const struct kind_path topology_deployment_paths[];
extern const struct kind_path topology_pool_paths[];
extern const struct kind_path class_paths[];
extern const struct kind_path machine_set_paths[];
extern const struct kind_path machine_deployment_paths[];
extern const struct kind_path machine_pool_paths[];
extern const struct kind_path machine_paths[];
extern const struct kind_path control_plane_paths[];
extern const struct kind_path kubeadm_control_plane_paths[];
extern const struct kind_path rke2_control_plane_paths[];
extern const struct kind_path hosted_control_plane_paths[];
extern const struct kind_path managed_control_plane_paths[];
extern const struct kind_path aws_cluster_paths[];
extern const struct kind_path aws_managed_control_plane_paths[];
extern const struct kind_path rosa_control_plane_paths[];
extern const struct kind_path aws_machine_pool_paths[];
extern const struct kind_path aws_managed_machine_pool_paths[];
extern const struct kind_path rosa_machine_pool_paths[];
extern const struct kind_path fargate_paths[];
extern const struct kind_path failure_domain_paths[];
extern const struct kind_path azure_cluster_paths[];
extern const struct kind_path azure_managed_control_plane_paths[];
extern const struct kind_path azure_managed_machine_pool_paths[];
extern const struct kind_path azure_machine_pool_paths[];
extern const struct kind_path aso_cluster_paths[];
extern const struct kind_path aso_control_plane_paths[];
extern const struct kind_path agent_profile_paths[];
extern const struct kind_path aso_machine_pool_paths[];
extern const struct kind_path gcp_cluster_paths[];
extern const struct kind_path gcp_managed_control_plane_paths[];
extern const struct kind_path gcp_managed_machine_pool_paths[];
extern const struct kind_path openstack_cluster_paths[];
extern const struct kind_path vsphere_cluster_paths[];
extern const struct kind_path vsphere_machine_template_paths[];
extern const struct kind_path ibm_vpc_paths[];
extern const struct kind_path ibm_power_paths[];
extern const struct kind_path region_paths[];
extern const struct kind_path oci_control_plane_paths[];
extern const struct kind_path versioned_pool_paths[];
extern const struct kind_path hetzner_cluster_paths[];
extern const struct kind_path linode_template_paths[];
extern const struct kind_path cloudstack_cluster_paths[];
extern const struct kind_path failure_domains_only_paths[];
extern const struct kind_path packet_cluster_paths[];
extern const struct kind_path vcluster_paths[];
extern const struct kind_path guessed_cluster_paths[];
extern const struct kind_path guessed_control_plane_paths[];
extern const struct kind_path guessed_pool_paths[];
