-- How many machines a pool and a cluster may have, how many may go at once, and an odd number for control planes.

local pools = require "lib/pools"

local approval = "fleetgate.dev/allow-scale-down"

-- Named in the annotation on the reviewed object or on the Cluster: md-0, md-1.
local function is_approved(change, name)
  local path = ('metadata.annotations["%s"]'):format(approval)
  local on_cluster = change.after.annotations -- unknown when the Cluster has not been seen: then only the object counts
  for _, place in ipairs { object.at(change.object, path) or "", known(on_cluster) and on_cluster[approval] or "" } do
    for _, approved in ipairs(text.split(tostring(place), ",")) do
      if text.trim(approved) == name then
        return true
      end
    end
  end
  return false
end

-- The most nodes that a pool may get, and the field that says so. Limits of regional GKE pools are per zone.
local function size_of(pool)
  local max = pool.max
  if max then
    return max * (pool.zone_count or 1), "max"
  end
  return pool.replicas or 0, "replicas"
end

local function judge_control_plane(change, params, report)
  local cluster = change.after
  local count = cluster.control_plane_replicas
  if not known(count) then
    return -- somebody else runs it; or it has not been seen, and the pools can still be judged
  end
  local at = cluster:origin("control_plane_replicas")
  local is_even = count % 2 == 0 and not text.glob_any(params.hosted_flavours, cluster.flavour or "")
  if is_even and (count < 1 or not cluster.external_etcd) then
    report.deny { at = at,
      message = ("a control plane of %d machines can't keep a quorum"):format(count),
      detail = ("got %d; allowed an odd number, or any from 1 with external etcd"):format(count),
      hint = ("set %d or %d"):format(math.max(count - 1, 1), count + 1) }
  end
  local was = change.operation == "UPDATE" and change.before.control_plane_replicas or nil
  local shrinks = known(was) and was >= 3 and count < 3
  if shrinks and params.shrink_needs_approval and not is_approved(change, change.name) then
    report.deny { at = at,
      message = ("a control plane may not shrink from %d machines to %d without approval"):format(was, count),
      detail = ("got %d; allowed 3 or more"):format(count),
      hint = ("annotate it with %s: %s in a merge of its own, then lower the number"):format(approval, change.name) }
  end
end

-- A pool that can't be judged must not keep the others from it.
local function is_known(pool)
  local is_sized = pool.replicas ~= unknown and pool.min ~= unknown and pool.max ~= unknown
  return is_sized and pool.zone_count ~= unknown and pool.deleting ~= unknown
end

local function judge_size(pool, size, field, params, report)
  if params.max_per_pool and size > params.max_per_pool then
    report.deny { at = pool:origin(field), excess = size - params.max_per_pool,
      message = ("pool %s of %d nodes is over the limit"):format(pool.name, size),
      detail = ("got %d; allowed %d"):format(size, params.max_per_pool),
      hint = ("set %d or less, or spread the nodes over several pools"):format(params.max_per_pool) }
  end
end

local function judge_limits(pool, params, report)
  local min, max = pool.min, pool.max
  if min and max and min > max then
    report.deny { at = pool:origin("min"),
      message = ("pool %s has a minimum of %d and a maximum of %d"):format(pool.name, min, max),
      detail = ("got %d; allowed up to %d"):format(min, max),
      hint = "lower the minimum or raise the maximum" }
  elseif (min == nil) ~= (max == nil) and pool.kind == "MachineDeployment" then
    report.warn { at = pool:origin(min and "max" or "min"),
      message = ("pool %s is not autoscaled: it needs a minimum and a maximum"):format(pool.name) }
  end
  local size, field = size_of(pool)
  if field ~= "replicas" or not pool.managed_replicas then
    judge_size(pool, size, field, params, report)
  end
  if pool.zone_count and not pool.autoscaled and (pool.replicas or 0) % pool.zone_count ~= 0 then
    report.warn { at = pool:origin("replicas"),
      message = ("%d nodes of pool %s do not divide by its %d zones"):format(pool.replicas, pool.name, pool.zone_count) }
  end
end

-- What the autoscaler or the provider writes is theirs, within the limits that are set for it.
local function scale_down_target(was, now)
  if now.managed_replicas then
    return was.replicas
  end
  if now.autoscaled and now.max then
    return math.min(was.replicas or 0, now.max)
  end
  return now.replicas
end

