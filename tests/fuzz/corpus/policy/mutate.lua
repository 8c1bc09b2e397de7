return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',
  match = { objects = { { kind = 'Thing' } } },
  mutate = function(change, params, patch) patch.default('metadata.labels["a.b/c"]', 'x') end }
