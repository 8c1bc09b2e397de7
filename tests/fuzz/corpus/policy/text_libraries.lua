local a = text.split('a,b', ',') local b = version.compare and version or {} local c = cidr local q = quantity
local f = ('%5.1f %s'):format(1.25, {})
return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',
  match = { objects = { { kind = 'Thing' } } },
  validate = function() return a, b, c, q, f end }
