return policy {
  name = "bench-networks",
  title = "Pod and service networks do not meet the ones of the company",
  severity = "medium",
  category = "bench",
  match = { clusters = true, operations = { "CREATE", "UPDATE" } },
  params = {
    reserved = { type = "list", items = "string", description = "Networks that nobody else may use." },
  },

  validate = function(change, params, report)
    local cluster = change.after
    if not cluster then
      return
    end
    for _, kind in ipairs { "pod_cidrs", "service_cidrs" } do
      for i, network in ipairs(cluster[kind]) do
        for _, reserved in ipairs(params.reserved) do
          if cidr.overlaps(network, reserved) then
            report.deny { at = cluster:origin(kind, i), message = ("%s overlaps %s"):format(network, reserved) }
          end
        end
      end
    end
  end,
}
