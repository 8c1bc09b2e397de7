return policy {
  name = "bench-labels",
  title = "Clusters carry the labels that people search for",
  severity = "low",
  category = "bench",
  match = { objects = { { group = "cluster.x-k8s.io", kind = "Cluster", operations = { "CREATE", "UPDATE" } } } },
  params = {
    required = { type = "list", items = "string", description = "Labels that must be there." },
  },

  validate = function(change, params, report)
    local labels = object.at(change.object, "metadata.labels")
    for _, name in ipairs(params.required) do
      if not labels or not labels[name] then
        report.deny { at = "metadata.labels", message = ("label %s is missing"):format(name) }
      end
    end
  end,
}
