return policy {
  name = "bench-owner",
  title = "A cluster says who owns it, and only they change it",
  severity = "medium",
  category = "bench",
  match = { objects = { { group = "cluster.x-k8s.io", kind = "Cluster" } } },
  params = {
    annotation = { type = "string", default = "fleet.example.org/owner", description = "Where the owner stands." },
    trusted = { type = "list", items = "string", description = "Users who may change any cluster; globs." },
  },

  validate = function(change, params, report)
    local owner = object.at(change.object or change.old_object, ('metadata.annotations["%s"]'):format(params.annotation))
    if not owner or not text.contains(owner, "@") then
      report.deny { at = "metadata.annotations", message = "nobody owns this cluster" }
      return
    end
    if text.glob_any(params.trusted, change.user.name) then
      return
    end
    for _, group in ipairs(change.user.groups) do
      if group == owner then
        return
      end
    end
    report.warn { message = ("%s does not own this cluster"):format(change.user.name) }
  end,
}
