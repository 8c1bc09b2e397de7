return policy { name = 'a-b', title = 'T', severity = 'low', category = 'c',
  match = { objects = { { group = 'cluster.x-k8s.io', kind = 'Cluster', operations = { 'CREATE', 'DELETE' } }, { group = '*', kind = 'M*' } }, doors = { 'check' } },
  validate = function(change) local a = change.after if a then return a.pools end end }
