return policy {
  name = "bench-names",
  title = "Names follow the scheme",
  severity = "low",
  category = "bench",
  match = { clusters = true, operations = { "CREATE", "UPDATE" } },
  params = {
    names = { type = "list", items = "string", description = "Names that clusters may have; globs." },
    longest = { type = "integer", minimum = 1, description = "Most characters." },
  },

  validate = function(change, params, report)
    local name = object.at(change.object, "metadata.name")
    if not text.glob_any(params.names, name) then
      report.deny { at = "metadata.name", message = ("name %s does not follow the scheme"):format(name) }
    end
    if #name > params.longest then
      report.deny { at = "metadata.name", message = ("name %s is too long"):format(name) }
    end
  end,
}
