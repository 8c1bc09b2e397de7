-- Pools of a cluster before and after a change.
local pools = {}

-- The pool of that name and kind in a cluster, which may be nil.
function pools.find(cluster, wanted)
  if not cluster then
    return nil
  end
  local name, kind = wanted.name, wanted.kind
  for _, pool in ipairs(cluster.pools) do
    if pool.name == name and pool.kind == kind then
      return pool
    end
  end
end

return pools
