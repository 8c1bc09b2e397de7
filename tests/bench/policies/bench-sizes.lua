return policy {
  name = "bench-sizes",
  title = "All pools of a cluster together stay within the budget",
  severity = "medium",
  category = "bench",
  match = { clusters = true, operations = { "CREATE", "UPDATE" } },
  params = {
    most = { type = "integer", minimum = 1, description = "Most nodes of a cluster." },
  },

  validate = function(change, params, report)
    local cluster = change.after
    local total = 0
    for _, pool in ipairs(cluster and cluster.pools or {}) do
      total = total + (pool.max or pool.replicas or 0)
    end
    if total > params.most then
      report.deny { message = ("%d nodes are more than %d"):format(total, params.most), excess = total - params.most }
    end
  end,
}
