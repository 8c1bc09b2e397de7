local function meta(name, annotations)
  return { name = name, namespace = "prod", annotations = annotations }
end

-- Control planes that Azure and Google Cloud run are infrastructure.
local function group_of(control_plane)
  local is_infrastructure = control_plane == "AzureManagedControlPlane" or control_plane == "AzureASOManagedControlPlane"
    or control_plane == "GCPManagedControlPlane"
  return is_infrastructure and "infrastructure.cluster.x-k8s.io" or "controlplane.cluster.x-k8s.io"
end

local function cluster(control_plane, infra, annotations)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", metadata = meta("eu-7", annotations), spec = {
    controlPlaneRef = { apiVersion = group_of(control_plane) .. "/v1beta1", kind = control_plane or "KubeadmControlPlane", name = "eu-7" },
    infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = infra or "AWSCluster", name = "eu-7" } } }
end
local aws = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", metadata = meta "eu-7", spec = { region = "eu-west-1" } }

local function control_plane(replicas, etcd, kind, annotations)
  return { apiVersion = "controlplane.cluster.x-k8s.io/v1beta1", kind = kind or "KubeadmControlPlane", metadata = meta("eu-7", annotations),
    spec = { replicas = replicas, version = "v1.31.2", kubeadmConfigSpec = { clusterConfiguration = { etcd = etcd } } } }
end

