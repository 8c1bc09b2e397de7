local t = { a = { b = {} } } t.a.b.c = t
return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',
  match = { objects = { { kind = 'Thing' } } },
  validate = function() return t.a.b.c end }
