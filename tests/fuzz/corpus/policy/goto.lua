local i = 0 ::again:: i = i + 1 if i < 10 then goto again end
return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',
  match = { objects = { { kind = 'Thing' } } },
  validate = function() local x <const> = i local y <close> = nil end }
