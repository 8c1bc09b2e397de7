-- Deletes are judged like creates: a protected cluster, and what hangs on it, goes only when its deletion was approved
-- in Git before. What could take clusters along (Flux, Helm, namespaces, definitions) is judged too.

local protection = require "lib/protection"
local delivery = require "lib/delivery"

-- What the deletion of an object means for clusters; the first that matches holds. Other kinds are left alone.
local roles = {
  { group = "cluster.x-k8s.io", kind = "Cluster", role = "cluster" },
  { group = "cluster.x-k8s.io", kind = "MachineDeployment", role = "pool" },
  { group = "*cluster.x-k8s.io", kind = "*MachinePool", role = "pool" },
  { group = "*cluster.x-k8s.io", kind = "*ControlPlane", role = "part" },
  { group = "*infrastructure.cluster.x-k8s.io", kind = "*Cluster", role = "part" },
  { group = "*infrastructure.cluster.x-k8s.io", kind = "*Identity", role = "shared" },
  { group = "cluster.x-k8s.io", kind = "ClusterClass", role = "shared" },
  { group = "", kind = "Namespace", role = "shared" },
  { group = "", kind = "Secret", role = "secret" },
  { group = "apiextensions.k8s.io", kind = "CustomResourceDefinition", role = "definition" },
  { group = "kustomize.toolkit.fluxcd.io", kind = "Kustomization", role = "delivery" },
  { group = "helm.*fluxcd.io", kind = "HelmRelease", role = "delivery" },
}

local function role_of(change)
  for _, entry in ipairs(roles) do
    if text.glob(entry.group, change.group) and text.glob(entry.kind, change.kind) then
      return entry.role
    end
  end
end

local function own_reason(change, params)
  local why = protection.reason_of(change.old_object, params.protected_labels)
  return why and ("it is protected by its %s"):format(why)
end

-- Why the cluster of this object is to stay, and its name; nil also when its deletion is approved or under way. A Cluster
-- that has not been seen ends the run as unknown.
local function cluster_reason(change, params)
  local cluster = change.before
  if not cluster or cluster.deleting == true or protection.is_moving(change.old_object, cluster.paused) then
    return nil
  end
  local why = protection.reason(cluster.labels, cluster.annotations, params.protected_labels)
  if why and cluster.annotations[protection.approval] ~= cluster.name then
    return ("its cluster %s is protected by its %s"):format(cluster.name, why), cluster.name
  end
end

local function size_reason(change, params)
  local count = change.before.control_plane_replicas or 0
  for _, pool in ipairs(change.before.pools) do
    count = count + (pool.replicas or 0)
  end
  return count >= params.protected_nodes and ("it has %d nodes"):format(count)
end

-- gone: the name of a pool that is being deleted, of which the provider's half may still be there.
local function count_pools(cluster, gone)
  local count, system = 0, 0
  for _, pool in ipairs(cluster and cluster.pools or {}) do
    if not pool.deleting and not (gone and pool.name == gone) then
      count, system = count + 1, system + (pool.system and 1 or 0)
    end
  end
  return count, system
end

-- What the change leaves the cluster without, or nil.
local function lost_pools(change)
  local gone = change.operation == "DELETE" and change.name or nil
  local had, had_system = count_pools(change.before)
  local has, has_system = count_pools(change.after, gone)
  if had > 0 and has == 0 then
    return "last pool"
  end
  return had_system > 0 and has_system == 0 and "last System pool" or nil
end

-- Keys that nobody can make again. A kubeconfig is made again by its controller, unless it is marked itself.
local function key_reason(change)
  local old = change.old_object
  local of_cluster = object.at(old, 'metadata.labels["cluster.x-k8s.io/cluster-name"]') ~= nil
    or old.type == "cluster.x-k8s.io/secret"
  for _, ending in ipairs(of_cluster and { "-ca", "-etcd", "-sa", "-proxy" } or {}) do
    if text.ends_with(change.name, ending) then
      return "its cluster can't be reached or repaired without this key"
    end
  end
end

