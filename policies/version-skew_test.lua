local function meta(name, extra)
  local metadata = { name = name, namespace = "prod" }
  for key, value in pairs(extra or {}) do
    metadata[key] = value
  end
  return metadata
end

-- Control planes that Azure and Google Cloud run are infrastructure.
local function group_of(control_plane)
  local is_infrastructure = control_plane == "AzureManagedControlPlane" or control_plane == "AzureASOManagedControlPlane"
    or control_plane == "GCPManagedControlPlane"
  return is_infrastructure and "infrastructure.cluster.x-k8s.io" or "controlplane.cluster.x-k8s.io"
end

-- Cluster of a kind of control plane; v1beta1 references.
local function cluster(control_plane, infra)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", metadata = meta "eu-7", spec = {
    controlPlaneRef = { apiVersion = group_of(control_plane) .. "/v1beta1", kind = control_plane or "KubeadmControlPlane", name = "eu-7" },
    infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = infra or "AWSCluster", name = "eu-7" } } }
end

local function cluster_v1beta2()
  return { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "Cluster", metadata = meta "eu-7", spec = {
    controlPlaneRef = { apiGroup = "controlplane.cluster.x-k8s.io", kind = "KubeadmControlPlane", name = "eu-7" },
    infrastructureRef = { apiGroup = "infrastructure.cluster.x-k8s.io", kind = "AWSCluster", name = "eu-7" } } }
end

local aws = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", metadata = meta "eu-7", spec = { region = "eu-west-1" } }

local function control_plane(version, observed, extra, kind, group_version)
  return { apiVersion = group_version or "controlplane.cluster.x-k8s.io/v1beta1", kind = kind or "KubeadmControlPlane",
    metadata = meta("eu-7", extra), spec = { replicas = 3, version = version },
    status = observed and { version = observed } or nil }
end

local function eks(version, extra)
  return { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "AWSManagedControlPlane", metadata = meta("eu-7", extra),
    spec = { region = "eu-west-1", version = version } }
end

local function aks(version)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureManagedControlPlane", metadata = meta "eu-7",
    spec = { location = "westeurope", version = version } }
end

local function gke(version)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "GCPManagedControlPlane", metadata = meta "eu-7",
    spec = { location = "us-central1", project = "p", version = version } }
end