local function deployment(replicas, annotations, name)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment", metadata = meta(name or "md-0", annotations),
    spec = { clusterName = "eu-7", replicas = replicas, template = { spec = { clusterName = "eu-7", version = "v1.31.2",
      bootstrap = { configRef = { apiVersion = "bootstrap.cluster.x-k8s.io/v1beta1", kind = "KubeadmConfigTemplate", name = "md-0" } },
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSMachineTemplate", name = "md-0" } } } } }
end

local function autoscaled(replicas, min, max)
  return deployment(replicas, { ["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] = min,
    ["cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"] = max })
end

local function machine_pool(replicas, infra_kind, annotations)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachinePool", metadata = meta("mp-0", annotations),
    spec = { clusterName = "eu-7", replicas = replicas, template = { spec = { clusterName = "eu-7", version = "v1.31.2", bootstrap = { dataSecretName = "" },
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = infra_kind, name = "mp-0" } } } } }
end

local function infra_pool(kind, spec)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = kind, metadata = meta "mp-0", spec = spec }
end

local function topology(control, workers, annotations)
  return { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "Cluster", metadata = meta("eu-7", annotations), spec = { topology = {
    classRef = { name = "aws" }, version = "v1.31.2", controlPlane = { replicas = control },
    workers = { machineDeployments = { { class = "default", name = "md-0", replicas = workers } } } } } }
end
local class = { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "ClusterClass", metadata = meta "aws", spec = {
  controlPlane = { templateRef = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "KubeadmControlPlaneTemplate", name = "aws" } },
  infrastructure = { templateRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate", name = "aws" } } } }
local class_template = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "KubeadmControlPlaneTemplate", metadata = meta "aws",
  spec = { template = { spec = {} } } }

local other_cluster = { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", metadata = { name = "other", namespace = "dev" }, spec = {} }
local function other_pool(replicas)
  local md = deployment(replicas, nil, "other-md")
  md.metadata.namespace, md.spec.clusterName, md.spec.template.spec.clusterName = "dev", "other", "other"
  md.spec.strategy = { type = "OnDelete" }
  return md
end

local function scale(replicas, name)
  return { apiVersion = "autoscaling/v1", kind = "Scale", metadata = meta(name or "md-0"), spec = { replicas = replicas } }
end

local function approve(name)
  return { ["fleetgate.dev/allow-scale-down"] = name }
end
local managed_by = { ["cluster.x-k8s.io/replicas-managed-by"] = "external-autoscaler" }
local rest = { cluster(), aws, control_plane(3) }
local eks = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "AWSManagedControlPlane", metadata = meta "eu-7", spec = { version = "v1.31" } }
local eks_cluster = cluster("AWSManagedControlPlane", "AWSManagedCluster")
local gke_cluster = cluster("GCPManagedControlPlane", "GCPManagedCluster")
local function gke(location)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "GCPManagedControlPlane", metadata = meta "eu-7", spec = { location = location, project = "p" } }
end

return {
  -- Control planes
  { name = "three machines", object = control_plane(3), objects = { cluster(), aws }, expect = "allow" },
  { name = "one machine", object = control_plane(1), objects = { cluster(), aws }, expect = "allow" },
  { name = "no number means one", object = control_plane(), objects = { cluster(), aws }, expect = "allow" },
  { name = "two machines", object = control_plane(2), objects = { cluster(), aws },
    expect = "deny", at = "spec.replicas", message = "a control plane of 2 machines can't keep a quorum", count = 1 },
  { name = "none", object = control_plane(0), objects = { cluster(), aws }, expect = "deny", at = "spec.replicas" },
  { name = "two machines with external etcd", object = control_plane(2, { external = { endpoints = { "https://etcd:2379" } } }), objects = { cluster(), aws }, expect = "allow" },
  { name = "none with external etcd", object = control_plane(0, { external = { endpoints = { "https://etcd:2379" } } }), objects = { cluster(), aws }, expect = "deny" },
  { name = "RKE2 does not check it itself", object = control_plane(2, nil, "RKE2ControlPlane"), objects = { cluster "RKE2ControlPlane", aws }, expect = "deny" },
  { name = "Talos does not check it itself", object = control_plane(4, nil, "TalosControlPlane"), objects = { cluster "TalosControlPlane", aws }, expect = "deny" },
  { name = "pods of a hosted control plane may be even", object = control_plane(2, nil, "K0smotronControlPlane"), objects = { cluster "K0smotronControlPlane", aws }, expect = "allow" },
  { name = "a managed control plane has no machines", object = eks, objects = { eks_cluster }, expect = "allow" },
  { name = "topology: two machines", object = topology(2, 3), objects = { class, class_template }, expect = "deny", at = "spec.topology.controlPlane.replicas" },
  { name = "topology: three machines", object = topology(3, 3), objects = { class, class_template }, expect = "allow" },
  { name = "topology: two machines, the class has not been seen", object = topology(2, 3), expect = "unknown" },
  { name = "an even control plane that was there before may lose labels", old_object = control_plane(2, nil, nil, { a = "b" }), object = control_plane(2),
    objects = { cluster(), aws }, expect = "allow" },
  { name = "from three to one", old_object = control_plane(3), object = control_plane(1), objects = { cluster(), aws },
    expect = "deny", at = "spec.replicas", message = "may not shrink from 3 machines to 1 without approval" },
  { name = "from three to one, approved", old_object = control_plane(3), object = control_plane(1, nil, nil, approve "eu-7"), objects = { cluster(), aws }, expect = "allow" },
  { name = "from three to one, the policy does not mind", params = { shrink_needs_approval = false }, old_object = control_plane(3), object = control_plane(1),
    objects = { cluster(), aws }, expect = "allow" },
  { name = "from five to three", old_object = control_plane(5), object = control_plane(3), objects = { cluster(), aws }, expect = "allow" },
  { name = "/scale of a control plane to two", subresource = "scale", parent = control_plane(3), old_object = scale(3, "eu-7"), object = scale(2, "eu-7"),
    objects = { cluster(), aws }, expect = "deny", at = "spec.replicas" },
  { name = "/scale of a control plane to none leaves the number out", subresource = "scale", parent = control_plane(3), old_object = scale(3, "eu-7"),
    object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = meta "eu-7", spec = {} }, objects = { cluster(), aws }, expect = "deny" },
  { name = "/scale of a control plane to five", subresource = "scale", parent = control_plane(3), old_object = scale(3, "eu-7"), object = scale(5, "eu-7"),
    objects = { cluster(), aws }, expect = "allow" },

  { name = "a class is judged with its clusters", object = class, expect = "allow" },

  -- Size of a pool
  { name = "no limit", object = deployment(1000), objects = rest, expect = "allow" },
  { name = "a pool at the limit", params = { max_per_pool = 10 }, object = deployment(10), objects = rest, expect = "allow" },
  { name = "a pool over the limit", params = { max_per_pool = 10 }, object = deployment(11), objects = rest,
    expect = "deny", at = "spec.replicas", message = "pool md-0 of 11 nodes is over the limit" },
  { name = "a pool over the limit, nothing else has been seen", params = { max_per_pool = 10 }, object = deployment(11), expect = "deny" },
  { name = "an even control plane, nothing else has been seen", object = control_plane(2), expect = "deny" },
  { name = "an autoscaled pool counts at its maximum", params = { max_per_pool = 10 }, object = autoscaled(3, "1", "20"), objects = rest,
    expect = "deny", message = "pool md-0 of 20 nodes is over the limit" },
  { name = "an oversized pool can be scaled down", params = { max_per_pool = 10 }, old_object = deployment(20), object = deployment(15), objects = rest, expect = "allow" },
  { name = "an oversized pool can't grow", params = { max_per_pool = 10 }, old_object = deployment(20), object = deployment(21), objects = rest, expect = "deny" },
  { name = "topology: a pool over the limit", params = { max_per_pool = 10 }, object = topology(3, 11), objects = { class, class_template },
    expect = "deny", at = "spec.topology.workers.machineDeployments[0].replicas" },
  { name = "/scale over the limit", params = { max_per_pool = 10 }, subresource = "scale", parent = deployment(3), old_object = scale(3), object = scale(11),
    objects = rest, expect = "deny", at = "spec.replicas" },
  { name = "an EKS node group counts at its maximum", params = { max_per_pool = 10 }, objects = { eks_cluster, eks, machine_pool(3, "AWSManagedMachinePool") },
    object = infra_pool("AWSManagedMachinePool", { scaling = { minSize = 1, maxSize = 20 } }), expect = "deny", at = "spec.scaling.maxSize" },
  { name = "an Auto Scaling group counts at its maximum", params = { max_per_pool = 10 }, objects = { cluster(), aws, control_plane(3), machine_pool(3, "AWSMachinePool") },
    object = infra_pool("AWSMachinePool", { minSize = 1, maxSize = 20 }), expect = "deny", at = "spec.maxSize" },
  { name = "profiles of an ASO cluster are pools", params = { max_per_pool = 10 }, objects = { cluster("AzureASOManagedControlPlane", "AzureASOManagedCluster") },
    object = infra_pool("AzureASOManagedControlPlane", { version = "v1.31.2", resources = { { apiVersion = "containerservice.azure.com/v1api20240901",
      kind = "ManagedCluster", spec = { agentPoolProfiles = { { name = "p", count = 3, mode = "System" }, { name = "q", count = 30 } } } } } }),
    expect = "deny", at = "spec.resources[0].spec.agentPoolProfiles[1].count" },
  { name = "replicas that a provider writes pass", params = { max_per_pool = 10 }, old_object = machine_pool(3, "AWSMachinePool", managed_by),
    object = machine_pool(30, "AWSMachinePool", managed_by), objects = { cluster(), aws, control_plane(3), infra_pool("AWSMachinePool", { minSize = 1 }) }, expect = "allow" },
  { name = "replicas-managed-by: false is nobody", params = { max_per_pool = 10 }, old_object = deployment(3),
    object = deployment(30, { ["cluster.x-k8s.io/replicas-managed-by"] = "false" }), objects = rest, expect = "deny" },

  -- Minimum and maximum
  { name = "a minimum over the maximum", object = autoscaled(3, "5", "4"), objects = rest, expect = "deny", message = "pool md-0 has a minimum of 5 and a maximum of 4" },
  { name = "a minimum over the maximum of a node group", objects = { eks_cluster, eks, machine_pool(3, "AWSManagedMachinePool") },
    object = infra_pool("AWSManagedMachinePool", { scaling = { minSize = 6, maxSize = 5 } }), expect = "deny", at = "spec.scaling.minSize" },
  { name = "one of two limits", object = autoscaled(3, "1", nil), objects = rest, expect = "warn", message = "needs a minimum and a maximum" },
  { name = "limits that are no numbers", object = autoscaled(3, "one", "5"), objects = rest, expect = "unknown" },

  -- GKE
  { name = "nodes that do not divide by the zones", old_object = machine_pool(6, "GCPManagedMachinePool"), object = machine_pool(7, "GCPManagedMachinePool"),
    objects = { gke_cluster, gke "us-central1", infra_pool("GCPManagedMachinePool", { nodeLocations = { "us-central1-a", "us-central1-b", "us-central1-c" } }) },
    expect = "warn", message = "7 nodes of pool mp-0 do not divide by its 3 zones" },
  { name = "nodes that divide by the zones", object = machine_pool(6, "GCPManagedMachinePool"),
    objects = { gke_cluster, gke "us-central1", infra_pool("GCPManagedMachinePool", { nodeLocations = { "us-central1-a", "us-central1-b", "us-central1-c" } }) }, expect = "allow" },
  { name = "a cluster in one zone", object = machine_pool(7, "GCPManagedMachinePool"),
    objects = { gke_cluster, gke "us-central1-a", infra_pool("GCPManagedMachinePool", {}) }, expect = "allow" },
  { name = "limits of a regional pool are per zone", params = { max_per_pool = 10 }, objects = { gke_cluster, gke "us-central1", machine_pool(6, "GCPManagedMachinePool") },
    object = infra_pool("GCPManagedMachinePool", { nodeLocations = { "us-central1-a", "us-central1-b", "us-central1-c" }, scaling = { minCount = 1, maxCount = 4 } }),
    expect = "deny", at = "spec.scaling.maxCount", message = "pool mp-0 of 12 nodes" },

  -- Scaling down
  { name = "down by any number without a limit", old_object = deployment(100), object = deployment(1), objects = rest, expect = "allow" },
  { name = "down by a step", params = { scale_down_step = 3 }, old_object = deployment(10), object = deployment(7), objects = rest, expect = "allow" },
  { name = "down by more than a step", params = { scale_down_step = 3 }, old_object = deployment(10), object = deployment(6), objects = rest,
    expect = "deny", at = "spec.replicas", message = "pool md-0 loses 4 of 10 nodes at once" },
  { name = "the percentage when it is more", params = { scale_down_step = 3, scale_down_percent = 50 }, old_object = deployment(10), object = deployment(5), objects = rest, expect = "allow" },
  { name = "the step when it is more", params = { scale_down_step = 3, scale_down_percent = 10 }, old_object = deployment(10), object = deployment(7), objects = rest, expect = "allow" },
  { name = "a percentage of few nodes still lets one go", params = { scale_down_percent = 10 }, old_object = deployment(3), object = deployment(2), objects = rest, expect = "allow" },
  { name = "down by more than a step, approved on the pool", params = { scale_down_step = 3 }, old_object = deployment(10), object = deployment(1, approve "md-0"), objects = rest, expect = "allow" },
  { name = "down by more than a step, another pool approved", params = { scale_down_step = 3 }, old_object = deployment(10), object = deployment(1, approve "md-1"), objects = rest, expect = "deny" },
  { name = "to none", old_object = deployment(3), object = deployment(0), objects = rest,
    expect = "deny", at = "spec.replicas", message = "pool md-0 may not go from 3 nodes to none without approval" },
  { name = "to none, approved", old_object = deployment(3), object = deployment(0, approve "md-0"), objects = rest, expect = "allow" },
  { name = "to none, the policy does not mind", params = { zero_needs_approval = false }, old_object = deployment(3), object = deployment(0), objects = rest, expect = "allow" },
  { name = "a new pool may have none", object = deployment(0), objects = rest, expect = "allow" },
  { name = "/scale to none leaves the number out", subresource = "scale", parent = deployment(3), old_object = scale(3),
    object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = meta "md-0", spec = {} }, objects = rest, expect = "deny", message = "to none" },
  { name = "/scale to none, approved on the Cluster", subresource = "scale", parent = deployment(3), old_object = scale(3), object = scale(0),
    objects = { cluster(nil, nil, approve "md-7, md-0"), aws, control_plane(3) }, expect = "allow" },
  { name = "/scale to none, nothing else has been seen", subresource = "scale", parent = deployment(3), old_object = scale(3), object = scale(0), expect = "deny" },
  { name = "topology: to none", old_object = topology(3, 3), object = topology(3, 0), objects = { class, class_template }, expect = "deny",
    at = "spec.topology.workers.machineDeployments[0].replicas" },
  { name = "topology: to none, approved", old_object = topology(3, 3), object = topology(3, 0, approve "md-0"), objects = { class, class_template }, expect = "allow" },
  { name = "what the autoscaler writes passes", params = { scale_down_step = 1 }, old_object = autoscaled(9, "0", "10"), object = autoscaled(0, "0", "10"), objects = rest, expect = "allow" },
  { name = "a lower maximum takes nodes away", params = { scale_down_step = 1 }, old_object = autoscaled(9, "1", "10"), object = autoscaled(9, "1", "5"), objects = rest,
    expect = "deny", message = "pool md-0 loses 4 of 9 nodes" },
  { name = "what a provider writes passes", params = { scale_down_step = 1 }, old_object = machine_pool(9, "AWSMachinePool", managed_by), object = machine_pool(0, "AWSMachinePool", managed_by),
    objects = { cluster(), aws, control_plane(3), infra_pool("AWSMachinePool", { minSize = 0, maxSize = 10 }) }, expect = "allow" },

  -- Size of the cluster: pools, control plane and what rolling updates add
  { name = "a cluster at the limit", params = { max_per_cluster = 12 }, object = deployment(7), objects = rest, expect = "allow" },
  { name = "surge counts", params = { max_per_cluster = 11 }, object = deployment(7), objects = rest, expect = "deny", message = "the cluster may get 12 nodes" },
  { name = "surge does not count when so set", params = { max_per_cluster = 10, count_surge = false }, object = deployment(7), objects = rest, expect = "allow" },
  { name = "percentages of surge round up", params = { max_per_cluster = 14 }, objects = rest,
    object = (function()
      local pool = deployment(7)
      pool.spec.strategy = { rollingUpdate = { maxSurge = "50%" } }
      return pool
    end)(), expect = "deny", message = "the cluster may get 15 nodes" },
  { name = "v1beta2: no surge on delete", params = { max_per_cluster = 11 }, objects = rest,
    object = (function()
      local pool = deployment(7)
      pool.apiVersion = "cluster.x-k8s.io/v1beta2"
      pool.spec.rollout = { strategy = { type = "OnDelete" } }
      return pool
    end)(), expect = "allow" },
  { name = "other pools count", params = { max_per_cluster = 20 }, object = deployment(7), objects = { cluster(), aws, control_plane(3), deployment(10, nil, "md-1") }, expect = "deny" },
  { name = "a cluster that is too large can shrink", params = { max_per_cluster = 10 }, old_object = deployment(20), object = deployment(15), objects = rest, expect = "allow" },
  { name = "a cluster that is too large can't grow", params = { max_per_cluster = 10 }, old_object = deployment(20), object = deployment(21), objects = rest, expect = "deny" },
  { name = "topology: the whole cluster in one object", params = { max_per_cluster = 10 }, object = topology(3, 9), objects = { class, class_template },
    expect = "deny", message = "the cluster may get 14 nodes" },
  { name = "what a provider writes does not make the cluster too large", params = { max_per_cluster = 10 }, old_object = machine_pool(3, "AWSMachinePool", managed_by),
    object = machine_pool(30, "AWSMachinePool", managed_by), objects = { cluster(), aws, control_plane(3), infra_pool("AWSMachinePool", { minSize = 1 }) }, expect = "allow" },
  { name = "pools that have not been seen", params = { max_per_cluster = 100 }, object = deployment(7), expect = "unknown" },

  -- What is not known
  { name = "an unresolved number is never a pass", params = { max_per_pool = 10 }, object = deployment "${WORKER_MACHINE_COUNT}", objects = rest, expect = "unknown" },
  { name = "an unresolved control plane", object = control_plane "${CONTROL_PLANE_MACHINE_COUNT}", objects = { cluster(), aws }, expect = "unknown" },
  { name = "kubectl scale over the limit, of a pool that has not been seen",
    params = { max_per_pool = 10 }, subresource = "scale", operation = "UPDATE",
    object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = { name = "md-0", namespace = "prod" }, spec = { replicas = 50 } },
    old_object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = { name = "md-0", namespace = "prod" }, spec = { replicas = 3 } },
    unseen_parent = { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment", metadata = { name = "md-0", namespace = "prod" } },
    expect = "deny", at = "spec.replicas", message = "pool md-0 of 50 nodes is over the limit" },
  { name = "kubectl scale down to a size that is still over the limit, of a pool that has not been seen",
    params = { max_per_pool = 10 }, subresource = "scale", operation = "UPDATE",
    object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = { name = "md-0", namespace = "prod" }, spec = { replicas = 40 } },
    old_object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = { name = "md-0", namespace = "prod" }, spec = { replicas = 50 } },
    unseen_parent = { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment", metadata = { name = "md-0", namespace = "prod" } },
    expect = "unknown" },

  -- Over all clusters
  { name = "nodes of the namespace that fit", params = { max_nodes_per_namespace = 7 }, object = deployment(2), objects = rest, expect = "allow" },
  { name = "too many nodes for the namespace", params = { max_nodes_per_namespace = 7 }, object = deployment(4), objects = rest,
    expect = "deny", message = "namespace prod has no room for 5 more nodes: 4 of 7" },
  { name = "too many nodes for the fleet", params = { max_nodes_fleet = 7 }, object = deployment(3),
    objects = { cluster(), aws, control_plane(3), other_cluster, other_pool(4) },
    expect = "deny", message = "the fleet is full: 8 of 7 nodes", count = 1 },
  { name = "another namespace does not count", params = { max_nodes_per_namespace = 8 }, object = deployment(3),
    objects = { cluster(), aws, control_plane(3), other_cluster, other_pool(40) }, expect = "allow" },
  { name = "/scale beyond the room of the namespace", params = { max_nodes_per_namespace = 9 }, subresource = "scale", parent = deployment(3),
    old_object = scale(3), object = scale(6), objects = { cluster(), aws, control_plane(3) }, expect = "deny", message = "namespace prod has no room for 3 more nodes" },
  { name = "/scale down in a namespace that is over its limit", params = { max_nodes_per_namespace = 1 }, subresource = "scale", parent = deployment(3),
    old_object = scale(3), object = scale(2), objects = { cluster(), aws, control_plane(3) }, expect = "allow" },
  { name = "nodes without an inventory", params = { max_nodes_fleet = 7 }, object = deployment(3), expect = "unknown" },
}