-- Role → why the object may not be deleted unless that was approved, or nil; and the cluster whose approval does.
local reasons = {
  cluster = function(change, params)
    return own_reason(change, params) or (params.protected_nodes and size_reason(change, params))
  end,
  part = function(change, params)
    local own = own_reason(change, params)
    if own then
      return own
    end
    return cluster_reason(change, params)
  end,
  pool = function(change, params)
    if protection.annotation(change.old_object, protection.mark) == "true" then
      return "it is protected by its annotation " .. protection.mark
    end
    local lost = lost_pools(change)
    if lost then
      local why, cluster = cluster_reason(change, params)
      return why and ("it is the %s and %s"):format(lost, why), cluster
    end
  end,
  secret = function(change, params)
    return key_reason(change) or own_reason(change, params)
  end,
  shared = own_reason,
  definition = function(change)
    return text.ends_with(change.name, ".cluster.x-k8s.io") and "every object of that kind goes with it, unasked"
  end,
  delivery = function(change, params)
    return delivery.takes_along(change, params)
  end,
}

-- Cluster API and the garbage collector only carry out what was judged on the Cluster. The namespace controller deletes
-- everything that it finds: it may not take a cluster that is to stay, nor parts of it.
local function is_carried_out(change, role, params)
  if role == "cluster" then
    return protection.is_moving(change.old_object, object.at(change.old_object, "spec.paused"))
  elseif change.user.name == "system:serviceaccount:kube-system:namespace-controller" then
    return not change.before or change.before.deleting == true
  end
  return text.glob_any(params.controllers, change.user.name)
end

-- Many clusters that go in a short time are most likely a mistake, even if each may go.
local function judge_number(change, role, params, report)
  local clusters = role == "cluster" and 1 or nil
  if role == "delivery" and delivery.deletes_all(change.old_object, change.kind) then
    clusters = change.delivers
  end
  if clusters then
    report.deletes { clusters = clusters, by = change.user.name, max = params.breaker_max,
      percent = params.breaker_percent, window = params.breaker_window_minutes * 60 }
  end
end

local function judge_approval(change, role, params, report)
  local why, cluster = reasons[role](change, params)
  if why then
    local approval = ("%s: %s"):format(protection.approval, cluster or change.name)
    report.deny {
      message = "deletion is not approved: " .. why,
      detail = ("got no approval; allowed with the annotation %s"):format(approval),
      hint = ("it takes two merges: annotate the %s with %s in the first, remove it in the second"):format(
        cluster and "Cluster" or change.kind, approval) }
    return false
  elseif role == "cluster" then
    report.warn { message = "the cluster is not protected: its machines and networks go with it" }
  elseif role == "part" and change.before and change.before.deleting ~= true then
    report.warn { message = "it should go by deleting its Cluster, or cloud resources stay behind" }
  elseif change.kind == "ClusterClass" or text.ends_with(change.kind, "Identity") then
    report.warn { message = "it may be in use by clusters" }
  end
  return true
end

local function judge_delete(change, role, params, report)
  if is_carried_out(change, role, params) then
    return
  elseif protection.is_approved(change.old_object) or judge_approval(change, role, params, report) then
    judge_number(change, role, params, report)
  end
end

-- A topology loses its pools by an update of the Cluster.
local function judge_topology(change, params, report)
  local old = change.old_object
  if not object.at(old, "spec.topology") or not own_reason(change, params) or protection.is_approved(old) then
    return
  end
  local lost = lost_pools(change)
  if lost then
    report.deny { at = "spec.topology.workers",
      message = ("the %s of a protected cluster may not be removed"):format(lost),
      detail = "got none; allowed 1 or more",
      hint = ("keep one, or annotate it with %s: %s in a merge of its own first"):format(protection.approval, change.name) }
  end
end

local function is_approver(user, params)
  for _, group in ipairs(user.groups) do
    if text.glob_any(params.approvers, group) then
      return true
    end
  end
  return text.glob_any(params.approvers, user.name)
end

