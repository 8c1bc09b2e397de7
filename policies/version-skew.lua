-- Kubernetes versions move forward one minor at a time, and nodes stay within reach of their control plane
-- (https://kubernetes.io/releases/version-skew-policy/).

local pools = require "lib/pools"

-- On the object that holds the version; its value is the version to go back to.
local rollback_annotation = 'metadata.annotations["fleetgate.dev/allow-rollback"]'

-- Why a version can't be used, or nil. The provider chooses for an alias ("latest", "-"): nothing to compare.
local function fault_of(value, flavour, params)
  local parsed, reason = version.parse(value)
  if reason == "alias" and text.glob_any(params.alias_flavours, flavour) then
    return nil
  elseif not parsed then
    return "is not a version"
  elseif not parsed.has_patch and not text.glob_any(params.short_flavours, flavour) then
    return "names no patch release"
  end
end

-- Text of a version that can be compared, else nil. What is wrong with it was said by judge_form.
local function comparable(value)
  return known(value) and version.valid(value) and value or nil
end

local function minor_text(value, offset)
  local parsed = version.parse(value)
  return ("v%d.%d"):format(parsed.major, parsed.minor + (offset or 0))
end

local function judge_form(owner, what, cluster, params, report)
  local value = owner.version
  local flavour = known(cluster.flavour) and cluster.flavour or ""
  local fault = known(value) and fault_of(value, flavour, params)
  if fault then
    report.deny { at = owner:origin("version"),
      message = ("%s version %s %s"):format(what, text.quote(value), fault),
      detail = ("got %s; allowed are versions like v1.31.2"):format(text.quote(value)), hint = "write the version in full" }
  end
end

-- Whether it is one. supported: whether the provider can go back, asked only when somebody approved it.
local function judge_downgrade(change, was, owner, what, supported, report)
  local now = owner.version
  if not version.is_downgrade(was, now) then
    return false
  end
  if object.at(change.object, rollback_annotation) ~= now or not supported() then
    report.deny { at = owner:origin("version"),
      message = ("%s version %s is older than %s"):format(what, now, was),
      detail = ("got %s; allowed %s or newer"):format(now, was),
      hint = ("keep %s; where one can go back, annotate it with fleetgate.dev/allow-rollback: %s"):format(was, now) }
  end
  return true
end

-- Cluster API takes a topology through the versions that its ClusterClass lists, one by one; a class that has not been
-- seen lists none. AKS jumps from one minor with long-term support to another, and from an unsupported one to the oldest
-- supported.
local function may_skip(change, was, params)
  local cluster = change.after
  if change.kind == "Cluster" and known(cluster.version_set) and cluster.version_set then
    return true
  elseif cluster.flavour ~= "aks" then
    return false
  end
  local ends, oldest = 0, params.min_supported
  for _, minor in ipairs(params.lts_minors) do
    ends = ends + (version.same_minor(minor, was) and 1 or 0) + (version.same_minor(minor, cluster.version) and 1 or 0)
  end
  return ends == 2
    or (oldest and version.minor_distance(was, oldest) < 0 and version.same_minor(cluster.version, oldest))
end

-- What keeps an upgrade from being finished, or nil.
local function upgrade_in_flight(cluster)
  local wanted, observed = comparable(cluster.version), comparable(cluster.version_observed)
  if wanted and observed and not version.same_minor(wanted, observed) then
    return ("the control plane is at %s on its way to %s"):format(observed, wanted)
  end
  for _, pool in ipairs(cluster.pools) do
    local target, reached = comparable(pool.version), comparable(pool.version_observed)
    if target and reached and not version.same_minor(target, reached) then
      return ("pool %s is at %s on its way to %s"):format(pool.name, reached, target)
    end
    if target and wanted and pool.kubeadm == true and version.minor_distance(wanted, target) > 0 then
      return ("pool %s is still at %s"):format(pool.name, target)
    end
  end
end

-- The control plane from one version to the next.
local function judge_step(change, was, params, report)
  local cluster = change.after
  local now = cluster.version
  local function supported()
    return version.minor_distance(was, now) <= 1 and text.glob_any(params.rollback_flavours, cluster.flavour or "")
  end
  if judge_downgrade(change, was, cluster, "control plane", supported, report) then
    return
  end
  local distance, next_minor = version.minor_distance(now, was), minor_text(was, 1)
  if distance > 1 and not may_skip(change, was, params) then
    report.deny { at = cluster:origin("version"),
      message = ("control plane version %s skips a minor version after %s"):format(now, was),
      detail = ("got %s; allowed %s.* or %s.*"):format(now, minor_text(was), next_minor),
      hint = ("set %s.* and merge, wait until the cluster is ready, then go on to the next minor"):format(next_minor) }
  end
  local busy = distance > 0 and upgrade_in_flight(change.before)
  if busy then
    report.deny { at = cluster:origin("version"),
      message = ("control plane can't go on to %s while %s"):format(now, busy),
      detail = ("got %s; allowed %s.*"):format(now, minor_text(was)),
      hint = "wait until the upgrade is finished and every pool has followed, then merge again" }
  end
end

-- A restored or moved cluster comes back as old as it was: Velero labels it, a move leaves it paused and owned.
local function is_restored(change)
  local of = change.object
  return object.at(of, 'metadata.annotations["clusterctl.cluster.x-k8s.io/delete-for-move"]') ~= nil
    or object.at(of, 'metadata.labels["velero.io/restore-name"]') ~= nil
    or object.at(of, "metadata.ownerReferences[0]") ~= nil or object.at(of, "spec.paused") == true
end

-- min_supported and max_tested. An old cluster must be able to climb step by step, so below is only a warning then.
local function judge_window(change, was, params, report)
  local cluster = change.after
  local now, oldest, newest = cluster.version, params.min_supported, params.max_tested
  if was == now or is_restored(change) then
    return
  end
  if oldest and version.minor_distance(now, oldest) < 0 then
    local tell = was and report.warn or report.deny
    tell { at = cluster:origin("version"),
      message = ("control plane version %s is no longer supported here"):format(now),
      detail = ("got %s; allowed %s or newer"):format(now, oldest), hint = ("use %s or newer"):format(oldest) }
  elseif newest and version.minor_distance(now, newest) > 0 then
    report.deny { at = cluster:origin("version"),
      message = ("control plane version %s has not been tested here"):format(now),
      detail = ("got %s; allowed %s or older"):format(now, newest), hint = ("use %s or older"):format(newest) }
  end
end

-- What the control plane certainly runs: still the old version during a rolling upgrade, or where no status is known.
local function lowest_version(cluster, was)
  return comparable(cluster.version_observed) or was or cluster.version
end

-- Distance in both directions. A topology moves its pools after the control plane.
local function judge_skew(cluster, pool, was, lowest, report)
  local of_pool = pool.version
  if of_pool == cluster.version and (of_pool == lowest or cluster.class ~= nil) then
    return
  end
  local ahead, behind = version.minor_distance(of_pool, lowest), version.minor_distance(cluster.version, of_pool)
  if ahead > 0 then
    report.deny { at = pool:origin("version"), excess = ahead,
      message = ("pool %s version %s is newer than the control plane at %s"):format(pool.name, of_pool, lowest),
      detail = ("got %s; allowed %s.* or older"):format(of_pool, minor_text(lowest)),
      hint = "raise the control plane first, wait until it is ready, then raise the pool in a merge of its own" }
  end
  local reach = version.parse(of_pool).minor < 25 and 2 or 3 -- the age of the kubelet decides
  if behind > reach then
    local raised = was and version.minor_distance(cluster.version, was) > 0
    report.deny { at = raised and cluster:origin("version") or pool:origin("version"), excess = behind - reach,
      message = ("pool %s version %s is %d minors behind the control plane"):format(pool.name, of_pool, behind),
      detail = ("got %d minors behind %s; allowed %d"):format(behind, cluster.version, reach),
      hint = ("raise pool %s to %s.* or newer first"):format(pool.name, minor_text(cluster.version, -reach)) }
  end
end

-- Nodes that join by kubeadm now, and new EKS node groups, must have the control plane's minor.
local function judge_join(change, pool, old, lowest, report)
  local cluster = change.after
  if pool.version == cluster.version then
    return
  end
  local is_node_group = change.operation == "CREATE" and change.name == pool.name
    and object.at(change.object, "spec.template.spec.infrastructureRef.kind") == "AWSManagedMachinePool"
  if version.same_minor(pool.version, cluster.version) or (pool.kubeadm ~= true and not is_node_group) then
    return
  end
  if old and (pool.replicas or 0) <= (old.replicas or 0) then
    return -- no new node
  end
  local in_flight = cluster.class ~= nil or not version.same_minor(cluster.version, lowest)
  local tell = in_flight and report.warn or report.deny
  tell { at = pool:origin("version"),
    message = ("new nodes of pool %s at %s can't join their control plane"):format(pool.name, pool.version),
    detail = ("got %s; allowed %s.*, as the control plane"):format(pool.version, minor_text(cluster.version)),
    hint = ("set the pool's version to %s before it gets new nodes"):format(cluster.version) }
end

local function can_be_replaced()
  return true -- a pool goes back by new nodes
end

-- plane: the control plane's version now (nil when it can't be compared), before, and the lowest that it runs.
local function judge_pool(change, pool, plane, params, report)
  local of_pool = pool.version
  if of_pool ~= plane.now then -- else it was said of the control plane
    judge_form(pool, "pool " .. pool.name, change.after, params, report)
    if not plane.now or not comparable(of_pool) then
      return
    end
  end
  local old = plane.is_update and pools.find(change.before, pool)
  if old and old.version ~= of_pool and comparable(old.version) then
    judge_downgrade(change, old.version, pool, "pool " .. pool.name, can_be_replaced, report)
  end
  judge_skew(change.after, pool, plane.was, plane.lowest, report)
  judge_join(change, pool, old, plane.lowest, report)
