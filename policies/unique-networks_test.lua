local function cluster(name, pods, more)
  more = more or {}
  return { apiVersion = "cluster.x-k8s.io/v1beta1", kind = "Cluster",
    metadata = { name = name, namespace = more.namespace or "prod" },
    spec = { clusterNetwork = { pods = { cidrBlocks = pods }, services = { cidrBlocks = more.services } },
      controlPlaneEndpoint = more.host and { host = more.host, port = 6443 } or nil,
      infrastructureRef = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", name = name } } }
end

local function aws(name, cidr, region, host)
  return { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSCluster", metadata = { name = name, namespace = "prod" },
    spec = { region = region or "eu-west-1", network = { vpc = { cidrBlock = cidr } },
      controlPlaneEndpoint = host and { host = host, port = 6443 } or nil } }
end

local template = { apiVersion = "infrastructure.cluster.x-k8s.io/v1beta2", kind = "AWSClusterTemplate", metadata = { name = "aws", namespace = "prod" },
  spec = { template = { spec = { network = { vpc = { cidrBlock = "10.0.0.0/16" } } } } } }

local pods = { unique = { "pods" } }
local all = { unique = { "pods", "services", "networks", "endpoints", "names" } }
local others = { cluster("a", { "10.1.0.0/16" }, { services = { "172.16.0.0/16" }, host = "a.example.org" }), aws("a", "10.0.0.0/16") }

return {
  { name = "nothing is listed", object = cluster("b", { "10.1.0.0/16" }), objects = others, expect = "allow" },
  { name = "a range that is free", params = pods, object = cluster("b", { "10.2.0.0/16" }), objects = others, expect = "allow" },
  { name = "the same range", params = pods, object = cluster("b", { "10.1.0.0/16" }), objects = others, expect = "deny",
    at = "spec.clusterNetwork.pods.cidrBlocks[0]", message = "pod CIDR 10.1.0.0/16 overlaps that of Cluster prod/a", count = 1 },
  { name = "a range inside of it", params = pods, object = cluster("b", { "10.2.0.0/16", "10.1.128.0/20" }), objects = others,
    expect = "deny", at = "spec.clusterNetwork.pods.cidrBlocks[1]", count = 1 },
  { name = "a range around it", params = pods, object = cluster("b", { "10.0.0.0/8" }), objects = others, expect = "deny" },
  { name = "its own range stays", params = pods, old_object = cluster("b", { "10.1.0.0/16" }), object = cluster("b", { "10.1.0.0/16" }),
    objects = others, expect = "allow" },
  { name = "a range is added", params = pods, old_object = cluster("b", { "10.2.0.0/16" }), object = cluster("b", { "10.2.0.0/16", "10.1.0.0/24" }),
    objects = others, expect = "deny", at = "spec.clusterNetwork.pods.cidrBlocks[1]", count = 1 },
  { name = "a range that is no pods' does not count", params = pods, object = cluster("b", { "10.0.0.0/16" }), objects = others, expect = "allow" },
  { name = "IPv6", params = pods, object = cluster("b", { "fd00:1::/48" }), objects = { cluster("a", { "fd00::/16" }) }, expect = "deny" },
  { name = "a range that is not resolved", params = pods, object = cluster("b", { "${PODS}" }), objects = others, expect = "unknown" },
  { name = "no inventory", params = pods, object = cluster("b", { "10.2.0.0/16" }), expect = "unknown" },
  { name = "services", params = { unique = { "services" } }, object = cluster("b", nil, { services = { "172.16.1.0/24" } }), objects = others,
    expect = "deny", message = "service CIDR 172.16.1.0/24 overlaps that of Cluster prod/a" },
  { name = "the network of the nodes", params = { unique = { "networks" } }, object = aws("b", "10.0.0.0/16"), objects = others,
    expect = "deny", at = "spec.network.vpc.cidrBlock", message = "network CIDR 10.0.0.0/16 overlaps that of Cluster prod/a" },
  { name = "the same network in another region", params = { unique = { "networks" }, per = "region" }, object = aws("b", "10.0.0.0/16", "us-east-1"),
    objects = others, expect = "allow" },
  { name = "the same network in the same region", params = { unique = { "networks" }, per = "region" }, object = aws("b", "10.0.0.0/16"),
    objects = others, expect = "deny" },
  { name = "the endpoint", params = { unique = { "endpoints" } }, object = aws("b", "10.9.0.0/16", nil, "a.example.org"), objects = others,
    expect = "deny", at = "spec.controlPlaneEndpoint.host", message = "control plane endpoint a.example.org is that of Cluster prod/a too" },
  { name = "the endpoint is its own", params = { unique = { "endpoints" } }, object = aws("a", "10.0.0.0/16", nil, "a.example.org"),
    objects = { cluster("a", nil, { host = "a.example.org" }) }, expect = "allow" },
  { name = "the name in another namespace", params = { unique = { "names" } }, object = cluster("a", nil, { namespace = "dev" }), objects = others,
    expect = "deny", at = "metadata.name", message = "cluster name a is that of Cluster prod/a too" },
  { name = "all at once", params = all, object = cluster("b", { "10.2.0.0/16" }, { services = { "172.17.0.0/16" }, host = "b.example.org" }),
    objects = others, expect = "allow" },
  { name = "a template takes nothing", params = all, object = template, objects = others, expect = "allow" },
  { name = "a word that is none", params = { unique = { "vpcs" } }, object = cluster("b"), expect = "error" },
}
