-- Flux Kustomizations and HelmReleases that deliver clusters: what they would do to them.
local delivery = {}

delivery.params = {
  cluster_paths = { type = "list", items = "string", default = { "*capi/clusters*", "*cluster-api/clusters*" },
    description = "Paths (globs) of Kustomizations that deliver clusters, besides those whose health checks or inventory say." },
  cluster_charts = { type = "list", items = "string", default = {},
    description = "Charts (globs) of HelmReleases that deliver clusters, besides those whose inventory says so." },
  cluster_namespaces = { type = "list", items = "string", default = {},
    description = "Namespaces (globs) into which Flux delivers clusters." },
}

-- Text at a path, "" when there is none.
local function text_at(of, path)
  local value = object.kind_of(of) == "map" and object.at(of, path)
  return (type(value) == "string" or value == unknown) and value or ""
end

local function items_at(of, path)
  local value = object.at(of, path)
  return (value == unknown or object.kind_of(value) == "list") and value or {}
end

-- Entries of the live object read prod_eu-1_cluster.x-k8s.io_Cluster.
local function holds_clusters(of)
  for _, entry in ipairs(items_at(of, "status.inventory.entries")) do
    if text.ends_with(text_at(entry, "id"), "_cluster.x-k8s.io_Cluster") then
      return true
    end
  end
  return false
end

local function waits_for_clusters(of)
  for _, check in ipairs(items_at(of, "spec.healthChecks")) do
    if text_at(check, "kind") == "Cluster" and text.starts_with(text_at(check, "apiVersion"), "cluster.x-k8s.io/") then
      return true
    end
  end
  return false
end

local function is_remote(of)
  return object.at(of, "spec.kubeConfig") ~= nil -- into a workload cluster
end

local function delivers_clusters(of, kind, params)
  if holds_clusters(of) then
    return true
  elseif is_remote(of) then
    return false
  end
  local target, own = text_at(of, "spec.targetNamespace"), text_at(of, "metadata.namespace")
  if waits_for_clusters(of) or text.glob_any(params.cluster_namespaces, target ~= "" and target or own) then
    return true
  elseif kind == "Kustomization" then
    return text.glob_any(params.cluster_paths, text_at(of, "spec.path"))
  end
  return text.glob_any(params.cluster_charts, text_at(of, "spec.chart.spec.chart"))
    or text.glob_any(params.cluster_charts, text_at(of, "spec.chartRef.name"))
end

-- What Flux does to the delivered objects when the Kustomization or HelmRelease itself is deleted.
function delivery.deletes_all(of, kind)
  if object.at(of, "spec.suspend") == true then
    return false
  elseif kind == "HelmRelease" then
    return true
  end
  local policy_of = object.at(of, "spec.deletionPolicy") or "MirrorPrune"
  return policy_of == "Delete" or policy_of == "WaitForTermination"
    or (policy_of == "MirrorPrune" and object.at(of, "spec.prune") == true)
end

-- Why its deletion takes clusters along: text for a message, or nil.
function delivery.takes_along(change, params)
  local of, kind = change.old_object, change.kind
  if not delivery.deletes_all(of, kind) then
    return nil
  end
  local delivers = delivers_clusters(of, kind, params) or change.delivers
  if delivers == true or (known(delivers) and #delivers > 0) then
    return "the clusters that it delivers go with it"
  end
end

local function deny(report, path, value, what, allowed)
  report.deny { at = path,
    message = ("%s %s"):format(value, what),
    detail = ("got %s; allowed %s"):format(value, allowed),
    hint = ("set %s: %s"):format(path, allowed) }
end

local function judge_kustomization(change, params, report)
  local of = change.object
  local force, prune = object.at(of, "spec.force"), object.at(of, "spec.prune")
  local on_delete = object.at(of, "spec.deletionPolicy")
  if not delivers_clusters(of, change.kind, params) and not holds_clusters(change.old_object) then
    if force == true and not is_remote(of) then
      report.warn { at = "spec.force",
        message = "true deletes and creates again what can't be updated; never deliver clusters by it" }
    end
    return
  end
  if force == true then
    deny(report, "spec.force", "true", "lets Flux delete clusters and create them again", "false")
  end
  if on_delete == "Delete" or on_delete == "WaitForTermination" then
    deny(report, "spec.deletionPolicy", on_delete, "deletes the clusters with the Kustomization", "Orphan")
  end
  if prune == true and on_delete ~= "Orphan" then
    deny(report, "spec.prune", "true", "deletes a cluster whose file is moved or lost", "false")
  elseif prune == true then
    report.warn { at = "spec.prune", message = "true still deletes a cluster whose file is moved or lost" }
  end
end

local function judge_release(change, params, report)
  local of = change.object
  if not delivers_clusters(of, change.kind, params) and not holds_clusters(change.old_object) then
    return
  end
  if object.at(of, "spec.upgrade.remediation.strategy") == "uninstall" then
    deny(report, "spec.upgrade.remediation.strategy", "uninstall", "deletes the cluster when an upgrade fails", "rollback")
  end
  local last_failure = "spec.install.remediation.remediateLastFailure"
  if object.at(of, last_failure) == true then
    deny(report, last_failure, "true", "deletes the cluster when it is slow to come up", "false")
  end
  if object.at(of, "spec.upgrade.force") == true then
    deny(report, "spec.upgrade.force", "true", "lets Helm delete the cluster and create it again", "false")
  end
end

function delivery.judge(change, params, report)
  local judge = change.kind == "Kustomization" and judge_kustomization or judge_release
  judge(change, params, report)
end

-- "Delete and create again" when an update is refused: for a cluster, that is its end.
function delivery.judge_force(change, report)
  local forced = "kustomize.toolkit.fluxcd.io/force"
  for _, map in ipairs { "annotations", "labels" } do
    local path = "metadata." .. map .. '["' .. forced .. '"]'
    local value = text_at(change.object, path)
    if value ~= "" and text.lower(value) == "enabled" then
      report.deny { at = path, message = ("%s lets Flux delete the object and create it again"):format(value),
        detail = ("got %s; allowed disabled or nothing"):format(value), hint = ("remove %s"):format(forced) }
    end
  end
  local path = 'metadata.annotations["argocd.argoproj.io/sync-options"]'
  for _, option in ipairs(text.split(text_at(change.object, path), ",")) do
    local name = text.lower(text.trim(option))
    if name == "force=true" or name == "replace=true" then
      report.deny { at = path, message = ("%s lets Argo CD delete the object and create it again"):format(text.trim(option)),
        detail = ("got %s; allowed options without it"):format(text.trim(option)), hint = "remove the option" }
    end
  end
end

return delivery
