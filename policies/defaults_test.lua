local function cluster(labels, annotations, spec, version)
  return { apiVersion = "cluster.x-k8s.io/" .. (version or "v1beta1"), kind = "Cluster",
    metadata = { name = "eu-7", namespace = "prod", labels = labels, annotations = annotations }, spec = spec or {
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", name = "eu-7" } } }
end
local aws = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", metadata = { name = "eu-7", namespace = "prod" }, spec = { region = "eu-west-1" } }
local function azure(location)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureCluster", metadata = { name = "eu-7", namespace = "prod" }, spec = { location = location } }
end
local function azure_cluster()
  return cluster(nil, nil, { infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureCluster", name = "eu-7" } })
end

local function control_plane(spec, annotations)
  return { apiVersion = "controlplane.cluster.x-k8s.io/v1beta1", kind = "KubeadmControlPlane",
    metadata = { name = "eu-7", namespace = "prod", annotations = annotations }, spec = spec }
end

local function workers(kind, version, replicas, annotations, infra)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = kind, metadata = { name = "md-0", namespace = "prod", annotations = annotations },
    spec = { clusterName = "eu-7", replicas = replicas, template = { spec = { clusterName = "eu-7", version = version,
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = infra or "AWSMachineTemplate", name = "md-0" } } } } }
end

local production = { environment = "production" }
local prune = 'metadata.annotations["kustomize.toolkit.fluxcd.io/prune"]'
local function pruned(value, more)
  local annotations = { ["kustomize.toolkit.fluxcd.io/prune"] = value }
  for key, other in pairs(more or {}) do
    annotations[key] = other
  end
  return annotations
end
local approval = { ["fleetgate.dev/allow-delete"] = "eu-7" }

return {
  -- Pruning
  { name = "a protected Cluster is not pruned", object = cluster(production), patch = { [prune] = "disabled" } },
  { name = "a Cluster with the mark is not pruned", object = cluster(nil, { ["fleetgate.dev/protected"] = "true" }), patch = { [prune] = "disabled" } },
  { name = "v1beta2", object = cluster(production, nil, nil, "v1beta2"), patch = { [prune] = "disabled" } },
  { name = "other Clusters are pruned", object = cluster { environment = "dev" }, patch = {} },
  { name = "no Cluster is pruned", params = { prune_disabled = "all" }, object = cluster(), patch = { [prune] = "disabled" } },
  { name = "nothing is said about pruning", params = { prune_disabled = "none" }, object = cluster(production), patch = {} },
  { name = "annotations that a manifest leaves empty", object = cluster(production, null), patch = { [prune] = "disabled" } },
  { name = "labels that a manifest leaves empty", object = cluster(null, null), patch = {} },
  { name = "what the object says stays", object = cluster(production, pruned "enabled"), patch = {} },
  { name = "applied again: nothing to do", object = cluster(production, pruned "disabled"), patch = {} },
  { name = "an update that leaves it out gets it back", old_object = cluster(production, pruned "disabled"), object = cluster(production), patch = { [prune] = "disabled" } },
  { name = "what was there before wins", old_object = cluster(production, pruned "enabled"), object = cluster(production), patch = { [prune] = "enabled" } },
  { name = "an approved deletion lifts it", old_object = cluster(production, pruned "disabled"), object = cluster(production, pruned("disabled", approval)), patch = { [prune] = "approved" } },
  { name = "an approved deletion needs none", object = cluster(production, approval), patch = {} },
  { name = "an approval that is taken back", old_object = cluster(production, pruned("approved", approval)), object = cluster(production, pruned "approved"), patch = { [prune] = "disabled" } },
  { name = "on the move", old_object = cluster(production), object = cluster(production, { ["clusterctl.cluster.x-k8s.io/delete-for-move"] = "" }), patch = {} },
  { name = "deleting", object = (function()
      local object = cluster(production)
      object.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"
      return object
    end)(), old_object = (function()
      local object = cluster(production)
      object.metadata.deletionTimestamp = "2026-01-01T00:00:00Z"
      return object
    end)(), matches = false },

  -- Versions
  { name = "KubeadmControlPlane", object = control_plane { version = "1.31.2", replicas = 3 }, patch = { ["spec.version"] = "v1.31.2" } },
  { name = "with its v already", object = control_plane { version = "v1.31.2", replicas = 3 }, patch = {} },
  { name = "without a patch it would still be refused", object = control_plane { version = "1.31", replicas = 3 }, patch = {} },
  { name = "a number is left for people to mend", object = control_plane { version = 1.3, replicas = 3 }, patch = {} },
  { name = "an alias", object = control_plane { version = "latest", replicas = 3 }, patch = {} },
  { name = "an unresolved version", object = control_plane { version = "${KUBERNETES_VERSION}", replicas = 3 }, patch = {} },
  { name = "MachineDeployment", object = workers("MachineDeployment", "1.31.2"), patch = { ["spec.template.spec.version"] = "v1.31.2" } },
  { name = "MachinePool", object = workers("MachinePool", "1.31.2"), patch = { ["spec.template.spec.version"] = "v1.31.2" } },
  { name = "a MachinePool of ROSA has OpenShift's version", object = workers("MachinePool", "4.16.1", 3, nil, "ROSAMachinePool"), patch = {} },
  { name = "no version", object = workers "MachineDeployment", patch = {} },
  { name = "topology", object = cluster(nil, nil, { topology = { class = "aws", version = "1.31.2" } }), patch = { ["spec.topology.version"] = "v1.31.2" } },
  { name = "vendor builds", object = control_plane { version = "1.30.2+vmware.1" }, patch = { ["spec.version"] = "v1.30.2+vmware.1" } },
  { name = "GKE keeps its own form", object = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "GCPManagedControlPlane",
      metadata = { name = "eu-7", namespace = "prod" }, spec = { location = "us-central1", version = "1.31.1-gke.100" } }, matches = false },

  -- Labels
  { name = "labels of a namespace", params = { namespace_labels = { ["pro*"] = "team=a, cost-centre=42", ["dev"] = "team=b" } }, object = cluster(),
    patch = { ["metadata.labels.team"] = "a", ["metadata.labels.cost-centre"] = "42" } },
  { name = "a label that is there stays", params = { namespace_labels = { prod = "team=a,owner=x" } }, object = cluster { team = "b" }, patch = { ["metadata.labels.owner"] = "x" } },
  { name = "no region label unless asked", object = cluster(), objects = { aws }, patch = {} },
  { name = "the region as a label", params = { region_label = "region" }, object = cluster(), objects = { aws }, patch = { ["metadata.labels.region"] = "eu-west-1" } },
  { name = "a label with a prefix", params = { region_label = "example.com/region" }, object = cluster(), objects = { aws },
    patch = { ['metadata.labels["example.com/region"]'] = "eu-west-1" } },
  { name = "the region in another spelling", params = { region_label = "region" }, object = azure_cluster(), objects = { azure "West Europe" }, patch = { ["metadata.labels.region"] = "westeurope" } },
  { name = "a region that is no label value", params = { region_label = "region" }, object = azure_cluster(), objects = { azure "west/europe" }, patch = {} },
  { name = "a region that has not been seen", params = { region_label = "region" }, object = cluster(), patch = {} },
  { name = "a region label that is there stays", params = { region_label = "region" }, object = cluster { region = "mars" }, objects = { aws }, patch = {} },

  -- Replicas
  { name = "no number unless asked", object = control_plane { version = "v1.31.2" }, patch = {} },
  { name = "a control plane that names no number", params = { control_plane_replicas = 3 }, object = control_plane { version = "v1.31.2" }, patch = { ["spec.replicas"] = 3 } },
  { name = "a control plane that names one", params = { control_plane_replicas = 3 }, object = control_plane { version = "v1.31.2", replicas = 1 }, patch = {} },
  { name = "a pool that names no number", params = { pool_replicas = 2 }, object = workers("MachineDeployment", "v1.31.2"), patch = { ["spec.replicas"] = 2 } },
  { name = "a pool that an update leaves without number", params = { pool_replicas = 2 }, old_object = workers("MachineDeployment", "v1.31.2", 7),
    object = workers("MachineDeployment", "v1.31.2"), patch = { ["spec.replicas"] = 7 } },
  { name = "never where an autoscaler writes it", params = { pool_replicas = 2 }, patch = {}, object = workers("MachineDeployment", "v1.31.2", nil, {
      ["cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"] = "1", ["cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"] = "9" }) },
  { name = "never where a provider writes it", params = { pool_replicas = 2 }, patch = {},
    object = workers("MachinePool", "v1.31.2", nil, { ["cluster.x-k8s.io/replicas-managed-by"] = "external-autoscaler" }) },
  { name = "on a delete nothing", old_object = cluster(production), matches = false },
}
