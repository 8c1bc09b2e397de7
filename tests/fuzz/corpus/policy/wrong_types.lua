return policy { name = 7, title = {}, severity = 'none', category = function() end, match = 3, params = 'x', validate = 1 }
