-- Where clusters may run. Nothing is limited until regions or zones are listed. What is checked for everybody: zones
-- lie in the cluster's region, and a cluster does not change its region.

-- Kinds that say nothing about the region of their cluster; pools among them have zones.
local regionless = { "Machine*", "*MachinePool", "KubeadmControlPlane", "RKE2ControlPlane" }

-- A template may leave the region to the clusters that are made from it.
local function names_region(template)
  return object.at(template, "spec.template.spec.region") or object.at(template, "spec.template.spec.location")
end

-- "West Europe" and "westeurope" are the same Azure location.
local function normal(region)
  return text.lower(text.replace(region, " ", ""))
end

local function normal_list(list)
  local result = {}
  for _, item in ipairs(list) do
    table.insert(result, normal(item))
  end
  return result
end

-- The globs for a namespace: its own list, else the general one.
local function allowed_in(namespace, params)
  for pattern, list in pairs(params.namespaces) do
    if text.glob(pattern, namespace) then
      return text.split(list, ",")
    end
  end
  return params.allowed
end

-- As it is written first: most lists are in normal form.
local function is_listed(list, name)
  return text.glob_any(list, name) or (#list > 0 and text.glob_any(normal_list(list), name))
end

-- us-west-2b, us-west-2-lax-1a and us-west-2-wl1-las-wlz-1 lie in us-west-2, us-west-20a does not.
local function zone_lies_in(provider, zone, region)
  if not text.starts_with(zone, region) then
    return false
  end
  local rest = string.sub(zone, #region + 1)
  local is_letter = #rest == 1 and text.contains("abcdefghijklmnopqrstuvwxyz", rest)
  return text.starts_with(rest, "-") or (provider == "aws" and is_letter)
end

local function judge_name(what, name, origin, allowed, denied, report)
  if #allowed > 0 and not is_listed(allowed, name) then
    report.deny { at = origin,
      message = ("%s %s is not allowed"):format(what, name),
      detail = ("got %s; allowed %s"):format(name, text.join(allowed, ", ")),
      hint = ("use a %s that is allowed, or ask the owners of this policy to add %s"):format(what, name) }
  elseif is_listed(denied, name) then
    report.deny { at = origin,
      message = ("%s %s is closed to clusters"):format(what, name),
      detail = ("got %s; allowed all but %s"):format(name, text.join(denied, ", ")),
      hint = ("use another %s"):format(what) }
  end
end

-- No field says the region, or the kind of the infrastructure is not known here.
local function judge_hidden_region(cluster, params, report)
  local message = "the region of this cluster can't be seen"
  if params.unknown_provider == "deny" then
    report.deny { message = message,
      detail = "got no region; allowed are clusters that name theirs",
      hint = ("set the label %s on the Cluster"):format(params.region_label or "region") }
  elseif params.unknown_provider == "warn" then
    report.warn { message = message .. "; region limits do not hold for it" }
  end
end

local function judge_regions(change, params, report)
  local cluster = change.after
  local allowed, denied = allowed_in(change.namespace, params), params.denied
  if #allowed == 0 and #denied == 0 then
    return
  end
  for i, region in ipairs(cluster.regions) do
    judge_name("region", normal(region), cluster:origin("regions", i), allowed, denied, report)
  end
  local is_infrastructure = change.kind ~= "Cluster" and text.ends_with(change.kind, "Cluster")
  if is_infrastructure and cluster.region == unknown and cluster.provider == unknown then
    judge_hidden_region(cluster, params, report) -- a kind that nobody knows
  elseif cluster.region == nil then
    local label = params.region_label and cluster.labels[params.region_label]
    if label then
      judge_name("region", normal(label), cluster:origin("labels"), allowed, denied, report)
    else
      judge_hidden_region(cluster, params, report)
    end
  end
end

-- The scale set of a pool must lie where its cluster is; regions begins with what the reviewed object says.
local function judge_scale_set(change, report)
  if change.kind ~= "AzureMachinePool" then
    return
  end
  local regions = change.after.regions
  if #regions > 1 and normal(regions[1]) ~= normal(regions[2]) then
    report.deny { at = "spec.location",
      message = ("location %s is not the cluster's, %s"):format(regions[1], regions[2]),
      detail = ("got %s; allowed %s"):format(regions[1], regions[2]),
      hint = ("set spec.location: %s"):format(regions[2]) }
  end
end

-- An infrastructure object, or a topology that names the region.
local function judge_move(change, report)
  local before, after = change.before, change.after
  if change.operation ~= "UPDATE" or not before.region or not after.region then
    return
  elseif normal(before.region) == normal(after.region) then
    return
  end
  report.deny { at = after:origin("region"),
    message = ("the region of a cluster cannot be changed from %s to %s"):format(before.region, after.region),
    detail = ("got %s; allowed %s"):format(after.region, before.region),
    hint = ("keep %s, or declare a new cluster in %s and move the workloads"):format(before.region, after.region) }
end

local function judge_label(cluster, params, report)
  if not params.region_label or not cluster.region then
    return
  end
  local wanted, got = normal(cluster.region), cluster.labels[params.region_label]
  if got == nil or got == null or normal(got) ~= wanted then
    report.deny { at = cluster:origin("region"),
      message = ("label %s is %s but the region is %s"):format(params.region_label, got or "not set", wanted),
      detail = ("got %s; allowed %s"):format(got or "no label", wanted),
      hint = ("set metadata.labels %s: %s on the Cluster"):format(params.region_label, wanted) }
  end
end

local function judge_zone_region(cluster, zone, origin, report)
  for _, region in ipairs(cluster.regions) do
    if zone_lies_in(cluster.provider, zone, region) then
      return
    end
  end
  local regions = text.join(cluster.regions, ", ")
  if regions ~= "" then
    report.deny { at = origin,
      message = ("zone %s does not lie in region %s"):format(zone, regions),
      detail = ("got %s; allowed zones of %s"):format(zone, regions),
      hint = "name a zone of the cluster's region" }
  end
end

-- owner: the cluster or one of its pools.
local function judge_zones(cluster, owner, params, report)
  for i, zone in ipairs(owner.zones) do
    judge_name("zone", zone, owner:origin("zones", i), params.allowed_zones, params.denied_zones, report)
    if cluster.provider == "aws" or cluster.provider == "gcp" then -- elsewhere names of zones don't tell ("1", "nova")
      judge_zone_region(cluster, zone, owner:origin("zones", i), report)
    end
  end
end

-- Over the whole fleet; what is not set is not asked. Pools autoscale without asking, so they count at their maximum.
local function judge_room(params, report)
  if params.max_clusters then
    report.budget { of = "clusters", per = "region", max = params.max_clusters }
  end
  if params.max_nodes then
    report.budget { of = "nodes", per = "region", max = params.max_nodes }
  end
end

return policy {
  name = "region-limits",
  title = "Clusters run in allowed regions and zones, and no region overflows",
  description = [[
Every region of a cluster must match `allowed` (when it is not empty) and must not match `denied`; the same for zones.
A namespace may have a list of its own. Zones must lie in the cluster's region (AWS with local and Wavelength zones,
Google Cloud), and the region of a cluster cannot be changed. Names are compared in lower case and without spaces.
`max_clusters` and `max_nodes` limit what a region holds over the whole fleet, also when many ask at once. A cluster in
several regions counts in each; autoscaled pools count at their maximum, and what a rolling update adds counts too.]],
  severity = "high",
  category = "placement",
  match = { clusters = true, operations = { "CREATE", "UPDATE" } },
  params = {
    allowed = { type = "list", items = "string", default = {},
      description = "Regions that may hold clusters; globs. Empty: all." },
    denied = { type = "list", items = "string", default = {}, description = "Regions closed to clusters; globs." },
    allowed_zones = { type = "list", items = "string", default = {},
      description = "Zones that may hold nodes; globs. Empty: all." },
    denied_zones = { type = "list", items = "string", default = {}, description = "Zones closed to nodes; globs." },
    namespaces = { type = "map", items = "string", default = {},
      description = "Namespace glob to its regions (globs separated by commas), in place of `allowed`." },
    region_label = { type = "string", optional = true,
      description = "Label of the Cluster that must equal its region, and that names it where the provider does not." },
    max_clusters = { type = "integer", minimum = 0, optional = true, description = "Most clusters in one region." },
    max_nodes = { type = "integer", minimum = 0, optional = true,
      description = "Most nodes in one region, control planes included." },
    unknown_provider = { type = "string", enum = { "allow", "warn", "deny" }, default = "warn",
      description = "What happens to clusters whose region can't be seen, while regions are limited." },
  },

  validate = function(change, params, report)
    local cluster = change.after
    if not cluster or change.kind == "ClusterClass" then
      return -- clusters of the class are judged
    end
    if text.ends_with(change.kind, "Template") then
      if names_region(change.object) then
        judge_regions(change, params, report)
      end
      return
    end
    judge_room(params, report)
    local is_regionless = text.glob_any(regionless, change.kind)
    local is_plain = change.kind == "Cluster" and not object.at(change.object, "spec.topology")
    if is_regionless then
      judge_scale_set(change, report)
    else
      judge_regions(change, params, report)
      judge_label(cluster, params, report)
    end
    if not is_regionless and not is_plain then -- a plain Cluster has neither region nor zones of its own
      judge_move(change, report)
      judge_zones(cluster, cluster, params, report)
    end
    if text.contains(change.kind, "Machine") or (change.kind == "Cluster" and not is_plain) then
      for _, pool in ipairs(cluster.pools) do
        judge_zones(cluster, pool, params, report)
      end
    end
  end,
}
