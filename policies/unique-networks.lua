-- Clusters that are connected, or share a network, must not use the same addresses. Nothing is asked until it is listed.

-- What each word of `unique` means, and the kinds whose change can bring a new one.
local held = {
  { word = "pods", of = "pod_cidrs", kinds = { "Cluster", "*ControlPlane" } },
  { word = "services", of = "service_cidrs", kinds = { "Cluster", "*ControlPlane" } },
  { word = "networks", of = "network_cidrs", kinds = { "*?Cluster", "*ControlPlane" } },
  { word = "endpoints", of = "endpoint", kinds = { "*Cluster", "*ControlPlane" } },
  { word = "names", of = "name", kinds = { "Cluster" } },
}

return policy {
  name = "unique-networks",
  title = "Clusters do not use each other's addresses or names",
  description = [[
Nothing is judged until `unique` lists what no two clusters may share: `pods`, `services` (address ranges in the Cluster or
its control plane), `networks` (of the nodes, in the infrastructure), `endpoints` (host of the control plane) and `names`.
Ranges may not overlap; the rest is compared as text. Only what is new with a change is judged, over the whole fleet and
also when many ask at once. Two fleets that share nothing may use the same ranges: then group them with `per`.]],
  severity = "high",
  category = "network",
  match = { clusters = true, operations = { "CREATE", "UPDATE" } },
  params = {
    unique = { type = "list", items = "string", default = {},
      enum = { "pods", "services", "networks", "endpoints", "names" },
      description = "What no two clusters may share." },
    per = { type = "string", enum = { "fleet", "region", "provider", "namespace" }, default = "fleet",
      description = "Where it must be unique." },
  },

  validate = function(change, params, report)
    if #params.unique == 0 then
      return
    end
    for _, entry in ipairs(held) do
      if text.glob_any(params.unique, entry.word) and text.glob_any(entry.kinds, change.kind) then
        report.unique { of = entry.of, per = params.per }
      end
    end
  end,
}
