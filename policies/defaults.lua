-- Fills in what is left out. Every default is a function of the object alone and leaves what is there as it is, so that
-- Flux, Helm and kubectl apply it again without drift.

local protection = require "lib/protection"

local prune = "kustomize.toolkit.fluxcd.io/prune"

-- Flux skips objects with prune: disabled and forgets them. So only protected clusters get it: others must go when their
-- file goes. An approved deletion lifts it, or the second merge would do nothing.
local function default_prune(change, params, patch)
  local mode = params.prune_disabled
  if mode == "none" or protection.annotation(change.object, protection.moving) then
    return
  end
  local path = ('metadata.annotations["%s"]'):format(prune)
  local value = object.at(change.object, path)
  if protection.is_approved(change.object) then
    if type(value) == "string" and text.lower(value) == "disabled" then
      patch.set(path, "approved")
    end
  elseif value == "approved" then
    patch.set(path, "disabled")
  elseif mode == "all" or protection.reason_of(change.object, params.protected_labels) then
    patch.default(path, "disabled")
  end
end

-- Cluster API wants v1.31.2. Only Kubernetes versions: ROSA has OpenShift's (4.16.1), GKE aliases (latest).
local function default_v_prefix(change, path, patch)
  local value = object.at(change.object, path)
  if type(value) ~= "string" or text.starts_with(value, "v") then
    return
  end
  local parsed = version.parse(value)
  if parsed and parsed.major == 1 and parsed.has_patch then
    patch.set(path, "v" .. value)
  end
end

local function default_region_label(change, params, patch)
  local region = params.region_label and change.after and change.after.region
  if not known(region) then
    return -- comes with a later apply, when the infrastructure has been seen
  end
  local value = text.lower(text.replace(region, " ", ""))
  if text.is_label_value(value) then
    patch.default(('metadata.labels["%s"]'):format(params.region_label), value)
  end
end

-- "team=a, cost-centre=42" for the namespaces that match.
local function default_namespace_labels(change, params, patch)
  for pattern, labels in pairs(params.namespace_labels) do
    if text.glob(pattern, change.namespace) then
      for _, label in ipairs(text.split(labels, ",")) do
        local parts = text.split(text.trim(label), "=", 2)
        assert(parts[2], "namespace_labels: write NAME=VALUE, NAME=VALUE")
        patch.default(('metadata.labels["%s"]'):format(text.trim(parts[1])), text.trim(parts[2]))
      end
    end
  end
end

-- Never where an autoscaler or a provider writes them.
local function default_replicas(change, count, patch)
  local annotations = object.at(change.object, "metadata.annotations")
  for _, name in ipairs(count and object.keys(annotations) or {}) do
    if text.starts_with(name, "cluster.x-k8s.io/cluster-api-autoscaler-node-group-")
      or name == "cluster.x-k8s.io/replicas-managed-by" then
      return
    end
  end
  if count then
    patch.default("spec.replicas", count)
  end
end

return policy {
  name = "defaults",
  title = "Safe defaults for clusters",
  description = [[
Adds the `v` that Cluster API wants before versions, `kustomize.toolkit.fluxcd.io/prune: disabled` on protected Clusters,
and what the parameters ask for: labels by namespace, a label with the region, numbers of replicas. What an object says
itself is never changed, and on an update what was there before wins.]],
  severity = "low",
  category = "defaults",
  match = { objects = {
    { group = "cluster.x-k8s.io", kind = "Cluster", operations = { "CREATE", "UPDATE" } },
    { group = "cluster.x-k8s.io", kind = "MachineDeployment", operations = { "CREATE", "UPDATE" } },
    { group = "cluster.x-k8s.io", kind = "MachinePool", operations = { "CREATE", "UPDATE" } },
    { group = "controlplane.cluster.x-k8s.io", kind = "KubeadmControlPlane", operations = { "CREATE", "UPDATE" } },
  } },
  params = {
    prune_disabled = { type = "string", enum = { "protected", "all", "none" }, default = "protected",
      description = "Which Clusters Flux must not prune." },
    protected_labels = protection.labels_param,
    namespace_labels = { type = "map", items = "string", default = {},
      description = "Namespace glob to labels that its Clusters get: NAME=VALUE, NAME=VALUE." },
    region_label = { type = "string", optional = true, description = "Label of the Cluster that gets its region." },
    control_plane_replicas = { type = "integer", minimum = 1, optional = true,
      description = "Machines of a KubeadmControlPlane that names no number; use an odd one." },
    pool_replicas = { type = "integer", minimum = 0, optional = true,
      description = "Nodes of a MachineDeployment or MachinePool that names no number and is not autoscaled." },
  },

  mutate = function(change, params, patch)
    if change.kind == "Cluster" then
      default_prune(change, params, patch)
      default_v_prefix(change, "spec.topology.version", patch)
      default_namespace_labels(change, params, patch)
      default_region_label(change, params, patch)
    elseif change.kind == "KubeadmControlPlane" then
      default_v_prefix(change, "spec.version", patch)
      default_replicas(change, params.control_plane_replicas, patch)
    else
      default_v_prefix(change, "spec.template.spec.version", patch)
      default_replicas(change, params.pool_replicas, patch)
    end
  end,
}