local function judge_scale_down(change, was, now, params, report)
  local from, to = was.replicas or 0, scale_down_target(was, now) or 0
  if to >= from or is_approved(change, now.name) then
    return
  end
  local at, step = now:origin("replicas"), nil
  if params.scale_down_step or params.scale_down_percent then
    step = math.max(params.scale_down_step or 1, from * (params.scale_down_percent or 0) // 100)
  end
  local hint = ("go down in steps, or annotate it with %s: %s in a merge of its own first"):format(approval, now.name)
  if to == 0 and params.zero_needs_approval then
    report.deny { at = at, hint = hint,
      message = ("pool %s may not go from %d nodes to none without approval"):format(now.name, from),
      detail = "got 0; allowed 1 or more" }
  elseif step and from - to > step then
    report.deny { at = at, hint = hint,
      message = ("pool %s loses %d of %d nodes at once"):format(now.name, from - to, from),
      detail = ("got %d; allowed %d or more"):format(to, from - step) }
  end
end

-- Every node that the cluster may get. before: where a provider that owns the replicas had them.
local function total_of(cluster, before, params)
  local surge = params.count_surge and cluster.control_plane_surge or 0
  local total = (cluster.control_plane_replicas or 0) + surge
  for _, pool in ipairs(cluster.pools) do
    if not pool.deleting then
      local size, field = size_of(pool)
      local old = field == "replicas" and pool.managed_replicas and pools.find(before, pool)
      total = total + (old and old.replicas or size) + (params.count_surge and pool.surge or 0)
    end
  end
  return total
end

local function judge_total(change, params, report)
  local total = total_of(change.after, change.before, params)
  local excess = total - params.max_per_cluster
  if excess > 0 then
    report.deny { excess = excess, -- no field: it may be any of many
      message = ("the cluster may get %d nodes"):format(total),
      detail = ("got %d; allowed %d, with pools at their maximum%s"):format(total, params.max_per_cluster,
        params.count_surge and " and machines that replace others" or ""),
      hint = ("take %d nodes from its pools or their maximum"):format(excess) }
  end
end

return policy {
  name = "node-counts",
  title = "Clusters have as many nodes as they should, and lose few at once",
  description = [[
Control planes with their own etcd have an odd number of machines. Sizes are limited once limits are set: autoscaled pools
count with their maximum, rolling updates with their surge. Scaling a pool to zero or a control plane below three needs the
annotation `fleetgate.dev/allow-scale-down: NAME` on the object or, naming pools, on the Cluster. Replicas that an
autoscaler or a provider writes are theirs. `max_nodes_per_namespace` and `max_nodes_fleet` hold over all clusters, also when
many ask at once; there the surge always counts.]],
  severity = "high",
  category = "capacity",
  match = { clusters = true, operations = { "CREATE", "UPDATE" } }, -- /scale too
  params = {
    max_per_pool = { type = "integer", minimum = 0, optional = true, description = "Most nodes of one pool." },
    max_per_cluster = { type = "integer", minimum = 1, optional = true,
      description = "Most machines of one cluster, control plane included." },
    max_nodes_per_namespace = { type = "integer", minimum = 0, optional = true,
      description = "Most nodes of all clusters in one namespace." },
    max_nodes_fleet = { type = "integer", minimum = 0, optional = true, description = "Most nodes of all clusters." },
    count_surge = { type = "boolean", default = true,
      description = "Whether machines that a rolling update adds for a while count." },
    scale_down_step = { type = "integer", minimum = 1, optional = true,
      description = "Nodes that a pool may lose at once; the larger of this and the percentage holds." },
    scale_down_percent = { type = "integer", minimum = 1, maximum = 100, optional = true,
      description = "The same as a percentage of the pool." },
    zero_needs_approval = { type = "boolean", default = true,
      description = "Whether a pool may go to zero only when approved." },
    shrink_needs_approval = { type = "boolean", default = true,
      description = "Whether a control plane of three or more may go below three only when approved." },
    hosted_flavours = { type = "list", items = "string", default = { "k0smotron", "kamaji", "hosted*" },
      description = "Flavours (globs) whose control plane runs as pods and may be even." },
  },

  validate = function(change, params, report)
    local cluster = change.after
    local is_infrastructure = text.glob("*?Cluster", change.kind)
    if not cluster or is_infrastructure or text.ends_with(change.kind, "Template") or change.kind == "ClusterClass" then
      return -- they count nothing; clusters made from templates are judged
    end
    if params.max_nodes_per_namespace then
      report.budget { of = "nodes", per = "namespace", max = params.max_nodes_per_namespace }
    end
    if params.max_nodes_fleet then
      report.budget { of = "nodes", per = "fleet", max = params.max_nodes_fleet }
    end
    judge_control_plane(change, params, report)
    local before = change.operation == "UPDATE" and change.before or nil
    for _, pool in ipairs(cluster.pools) do
      if is_known(pool) and not pool.deleting then
        judge_limits(pool, params, report)
        local was = pools.find(before, pool)
        if was and is_known(was) then
          judge_scale_down(change, was, pool, params, report)
        end
      elseif known(pool.replicas) and pool.deleting ~= true then -- kubectl scale, and the pool itself was not seen
        judge_size(pool, pool.replicas, "replicas", params, report)
      end
    end
    if params.max_per_cluster then
      judge_total(change, params, report)
    end
  end,
}