local function deployment(version, replicas, bootstrap, annotations)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment",
    metadata = meta("md-0", { annotations = annotations, labels = { ["cluster.x-k8s.io/cluster-name"] = "eu-7" } }),
    spec = { clusterName = "eu-7", replicas = replicas or 3, template = { spec = { clusterName = "eu-7", version = version,
      bootstrap = { configRef = { apiVersion = "bootstrap.cluster.x-k8s.io/v1beta1", kind = bootstrap or "KubeadmConfigTemplate", name = "md-0" } },
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSMachineTemplate", name = "md-0" } } } } }
end

local function managed_pool(version)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachinePool", metadata = meta "mp-0",
    spec = { clusterName = "eu-7", replicas = 3, template = { spec = { clusterName = "eu-7", version = version,
      bootstrap = { dataSecretName = "" },
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSManagedMachinePool", name = "mp-0" } } } } }
end
local managed_infra_pool = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSManagedMachinePool", metadata = meta "mp-0",
  spec = { scaling = { minSize = 1, maxSize = 5 } } }
local eks_cluster = cluster("AWSManagedControlPlane", "AWSManagedCluster")

local function topology(version, extra)
  return { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "Cluster", metadata = meta("eu-7", extra), spec = { topology = {
    classRef = { name = "aws" }, version = version, controlPlane = { replicas = 3 },
    workers = { machineDeployments = { { class = "default", name = "md-0", replicas = 3 } } } } } }
end
local function class(versions)
  return { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "ClusterClass", metadata = meta "aws", spec = { kubernetesVersions = versions,
    controlPlane = { templateRef = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "KubeadmControlPlaneTemplate", name = "aws" } },
    infrastructure = { templateRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate", name = "aws" } } } }
end
local class_template = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "KubeadmControlPlaneTemplate", metadata = meta "aws",
  spec = { template = { spec = {} } } }

local rollback = { annotations = { ["fleetgate.dev/allow-rollback"] = "v1.30" } }

return {
  -- One step at a time
  { name = "one minor up", old_object = control_plane "v1.30.4", object = control_plane "v1.31.2", objects = { cluster(), aws }, expect = "allow" },
  { name = "a patch up", old_object = control_plane "v1.30.4", object = control_plane "v1.30.8", objects = { cluster(), aws }, expect = "allow" },
  { name = "several patches up", old_object = control_plane "v1.30.0", object = control_plane "v1.30.14", objects = { cluster(), aws }, expect = "allow" },
  { name = "nothing about versions", old_object = control_plane("v1.30.4", "v1.30.4"),
    object = control_plane("v1.30.4", "v1.30.4", { labels = { a = "b" } }), objects = { cluster(), aws }, expect = "allow" },
  { name = "a skipped minor", old_object = control_plane "v1.29.4", object = control_plane "v1.31.0", objects = { cluster(), aws },
    expect = "deny", at = "spec.version", message = "version v1.31.0 skips a minor version after v1.29.4", count = 1 },
  { name = "a skipped minor: v1beta2", objects = { cluster_v1beta2(), aws },
    old_object = control_plane("v1.29.4", nil, nil, nil, "controlplane.cluster.x-k8s.io/v1beta2"),
    object = control_plane("v1.31.0", nil, nil, nil, "controlplane.cluster.x-k8s.io/v1beta2"), expect = "deny", at = "spec.version" },
  { name = "a skipped minor by a release candidate", old_object = control_plane "v1.31.2", object = control_plane "v1.33.0-rc.1",
    objects = { cluster(), aws }, expect = "deny", message = "skips a minor" },
  { name = "a release candidate of the next minor", old_object = control_plane "v1.32.1", object = control_plane "v1.33.0-rc.1",
    objects = { cluster(), aws }, expect = "allow" },
  { name = "a skipped minor, nothing else has been seen", old_object = control_plane "v1.29.4", object = control_plane "v1.31.0",
    expect = "deny", message = "skips a minor" },
  { name = "one minor up, nothing else has been seen: the pools can't be judged", old_object = control_plane "v1.30.4", object = control_plane "v1.31.2",
    expect = "unknown" },
  { name = "a downgrade, nothing else has been seen", old_object = control_plane "v1.30.4", object = control_plane "v1.29.9",
    expect = "deny", message = "is older than" },
  { name = "AKS: a skipped minor, nothing else has been seen", old_object = aks "v1.30.2", object = aks "v1.32.0", expect = "deny" },
  { name = "a downgrade by a minor", old_object = control_plane "v1.31.2", object = control_plane "v1.30.4", objects = { cluster(), aws },
    expect = "deny", at = "spec.version", message = "version v1.30.4 is older than v1.31.2", count = 1 },
  { name = "a downgrade by a patch", old_object = control_plane "v1.31.2", object = control_plane "v1.31.1", objects = { cluster(), aws },
    expect = "deny", message = "is older than" },
  { name = "from a release back to its candidate", old_object = control_plane "v1.33.0", object = control_plane "v1.33.0-rc.1",
    objects = { cluster(), aws }, expect = "deny", message = "is older than" },
  { name = "another major is a skip", old_object = control_plane "v1.35.0", object = control_plane "v2.0.0", objects = { cluster(), aws },
    expect = "deny", message = "skips a minor" },
  { name = "adding the v is no change", old_object = eks "1.30", object = eks "v1.30", objects = { eks_cluster }, expect = "allow" },
  { name = "RKE2: a newer vendor build", objects = { cluster "RKE2ControlPlane", aws },
    old_object = control_plane("v1.30.2+rke2r1", nil, nil, "RKE2ControlPlane"),
    object = control_plane("v1.30.2+rke2r2", nil, nil, "RKE2ControlPlane"), expect = "allow" },
  { name = "RKE2: an older vendor build", objects = { cluster "RKE2ControlPlane", aws },
    old_object = control_plane("v1.30.2+rke2r10", nil, nil, "RKE2ControlPlane"),
    object = control_plane("v1.30.2+rke2r9", nil, nil, "RKE2ControlPlane"), expect = "deny", message = "is older than" },
  { name = "K0s: a vendor build is not a prerelease", objects = { cluster "K0sControlPlane", aws },
    old_object = control_plane("v1.30.2", nil, nil, "K0sControlPlane"),
    object = control_plane("v1.30.2-k0s.0", nil, nil, "K0sControlPlane"), expect = "allow" },
  { name = "EKS: one minor up", old_object = eks "v1.30", object = eks "v1.31", objects = { eks_cluster }, expect = "allow" },
  { name = "EKS: leaving out the patch is no downgrade", old_object = eks "v1.30.4", object = eks "v1.30", objects = { eks_cluster }, expect = "allow" },
  { name = "EKS: a skipped minor", old_object = eks "v1.29", object = eks "v1.31", objects = { eks_cluster },
    expect = "deny", at = "spec.version", message = "skips a minor" },
  { name = "EKS: a rollback without approval", old_object = eks "v1.31", object = eks "v1.30", objects = { eks_cluster },
    expect = "deny", message = "version v1.30 is older than v1.31" },
  { name = "EKS: an approved rollback by a minor", old_object = eks "v1.31", object = eks("v1.30", rollback), objects = { eks_cluster }, expect = "allow" },
  { name = "EKS: an approval for another version", old_object = eks "v1.30", object = eks("v1.29", rollback), objects = { eks_cluster }, expect = "deny" },
  { name = "EKS: two minors back can't be approved", old_object = eks "v1.32", object = eks("v1.30", rollback), objects = { eks_cluster },
    expect = "deny", message = "is older than" },
  { name = "kubeadm can't roll back, approved or not", old_object = control_plane "v1.31.0",
    object = control_plane("v1.30.0", nil, { annotations = { ["fleetgate.dev/allow-rollback"] = "v1.30.0" } }),
    objects = { cluster(), aws }, expect = "deny" },
  { name = "AKS: a skipped minor", old_object = aks "v1.28.5", object = aks "v1.30.3", objects = { cluster("AzureManagedControlPlane", "AzureManagedCluster") },
    expect = "deny", message = "skips a minor" },
  { name = "AKS: from one long-term version to another", params = { lts_minors = { "1.27", "1.30" } }, old_object = aks "v1.27.9", object = aks "v1.30.3",
    objects = { cluster("AzureManagedControlPlane", "AzureManagedCluster") }, expect = "allow" },
  { name = "AKS: from a long-term version to another that is none", params = { lts_minors = { "1.27", "1.30" } }, old_object = aks "v1.27.9", object = aks "v1.31.3",
    objects = { cluster("AzureManagedControlPlane", "AzureManagedCluster") }, expect = "deny" },
  { name = "AKS: from an unsupported version to the oldest supported", params = { min_supported = "1.30" }, old_object = aks "v1.26.0", object = aks "v1.30.3",
    objects = { cluster("AzureManagedControlPlane", "AzureManagedCluster") }, expect = "allow" },
  { name = "long-term support is for AKS only", params = { lts_minors = { "1.27", "1.30" } }, old_object = eks "v1.27", object = eks "v1.30",
    objects = { eks_cluster }, expect = "deny" },

  -- Topology
  { name = "topology: one minor up, pools follow", old_object = topology "v1.30.4", object = topology "v1.31.2", objects = { class(), class_template }, expect = "allow" },
  { name = "topology: a skipped minor", old_object = topology "v1.29.4", object = topology "v1.31.2", objects = { class(), class_template },
    expect = "deny", at = "spec.topology.version", message = "skips a minor" },
  { name = "topology: a skipped minor that its class lists", old_object = topology "v1.29.4", object = topology "v1.31.2",
    objects = { class { "v1.29.4", "v1.30.4", "v1.31.2" }, class_template }, expect = "allow" },
  { name = "topology: a skipped minor, the class has not been seen", old_object = topology "v1.29.4", object = topology "v1.31.2", expect = "deny" },
  { name = "topology: a downgrade", old_object = topology "v1.31.2", object = topology "v1.30.2", objects = { class(), class_template },
    expect = "deny", at = "spec.topology.version", message = "is older than" },
  { name = "turning a check of Cluster API off", old_object = topology "v1.31.2", objects = { class(), class_template },
    object = topology("v1.31.2", { annotations = { ["unsafe.topology.cluster.x-k8s.io/disable-update-version-check"] = "" } }),
    user = { name = "alice", groups = { "team-a" } }, expect = "warn", message = "switches checks of Cluster API off" },
  { name = "turning a check of Cluster API off, by a tenant", params = { tenants = { "team-*" } },
    object = deployment("v1.31.2", 3, nil, { ["machineset.cluster.x-k8s.io/skip-preflight-checks"] = "All" }),
    objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") }, user = { name = "alice", groups = { "team-a" } },
    expect = "deny", at = 'metadata.annotations["machineset.cluster.x-k8s.io/skip-preflight-checks"]' },
  { name = "topology: turning the check of Cluster API off does not help", old_object = topology "v1.29.4",
    object = topology("v1.31.2", { annotations = { ["unsafe.topology.cluster.x-k8s.io/disable-update-version-check"] = "" } }),
    objects = { class(), class_template }, expect = "deny" },

  { name = "topology: its class and templates are not judged themselves", object = class_template, expect = "allow" },

  -- While an upgrade is in flight
  { name = "the control plane is still on its way", old_object = control_plane("v1.30.4", "v1.29.8"), object = control_plane("v1.31.2", "v1.29.8"),
    objects = { cluster(), aws }, expect = "deny", at = "spec.version", message = "can't go on to v1.31.2 while the control plane is at v1.29.8" },
  { name = "a patch while a minor is on its way", old_object = control_plane("v1.30.4", "v1.29.8"), object = control_plane("v1.30.5", "v1.29.8"),
    objects = { cluster(), aws }, expect = "allow" },
  { name = "a kubeadm pool has not followed yet", old_object = control_plane("v1.30.4", "v1.30.4"), object = control_plane("v1.31.2", "v1.30.4"),
    objects = { cluster(), aws, deployment "v1.29.8" }, expect = "deny", at = "spec.version", message = "while pool md-0 is still at v1.29.8" },
  { name = "a pool is rolling", old_object = control_plane("v1.30.4", "v1.30.4"), object = control_plane("v1.31.2", "v1.30.4"),
    objects = { cluster(), aws, (function()
      local pool = deployment "v1.30.4"
      pool.status = { versions = { { version = "v1.29.8", replicas = 1 }, { version = "v1.30.4", replicas = 2 } } }
      return pool
    end)() }, expect = "deny", message = "while pool md-0 is at v1.29.8 on its way to v1.30.4" },
  { name = "all pools have followed", old_object = control_plane("v1.30.4", "v1.30.4"), object = control_plane("v1.31.2", "v1.30.4"),
    objects = { cluster(), aws, deployment "v1.30.4" }, expect = "allow" },

  -- Skew: raising the control plane
  { name = "a pool three minors behind", old_object = eks "v1.30", object = eks "v1.31", objects = { eks_cluster, managed_pool "v1.28.2", managed_infra_pool }, expect = "allow" },
  { name = "a pool would be four minors behind", old_object = eks "v1.31", object = eks "v1.32", objects = { eks_cluster, managed_pool "v1.28.2", managed_infra_pool },
    expect = "deny", at = "spec.version", message = "pool mp-0 version v1.28.2 is 4 minors behind the control plane" },
  { name = "kubelets before 1.25 only reach two", old_object = eks "v1.26", object = eks "v1.27", objects = { eks_cluster, managed_pool "v1.24.9", managed_infra_pool },
    expect = "deny", message = "pool mp-0 version v1.24.9 is 3 minors behind" },
  { name = "kubelets from 1.25 reach three", old_object = eks "v1.27", object = eks "v1.28", objects = { eks_cluster, managed_pool "v1.25.9", managed_infra_pool }, expect = "allow" },
  { name = "what is out of reach already may stay while nothing else is touched", old_object = eks "v1.32",
    object = eks("v1.32", { labels = { a = "b" } }), objects = { eks_cluster, managed_pool "v1.28.2", managed_infra_pool }, expect = "allow" },

  -- Skew: touching a pool
  { name = "a pool newer than the control plane", old_object = deployment "v1.30.4", object = deployment "v1.31.2",
    objects = { cluster(), aws, control_plane("v1.30.4", "v1.30.4") },
    expect = "deny", at = "spec.template.spec.version", message = "pool md-0 version v1.31.2 is newer than the control plane at v1.30.4" },
  { name = "a pool newer than what the control plane has reached", old_object = deployment "v1.30.4", object = deployment "v1.31.2",
    objects = { cluster(), aws, control_plane("v1.31.2", "v1.30.4") }, expect = "deny", message = "newer than the control plane at v1.30.4" },
  { name = "v1beta2: the lowest of several observed versions counts", old_object = deployment "v1.30.4", object = deployment "v1.31.2",
    objects = { cluster_v1beta2(), aws, (function()
      local plane = control_plane("v1.31.2", nil, nil, nil, "controlplane.cluster.x-k8s.io/v1beta2")
      plane.status = { versions = { { version = "v1.31.2", replicas = 2 }, { version = "v1.30.4", replicas = 1 } } }
      return plane
    end)() }, expect = "deny", message = "newer than the control plane at v1.30.4" },
  { name = "a pool follows", old_object = deployment "v1.30.4", object = deployment "v1.31.2",
    objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") }, expect = "allow" },
  { name = "in a pull request, control plane and pool can't be raised at once", old_object = deployment "v1.30.4", object = deployment "v1.31.2",
    objects = { cluster(), aws }, objects_before = { control_plane "v1.30.4" }, objects_after = { control_plane "v1.31.2" },
    expect = "deny", message = "newer than the control plane at v1.30.4" },
  { name = "a new pool too far behind", object = managed_pool "v1.27.1", objects = { eks_cluster, eks "v1.31", managed_infra_pool },
    expect = "deny", at = "spec.template.spec.version", message = "4 minors behind" },
  { name = "a downgrade of a pool", old_object = managed_pool "v1.30.4", object = managed_pool "v1.29.4", objects = { eks_cluster, eks "v1.31", managed_infra_pool },
    expect = "deny", at = "spec.template.spec.version", message = "pool mp-0 version v1.29.4 is older than v1.30.4" },
  { name = "an approved downgrade of a pool", old_object = managed_pool "v1.30.4",
    object = (function()
      local pool = managed_pool "v1.29.4"
      pool.metadata.annotations = { ["fleetgate.dev/allow-rollback"] = "v1.29.4" }
      return pool
    end)(), objects = { eks_cluster, eks "v1.31", managed_infra_pool }, expect = "allow" },
  { name = "a pool without a version follows its control plane", object = managed_pool(), objects = { eks_cluster, eks "v1.31", managed_infra_pool }, expect = "allow" },

  -- Nodes that join by kubeadm
  { name = "a new kubeadm pool with the control plane's minor", object = deployment "v1.31.0", objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") }, expect = "allow" },
  { name = "a new kubeadm pool with another minor", object = deployment "v1.30.0", objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") },
    expect = "deny", at = "spec.template.spec.version", message = "new nodes of pool md-0 at v1.30.0 can't join their control plane" },
  { name = "scaling a kubeadm pool of another minor up", old_object = deployment("v1.30.0", 3), object = deployment("v1.30.0", 5),
    objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") }, expect = "deny", message = "can't join" },
  { name = "scaling a kubeadm pool of another minor down", old_object = deployment("v1.30.0", 3), object = deployment("v1.30.0", 2),
    objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") }, expect = "allow" },
  { name = "scaling up while an upgrade is in flight", old_object = deployment("v1.30.0", 3), object = deployment("v1.30.0", 5),
    objects = { cluster(), aws, control_plane("v1.31.2", "v1.30.4") }, expect = "warn", message = "can't join" },
  { name = "/scale of a kubeadm pool of another minor", subresource = "scale", parent = deployment("v1.30.0", 3),
    old_object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = meta "md-0", spec = { replicas = 3 } },
    object = { apiVersion = "autoscaling/v1", kind = "Scale", metadata = meta "md-0", spec = { replicas = 5 } },
    objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") }, expect = "deny", message = "can't join" },
  { name = "a new EKS node group with another minor", object = managed_pool "v1.30.0", objects = { eks_cluster, eks "v1.31", managed_infra_pool },
    expect = "deny", message = "new nodes of pool mp-0 at v1.30.0 can't join" },
  { name = "an EKS node group may lag later", old_object = managed_pool "v1.30.0", object = managed_pool "v1.30.1", objects = { eks_cluster, eks "v1.31", managed_infra_pool }, expect = "allow" },
  { name = "other bootstrap providers may lag", object = deployment("v1.30.0", 3, "EKSConfigTemplate"), objects = { eks_cluster, eks "v1.31" }, expect = "allow" },

  -- The window of versions
  { name = "a new cluster below the window", params = { min_supported = "v1.29" }, object = control_plane "v1.28.9", objects = { cluster(), aws },
    expect = "deny", at = "spec.version", message = "version v1.28.9 is no longer supported here" },
  { name = "a new cluster in the window", params = { min_supported = "v1.29", max_tested = "v1.31" }, object = control_plane "v1.31.9", objects = { cluster(), aws }, expect = "allow" },
  { name = "a new cluster above the window", params = { max_tested = "v1.31" }, object = control_plane "v1.32.0", objects = { cluster(), aws },
    expect = "deny", message = "version v1.32.0 has not been tested here" },
  { name = "an old cluster climbs below the window", params = { min_supported = "v1.29" }, old_object = control_plane "v1.26.1", object = control_plane "v1.27.1",
    objects = { cluster(), aws }, expect = "warn", message = "no longer supported" },
  { name = "an upgrade above the window", params = { max_tested = "v1.31" }, old_object = control_plane "v1.31.1", object = control_plane "v1.32.1",
    objects = { cluster(), aws }, expect = "deny", message = "has not been tested" },
  { name = "an old cluster that stays", params = { min_supported = "v1.29" }, old_object = control_plane "v1.26.1",
    object = control_plane("v1.26.1", nil, { labels = { a = "b" } }), objects = { cluster(), aws }, expect = "allow" },
  { name = "a cluster that clusterctl moves here", params = { min_supported = "v1.29" }, objects = { cluster(), aws },
    object = control_plane("v1.26.1", nil, { ownerReferences = { { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", name = "eu-7", uid = "u" } } }), expect = "allow" },
  { name = "a cluster with the mark of a move", params = { min_supported = "v1.29" }, objects = { cluster(), aws },
    object = control_plane("v1.26.1", nil, { annotations = { ["clusterctl.cluster.x-k8s.io/delete-for-move"] = "" } }), expect = "allow" },
  { name = "a cluster that Velero restores", params = { min_supported = "v1.29" }, objects = { cluster(), aws },
    object = control_plane("v1.26.1", nil, { labels = { ["velero.io/restore-name"] = "r" } }), expect = "allow" },
  { name = "a paused topology is being moved", params = { min_supported = "v1.29" }, objects = { class(), class_template },
    object = (function()
      local moved = topology "v1.26.1"
      moved.spec.paused = true
      return moved
    end)(), expect = "allow" },

  -- The form of versions
  { name = "not a version", object = control_plane "stable", objects = { cluster(), aws }, expect = "deny", at = "spec.version", message = 'version "stable" is not a version' },
  { name = "an alias that the provider does not take", object = control_plane "latest", objects = { cluster(), aws }, expect = "deny" },
  { name = "kubeadm without a patch", object = control_plane "v1.31", objects = { cluster(), aws }, expect = "deny", message = "names no patch release" },
  { name = "GKE: latest", object = gke "latest", objects = { cluster("GCPManagedControlPlane", "GCPManagedCluster") }, expect = "allow" },
  { name = "GKE: a minor", object = gke "1.31", objects = { cluster("GCPManagedControlPlane", "GCPManagedCluster") }, expect = "allow" },
  { name = "GKE: a build", old_object = gke "1.31.1-gke.100", object = gke "1.31.1-gke.1500", objects = { cluster("GCPManagedControlPlane", "GCPManagedCluster") }, expect = "allow" },
  { name = "GKE: no version, the channel decides", object = gke(), objects = { cluster("GCPManagedControlPlane", "GCPManagedCluster") }, expect = "allow" },
  { name = "AKS: a minor", object = aks "1.31", objects = { cluster("AzureManagedControlPlane", "AzureManagedCluster") }, expect = "allow" },
  { name = "a pool's version is not one", object = deployment "one", objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") },
    expect = "deny", at = "spec.template.spec.version", message = 'pool md-0 version "one" is not a version' },
  { name = "an unquoted version is a number and can't be read", object = control_plane(1.3), objects = { cluster(), aws }, expect = "unknown" },
  { name = "an unresolved version is never a pass", object = control_plane "${KUBERNETES_VERSION}", objects = { cluster(), aws }, expect = "unknown" },
  { name = "an unresolved version of a pool", object = deployment "${KUBERNETES_VERSION}", objects = { cluster(), aws, control_plane("v1.31.2", "v1.31.2") }, expect = "unknown" },
  { name = "a pool whose control plane has not been seen", object = deployment "v1.31.2", expect = "unknown" },
  { name = "ROSA has OpenShift's versions",
    old_object = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "ROSAControlPlane", metadata = meta "eu-7", spec = { version = "4.14.5", region = "us-east-1" } },
    object = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "ROSAControlPlane", metadata = meta "eu-7", spec = { version = "4.16.1", region = "us-east-1" } },
    objects = { cluster("ROSAControlPlane", "ROSACluster") }, expect = "allow" },
  { name = "a version without quotes, of a pool whose cluster has not been seen",
    object = { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment", metadata = { name = "md", namespace = "prod" },
      spec = { clusterName = "c", replicas = 3, template = { spec = { version = 1.30 } } } },
    expect = "unknown", at = "spec.template.spec.version" },
}
