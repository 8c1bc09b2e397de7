local function aws(region, zones)
  local subnets = {}
  for i, zone in ipairs(zones or {}) do
    subnets[i] = { id = "subnet-" .. i, availabilityZone = zone }
  end
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster",
    metadata = { name = "eu-7", namespace = "prod" },
    spec = { region = region, network = #subnets > 0 and { subnets = subnets } or nil } }
end

local function infra(kind, spec, version)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/" .. (version or "v1beta1"), kind = kind,
    metadata = { name = "eu-7", namespace = "prod" }, spec = spec }
end

local function cluster(infra_kind, labels)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster",
    metadata = { name = "eu-7", namespace = "prod", labels = labels },
    spec = { infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = infra_kind, name = "eu-7" } } }
end

local function topology(region, labels)
  return { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "Cluster",
    metadata = { name = "eu-7", namespace = "prod", labels = labels },
    spec = { topology = { classRef = { name = "aws" }, version = "v1.31.2",
      variables = { { name = "region", value = region } } } } }
end

local class = { apiVersion = "cluster.x-k8s.io/v1beta2", kind = "ClusterClass", metadata = { name = "aws", namespace = "prod" },
  spec = { infrastructure = { templateRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate", name = "aws" } } } }
local class_template = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate",
  metadata = { name = "aws", namespace = "prod" }, spec = { template = { spec = {} } } }

local function deployment(zone)
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment", metadata = { name = "md-0", namespace = "prod" },
    spec = { clusterName = "eu-7", replicas = 3, template = { spec = { clusterName = "eu-7", version = "v1.31.2", failureDomain = zone,
      bootstrap = { configRef = { apiVersion = "bootstrap.cluster.x-k8s.io/v1beta1", kind = "KubeadmConfigTemplate", name = "md-0" } },
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSMachineTemplate", name = "md-0" } } } } }
end

-- A cluster of two objects and, where nodes are given, a pool.
local function fleet(...)
  local objects = {}
  for _, entry in ipairs { ... } do
    local name, region, nodes = entry[1], entry[2], entry[3]
    table.insert(objects, { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster", metadata = { name = name, namespace = "prod" },
      spec = { infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", name = name } } })
    table.insert(objects, { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster",
      metadata = { name = name, namespace = "prod" }, spec = { region = region } })
    if nodes then
      table.insert(objects, { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachineDeployment", metadata = { name = name .. "-md", namespace = "prod" },
        spec = { clusterName = name, replicas = nodes, strategy = { type = "OnDelete" }, template = { spec = { clusterName = name } } } })
    end
  end
  return objects
end
local function pool(replicas)
  local md = deployment()
  md.spec.replicas, md.spec.strategy = replicas, { type = "OnDelete" }
  return md
end
local two = { max_clusters = 2 }

local ireland = { allowed = { "eu-west-1", "eu-central-*" } }

return {
  -- Regions
  { name = "no list: every region passes", object = aws "eu-north-1", objects = { cluster "AWSCluster" }, expect = "allow" },
  { name = "a region on the list", params = ireland, object = aws "eu-west-1", objects = { cluster "AWSCluster" }, expect = "allow" },
  { name = "a region that a glob on the list matches", params = ireland, object = aws "eu-central-2", objects = { cluster "AWSCluster" }, expect = "allow" },
  { name = "a region that is not listed", params = ireland, object = aws "eu-north-1",
    expect = "deny", at = "spec.region", message = "region eu-north-1 is not allowed", count = 1 },
  { name = "a closed region", params = { denied = { "us-*" } }, object = aws "us-east-1",
    expect = "deny", at = "spec.region", message = "region us-east-1 is closed to clusters" },
  { name = "closed wins over allowed", params = { allowed = { "*" }, denied = { "us-*" } }, object = aws "us-east-1", expect = "deny" },
  { name = "a region for one namespace only", params = { allowed = { "eu-west-1" }, namespaces = { ["pro*"] = "eu-north-1, us-*" } },
    object = aws "us-east-1", objects = { cluster "AWSCluster" }, expect = "allow" },
  { name = "the namespace's list is in place of the general one",
    params = { allowed = { "eu-west-1" }, namespaces = { ["pro*"] = "eu-north-1, us-*" } },
    object = aws "eu-west-1", expect = "deny", message = "region eu-west-1 is not allowed" },
  { name = "another namespace's list does not count",
    params = { allowed = { "eu-west-1" }, namespaces = { ["team-*"] = "us-*" } }, object = aws "us-east-1", expect = "deny" },
  { name = "GovCloud", params = { allowed = { "us-gov-*" } }, object = aws("us-gov-west-1", { "us-gov-west-1a" }), expect = "allow" },
  { name = "v1beta1 AWSCluster", params = ireland, object = infra("AWSCluster", { region = "eu-north-1" }), expect = "deny", at = "spec.region" },
  { name = "AzureCluster by its display name", params = { allowed = { "westeurope" } },
    object = infra("AzureCluster", { location = "West Europe" }), objects = { cluster "AzureCluster" }, expect = "allow" },
  { name = "AzureManagedControlPlane", params = { allowed = { "westeurope" } },
    object = infra("AzureManagedControlPlane", { location = "eastus", version = "v1.31.2" }), expect = "deny", at = "spec.location" },
  { name = "ASO: the region of an embedded object", params = { allowed = { "westeurope" } },
    object = infra("AzureASOManagedControlPlane", { version = "v1.31.2", resources = {
      { apiVersion = "containerservice.azure.com/v1api20240901", kind = "ManagedCluster", spec = { location = "eastus" } } } }),
    expect = "deny", at = "spec.resources[0].spec.location" },
  { name = "GKE: a zone as location lies in its region", params = { allowed = { "us-central1" } },
    object = infra("GCPManagedControlPlane", { location = "us-central1-a", project = "p" }), expect = "allow" },
  { name = "GKE: a zone as location in a region that is not allowed", params = { allowed = { "europe-west4" } },
    object = infra("GCPManagedControlPlane", { location = "us-central1-a", project = "p" }),
    expect = "deny", at = "spec.location", message = "region us-central1 is not allowed" },
  { name = "every region of a Hetzner cluster counts", params = { allowed = { "fsn1", "nbg1" } },
    object = infra("HetznerCluster", { controlPlaneRegions = { "fsn1", "hel1" } }),
    expect = "deny", at = "spec.controlPlaneRegions[1]", message = "region hel1", count = 1 },
  { name = "a subnet of a GCPCluster in another region", params = { allowed = { "europe-west4" } },
    object = infra("GCPCluster", { region = "europe-west4", network = { subnets = { { name = "a", region = "us-east1" } } } }),
    expect = "deny", at = "spec.network.subnets[0].region" },
  { name = "a template", params = ireland,
    object = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate",
      metadata = { name = "t", namespace = "prod" }, spec = { template = { spec = { region = "eu-north-1" } } } },
    expect = "deny", at = "spec.template.spec.region" },
  { name = "a template that leaves the region open", params = ireland, expect = "allow", object = class_template },
  { name = "a class is judged with its clusters", params = ireland, expect = "allow", object = class },
  { name = "an EKS control plane", params = ireland,
    object = { apiVersion = "controlplane.cluster.x-k8s.io/v1beta2", kind = "AWSManagedControlPlane",
      metadata = { name = "eu-7", namespace = "prod" }, spec = { region = "eu-north-1", version = "v1.31" } },
    expect = "deny", at = "spec.region" },
  { name = "a variable of a topology", params = ireland, object = topology "eu-north-1", objects = { class, class_template },
    expect = "deny", at = "spec.topology.variables[0].value" },
  { name = "a variable of a topology, allowed", params = ireland, object = topology "eu-west-1", objects = { class, class_template },
    expect = "allow" },
  { name = "a kind called Cluster of another group is not ours", params = ireland,
    object = { apiVersion = "anywhere.eks.amazonaws.com/v1alpha1", kind = "Cluster", metadata = { name = "x", namespace = "prod" },
      spec = { region = "eu-north-1" } }, matches = false },

  { name = "a zone of OpenStack says nothing about its region", objects = { cluster "OpenStackCluster" }, expect = "allow",
    object = infra("OpenStackCluster", { controlPlaneAvailabilityZones = { "nova" }, identityRef = { name = "clouds-yaml" } }) },

  -- What is not known
  { name = "an unresolved region is never a pass", params = ireland, object = aws "${AWS_REGION}", expect = "unknown" },
  { name = "a Cluster before its infrastructure", params = ireland, object = cluster "AWSCluster", expect = "unknown" },
  { name = "a Cluster before its infrastructure, nothing limited", object = cluster "AWSCluster", expect = "allow" },
  { name = "a Cluster after its infrastructure", params = ireland, object = cluster "AWSCluster", objects = { aws "eu-north-1" },
    expect = "deny", at = "spec.region" },
  { name = "a provider without regions, nothing limited", object = infra("Metal3Cluster", {}), objects = { cluster "Metal3Cluster" },
    expect = "allow" },
  { name = "a provider without regions", params = ireland, object = cluster "Metal3Cluster",
    objects = { infra("Metal3Cluster", {}) }, expect = "warn", message = "the region of this cluster can't be seen" },
  { name = "a provider without regions, denied", params = { allowed = { "eu-west-1" }, unknown_provider = "deny" },
    object = cluster "Metal3Cluster", objects = { infra("Metal3Cluster", {}) }, expect = "deny", message = "can't be seen" },
  { name = "a provider without regions, allowed", params = { allowed = { "eu-west-1" }, unknown_provider = "allow" },
    object = cluster "Metal3Cluster", objects = { infra("Metal3Cluster", {}) }, expect = "allow" },
  { name = "a label names the region where the provider does not", params = { allowed = { "eu-west-1" }, region_label = "region" },
    object = cluster("Metal3Cluster", { region = "us-east-1" }), objects = { infra("Metal3Cluster", {}) },
    expect = "deny", at = "metadata.labels.region", message = "region us-east-1 is not allowed" },
  { name = "another label names it", params = { allowed = { "eu-west-1" }, region_label = "example.com/region" },
    object = cluster("Metal3Cluster", { ["example.com/region"] = "us-east-1" }), objects = { infra("Metal3Cluster", {}) },
    expect = "deny", at = "metadata.labels", message = "region us-east-1 is not allowed" },
  { name = "an infrastructure kind that nobody knows", params = { allowed = { "eu-west-1" }, unknown_provider = "deny" },
    object = infra("FancyCluster", { size = 3 }), objects = { cluster "FancyCluster" }, expect = "deny", message = "can't be seen" },

  { name = "an infrastructure kind that nobody knows names its region", params = { allowed = { "eu-west-1" }, unknown_provider = "deny" },
    object = infra("FancyCluster", { region = "eu-west-1" }), objects = { cluster "FancyCluster" }, expect = "allow" },

  -- Zones
  { name = "zones in the region", object = aws("us-west-2", { "us-west-2a", "us-west-2b" }), expect = "allow" },
  { name = "a local zone", object = aws("us-west-2", { "us-west-2-lax-1a" }), expect = "allow" },
  { name = "a Wavelength zone", object = aws("us-east-1", { "us-east-1-wl1-bos-wlz-1" }), expect = "allow" },
  { name = "a zone of another region", object = aws("eu-west-1", { "eu-west-1a", "eu-west-2a" }),
    expect = "deny", at = "spec.network.subnets[1].availabilityZone", message = "zone eu-west-2a does not lie in region eu-west-1", count = 1 },
  { name = "a region whose name begins like the zone's", object = aws("us-west-2", { "us-west-20a" }), expect = "deny" },
  { name = "numbers of Azure zones say nothing about regions",
    object = infra("AzureCluster", { location = "westeurope", failureDomains = { ["1"] = { controlPlane = true } } }), expect = "allow" },
  { name = "GCP zones in the region", object = infra("GCPCluster", { region = "us-central1", failureDomains = { "us-central1-a" } }), expect = "allow" },
  { name = "a GCP zone of another region",
    object = infra("GCPCluster", { region = "us-central1", failureDomains = { "us-central1-a", "us-east1-b" } }),
    expect = "deny", at = "spec.failureDomains[1]" },
  { name = "a zone that is not allowed", params = { allowed_zones = { "eu-west-1a" } }, object = aws("eu-west-1", { "eu-west-1b" }),
    expect = "deny", message = "zone eu-west-1b is not allowed" },
  { name = "a closed zone", params = { denied_zones = { "*-lax-*" } }, object = aws("us-west-2", { "us-west-2-lax-1a" }),
    expect = "deny", message = "zone us-west-2-lax-1a is closed" },
  { name = "a pool in a zone of another region", object = deployment "eu-north-1a", objects = { cluster "AWSCluster", aws "eu-west-1" },
    expect = "deny", at = "spec.template.spec.failureDomain", message = "zone eu-north-1a does not lie in region eu-west-1" },
  { name = "a pool in a zone of the region", object = deployment "eu-west-1a", objects = { cluster "AWSCluster", aws "eu-west-1" },
    expect = "allow" },
  { name = "a pool whose region has not been seen", object = deployment "eu-west-1a", expect = "unknown" },

  -- Changes
  { name = "the region cannot be changed", old_object = aws "eu-west-1", object = aws "eu-north-1",
    expect = "deny", at = "spec.region", message = "cannot be changed from eu-west-1 to eu-north-1" },
  { name = "the region cannot be changed, nothing else has been seen", old_object = aws "eu-west-1", object = aws "eu-north-1", expect = "deny" },
  { name = "the region of a topology cannot be changed", old_object = topology "eu-west-1", object = topology "eu-north-1",
    objects = { class, class_template }, expect = "deny", at = "spec.topology.variables[0].value" },
  { name = "the same region in another spelling", old_object = infra("AzureCluster", { location = "West Europe" }),
    object = infra("AzureCluster", { location = "westeurope" }), objects = { cluster "AzureCluster" }, expect = "allow" },
  { name = "what was there before the limit stays", params = ireland, old_object = aws "eu-north-1",
    object = aws("eu-north-1", { "eu-north-1a" }), expect = "allow" },
  { name = "a delete is not judged", params = ireland, old_object = aws "eu-north-1", matches = false },

  { name = "a scale set in another location", object = infra("AzureMachinePool", { location = "eastus" }, "v1beta1"), expect = "deny", at = "spec.location",
    message = "location eastus is not the cluster's, westeurope", objects = { cluster "AzureCluster", infra("AzureCluster", { location = "westeurope" }),
      { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "MachinePool", metadata = { name = "eu-7", namespace = "prod" }, spec = { clusterName = "eu-7",
        template = { spec = { infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta1", kind = "AzureMachinePool", name = "eu-7" } } } } } } },

  -- The region label
  { name = "no label asked for", object = aws "eu-west-1", objects = { cluster("AWSCluster", { region = "mars" }) }, expect = "allow" },
  { name = "the label equals the region", params = { region_label = "region" }, object = aws "eu-west-1",
    objects = { cluster("AWSCluster", { region = "eu-west-1" }) }, expect = "allow" },
  { name = "the label says another region", params = { region_label = "region" },
    object = cluster("AWSCluster", { region = "eu-north-1" }), objects = { aws "eu-west-1" },
    expect = "deny", message = "label region is eu-north-1 but the region is eu-west-1" },
  { name = "the label is missing", params = { region_label = "region" }, object = cluster "AWSCluster", objects = { aws "eu-west-1" },
    expect = "deny", message = "label region is not set" },
  { name = "the label of a topology", params = { region_label = "region" }, object = topology("eu-west-1", { region = "eu-west-1" }),
    objects = { class, class_template }, expect = "allow" },
  { name = "the label of a Cluster that has not been seen", params = { region_label = "region" }, object = aws "eu-west-1",
    expect = "unknown" },

  -- Room in a region
  { name = "a place is left", params = two, object = aws "eu-west-1", objects = fleet({ "a", "eu-west-1" }, { "b", "us-east-1" }),
    objects_before = { cluster "AWSCluster" }, objects_after = { cluster "AWSCluster" }, expect = "allow" },
  { name = "no place is left", params = two, object = aws "eu-west-1", objects = fleet({ "a", "eu-west-1" }, { "b", "eu-west-1" }),
    expect = "deny", at = "spec.region", message = "region eu-west-1 is full: 2 of 2 clusters", count = 1 },
  { name = "no place is left for a Cluster's infrastructure", params = two, object = aws "eu-west-1", objects = fleet({ "a", "eu-west-1" }, { "b", "eu-west-1" }),
    objects_before = { cluster "AWSCluster" }, objects_after = { cluster "AWSCluster" }, expect = "deny", message = "region eu-west-1 is full: 2 of 2 clusters" },
  { name = "another region has room", params = two, object = aws "us-east-1", objects = fleet({ "a", "eu-west-1" }, { "b", "eu-west-1" }),
    objects_before = { cluster "AWSCluster" }, objects_after = { cluster "AWSCluster" }, expect = "allow" },
  { name = "names of regions are compared in normal form", params = two, object = infra("AzureCluster", { location = "West Europe" }),
    objects = fleet({ "a", "westeurope" }, { "b", "WestEurope" }), expect = "deny", message = "region westeurope is full" },
  { name = "a Cluster whose infrastructure is there", params = two, object = cluster "AWSCluster",
    objects = fleet({ "a", "eu-west-1" }, { "b", "eu-west-1" }), objects_after = { aws "eu-west-1" }, objects_before = { aws "eu-west-1" },
    expect = "deny", message = "region eu-west-1 is full: 2 of 2 clusters" },
  { name = "its infrastructure held the place already", params = two, object = cluster "AWSCluster",
    objects = fleet { "a", "eu-west-1" }, objects_after = { aws "eu-west-1" }, objects_before = { aws "eu-west-1" }, expect = "allow" },
  { name = "a topology that names its region", params = two, object = topology "eu-west-1",
    objects = fleet({ "a", "eu-west-1" }, { "b", "eu-west-1" }), objects_after = { class, class_template }, expect = "deny" },
  { name = "an update takes no new place", params = { max_clusters = 1 }, old_object = aws "eu-west-1", object = aws("eu-west-1", { "eu-west-1a" }),
    objects = fleet({ "a", "eu-west-1" }, { "b", "eu-west-1" }), expect = "allow" },
  { name = "no inventory", params = two, object = aws "eu-west-1", expect = "unknown", at = "spec.region" },
  { name = "the region is not resolved", params = two, object = aws "${REGION}", objects = fleet { "a", "eu-west-1" }, expect = "unknown" },
  { name = "a template takes no place", params = { max_clusters = 0 }, object = class_template, objects = {}, expect = "allow" },
  { name = "nodes that fit", params = { max_nodes = 10 }, object = pool(4), objects = fleet({ "a", "eu-west-1", 6 }, { "eu-7", "eu-west-1" }), expect = "allow" },
  { name = "nodes that do not fit", params = { max_nodes = 10 }, object = pool(5), objects = fleet({ "a", "eu-west-1", 6 }, { "eu-7", "eu-west-1" }),
    expect = "deny", message = "region eu-west-1 has no room for 5 more nodes: 6 of 10", count = 1 },
  { name = "fewer nodes in a region that is over its limit", params = { max_nodes = 1 }, old_object = pool(5), object = pool(4),
    objects = fleet({ "a", "eu-west-1", 6 }, { "eu-7", "eu-west-1" }), expect = "allow" },
}
