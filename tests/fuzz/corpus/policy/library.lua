local names = require 'lib/names'
local most = names.most
return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',
  match = { objects = { { kind = 'Thing' } } },
  validate = function() for k, v in pairs(names) do if v == most then return end end end }
