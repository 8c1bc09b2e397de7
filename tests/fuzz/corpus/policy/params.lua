return policy { name = 'test', title = 'A test', severity = 'high', category = 'test',
  match = { objects = { { kind = 'Thing' } } },
  description = [[
Long.]], docs = 'https://example.com', mode = 'warn', on_error = 'allow',
  params = { most = { type = 'integer', default = 3, minimum = 0, description = 'm' },
    allowed = { type = 'list', items = { type = 'string' }, default = {} } },
  validate = function(change, params, report)
    local value = object.at(change.object, 'spec.size')
    if value ~= nil and value > params.most then report.deny { at = 'spec.size', message = 'big', hint = 'h' } end
  end }