-- Marks of protection, and approvals, are changed by approvers where there are any; else the merge is the approval.
local function judge_marks(change, params, report)
  local old, new = change.old_object, change.object
  local is_same = old and object.at(old, "metadata.labels") == object.at(new, "metadata.labels")
    and object.at(old, "metadata.annotations") == object.at(new, "metadata.annotations")
  if not old or is_same or protection.is_moving(new, object.at(new, "spec.paused")) then
    return
  end
  local was, is = protection.reason_of(old, params.protected_labels), protection.reason_of(new, params.protected_labels)
  local mark = was and not is and "protection" or nil
  local approval = protection.annotation(new, protection.approval)
  if approval ~= protection.annotation(old, protection.approval) and #params.approvers > 0 then
    mark = mark or "approval"
  end
  if not mark then
    return
  end
  local name = mark == "approval" and protection.approval or protection.mark
  local at = ('metadata.annotations["%s"]'):format(name)
  local nobody = #params.approvers == 0 or change.user.name == "" -- in check, reviewers of the merge are asked
  if nobody then
    report.warn { at = at, message = ("this changes the %s"):format(mark) }
  elseif not is_approver(change.user, params) then
    report.deny { at = at,
      message = ("%s may not change the %s"):format(change.user.name, mark),
      detail = ("got a change by %s; allowed %s"):format(change.user.name, text.join(params.approvers, ", ")),
      hint = "ask an approver to merge or apply it" }
  end
end

return policy {
  name = "prune-safety",
  title = "No cluster is deleted by accident",
  description = [[
A protected cluster (label `environment: production` or `prod`, or annotation `fleetgate.dev/protected: "true"`) is deleted
only after its deletion was approved: annotation `fleetgate.dev/allow-delete: NAME`, with the object's own name, in an
earlier merge. The same for its control plane, infrastructure and last pool, for keys of any cluster, for Flux
Kustomizations and HelmReleases that would take clusters along, and for definitions of Cluster API kinds. Other clusters
may go, with a warning. Passed always: objects that are deleting already, what hangs on a cluster that is deleting, moves by
clusterctl, and what Cluster API's controllers delete. One identity may delete `breaker_max` clusters within
`breaker_window_minutes`, approved or not, one by one or by a Kustomization or HelmRelease. Options by which Flux, Helm or Argo CD delete and create again are
denied.]],
  severity = "critical",
  category = "deletion",
  match = { objects = {
    { group = "*cluster.x-k8s.io" },
    { group = "kustomize.toolkit.fluxcd.io", kind = "Kustomization" },
    { group = "helm.*fluxcd.io", kind = "HelmRelease" },
    { group = "", kind = "Namespace", operations = { "UPDATE", "DELETE" } },
    { group = "", kind = "Secret", operations = { "DELETE" } },
    { group = "apiextensions.k8s.io", kind = "CustomResourceDefinition", operations = { "DELETE" } },
  } },
  params = {
    protected_labels = protection.labels_param,
    protected_nodes = { type = "integer", minimum = 1, optional = true,
      description = "Clusters with this many nodes are protected, whatever their labels." },
    breaker_max = { type = "integer", minimum = 1, default = 3,
      description = "Most clusters that one identity may delete within the window." },
    breaker_percent = { type = "integer", minimum = 1, maximum = 100, optional = true,
      description = "The same as a percentage of all clusters; the smaller holds, at least one cluster." },
    breaker_window_minutes = { type = "integer", minimum = 1, maximum = 1440, default = 10,
      description = "Length of the window." },
    approvers = { type = "list", items = "string", default = {},
      description = "Users and groups (globs) who may change marks of protection and approvals; none: whoever may merge. "
        .. "Where merges approve, name Flux's service account too." },
    controllers = { type = "list", items = "string", description = "Who deletes what hangs on a deleted cluster; globs.",
      default = { "system:serviceaccount:kube-system:generic-garbage-collector",
        "system:serviceaccount:cap*-system:*manager", "system:serviceaccount:rke2-*-system:*manager",
        "system:serviceaccount:k0smotron:*manager" } },
    cluster_paths = delivery.params.cluster_paths,
    cluster_charts = delivery.params.cluster_charts,
    cluster_namespaces = delivery.params.cluster_namespaces,
  },

  validate = function(change, params, report)
    local role = role_of(change)
    if change.operation == "DELETE" then
      if role then
        judge_delete(change, role, params, report)
      end
      return
    end
    judge_marks(change, params, report)
    if role == "delivery" then
      delivery.judge(change, params, report)
    else
      delivery.judge_force(change, report)
    end
    if role == "cluster" and change.old_object then
      judge_topology(change, params, report)
    end
  end,
}