end

-- Annotations by which Cluster API is told not to look.
local bypasses = { "unsafe.topology.cluster.x-k8s.io/disable-update-version-check",
  "machineset.cluster.x-k8s.io/skip-preflight-checks" }

local function judge_bypasses(change, params, report)
  local tell = report.warn
  for _, group in ipairs(change.user.groups) do
    tell = text.glob_any(params.tenants, group) and report.deny or tell
  end
  for _, name in ipairs(bypasses) do
    local at = ('metadata.annotations["%s"]'):format(name)
    if object.at(change.object, at) ~= nil and object.at(change.old_object, at) == nil then
      tell { at = at, message = ("annotation %s switches checks of Cluster API off"):format(name),
        detail = "got the annotation; allowed none", hint = "remove the annotation" }
    end
  end
end

return policy {
  name = "version-skew",
  title = "Upgrades go one minor at a time, and nodes stay within reach of the control plane",
  description = [[
Denies downgrades, skipped minors, a minor step while the last one is not finished, pools that are newer than the control
plane or more than three minors older (two, when the nodes are older than 1.25), and nodes that would join by kubeadm with
another minor. ROSA clusters have OpenShift versions and are left alone.]],
  severity = "critical",
  category = "upgrades",
  match = { clusters = true, operations = { "CREATE", "UPDATE" } },
  params = {
    min_supported = { type = "string", optional = true, description = "Oldest version for new clusters, like v1.29." },
    max_tested = { type = "string", optional = true, description = "Newest version that clusters may have, like v1.33." },
    alias_flavours = { type = "list", items = "string", default = { "gke" },
      description = "Flavours (globs) whose provider takes latest, - and an empty version." },
    short_flavours = { type = "list", items = "string", default = { "eks", "gke", "aks" },
      description = "Flavours (globs) whose provider takes a version without patch, like 1.31." },
    rollback_flavours = { type = "list", items = "string", default = { "eks" },
      description = "Flavours (globs) whose control plane can go back one minor, when it is approved." },
    tenants = { type = "list", items = "string", default = {},
      description = "Groups (globs) who may not switch checks of Cluster API off; for others it is a warning." },
    lts_minors = { type = "list", items = "string", default = {},
      description = "AKS minors with long-term support, like 1.27: an upgrade may go from one to another." },
  },

  validate = function(change, params, report)
    local cluster, before = change.after, change.before
    local is_infrastructure = text.glob("*?Cluster", change.kind) and change.kind ~= "VCluster"
    if not cluster or is_infrastructure or text.ends_with(change.kind, "Template") or change.kind == "ClusterClass" then
      return -- they have no version; clusters made from templates are judged
    end
    judge_bypasses(change, params, report)
    if cluster.flavour == "rosa" then
      return
    end
    judge_form(cluster, "control plane", cluster, params, report)
    local had_version = change.operation == "UPDATE" or text.glob("Machine*", change.kind)
    local was = had_version and before and known(before.version) and comparable(before.version) or nil
    local now = comparable(cluster.version)
    if now then
      if was and was ~= now then
        judge_step(change, was, params, report)
      end
      judge_window(change, was, params, report)
    end
    local lowest = now and lowest_version(cluster, was)
    local plane = { now = now, was = was, lowest = lowest, is_update = change.operation == "UPDATE" }
    for _, pool in ipairs(cluster.pools) do
      if known(pool.version) and not pool.deleting then
        judge_pool(change, pool, plane, params, report)
      end
    end
  end,
}
